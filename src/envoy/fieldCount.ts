// How many fields a CheckRequest has, counted on its bytes: each becomes an object, and two bytes are enough for one.

/** A message: which of its fields are messages themselves. All others count one and are stepped over. */
interface Fields {
  readonly [number: number]: Fields | undefined;
}

const headerMap: Fields = {1: {}};
const http: Fields = {3: {}, 13: headerMap};
const peer: Fields = {1: {}, 3: {}};
const value: Record<number, Fields> = {};
const struct: Fields = {1: {2: value}};
value[5] = struct;
value[6] = {1: value};
const metadata: Fields = {1: {2: struct}, 2: {}};
const attributes: Fields = {1: peer, 2: peer, 4: {2: http}, 10: {}, 11: metadata, 12: {}, 13: metadata};
const checkRequest: Fields = {1: attributes};

/** Fields that a CheckRequest may have, and messages that may stand in one another. Envoy sends some dozens. */
export const mostFields = 4_096;
const deepest = 64;
/** A message of so few bytes cannot hold more: a field has a tag and a length at least. */
const surelyFew = 2 * mostFields;

/**
 * Whether a CheckRequest is worth decoding: a quarter of a megabyte of empty header lines would else become 130,000
 * objects. What is no protobuf at all is left to the decoder, which says so better.
 */
export const hasFewFields = (bytes: Buffer): boolean => {
  if (bytes.length <= surelyFew) return true;
  let left = mostFields;
  let at = 0;

  const varint = (end: number): number => {
    let result = 0;
    for (let scale = 1; at < end; scale *= 128) {
      const byte = bytes[at++] as number;
      result += (byte & 127) * scale;
      if (byte < 128) return result;
    }
    return result;
  };
  /** False: too many fields, or too deep. */
  const walk = (fields: Fields, end: number, depth: number): boolean => {
    while (at < end) {
      left -= 1;
      if (left < 0 || depth > deepest) return false;
      const tag = varint(end);
      const wire = tag % 8;
      if (wire === 0) varint(end);
      else if (wire === 1) at += 8;
      else if (wire === 5) at += 4;
      else if (wire !== 2) return true;
      else {
        const length = varint(end);
        const last = Math.min(end, at + length);
        const inner = fields[Math.floor(tag / 8)];
        if (inner !== undefined && !walk(inner, last, depth + 1)) return false;
        at = last;
      }
    }
    return true;
  };
  return walk(checkRequest, bytes.length, 0);
};
