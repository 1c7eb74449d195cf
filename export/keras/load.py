"""Reads Keras models in each of the forms that people have them in, or says how to make one."""

import json
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import keras

from melonnx.export.errors import KerasFileError
from melonnx.export.keras.flatten import flattened

__all__ = ["load_keras"]

_SAVED_MODEL = "saved_model.pb"
_KERAS = ("keras", "builtins")
"""Packages that the classes of a file without code of its own are from."""
_CONVERT = 'import tf_keras; tf_keras.models.load_model("{path}", compile=False).save("{to}")'


def load_keras(path: Path, code: Path | None = None) -> keras.Model:
    """Read a model, models inside of it opened, to be run in float32, whatever it was trained in.

    ``code``: a Python file with the classes of its own layers, which is run.

    Raises KerasFileError for what is none, or needs code of its own that is not given; it names
    the layers.
    """
    if (path / _SAVED_MODEL).is_file():
        raise KerasFileError(
            f"{path}: is a SavedModel, whose layers Keras 3 cannot read. In an environment with "
            f"tf_keras: {_CONVERT.format(path=path, to=f'{path.name}.h5')}; then export that file"
        )
    if not path.is_file():
        raise KerasFileError(f"{path}: no such file")
    own = _own_classes(code) if code is not None else {}
    config = _config(path)
    if lambdas := [name for kind, _, name in _layers(config) if kind == "Lambda"]:
        raise KerasFileError(
            f"{path}: {_named('Lambda', lambdas)}: code inside of a file, which is not run. Build "
            "the same network with Keras's layers in its place (Rescaling, Permute, Reshape, "
            "Activation …) or keras.ops, and give it the weights: "
            "new.set_weights(old.get_weights())"
        )
    try:
        network: Any = keras.models.load_model(path, custom_objects=own, compile=False)
    except Exception as error:  # whatever the layers inside raise
        raise KerasFileError(_why_not(path, config, own, error)) from None
    if not getattr(network, "inputs", None) or not getattr(network, "outputs", None):
        raise KerasFileError(f"{path}: has no fixed graph; make it Sequential or functional")
    for layer in network._flatten_layers():
        layer.dtype_policy = keras.DTypePolicy("float32")
        if isinstance(layer, keras.layers.RandomCrop):
            raise KerasFileError(
                f"{path}: layer {layer.name!r} is a RandomCrop, which crops nothing at inference, "
                "so that the layers behind it get another size than they learnt: leave it out"
            )
    return flattened(network)


def _own_classes(code: Path) -> dict[str, Any]:
    """The layers that a file defines. Raises KerasFileError where it does not run."""
    spec = spec_from_file_location(code.stem, code)
    if spec is None or spec.loader is None or not code.is_file():
        raise KerasFileError(f"{code}: is no Python file")
    module = module_from_spec(spec)
    sys.modules.setdefault(code.stem, module)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise KerasFileError(f"{code}: fails ({type(error).__name__}: {error})") from None
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, keras.layers.Layer)
    }


def _config(path: Path) -> Any:
    """What the file says of its layers; None where that does not read."""
    try:
        if path.suffix == ".keras":
            with ZipFile(path) as archive:
                return json.loads(archive.read("config.json"))
        import h5py

        with h5py.File(path) as file:
            return json.loads(file.attrs["model_config"])
    except (BadZipFile, OSError, KeyError, ValueError):
        return None


def _layers(config: Any) -> Iterator[tuple[str, str, str]]:
    """Class, module and name of everything that ``config`` describes."""
    if isinstance(config, list):
        for one in config:
            yield from _layers(one)
    elif isinstance(config, dict):
        inside = config.get("config")
        if isinstance(config.get("class_name"), str) and isinstance(inside, dict):
            name = str(inside.get("name", ""))
            yield config["class_name"], str(config.get("module") or ""), name
        for value in config.values():
            yield from _layers(value)


def _named(kind: str, names: list[str]) -> str:
    quoted = ", ".join(map(repr, dict.fromkeys(names)))
    return f"layer {quoted} is a {kind}" if len(set(names)) == 1 else f"layers {quoted} are {kind}"


def _why_not(path: Path, config: Any, own: dict[str, Any], error: Exception) -> str:
    reason = str(error).strip().partition("\n")[0].partition(". ")[0]
    known = {*own, *vars(keras.layers), "Sequential", "Functional", "Model", "DTypePolicy"}
    strange: dict[str, list[str]] = {}
    for kind, module, name in _layers(config):
        foreign = module.partition(".")[0] not in _KERAS if module else kind not in known
        if foreign and name and kind not in own:
            strange.setdefault(kind, []).append(name)
    if strange:
        told = "; ".join(_named(f"{kind}, a class of your own", of) for kind, of in strange.items())
        return (
            f"{path}: {told}: export it with --layers FILE.py, where FILE.py defines "
            f"{', '.join(strange)} (a keras.layers.Layer with get_config)"
        )
    old = isinstance(config, dict) and "build_config" not in config and path.suffix == ".keras"
    hint = ""
    if config is not None and (old or path.suffix != ".keras"):
        to = f"{path.stem}-2.h5"
        hint = (
            "; it seems to be of Keras 2: in an environment with tf_keras: "
            f"{_CONVERT.format(path=path, to=to)}; then export that file"
        )
    return f"{path}: Keras cannot load it ({reason}){hint}"
