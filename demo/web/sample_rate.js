/**
 * Reads the sample rate in a file's header. WebAudio does not tell it, yet only a file that is
 * decoded to its own rate escapes the browser's resampling, which moved answers by 0.11.
 */

const MP3_RATES = [44100, 48000, 32000]; // MPEG 1; half of it in MPEG 2, a quarter in 2.5.
const OTHERWISE = 44100;
const OPUS = 48000; // Whatever went in; the header says that only.

/** Hz, of the audio file in `bytes` (Uint8Array); 44100 where its header is unknown. */
export function sampleRate(bytes) {
  const file = bytes.subarray(id3Length(bytes));
  const rate = wav(file) ?? flac(file) ?? ogg(file) ?? mp4(file) ?? webm(file) ?? mpeg(file);
  return rate >= 8000 && rate <= 192000 ? rate : OTHERWISE; // What every browser decodes to.
}

function says(bytes, at, text) {
  return [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));
}

function view(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function id3Length(bytes) {
  if (!says(bytes, 0, "ID3")) return 0;
  return 10 + bytes.subarray(6, 10).reduce((size, byte) => size * 128 + byte, 0);
}

function wav(bytes) {
  if (!says(bytes, 8, "WAVE")) return undefined;
  const numbers = view(bytes);
  for (let at = 12; at + 16 <= bytes.length; ) {
    if (says(bytes, at, "fmt ")) return numbers.getUint32(at + 12, true);
    const size = numbers.getUint32(at + 4, true);
    at += 8 + size + (size % 2);
  }
  return undefined;
}

function flac(bytes) {
  if (!says(bytes, 0, "fLaC") || bytes.length < 21) return undefined;
  return (bytes[18] << 12) | (bytes[19] << 4) | (bytes[20] >> 4);
}

function ogg(bytes) {
  if (!says(bytes, 0, "OggS")) return undefined;
  const packet = 27 + bytes[26];
  if (says(bytes, packet, "OpusHead")) return OPUS;
  if (says(bytes, packet, "\x01vorbis") && packet + 16 <= bytes.length) return view(bytes).getUint32(packet + 12, true);
  return undefined;
}

function mp4(bytes) {
  if (!says(bytes, 4, "ftyp")) return undefined;
  for (let at = bytes.indexOf(0x6d); at >= 0; at = bytes.indexOf(0x6d, at + 1)) {
    if (says(bytes, at, "mp4a") && at + 30 <= bytes.length) return view(bytes).getUint16(at + 28);
  }
  return undefined;
}

function webm(bytes) {
  return says(bytes, 0, "\x1a\x45\xdf\xa3") ? OPUS : undefined;
}

/** The first frame header that a second one of the same kind follows. */
function mpeg(bytes) {
  const end = Math.min(bytes.length, 2 ** 16) - 4;
  for (let at = 0; at < end; at++) {
    const frame = mpegFrame(bytes, at);
    const next = frame && mpegFrame(bytes, at + frame.length);
    if (next && next.rate === frame.rate) return frame.rate;
  }
  return undefined;
}

const KBITS_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const KBITS_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/** Rate and length in bytes of the layer III frame at `at`. */
function mpegFrame(bytes, at) {
  const [sync, kind, code] = bytes.subarray(at, at + 3);
  if (sync !== 0xff || (kind & 0xe6) !== 0xe2) return undefined;
  const version = (kind >> 3) & 3; // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5.
  const rate = MP3_RATES[(code >> 2) & 3] / { 3: 1, 2: 2, 0: 4 }[version];
  const kbits = (version === 3 ? KBITS_1 : KBITS_2)[code >> 4];
  if (!rate || !kbits) return undefined;
  const samples = version === 3 ? 1152 : 576;
  return { rate, length: Math.floor((samples / 8) * (kbits * 1000) / rate) + ((code >> 1) & 1) };
}
