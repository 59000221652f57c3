// Takes one file out of a zip archive (a Python wheel is one).
import {promisify} from 'node:util';
import {inflateRaw} from 'node:zlib';

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const deflated = 8;

/**
 * The content of the entry `name` of `archive`. Throws if it has none, or if it is not a zip archive as everyone writes
 * them (PKWARE APPNOTE sections 4.3.7, 4.3.12, 4.3.16; no zip64, no encryption).
 */
export const readZipEntry = async (archive: Buffer, name: string): Promise<Buffer> => {
  let end = archive.length - 22;
  while (end >= 0 && archive.readUInt32LE(end) !== endOfDirectory) end -= 1;
  if (end < 0) throw new Error('this is not a zip archive');

  let at = archive.readUInt32LE(end + 16);
  while (archive.readUInt32LE(at) === directoryEntry) {
    const nameLength = archive.readUInt16LE(at + 28);
    const found = archive.toString('utf8', at + 46, at + 46 + nameLength);
    if (found !== name) {
      at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
      continue;
    }
    const packed = archive.readUInt32LE(at + 20);
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const content = archive.subarray(start, start + packed);
    return archive.readUInt16LE(at + 10) === deflated ? promisify(inflateRaw)(content) : content;
  }
  throw new Error(`the archive holds no ${name}`);
};
