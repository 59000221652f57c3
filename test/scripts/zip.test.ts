// Taking a file out of a zip archive, against archives that another program wrote.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {readZipEntry} from '../../scripts/zip.ts';
import {temporaryFolder} from '../support/ports.ts';
import {ToolMissing} from '../support/tools.ts';

const write = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
  archive.writestr('folder/long.txt', 'postern ' * 10000, zipfile.ZIP_DEFLATED)
  archive.writestr('stored.bin', bytes(range(256)), zipfile.ZIP_STORED)
  archive.writestr('empty', '')
  archive.comment = b'a comment, after the directory'
`;

describe('readZipEntry', () => {
  let archive: Buffer;
  before(() => {
    const file = join(temporaryFolder(), 'a.zip');
    try {
      execFileSync('python3', ['-c', write, file]);
    } catch (error) {
      throw new ToolMissing('There is no python3 to write a zip archive with.', {cause: error});
    }
    archive = readFileSync(file);
  });
  it('takes out what was deflated', async () => {
    assert.equal((await readZipEntry(archive, 'folder/long.txt')).toString(), 'postern '.repeat(10_000));
  });
  it('takes out what was stored', async () => {
    assert.deepEqual([...(await readZipEntry(archive, 'stored.bin'))], [...Array(256).keys()]);
  });
  it('takes out an empty file', async () => {
    assert.equal((await readZipEntry(archive, 'empty')).length, 0);
  });
  it('says which file is missing', async () => {
    await assert.rejects(readZipEntry(archive, 'long.txt'), /holds no long\.txt/);
  });
  it('says that something is no archive', async () => {
    await assert.rejects(readZipEntry(Buffer.from('<html>not found</html>'), 'x'), /not a zip archive/);
    await assert.rejects(readZipEntry(Buffer.alloc(0), 'x'), /not a zip archive/);
  });
});
