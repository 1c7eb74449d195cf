"""Decides whether an answer is unsure."""

__all__ = ["is_unsure"]


def is_unsure(score: float, bar: float, *, is_short: bool, is_music: bool) -> bool:
    """Whether an answer of this ``score`` is to be marked as unsure.

    ``bar``: the score from which on so many answers are right as the user asked for
    (``ModelInfo.bars_at``), or the user's own. ``is_short``: less was heard than the network
    takes, and it has not learnt from such. ``is_music``: False where the file can tell, and does.
    """
    return is_short or not is_music or score < bar
