"""What the settings of the classical classifiers may be called; light to import."""

from typing import Literal, get_args

__all__ = ["PRESETS", "Preset"]

Preset = Literal["fma-paper", "tuned"]
PRESETS: tuple[Preset, ...] = get_args(Preset)
