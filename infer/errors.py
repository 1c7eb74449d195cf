"""Every error melonnx raises on purpose; each message says what to do."""

__all__ = [
    "AudioError",
    "ConditionError",
    "CrashedError",
    "DeviceError",
    "EmptyAudioError",
    "IndexFileError",
    "InvalidSamplesError",
    "JournalError",
    "MelonnxError",
    "MissingExtraError",
    "ModelFileError",
    "NoMusicError",
    "OutputError",
    "ResultsFileError",
    "SilentAudioError",
    "TagError",
    "UnknownGenreError",
    "UnknownRateError",
    "UnreadableAudioError",
    "UnsupportedFormatError",
    "WorkerError",
]


class MelonnxError(Exception):
    """Base of all: ``except MelonnxError`` catches whatever melonnx refuses.

    ``status`` is the stable word for the error in results (``Prediction.status``, JSON lines).
    """

    status = "error"


class AudioError(MelonnxError):
    """One source of audio cannot be classified; others are unaffected."""

    status = "audio_error"


class NoMusicError(AudioError):
    """The path does not exist, or is a folder that holds no music."""

    status = "no_music"


class UnreadableAudioError(AudioError):
    """The file is there, but is not audio or is damaged beyond its first sample."""

    status = "unreadable"


class UnsupportedFormatError(AudioError):
    """The file is audio of a kind that needs an extra which is not installed."""

    status = "unsupported_format"


class EmptyAudioError(AudioError):
    """The audio holds too few samples to make one frame."""

    status = "empty"


class SilentAudioError(AudioError):
    """The audio is digital silence: it has no genre."""

    status = "silent"


class InvalidSamplesError(AudioError):
    """Samples are NaN, infinite or out of any audio range, or have an unusable shape."""

    status = "invalid_samples"


class CrashedError(AudioError):
    """The process that heard the file died of it, twice."""

    status = "crashed"


class IndexFileError(MelonnxError):
    """The index of a library is missing, damaged, or of another kind."""

    status = "index_file"


class JournalError(MelonnxError):
    """The journal of a run is another's, in use, or cannot be written."""

    status = "journal"


class ModelFileError(MelonnxError):
    """The model file is missing, damaged, foreign, of an unknown format version, or tells no such
    thing.
    """

    status = "model_file"


class ConditionError(MelonnxError):
    """A condition on answers cannot be read, or names what there is not."""

    status = "condition"


class DeviceError(MelonnxError):
    """A device or execution provider was asked for and did not come up."""

    status = "device"


class TagError(MelonnxError):
    """The tags of one file cannot be read or written; others are unaffected."""

    status = "tags"


class ResultsFileError(MelonnxError):
    """What should hold predictions (of a kind), names of genres or a log of changes does not."""

    status = "results_file"


class OutputError(MelonnxError):
    """What was asked for cannot be written to the file that was named."""

    status = "output"


class WorkerError(MelonnxError):
    """Worker processes do not come up."""

    status = "worker"


class MissingExtraError(MelonnxError):
    """A command needs an optional dependency that is not installed."""

    status = "missing_extra"

    def __init__(self, extra: str, module: str) -> None:
        super().__init__(
            f'{module} is not installed. This needs the "{extra}" extra: '
            f'pip install "melonnx[{extra}]"'
        )


class UnknownGenreError(MelonnxError):
    """A genre was named that the model does not tell, or that makes no sense there."""

    status = "unknown_genre"


class UnknownRateError(MelonnxError):
    """Answers were asked to be sure at a rate that the model's file has no bars for."""

    status = "unknown_rate"
