"""What a program may call on the page, and with what.

Gradio takes any request for one of its own: a wrong name or value ends in a traceback, and in
an answer without a reason.
"""

from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components import Checkbox, CheckboxGroup, Component, Dropdown, Number, Textbox

if TYPE_CHECKING:  # not every Gradio has it there
    from gradio.block_function import BlockFunction

__all__ = ["Refusal", "refusal"]

Refusal = tuple[int, str]
"""HTTP status and reason."""

_BY_NAME = ("call", "run", "api")
_BY_PARAMETER = "call/v2"
_IN_QUEUE = "queue/join"


def refusal(page: gr.Blocks, call: str, asked: Any) -> Refusal | None:
    """Why not, or None for a request that the page can answer, or that is no call.

    ``call``: the path behind Gradio's prefix. ``asked``: the JSON of the request.
    """
    call = call.rstrip("/")
    door, _, name = call.rpartition("/")
    if door not in (*_BY_NAME, _BY_PARAMETER) and call != _IN_QUEUE:
        return None
    if not isinstance(asked, dict):
        return 422, "the request must be a JSON object"
    function = _function(page, name, asked, by_number=door != _BY_PARAMETER)
    if function is None:
        return 404, "there is no such function"
    if door == _BY_PARAMETER:
        return _wrong_parameter(page, name, asked, function)
    data = asked.get("data")
    if not isinstance(data, list) or len(data) != len(function.inputs):
        return 422, f'"data" must be a list of {len(function.inputs)}'
    if asked.get("batched"):
        return 422, '"batched" is not for this page'
    return _wrong_value(function, data)


def _function(
    page: gr.Blocks, name: str, asked: dict[str, Any], *, by_number: bool
) -> "BlockFunction | None":
    number = asked.get("fn_index") if by_number else None
    if number is not None:
        return page.fns.get(number) if type(number) is int else None
    return next((one for one in page.fns.values() if one.api_name == name), None)


def _wrong_parameter(
    page: gr.Blocks, name: str, asked: dict[str, Any], function: "BlockFunction"
) -> Refusal | None:
    endpoints = page.get_api_info()["named_endpoints"]  # type: ignore[index]
    parameters = endpoints.get(f"/{name}", {}).get("parameters", [])
    names = [one["parameter_name"] for one in parameters]
    needed = {one["parameter_name"] for one in parameters if not one["parameter_has_default"]}
    if not needed <= asked.keys() <= set(names):
        return 422, f"the parameters are {', '.join(names)}"
    defaults = {one["parameter_name"]: one["parameter_default"] for one in parameters}
    return _wrong_value(function, [(defaults | asked)[one] for one in names])


def _wrong_value(function: "BlockFunction", data: list[Any]) -> Refusal | None:
    for place, (component, value) in enumerate(zip(function.inputs, data, strict=True)):
        wanted = _wanted(component, value)
        if wanted is not None:
            return 422, f"value {place + 1} must be {wanted}"
    return None


def _wanted(component: Any, value: Any) -> str | None:
    """What stands instead of ``value``; None where that is right."""
    if value is None:
        return None
    if isinstance(component, CheckboxGroup):
        choices = {choice for _, choice in component.choices}
        fits = isinstance(value, list) and all(
            isinstance(one, str) and one in choices for one in value
        )
        return None if fits else "a list of its choices"
    if isinstance(component, Dropdown):
        choices = [choice for _, choice in component.choices]
        if component.allow_custom_value or not choices:
            return None if isinstance(value, str) else "text"
        # Whoever has no password is not told what the models are called.
        return None if value in choices else f"one of its choices, which {value!r:.60} is not"
    if isinstance(component, Textbox):
        return None if isinstance(value, str) else "text"
    if isinstance(component, Number):
        return None if type(value) in (int, float) else "a number"
    if isinstance(component, Checkbox):
        return None if isinstance(value, bool) else "true or false"
    if isinstance(component, Component) and component.data_model is not None:
        try:
            component.data_model.model_validate(value, context={"validate_meta": True})
        except ValueError:
            return "an uploaded file, as a gradio.FileData"
    return None
