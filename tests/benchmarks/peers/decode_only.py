"""The limit of what has to hear the whole song: decoding it, as a whole, with soundfile."""

import soundfile
from timed import report

report(lambda path: soundfile.read(path, dtype="float32"))
