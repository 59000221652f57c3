// Answers that a server has packed although it was not asked to: plain again, and never longer than what is read of any.
import {promisify} from 'node:util';
import {brotliDecompress, gunzip, inflate} from 'node:zlib';

type Unpack = (bytes: Buffer, options: {readonly maxOutputLength: number}) => Promise<Buffer>;

const byName = new Map<string, Unpack>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/**
 * @param encoding of the header content-encoding; '' where there is none
 * @param cap bytes that the plain answer may have
 * @returns the bytes as they were, or a sentence on what is wrong with them
 */
export const unpacked = async (bytes: Buffer, encoding: string, cap: number): Promise<Buffer | string> => {
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity' || bytes.length === 0) return bytes;
  const unpack = byName.get(name);
  if (unpack === undefined) return 'its answer has a content-encoding that is not known here';
  try {
    return await unpack(bytes, {maxOutputLength: cap});
  } catch (error) {
    const isLong = (error as {readonly code?: unknown}).code === 'ERR_BUFFER_TOO_LARGE';
    return isLong ? `its answer is longer than ${cap} bytes, unpacked` : `its answer is no ${name}, as it says it is`;
  }
};
