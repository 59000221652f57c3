// The message of a call: counted, then read from its bytes (read.ts), or decoded where it is not of the usual form.
import {hasFewFields} from './fieldCount.ts';
import {parse} from './parse.ts';
import {readCheckRequest} from './read.ts';
import type {CheckRequest} from './wire.ts';

/** `decode`: what reads every message that is one, and throws for others. */
export const makeReadMessage =
  (decode: (bytes: Buffer) => CheckRequest) =>
  (bytes: Buffer): CheckRequest => {
    const size = bytes.length;
    // Each field becomes an object, there or here.
    if (!hasFewFields(bytes)) return {size};
    return {size, asked: readCheckRequest(bytes) ?? parse(decode(bytes))};
  };
