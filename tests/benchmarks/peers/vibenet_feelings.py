"""vibenet's energy, valence and the like of a song, from a network that is opened once."""

from timed import report
from vibenet import load_model

report(load_model().predict)
