// Texts in blocks of bytes: a million short ones without an object each, compared without being made.

const blockBits = 18;
const blockSize = 2 ** blockBits;
const blockMask = blockSize - 1;

/** Where a piece of bytes lies: the number of its block, and the place in it. */
export type Place = number;

export interface Blocks {
  /** Room for `length` bytes (at most a block). */
  allocate(length: number): Place;
  free(place: Place, length: number): void;
  /** The bytes of the block that holds a place, and where in it. */
  block(place: Place): Uint8Array;
  offset(place: Place): number;
  /** True if so little of the block is in use that moving its pieces gives room back. */
  sparse(place: Place): boolean;
}

/** Pieces are given out one after another; a block is given back when all its pieces are free. */
export const makeBlocks = (): Blocks => {
  const blocks: (Uint8Array | undefined)[] = [];
  const used: number[] = [];
  const vacant: number[] = [];
  let current = -1;
  let end = blockSize;

  return {
    allocate(length) {
      if (end + length > blockSize) {
        if (current >= 0 && used[current] === 0) vacate(current);
        current = vacant.pop() ?? blocks.length;
        blocks[current] = new Uint8Array(blockSize);
        used[current] = 0;
        end = 0;
      }
      const place = current * blockSize + end;
      end += length;
      used[current] = (used[current] ?? 0) + length;
      return place;
    },
    free(place, length) {
      const at = Math.floor(place / blockSize);
      used[at] = (used[at] ?? 0) - length;
      if (used[at] === 0 && at !== current) vacate(at);
    },
    block: (place) => blocks[Math.floor(place / blockSize)] as Uint8Array,
    offset: (place) => place & blockMask,
    sparse: (place) => {
      const at = Math.floor(place / blockSize);
      return at !== current && (used[at] ?? 0) < blockSize / 4;
    },
  };

  function vacate(at: number) {
    blocks[at] = undefined;
    vacant.push(at);
  }
};

/** Bytes that a text takes: two for its length, then one or (beyond Latin-1) two for each character. */
export const bytesOf = (text: string): number => 2 + text.length * (isWide(text) ? 2 : 1);

const wideBit = 0x8000;

const isWide = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 255) return true;
  return false;
};

/** Writes a text of at most 32,767 characters, which takes `size` bytes; returns where it ends. */
export const writeText = (bytes: Uint8Array, from: number, text: string, size = bytesOf(text)): number => {
  const wide = size > 2 + text.length;
  const head = text.length | (wide ? wideBit : 0);
  bytes[from] = head & 255;
  bytes[from + 1] = head >> 8;
  let to = from + 2;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    bytes[to++] = unit & 255;
    if (wide) bytes[to++] = unit >> 8;
  }
  return to;
};

const headAt = (bytes: Uint8Array, from: number) => (bytes[from] as number) | ((bytes[from + 1] as number) << 8);

/** Where the text that begins there ends. */
export const endOfText = (bytes: Uint8Array, from: number): number => {
  const head = headAt(bytes, from);
  return from + 2 + (head & wideBit ? (head & ~wideBit) * 2 : head);
};

export const readText = (bytes: Uint8Array, from: number): string => {
  const head = headAt(bytes, from);
  const wide = (head & wideBit) !== 0;
  const end = endOfText(bytes, from);
  let text = '';
  for (let at = from + 2; at < end; at += wide ? 2 : 1) {
    text += String.fromCharCode((bytes[at] as number) | (wide ? (bytes[at + 1] as number) << 8 : 0));
  }
  return text;
};

/** Whether this very text stands there; makes nothing. */
export const isTextAt = (bytes: Uint8Array, from: number, text: string): boolean => {
  const head = headAt(bytes, from);
  if ((head & ~wideBit) !== text.length) return false;
  const wide = (head & wideBit) !== 0;
  let at = from + 2;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (bytes[at++] !== (unit & 255)) return false;
    if (wide ? bytes[at++] !== unit >> 8 : unit > 255) return false;
  }
  return true;
};

/** Mixes a text into a hash of 32 bits. */
export const mixText = (hash: number, text: string): number => {
  let mixed = hash;
  for (let at = 0; at < text.length; at++) {
    mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x5bd1e995);
    mixed ^= mixed >>> 15;
  }
  // So that ("a", "bc") and ("ab", "c") differ.
  mixed = Math.imul(mixed ^ 0x10001, 0x27d4eb2d);
  return mixed ^ (mixed >>> 13);
};
