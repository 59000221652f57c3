// The program is started anew with the flags that were measured, unless somebody has said otherwise.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {environment, imageFlags, type Launched, nodeFlags, relaunched} from '../src/launch.ts';

describe('launch', () => {
  const launched = (changed: Partial<Launched>) => {
    const calls: unknown[][] = [];
    relaunched({
      versions: {node: '24.21.0'},
      platform: 'linux',
      execPath: '/node',
      execArgv: [],
      argv: ['/node', '/main.js', 'serve', '-c', 'a.yaml'],
      env: {HOME: '/'},
      execve: (...args): never => calls.push(args) as never,
      ...changed,
    });
    return calls;
  };
  const anew = [['/node', ['/node', ...nodeFlags, '/main.js', 'serve', '-c', 'a.yaml'], {...environment, HOME: '/'}]];

  const rows: [string, Partial<Launched>, unknown[][]][] = [
    ['a plain start', {}, anew],
    ['on macOS', {platform: 'darwin'}, anew],
    ['arguments of Node', {execArgv: ['--inspect']}, []],
    ['NODE_OPTIONS that say how much', {env: {NODE_OPTIONS: '--max-semi-space-size=32'}}, []],
    ['a parent that talks to it', {channel: {}}, []],
    ['Windows', {platform: 'win32'}, []],
    ['a Node that nobody has tried', {versions: {node: '28.0.0'}}, []],
  ];
  for (const [title, changed, expected] of rows) {
    it(title, () => assert.deepEqual(launched(changed), expected));
  }
  it('a Node that cannot', () => {
    const {execve: _, ...without} = {...process, execve: undefined};
    assert.doesNotThrow(() => relaunched({...without, execArgv: []}));
  });
  it('what somebody has set in the environment stays', () => {
    const [[, , env] = []] = launched({env: {MALLOC_ARENA_MAX: '4'}});
    assert.deepEqual(env, {...environment, MALLOC_ARENA_MAX: '4'});
  });
  it('the image says the same', () => {
    const dockerfile = readFileSync(new URL('../deploy/Dockerfile', import.meta.url), 'utf8');
    const flags = imageFlags.map((flag) => `"${flag}", `).join('');
    assert.ok(dockerfile.includes(`ENTRYPOINT ["/nodejs/bin/node", ${flags}"/app/dist/src/main.js"]`));
    for (const [name, value] of Object.entries(environment)) assert.ok(dockerfile.includes(`${name}=${value}`));
  });
});
