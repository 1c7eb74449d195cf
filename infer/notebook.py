"""Writes an answer as a notebook shows it: HTML that needs no script and no style sheet."""

from collections.abc import Mapping, Sequence

__all__ = ["as_html"]

_COLOURS = (
    "#332288", "#88ccee", "#117733", "#ddcc77", "#cc6677", "#aa4499", "#44aa99", "#882255",
    "#999933", "#6f4e37", "#e07b39", "#3d7edb",
)  # fmt: skip


def as_html(
    heading: str, shares: Mapping[str, float], stretches: Sequence[tuple[str, float]]
) -> str:
    """A line, a bar for each label, and a strip of (label, seconds) as long as the song."""
    from html import escape

    colours = {label: _COLOURS[i % len(_COLOURS)] for i, label in enumerate(shares)}
    bars = "".join(
        f'<tr><td>{escape(label)}</td><td><div style="width:{200 * share:.0f}px;height:10px;'
        f'background:{colours[label]}"></div></td><td>{share:.0%}</td></tr>'
        for label, share in shares.items()
    )
    whole = sum(seconds for _, seconds in stretches) or 1.0
    strip = "".join(
        f'<div title="{escape(label)}" style="width:{seconds / whole:.2%};height:14px;'
        f'background:{colours.get(label, "#8884")}"></div>'
        for label, seconds in stretches
    )
    return (
        f'<div><p>{escape(heading)}</p><div style="display:flex;width:400px">{strip}</div>'
        f"<table>{bars}</table></div>"
    )
