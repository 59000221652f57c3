// npm run demo, as a newcomer runs it: with Envoy, without, and ended by Ctrl-C.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {send} from '../support/http.ts';
import {temporaryFolder} from '../support/ports.ts';
import {mainFile} from '../support/postern.ts';
import {start} from '../support/processes.ts';
import {tool} from '../support/tools.ts';

const main = fileURLToPath(new URL('../../examples/demo/main.ts', import.meta.url));

const rowsOf = (output: string, mark: string) =>
  output.split('\n').filter((line) => line.startsWith(`${mark}  `)).length;
/** Columns are two blanks apart, at least. */
const cellsOf = (line: string): readonly string[] => line.split(/ {2,}/);
const rowsInReadme = (): readonly (readonly string[])[] => {
  const page = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, block = ''] = /behind a real Envoy[^`]*```\n([\s\S]*?)\n```/.exec(page) ?? [];
  return block.split('\n').map(cellsOf);
};
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
    // A plan's number at Envoy's rate limit and in the application, and a refusal that names the plan: as the README shows.
    const shown = rowsInReadme();
    assert.equal(shown.length, 5);
    const printed = demo.output().split('\n').map(cellsOf);
    for (const row of shown) {
      const isSame = ([mark, ...cells]: readonly string[]) =>
        mark === '✓' && row.every((cell) => cells.includes(cell)) && cells.indexOf(row[0] as string) === 0;
      assert.ok(printed.some(isSame), row.join(' | '));
    }
  });

  it('without Envoy says so and asks Postern the same over gRPC', async () => {
    const demo = await run(['--once'], {PATH: dirname(process.execPath), POSTERN_TOOLS: temporaryFolder()});
    assert.equal(await demo.ended, 0, demo.output());
    assert.match(demo.output(), /envoy could not be had[\s\S]*no Envoy here/);
    assert.match(demo.output(), /3 rows are left out: only Envoy can show them/);
    assert.match(demo.output(), /seats = 60 \(pro\)/);
    assert.ok(rowsOf(demo.output(), '✓') >= 12);
    assert.equal(rowsOf(demo.output(), '✗'), 0);
  });

  for (const vendor of [[], ['frontier']]) {
    it(`${vendor} without Envoy and curl: what it offers to try works all the same`, async () => {
      const bare = {PATH: dirname(process.execPath), POSTERN_TOOLS: temporaryFolder()};
      const demo = await run(vendor, bare, (output) => output.includes('Denials, as they come'));
      const [, note = '', token = '', ask = ''] = /\nTry it(.*):\n {2}(.*)\n {2}(.*)\n/.exec(demo.output()) ?? [];
      assert.equal(note !== '', token.includes('curl '), note);
      assert.match(ask, /npm run -s postern -- explain -c /);
      const script = `${token}\n${ask.replace('npm run -s postern --', `${process.execPath} ${mainFile}`)}`;
      const {stdout} = await promisify(execFile)('bash', ['-c', script], {timeout: 60_000});
      assert.match(stdout, /decision\n {2}allow/);
      await demo.stop();
    });
  }

  for (const vendor of ['frontegg', 'kinde', 'authgear', 'frontier']) {
    it(`${vendor} --once shows the example of the vendor, without an account`, async () => {
      const demo = await run([vendor, '--once']);
      assert.equal(await demo.ended, 0, demo.output());
      assert.ok(rowsOf(demo.output(), '✓') >= 12);
      assert.equal(rowsOf(demo.output(), '✗'), 0);
    });
  }

  it('runs the very file that it names: an edit changes decisions, and denials are told as they come', async () => {
    const folder = join(temporaryFolder(), 'copy');
    const demo = await run(['--copy', folder], {}, (output) => output.includes('Denials, as they come'));
    const [, file = ''] = /settings +(\S+)/.exec(demo.output()) ?? [];
    assert.equal(file, join(folder, 'postern.yaml'));
    const [, port] = /behind Envoy +http:\/\/127\.0\.0\.1:(\d+)/.exec(demo.output()) ?? [];
    const ask = async (path: string) => (await send({port: Number(port), path})).status;
    assert.deepEqual([await ask('/healthz'), await ask('/health2')], [200, 403]);
    writeFileSync(file, readFileSync(file, 'utf8').replace('path: /healthz', 'path: /health2'));
    for (let attempt = 0; attempt < 100 && (await ask('/health2')) !== 200; attempt++) await sleep(100);
    assert.deepEqual([await ask('/healthz'), await ask('/health2')], [403, 200]);
    for (let attempt = 0; attempt < 50 && !/GET \/healthz/.test(demo.output()); attempt++) await sleep(100);
    assert.match(demo.output(), /Denials, as they come:\n[\s\S]*\d\d:\d\d:\d\d {2}no_rule +GET \/healthz/);
    await demo.stop();
  });

  it('names a file that is there, and says when it is a copy', async () => {
    const demo = await run([], {}, (output) => output.includes('Denials, as they come'));
    const [, shown = ''] = /settings +(\S+)/.exec(demo.output()) ?? [];
    const isCopy = /a copy of examples\/postern\.yaml, since ports that it names are taken: /.test(demo.output());
    assert.equal(shown, isCopy ? shown : 'examples/postern.yaml');
    const pid = readFileSync(`/proc/${demo.pid}/task/${demo.pid}/children`, 'utf8').trim().split(' ');
    const commands = pid.map((one) => readFileSync(`/proc/${one}/cmdline`, 'utf8'));
    assert.ok(
      commands.some((command) => command.includes(`serve\0-c\0${resolve(shown)}`)),
      commands.join('\n'),
    );
    await demo.stop();
  });

  for (const vendor of ['', 'frontegg', 'kinde', 'authgear', 'frontier']) {
    it(`${vendor} --issuer: the lines that it prints make a Postern of one's own, which lets its token in`, async () => {
      const issuer = await run([...(vendor === '' ? [] : [vendor]), '--issuer'], {}, (output) => /Ctrl-C/.test(output));
      const folder = temporaryFolder();
      const [, init = ''] = /^ {2}(postern init gate .*)$/m.exec(issuer.output()) ?? [];
      const [, token = ''] = /^ {2}(TOKEN=.*)$/m.exec(issuer.output()) ?? [];
      const postern = `postern() { ${process.execPath} ${mainFile} "$@"; }`;
      const shell = (script: string) =>
        promisify(execFile)('bash', ['-c', `set -e; ${postern}; ${script}`], {cwd: folder, timeout: 60_000});
      await shell(init);
      const online = await shell('cd gate; postern validate --strict; postern doctor; postern test cases.yaml').catch(
        (error: {stdout: string; stderr: string}) => assert.fail(`${error.stdout}${error.stderr}`),
      );
      assert.match(online.stdout, /\d+ passed, 0 failed\n$/);
      const {stdout} = await shell(`${token}; cd gate; printf %s "$TOKEN" | postern explain GET /me --token -`).catch(
        (error: {stdout: string; stderr: string}) => assert.fail(`${error.stdout}${error.stderr}`),
      );
      assert.match(stdout, /decision\n {2}allow/);
      const [, explain = ''] = /^ {2}(printf .* && postern explain .*)$/m.exec(issuer.output()) ?? [];
      assert.match(
        (await shell(`${token}; cd gate; ${explain}`)).stdout,
        /decision\n {2}allow, by the rule read-orders/,
      );
      const opened = /http:\/\/127\.0\.0\.1:8000(\S+)/.exec(issuer.output())?.[1];
      assert.ok(explain.includes(` GET ${opened} `), explain);
      await issuer.stop();
    });
  }

  it('--help says what it can show, and an option that it has not is told in a line', async () => {
    const help = await run(['--help']);
    assert.equal(await help.ended, 0);
    assert.match(help.output(), /^Usage: npm run demo -- \[frontegg \| kinde/);
    const unknown = await run(['--onse']);
    assert.equal(await unknown.ended, 1);
    assert.match(unknown.output(), /^Unknown option '--onse'\nUsage: /);
  });

  it('tells what it can show where it is asked for something else', async () => {
    const demo = await run(['frontgg']);
    assert.equal(await demo.ended, 1);
    assert.match(demo.output(), /^frontgg is none of them\.\nUsage: npm run demo -- \[frontegg \| kinde/);
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
