/**
 * Reads what a waveform twin says of itself: the JSON in its "melonnx.wave" metadata entry.
 *
 * An ONNX file is a protocol buffer (ModelProto of onnx.proto3): metadata_props is field 14 of it,
 * with key as field 1 and value as field 2 of each.
 */

const METADATA_KEY = "melonnx.wave";
const FORMAT_VERSION = 3;
const WITH_HEADS = 4; // which the page passes over
const WITH_MFCC = 5; // which the twin makes itself
const BEFORE = 2;

/** The metadata of the ONNX file in `bytes` (Uint8Array). Throws Error where it has none of ours. */
export function readModelInfo(bytes) {
  const text = new TextDecoder();
  for (const [field, entry] of fields(bytes)) {
    if (field !== 14) continue;
    const pair = new Map([...fields(entry)].map(([number, value]) => [number, text.decode(value)]));
    if (pair.get(1) === METADATA_KEY) return checked(JSON.parse(pair.get(2)));
  }
  throw new Error(`the file has no "${METADATA_KEY}" metadata, so it is no waveform twin`);
}

function checked(info) {
  if (info.format_version === BEFORE) {
    const { thresholds, ...others } = info;
    const bars = { 90: thresholds };
    const added = { format_version: FORMAT_VERSION, pooling: "probabilities", accepts: {} };
    return { ...others, ...added, bars, music_bar: 0 };
  }
  if (![FORMAT_VERSION, WITH_HEADS, WITH_MFCC].includes(info.format_version)) {
    throw new Error(
      `the model's format version is ${info.format_version}, this page reads ${BEFORE} to ` +
        `${WITH_MFCC}`,
    );
  }
  return info;
}

/** Yields [number, bytes] of each length-delimited field, and passes over the others. */
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("the file is damaged");
      value += (byte & 127) * factor; // not shifted: that would cut it to 32 bits
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const kind = key % 8;
    if (kind === 2) {
      const length = varint();
      yield [Math.floor(key / 8), bytes.subarray(at, at + length)];
      at += length;
    } else if (kind === 0) varint();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else throw new Error("the file is no ONNX file");
  }
}
