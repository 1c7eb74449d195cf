"""Names every container and bitstream that is known by its first bytes, and who decodes it.

What libsndfile reads (wav, flac, ogg, aiff, au, caf, w64) and MPEG audio are told in ``sniff``;
here is the rest, for PyAV or to be refused by name.
"""

from dataclasses import dataclass
from typing import BinaryIO

from melonnx.infer.audio.coded import coded_frames

__all__ = ["FORMATS", "Format", "format_of", "riff_kind", "wav_coding"]


@dataclass(frozen=True)
class Format:
    """A kind of file."""

    what: str
    """As people say: "is ``what``"."""
    demuxer: str = ""
    """FFmpeg's name of what takes it apart; "" where nothing here decodes it."""
    tells_length: bool = False
    """Its header counts samples or time; otherwise FFmpeg guesses from a bit rate."""


FORMATS = {
    "mp4": Format("MPEG-4 audio (m4a)", "mov", True),
    "asf": Format("Windows Media audio (wma)", "asf", True),
    "matroska": Format("WebM or Matroska audio", "matroska", True),
    "adts": Format("AAC audio", "aac"),
    "loas": Format("AAC audio (LATM)", "loas"),
    "wavpack": Format("WavPack audio (wv)", "wv", True),
    "tta": Format("True Audio (tta)", "tta", True),
    "ape": Format("Monkey's Audio (ape)", "ape", True),
    "mpc7": Format("Musepack audio (mpc)", "mpc", True),
    "mpc8": Format("Musepack audio (mpc)", "mpc8", True),
    "dsf": Format("DSD audio (dsf)", "dsf", True),
    "dff": Format("DSD audio (dff)", "iff", True),
    "ac3": Format("AC-3 audio", "ac3"),
    "eac3": Format("E-AC-3 audio", "eac3"),
    "dts": Format("DTS audio", "dts"),
    "dtshd": Format("DTS-HD audio", "dtshd"),
    "truehd": Format("Dolby TrueHD audio", "truehd"),
    "mlp": Format("Meridian Lossless (MLP) audio", "mlp"),
    "amr": Format("AMR audio", "amr"),
    "tak": Format("TAK audio", "tak", True),
    "shorten": Format("Shorten audio (shn)", "shn"),
    "oma": Format("Sony ATRAC audio (oma)", "oma"),
    "real": Format("RealAudio", "rm"),
    "qoa": Format("QOA audio", "qoa", True),
    "qcp": Format("QCELP audio (qcp)", "qcp"),
    "xwma": Format("xWMA audio", "xwma"),
    "sox": Format("SoX audio", "sox"),
    "ast": Format("a console's audio (ast)", "ast"),
    "brstm": Format("a console's audio (brstm)", "brstm"),
    "wtv": Format("a television recording (wtv)", "wtv"),
    "spdif": Format("a recording of S/PDIF", "spdif"),
    "avi": Format("an AVI video", "avi"),
    "flv": Format("a Flash video (flv)", "flv"),
    "ts": Format("an MPEG transport stream (ts)", "mpegts"),
    "mpeg_ps": Format("an MPEG program stream (mpg, vob)", "mpeg"),
    "mxf": Format("an MXF video", "mxf"),
    "nut": Format("a NUT file", "nut"),
    # What libsndfile declines of its own kinds.
    "riff": Format("a WAV whose coding libsndfile does not know", "wav", True),
    "w64": Format("a Wave64 whose coding libsndfile does not know", "w64", True),
    "aiff": Format("an AIFF whose coding libsndfile does not know", "aiff", True),
    "au": Format("an AU whose coding libsndfile does not know", "au"),
    "caf": Format("a CAF whose coding libsndfile does not know", "caf", True),
    "flac": Format("FLAC that libsndfile does not open", "flac"),
    "ogg": Format("Ogg audio", "ogg", True),
    # Notes and chips: FFmpeg as PyAV brings it plays none of them.
    "mod": Format("a tracker module (mod, xm, it, s3m)"),
    "midi": Format("MIDI: notes, not sound"),
    "chip": Format("music for a game's sound chip"),
    "optimfrog": Format("OptimFROG audio"),
    "voc": Format("Creative Voice audio (voc)", "voc"),
    "adif": Format("AAC audio without frames' headers (ADIF)"),
    "silk": Format("SILK speech"),
}

_MAGIC = (  # (byte, what stands there, kind); those of four bytes and more
    (0, b"Creative Voice File", "voc"),
    (0, b".SoX", "sox"),
    (0, b"XoS.", "sox"),
    (0, b"STRM", "ast"),
    (0, b"RSTM", "brstm"),
    (0, b"\xb7\xd8\x00\x20", "wtv"),
    (0, b"\x72\xf8\x1f\x4e", "spdif"),
    (0, b"wvpk", "wavpack"),
    (0, b"TTA1", "tta"),
    (0, b"TTA2", "tta"),
    (0, b"MAC ", "ape"),
    (0, b"MP+\x07", "mpc7"),
    (0, b"MP+\x17", "mpc7"),
    (0, b"MPCK", "mpc8"),
    (0, b"DSD ", "dsf"),
    (0, b"FRM8", "dff"),
    (0, b"DTSHDHDR", "dtshd"),
    (4, b"\xf8\x72\x6f\xba", "truehd"),
    (4, b"\xf8\x72\x6f\xbb", "mlp"),
    (0, b"#!AMR", "amr"),
    (0, b"tBaK", "tak"),
    (0, b"ajkg", "shorten"),
    (0, b"EA3\x01", "oma"),
    (0, b"ea3\x03", "oma"),
    (0, b".RMF", "real"),
    (0, b".ra\xfd", "real"),
    (0, b"qoaf", "qoa"),
    (0, b"FLV\x01", "flv"),
    (0, b"\0\0\1\xba", "mpeg_ps"),
    (0, b"\x06\x0e\x2b\x34", "mxf"),
    (0, b"nut/multimedia", "nut"),
    (0, b"OFR ", "optimfrog"),
    (0, b"ADIF", "adif"),
    (0, b"#!SILK", "silk"),
    (0, b"\x02#!SILK", "silk"),
    (0, b"MThd", "midi"),
    (0, b"Extended Module: ", "mod"),
    (0, b"IMPM", "mod"),
    (44, b"SCRM", "mod"),
    (0, b"NESM\x1a", "chip"),
    (0, b"PSID\0", "chip"),
    (0, b"RSID\0", "chip"),
    (0, b"Vgm ", "chip"),
    (0, b"SNES-SPC700", "chip"),
)
_IN_RIFF = {b"AVI ": "avi", b"QLCM": "qcp", b"XWMA": "xwma", b"RMID": "midi"}
_CODINGS = {
    0x0050: "MPEG", 0x0055: "mp3", 0x0092: "AC-3", 0x00FF: "AAC", 0x0160: "WMA 1",
    0x0161: "WMA 2", 0x0162: "WMA Pro", 0x0163: "WMA Lossless", 0x0270: "ATRAC3", 0x1600: "AAC",
    0x1610: "AAC", 0x2000: "AC-3", 0x2001: "DTS", 0x674F: "Vorbis", 0x6750: "Vorbis",
    0x6751: "Vorbis", 0xA106: "AAC", 0xF1AC: "FLAC", 0x704F: "Opus", 0x0022: "TrueSpeech",
    0x0130: "ACELP", 0x0401: "Indeo", 0x5756: "WavPack",
}  # fmt: skip
"""By the format tag of a wav (RFC 2361 and what came after)."""
_QUICKTIME = (b"moov", b"mdat", b"wide", b"skip", b"pnot")
_MODULES = (b"M.K.", b"M!K!", b"FLT4", b"FLT8", b"4CHN", b"6CHN", b"8CHN", b"OCTA", b"CD81")
_MODULE_SIGN = 1080
"""Byte at which ProTracker and its kin sign."""
_HEAD = 4096


def format_of(file: BinaryIO, head: bytes) -> str:
    """Name the format of what ``sniff.container`` knows nothing of, or "".

    ``head``: the first 64 bytes. ``file`` is read further only where they give cause.
    Gives a key of ``FORMATS``.
    """
    for at, sign, kind in _MAGIC:
        if head.startswith(sign, at):
            return kind
    if head[4:8] in _QUICKTIME:
        return "mp4"
    return _by_frames(file, head)


def riff_kind(head: bytes) -> str:
    """What a RIFF file that is no wav is, by its first bytes; "riff" for the rest."""
    return _IN_RIFF.get(head[8:12], "riff")


def wav_coding(file: BinaryIO) -> str:
    """Of a wav or Wave64: "AC-3 in a wav"; "" where that is not known."""
    file.seek(0)
    head = file.read(_HEAD)
    at = head.find(b"fmt ")
    is_w64 = head.startswith(b"riff")
    tag = head[at + 24 : at + 26] if is_w64 else head[at + 8 : at + 10]
    coding = _CODINGS.get(int.from_bytes(tag, "little"), "") if at > 0 else ""
    return f"{coding} audio in a wav" if coding else ""


def _by_frames(file: BinaryIO, head: bytes) -> str:
    """What has no signature, only frames in a row."""
    if head[:1] == b"\x47" or head[4:5] == b"\x47":
        file.seek(0)
        data = file.read(_HEAD)
        for step, first in ((188, 0), (192, 4), (204, 0)):
            if all(data[at : at + 1] == b"\x47" for at in range(first, 5 * step, step)):
                return "ts"
    kind = ""
    if head[:2] in (b"\x0b\x77", b"\x77\x0b", b"\x7f\xfe", b"\xfe\x7f", b"\x1f\xff", b"\xff\x1f"):
        file.seek(0)
        kind = coded_frames(file.read(8 * _HEAD))
    if head[:1] == b"\x56" and len(head) > 2 and head[1] & 0xE0 == 0xE0:
        file.seek(0)
        kind = "loas" if _is_loas(file.read(8 * _HEAD)) else ""
    if kind:
        return kind
    if not head.startswith(b"\xff") and b"\0" in head:  # a song's title, 20 bytes, is padded
        file.seek(_MODULE_SIGN)
        return "mod" if file.read(4) in _MODULES else ""
    return ""


def _is_loas(data: bytes) -> bool:
    """Three frames of LATM in a row (ISO 14496-3, 1.7.2)."""
    at = 0
    for _ in range(3):
        if len(data) < at + 3 or data[at] != 0x56 or data[at + 1] & 0xE0 != 0xE0:
            return False
        at += 3 + ((data[at + 1] & 0x1F) << 8 | data[at + 2])
    return True
