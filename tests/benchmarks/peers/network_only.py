"""The other limit: genre-base's network on the windows of a song, which lie ready."""

import sys

from timed import report

from melonnx.infer import Predictor
from melonnx.infer.audio.reader import open_audio
from melonnx.infer.frontend.long_tracks import hear

predictor = Predictor()
info = predictor.info
with open_audio(sys.argv[1], info.mel_spec.sample_rate) as reader:
    heard = hear(reader, info.mel_spec, info.window, info.window_hop, info.max_windows)
batches = list(predictor.patches(heard))
report(lambda _: predictor.run(batches))
