// `npm run -s postern -- ...` is the program: npm passes signals to it alone, and its exit status on.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {writeFiles} from '../support/postern.ts';
import {start} from '../support/processes.ts';

const postern = async (settings: object, ready?: string) => {
  const folder = temporaryFolder();
  writeFiles(folder, {'postern.yaml': settings});
  return start({
    name: 'npm run postern',
    command: 'npm',
    args: ['run', '-s', 'postern', '--', 'serve', '-c', join(folder, 'postern.yaml')],
    env: process.env,
    ...(ready && {ready: async () => (await fetch(ready)).status === 200}),
  });
};

describe('npm run postern', () => {
  it('drains and ends with 0 when npm is told to end', async () => {
    const admin = `127.0.0.1:${await freePort()}`;
    const rules = [{name: 'all', match: {}, public: true}];
    const running = await postern(
      {server: {listen: '127.0.0.1:0'}, admin: {listen: admin}, rules},
      `http://${admin}/readyz`,
    );
    assert.equal(await running.stop(10_000), 0);
    assert.match(running.output(), /told to end: draining[\s\S]*"ended"/);
    await assert.rejects(fetch(`http://${admin}/readyz`));
  });

  it('reads paths from where it is typed, also in another folder', async () => {
    const folder = temporaryFolder();
    writeFiles(folder, {'deep/postern.yaml': {rules: [{name: 'all', match: {path: '/a'}, public: true}]}});
    const {INIT_CWD: _, ...env} = process.env;
    const running = await start({
      name: 'npm run postern',
      command: 'npm',
      args: ['--prefix', process.cwd(), 'run', '-s', 'postern', '--', 'validate', '-c', 'deep/postern.yaml'],
      cwd: folder,
      env,
    });
    assert.equal(await running.ended, 0, running.output());
    assert.match(running.output(), /^deep\/postern\.yaml: good/);
  });

  it('ends with 1 and every error for a bad configuration', async () => {
    const running = await postern({rules: [{nme: 'x'}]});
    assert.equal(await running.ended, 1);
    assert.match(running.output(), /did you mean "name"\?/);
  });
});
