// Short texts that come again and again (names of headers, methods, hosts), each made a string once.

/** A power of two. What falls on a place that is taken takes it: a stranger's names cost a string each, as without this. */
const places = 1_024;
const longest = 48;
const kept: string[] = new Array(places).fill('');

/** The text at these bytes, a string that was made before if there is one: found by its bytes, which makes nothing. */
export const nameAt = (bytes: Buffer, from: number, end: number): string => {
  const length = end - from;
  if (length > longest) return bytes.toString('utf8', from, end);
  let hash = length;
  let high = 0;
  for (let at = from; at < end; at++) {
    const byte = bytes[at] as number;
    high |= byte;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  if (high > 127) return bytes.toString('utf8', from, end);
  const place = (hash ^ (hash >>> 11)) & (places - 1);
  const known = kept[place] as string;
  if (known.length === length && isAt(known, bytes, from)) return known;
  const made = bytes.toString('latin1', from, end);
  kept[place] = made;
  return made;
};

const isAt = (text: string, bytes: Buffer, from: number): boolean => {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) !== bytes[from + index]) return false;
  return true;
};
