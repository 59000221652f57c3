// The next configuration beside the one in force: what it would decide otherwise is told, and nobody feels it.
import assert from 'node:assert/strict';
import {rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {stringify} from 'yaml';
import {startServer} from '../remote/servers.ts';
import {until} from '../store/rig.ts';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {freePort} from '../support/ports.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {acme, people} from '../support/stage.ts';
import {settingsOf, swapped} from './swaps.ts';

const successes = 'postern_config_reloads_total{result="success"}';
const decided = (result: string) => `postern_shadow_decisions_total{result="${result}"}`;

describe('a shadow configuration', function () {
  this.timeout(120_000);
  let issuer: IdentityProvider;
  let token: string;
  let postern: Postern;
  let client: CheckClient;
  const ends: (() => unknown)[] = [];
  before(async () => {
    issuer = await startIdentityProvider({people, audience: 'orders-api'});
    token = await issuer.token('alice');
  });
  after(() => issuer?.stop());
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const whole = (settings: object) => ({providers: [acme(issuer.issuer)], ...settings});
  const start = async (settings: object, next: object | string) => {
    const files = {'next.yaml': typeof next === 'string' ? next : whole(next)};
    postern = await startPostern(whole(settings), {files, args: ['--shadow-config', join('FOLDER', 'next.yaml')]});
    ends.push(() => postern.stop());
    client = makeCheckClient(postern.address);
    ends.push(() => client.close());
  };
  const write = (name: string, settings: object | string) => {
    const listen = {server: {listen: postern.address}, admin: {listen: new URL(postern.adminUrl).host}};
    const text = typeof settings === 'string' ? settings : stringify({...listen, ...whole(settings)});
    writeFileSync(join(postern.folder, name), text);
  };
  const ask = (path: string) => client.check(checkRequestOf({path, headers: [['authorization', `Bearer ${token}`]]}));
  const says = async (path: string): Promise<string> => {
    const answer = await ask(path);
    if (answer.okResponse !== undefined) return 'allow';
    return JSON.parse((answer.deniedResponse ?? answer.errorResponse)?.body ?? '{}').code;
  };
  const health = async () => {
    const response = await fetch(`${postern.adminUrl}/readyz`);
    const {parts} = (await response.json()) as {parts: {part: string; state: string; detail?: string}[]};
    return {code: response.status, ...parts.find(({part}) => part === 'shadow configuration')};
  };
  const isIn = (logged: string | RegExp) =>
    until(`the log says ${logged}`, () => postern.logs().match(logged) !== null, 15_000);
  const isCompared = () => isIn('each decision is compared');
  /** Asks until it is counted so often: on a busy machine some are left out. Each is answered as without a shadow. */
  const isCounted = (path: string, series: string, least: number) =>
    until(
      `${series} is ${least}`,
      async () => {
        assert.equal(await says(path), 'allow');
        return ((await postern.metric(series)) ?? 0) >= least;
      },
      30_000,
    );

  const open = {name: 'open', match: {path: '/**'}, require: {}};
  it('what would be otherwise is counted by rule and told with both reasons, and the answer stays', async () => {
    const admins = {name: 'admins', match: {path: '/admin/**'}, require: {roles: ['superhuman']}};
    await start({rules: [open]}, {rules: [admins, {...open, name: 'renamed'}]});
    await isCompared();
    const begun = performance.now();
    await isCounted('/admin/users?secret=canary', decided('different'), 20);
    await isCounted('/other', decided('same'), 1);
    const series = 'postern_shadow_differences_total{rule="open",outcome="allow",next="deny"}';
    assert.equal(await postern.metric(series), await postern.metric(decided('different')));
    const mostLines = 1 + Math.floor((performance.now() - begun) / 10_000);
    const lines = postern
      .logs()
      .split('\n')
      .filter((line) => line.includes('would decide this otherwise'));
    assert.ok(lines.length >= 1 && lines.length <= mostLines, `${lines.length} lines for all that are alike`);
    const {rule, outcome, path, next, subject} = JSON.parse(lines[0] ?? '');
    assert.deepEqual([rule, outcome, path, subject], ['open', 'allow', '/admin/users', 'alice']);
    assert.deepEqual([next.rule, next.outcome, next.reason], ['admins', 'deny', 'missing_role']);
    assert.match(next.detail, /superhuman/);
    assert.ok(!postern.logs().includes('canary') && !postern.logs().includes(token));
    assert.equal((await health()).state, 'ready');
  });

  it('somebody else would be let in: a difference, too', async () => {
    const claims = {tenant: 'sub'};
    await start({rules: [open]}, {rules: [open], providers: [{...acme(issuer.issuer), claims}]});
    await isCompared();
    await isCounted('/x', 'postern_shadow_differences_total{rule="open",outcome="allow",next="allow"}', 1);
  });

  it('its issuer is away, hangs, or its circuit is open: who is answered does not feel it', async () => {
    const mute = await startServer(() => {});
    ends.push(mute.close);
    const dead = {...acme(issuer.issuer), jwksUri: `http://127.0.0.1:${await freePort()}/keys`};
    const hanging = {...acme(issuer.issuer), jwksUri: `${mute.url}/keys`};
    await start({rules: [open]}, {rules: [open], providers: [dead]});
    await isCompared();
    await isCounted('/x', 'postern_shadow_differences_total{rule="open",outcome="allow",next="error"}', 20);
    const {code, state, detail} = await health();
    assert.deepEqual([code, state], [200, 'degraded']);
    assert.match(`${detail}`, /^Of the shadow configuration: keys acme: .*ECONNREFUSED/);
    assert.equal(await postern.metric('postern_circuit_state{dependency="keys:acme"}'), 0);
    const {length} = mute.asked;
    write('next.yaml', {rules: [open], providers: [hanging]});
    await until('the next one is asked', () => mute.asked.length > length, 15_000);
    const begun = performance.now();
    for (let count = 0; count < 30; count++) assert.equal(await says('/x'), 'allow');
    assert.ok(performance.now() - begun < 5_000);
  });

  it('a bad one is refused, and said in /readyz: at the start, later, and until it is mended; SIGHUP reads it', async () => {
    await start({rules: [open]}, 'rules: [{name: broken');
    await isIn('the shadow configuration is bad: nothing is compared');
    const first = await health();
    assert.deepEqual([first.code, first.state], [200, 'degraded']);
    assert.match(`${first.detail}`, /^The shadow configuration is bad, and nothing is compared: \S+next\.yaml:1:/);
    assert.equal(await says('/x'), 'allow');
    write('next.yaml', {rules: [{...open, deny: true, require: undefined}]});
    postern.process.signal('SIGHUP');
    await isCompared();
    assert.equal((await health()).state, 'ready');
    rmSync(join(postern.folder, 'next.yaml'));
    await until('it is gone', async () => /no such file/.test(`${(await health()).detail}`), 15_000);
    assert.match(`${(await health()).detail}`, /the last good one goes on being compared/);
    await isCounted('/x', 'postern_shadow_differences_total{rule="open",outcome="allow",next="deny"}', 1);
    // A change of the configuration in force that is refused stands beside it.
    write('postern.yaml', 'rules: [{name: broken');
    await until(
      'both are told',
      async () => /postern\.yaml:1:/.test(await (await fetch(`${postern.adminUrl}/readyz`)).text()),
      15_000,
    );
    assert.equal((await health()).state, 'degraded');
  });

  it('both swapped 50 times: of 10,000 decisions none is lost, none is a mixture', async () => {
    const otherwise = (round: number) => ({
      rules: [
        {name: `n${round}-open`, match: {path: '/closed'}, require: {}},
        {name: `n${round}-closed`, match: {path: '/**'}, deny: true},
      ],
      responses: {identity: {'x-auth-next': 'subject'}, status: {denied_by_rule: 401}},
    });
    await start(settingsOf(0), otherwise(0));
    await isCompared();
    const total = await swapped(ask, async (round) => {
      write('next.yaml', otherwise(round));
      write('postern.yaml', settingsOf(round));
      await until(`round ${round}`, async () => (await postern.metric(successes)) === round, 15_000);
    });
    const results = await Promise.all(
      ['same', 'different', 'dropped', 'failed'].map((one) => postern.metric(decided(one))),
    );
    const [same = 0, different = 0, dropped = 0, failed = 0] = results;
    assert.deepEqual([same, failed], [0, 0], 'each is decided otherwise');
    console.log(`      ${total} decisions, ${different} compared, ${dropped} dropped`);
    await until(
      'each is compared or dropped',
      async () => {
        const [now = 0, gone = 0] = await Promise.all([
          postern.metric(decided('different')),
          postern.metric(decided('dropped')),
        ]);
        return now + gone === total;
      },
      15_000,
    );
  });
});
