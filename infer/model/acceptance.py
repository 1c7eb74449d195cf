"""The chance that an answer is accepted, where a song may have several right ones.

Pop at .4 and rock at .4 is no reason to doubt "pop" if listeners call most rock songs that, too.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["chances_accepted"]


def chances_accepted(
    probabilities: NDArray[np.float64],
    genres: Sequence[str],
    accepts: Mapping[str, Mapping[str, float]],
) -> NDArray[np.float64]:
    """Probabilities [..., genres] to the chance [..., genres] that each is accepted as the answer.

    ``accepts[answer][other]``: the chance that a song whose first genre is ``other`` is rightly
    called ``answer`` too; where it says nothing, 1 of the answer itself and 0 of others.
    """
    if not accepts:
        return probabilities
    chances = np.array(
        [
            [accepts.get(answer, {}).get(other, float(answer == other)) for answer in genres]
            for other in genres
        ]
    )
    return np.minimum(probabilities @ chances, 1.0)  # which rounding may exceed
