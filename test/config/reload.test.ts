// Watching the file: replaced in place, swapped by a symlink as Kubernetes does, gone.
import assert from 'node:assert/strict';
import {mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {makeConfigWatcher} from '../../src/config/reload.ts';
import {markOf} from '../../src/config/sources.ts';

describe('config/reload', () => {
  let place = '';
  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), 'postern-reload-'));
  });
  afterEach(() => rm(place, {recursive: true}));

  it('tells of content that changed, also through a swapped symlink or in a file that it names, and of nothing else', async () => {
    for (const version of ['one', 'two']) {
      await mkdir(join(place, version));
      await writeFile(join(place, version, 'postern.yaml'), version);
    }
    await symlink('one', join(place, '..data'));
    const path = join(place, 'postern.yaml');
    await symlink('..data/postern.yaml', path);
    const seen: string[] = [];
    const secret = join(place, 'secret');
    const load = async (file: string) => ({
      sources: new Map([
        [file, await markOf(file)],
        [secret, await markOf(secret)],
      ]),
      content: await readFile(file, 'utf8').catch(() => 'gone'),
    });
    const watcher = makeConfigWatcher({
      path,
      load,
      sources: (await load(path)).sources,
      changed: ({content}) => void seen.push(content),
      failed: assert.fail,
      settle: 5,
      poll: 20,
    });
    const until = async (count: number): Promise<void> => {
      while (seen.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    try {
      await watcher.look();
      await watcher.look();
      assert.deepEqual(seen, []);
      await symlink('two', join(place, '..data_tmp'));
      await rename(join(place, '..data_tmp'), join(place, '..data'));
      await until(1);
      await writeFile(join(place, 'two', 'postern.yaml'), 'three');
      await until(2);
      await writeFile(secret, 'a secret that the file names');
      await until(3);
      await rm(path);
      await until(4);
      assert.deepEqual([seen[0], seen[2], seen[3]], ['two', 'three', 'gone']);
    } finally {
      watcher.close();
    }
  });
});
