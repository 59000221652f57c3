// The command line, and what changes while it runs: configuration, entitlements, signals.
import assert from 'node:assert/strict';
import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {stringify} from 'yaml';
import {nodeFlags} from '../../src/launch.ts';
import {startIdentityProvider} from '../support/identityProvider.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {runPostern, startPostern, writeFiles} from '../support/postern.ts';
import {acme, type Stage, startStage} from '../support/stage.ts';

const rules = [
  {name: 'open', match: {path: '/open'}, public: true},
  {name: 'reports', match: {path: '/reports'}, require: {features: ['reports']}},
];
const entitlements = (...tenants: string[]) => ({
  features: {reports: {}},
  plans: {pro: {features: ['reports']}},
  grants: tenants.map((tenant) => ({plan: 'pro', tenant})),
});

/** True as soon as `holds` is, false after `limit` ms. */
const soon = async (holds: () => Promise<boolean>, limit = 6_000): Promise<boolean> => {
  const until = performance.now() + limit;
  while (performance.now() < until) {
    if (await holds()) return true;
    await sleep(50);
  }
  return false;
};

describe('postern on the command line', () => {
  const bad = `server: {listen: nowhere}\nproviders:\n  - {name: a, type: oidc, issuer: https://a.example, audiense: [x]}\nrules:\n  - {name: r, match: {path: /x}}\n`;
  for (const command of ['serve', 'validate']) {
    it(`${command}: a bad configuration ends it with 1 and every error, with line and column`, async () => {
      const folder = temporaryFolder();
      writeFiles(folder, {'postern.yaml': bad});
      const {code, output} = await runPostern([command, '-c', join(folder, 'postern.yaml')]);
      assert.equal(code, 1);
      assert.match(output, /postern\.yaml:1:\d+.*server\.listen/);
      assert.match(output, /postern\.yaml:3:\d+.*audiense.*audience/);
      assert.match(output, /postern\.yaml:5:\d+.*rules/);
    });
    it(`${command}: a file that does not exist ends it with 1`, async () => {
      const {code, output} = await runPostern([command, '-c', join(temporaryFolder(), 'none.yaml')]);
      assert.equal(code, 1);
      assert.match(output, /none\.yaml/);
    });
  }
  it('validate: a good configuration ends with 0', async () => {
    const folder = temporaryFolder();
    writeFiles(folder, {'postern.yaml': {providers: [acme('https://a.example')], rules: rules.slice(0, 1)}});
    assert.equal((await runPostern(['validate', '-c', join(folder, 'postern.yaml')])).code, 0);
  });
  it('validate: the example of this project is good', async () => {
    const file = new URL('../../examples/postern.yaml', import.meta.url).pathname;
    const {code, output} = await runPostern(['validate', '-c', file]);
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, /warning/i);
  });
  it('serve: a port that is taken ends it with 1, in words', async () => {
    const listen = `127.0.0.1:${await freePort()}`;
    const first = await startPostern({rules: rules.slice(0, 1), server: {listen}});
    const folder = temporaryFolder();
    const admin = {listen: `127.0.0.1:${await freePort()}`};
    writeFiles(folder, {'postern.yaml': {rules: rules.slice(0, 1), server: {listen}, admin}});
    const {code, output} = await runPostern(['serve', '-c', join(folder, 'postern.yaml')]);
    assert.equal(code, 1);
    assert.match(output, new RegExp(`${listen}|EADDRINUSE`));
    assert.equal(await first.stop(), 0);
  });
  it('serve: SIGTERM twice and SIGINT end it once, with 0', async () => {
    const postern = await startPostern({rules: rules.slice(0, 1), server: {drainDelay: '200ms'}});
    for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT'] as const) postern.process.signal(signal);
    assert.equal(await postern.process.ended, 0);
  });
  it('serve: whoever starts it, V8 and malloc have the room that was measured, in the process that was started', async () => {
    const postern = await startPostern({rules: rules.slice(0, 1)}, {env: {MALLOC_ARENA_MAX: ''}});
    const of = (file: string) => readFileSync(`/proc/${postern.process.pid}/${file}`, 'utf8').split('\0');
    if (process.platform === 'linux') {
      for (const flag of nodeFlags) assert.ok(of('cmdline').includes(flag), of('cmdline').join(' '));
      assert.ok(of('environ').includes('MALLOC_ARENA_MAX='), 'what somebody has set stays');
    }
    assert.equal(await postern.stop(), 0);
  });
  it('serve: SIGHUP looks for a changed configuration, and ends nothing', async () => {
    const postern = await startPostern({rules: rules.slice(0, 1)});
    const file = join(postern.folder, 'postern.yaml');
    postern.process.signal('SIGHUP');
    writeFileSync(file, readFileSync(file, 'utf8').replace('path: /open', 'path: /new'));
    postern.process.signal('SIGHUP');
    assert.ok(await soon(async () => /loaded anew/.test(postern.logs())), postern.logs());
    assert.equal((await fetch(`${postern.adminUrl}/readyz`)).status, 200);
    assert.equal(await postern.stop(), 0);
  });
  it('serve: what keeps it from being ready is told in the log, and that it is over', async () => {
    const port = await freePort();
    const providers = [acme(`http://127.0.0.1:${port}`)];
    const postern = await startPostern({providers, rules: rules.slice(0, 1)}, {unready: true});
    const told = (words: RegExp) => soon(async () => words.test(postern.logs()), 15_000);
    assert.ok(await told(/"part":"keys acme","state":"unready","detail":"[^"]*ECONNREFUSED/), postern.logs());
    const identityProvider = await startIdentityProvider({people: {}, audience: 'orders-api', port});
    assert.ok(await told(/"part":"keys acme","state":"ready"/), postern.logs());
    assert.equal(await postern.stop(), 0);
    await identityProvider.stop();
  });
});

describe('what changes while Postern runs', () => {
  let stage: Stage;
  let token: string;
  before(async () => {
    stage = await startStage({
      settings: {
        rules,
        entitlements: {source: {type: 'file', path: 'entitlements.yaml'}, cache: {fresh: '1s', stale: '10m'}},
      },
      postern: {files: {'entitlements.yaml': entitlements()}},
    });
    token = await stage.identityProvider.token('alice');
  });
  after(() => stage?.stop());
  const status = async (path = '/reports') => (await stage.ask({path, token})).status;
  const file = (name: string) => join(stage.postern.folder, name);

  it('a purchase counts without a restart', async () => {
    assert.equal(await status(), 403);
    writeFileSync(file('entitlements.yaml'), stringify(entitlements('acme')));
    assert.ok(await soon(async () => (await status()) === 200));
  });
  it('a broken entitlement file keeps the last good one', async () => {
    writeFileSync(file('entitlements.yaml'), 'plans: [this is no plan');
    await sleep(2_500);
    assert.equal(await status(), 200);
    assert.match(stage.postern.logs(), /entitlements/);
  });
  it('one that is gone too, and its age grows', async () => {
    rmSync(file('entitlements.yaml'));
    await sleep(1_500);
    assert.equal(await status(), 200);
    assert.ok(((await stage.postern.metric('postern_entitlements_age_seconds')) ?? 0) > 1);
  });
  it('a cancellation counts when the file is back', async () => {
    writeFileSync(file('entitlements.yaml'), stringify(entitlements('other')));
    assert.ok(await soon(async () => (await status()) === 403));
  });
  it('a new rule counts without a restart, and a broken configuration changes nothing', async () => {
    const before = readFileSync(file('postern.yaml'), 'utf8');
    assert.equal(await status('/new'), 403);
    writeFileSync(file('postern.yaml'), before.replace('path: /open', 'path: /new'));
    assert.ok(await soon(async () => (await status('/new')) === 200));
    assert.equal(await status('/open'), 403);
    writeFileSync(file('postern.yaml'), `${before}\nnonsense: true\n`);
    assert.ok(
      await soon(async () => (await stage.postern.metric('postern_config_reloads_total{result="failure"}')) === 1),
    );
    assert.equal(await status('/new'), 200);
  });
  it('everything was metered', async () => {
    const counted = await stage.postern.metric(
      'postern_decisions_total{rule="reports",outcome="deny",reason="missing_feature",provider="acme"}',
    );
    assert.ok((counted ?? 0) > 0);
  });
});
