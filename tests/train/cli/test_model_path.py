"""A path that could not hold a model is refused while that costs nothing."""

import pytest
import typer

from melonnx.train.cli.model_path import require_model_path


def test_the_folder_of_a_model_is_made(tmp_path):
    require_model_path(tmp_path / "new" / "mine.onnx", "--out")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize(
    ("name", "says"), [("mine", "*.onnx"), ("there.onnx", "*.onnx"), ("mine.wave.onnx", "a twin")]
)
def test_what_cannot_be_one_is_named(tmp_path, name, says):
    (tmp_path / "there.onnx").mkdir()
    with pytest.raises(typer.BadParameter) as refused:
        require_model_path(tmp_path / name, "--save")
    assert says in refused.value.message
    assert refused.value.param_hint == "--save"
