"""Essentia without a network: its weights are fetched by URL, and not for commercial use.

Decodes, resamples and computes the mel bands of its MusiCNN models: less than a user needs.
"""

import essentia.standard
from timed import report

bands = essentia.standard.TensorflowInputMusiCNN()


def answer(path):
    waveform = essentia.standard.MonoLoader(filename=path, sampleRate=16000)()
    frames = essentia.standard.FrameGenerator(waveform, frameSize=512, hopSize=256)
    return [bands(frame) for frame in frames]


report(answer)
