"""The two ways to a head on a finished network, for the command that trains them."""

from dataclasses import dataclass

from melonnx.export.further_head import add_heads
from melonnx.export.own_genres import make_own_genres
from melonnx.train.cli.exporters import AddHeads, ExportHead

__all__ = ["HEAD_MAKERS", "HeadMakers"]


@dataclass(frozen=True)
class HeadMakers:
    """What ``melonnx train --head`` calls."""

    own_genres: ExportHead
    further: AddHeads


HEAD_MAKERS = HeadMakers(make_own_genres, add_heads)
