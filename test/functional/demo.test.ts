// npm run demo, as a newcomer runs it: with Envoy, without, and ended by Ctrl-C.
import assert from 'node:assert/strict';
import {dirname} from 'node:path';
import {fileURLToPath} from 'node:url';
import {send} from '../support/http.ts';
import {temporaryFolder} from '../support/ports.ts';
import {start} from '../support/processes.ts';
import {tool} from '../support/tools.ts';

const main = fileURLToPath(new URL('../../examples/demo/main.ts', import.meta.url));

const rowsOf = (output: string, mark: string) =>
  output.split('\n').filter((line) => line.startsWith(`${mark}  `)).length;
const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}, ready?: (output: string) => boolean) =>
  start({
    name: 'demo',
    command: process.execPath,
    args: [main, ...args],
    env: {...process.env, ...env},
    timeout: 60_000,
    ...(ready && {ready}),
  });

describe('demo', function () {
  this.timeout(90_000);
  before(() => tool('envoy'));

  it('--once prints every row as it should be, and ends with 0', async () => {
    const demo = await run(['--once']);
    assert.equal(await demo.ended, 0, demo.output());
    assert.ok(rowsOf(demo.output(), '✓') >= 12);
    assert.equal(rowsOf(demo.output(), '✗'), 0);
    assert.doesNotMatch(demo.output(), /no Envoy/);
  });

  it('without Envoy says so and asks Postern the same over gRPC', async () => {
    const demo = await run(['--once'], {PATH: dirname(process.execPath), POSTERN_TOOLS: temporaryFolder()});
    assert.equal(await demo.ended, 0, demo.output());
    assert.match(demo.output(), /envoy could not be had[\s\S]*no Envoy here/);
    assert.ok(rowsOf(demo.output(), '✓') >= 12);
    assert.equal(rowsOf(demo.output(), '✗'), 0);
  });

  it('stays up until Ctrl-C, its curl lines work, and it leaves nothing behind', async () => {
    const demo = await run([], {}, (output) => output.includes('curl -i'));
    const [, tokenUrl = '', form = ''] = /curl -s (\S+) (-d .*?) \| sed/.exec(demo.output()) ?? [];
    const body = form.replaceAll(/ ?-d /g, '&').slice(1);
    const response = await fetch(tokenUrl, {method: 'POST', body: new URLSearchParams(body)});
    const {access_token} = (await response.json()) as {access_token: string};
    const [, port] = /http:\/\/127\.0\.0\.1:(\d+)\/orgs/.exec(demo.output()) ?? [];
    const answer = await send({
      port: Number(port),
      path: '/orgs/acme/orders',
      headers: [['authorization', `Bearer ${access_token}`]],
    });
    assert.equal(answer.status, 200, answer.body);
    const ports = [...demo.output().matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, one]) => Number(one));
    demo.signal('SIGINT');
    assert.equal(await demo.ended, 0, demo.output());
    for (const one of new Set(ports)) await assert.rejects(send({port: one}), /ECONNREFUSED/, `${one} still answers`);
  });
});
