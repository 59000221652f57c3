// The decision log: every line by its published schema, shares of decisions, and what replay and steps add.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {Ajv2020} from 'ajv/dist/2020.js';
import type {Decision} from '../../src/core/decision.ts';
import type {Request} from '../../src/core/request/request.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {makeReplayLine} from '../../src/observe/decisionLine.ts';
import {makeDecisionLog} from '../../src/observe/decisionLog.ts';
import {makeLog} from '../../src/observe/log.ts';
import {makeRemember} from '../../src/observe/remembered.ts';
import {type LogSettings, logSettings} from '../../src/observe/settings.ts';
import {makeStepTimes, type StepTimes} from '../../src/observe/stepTimes.ts';
import {principal} from '../support/requests.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../docs/reference/decisions.schema.json', import.meta.url), 'utf8'),
) as {properties: Record<string, {properties?: Record<string, {properties?: Record<string, unknown>}>}>};
const isLine = new Ajv2020({strict: false}).compile<Record<string, unknown>>(schema);

// biome-ignore lint/suspicious/noExplicitAny: lines are looked at field by field
type Any = any;
const canary = 'canary-4d1f';
const request: Request = {
  kind: 'http',
  id: '1',
  method: 'GET',
  scheme: 'https',
  host: 'api.example:443',
  target: `/a/b?token=${canary}`,
  headers: new Map([
    ['authorization', `Bearer ${canary}`],
    ['cookie', `sid=${canary}`],
    ['x-region', 'eu'],
    ['x-request-id', 'r-1'],
    ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
  ]),
  source: {address: '10.0.0.1', principal: ''},
};
const alice = principal({
  subject: 'alice',
  tenant: 't1',
  roles: Array.from({length: 80}, (_, at) => `role-${at}`),
  permissions: ['orders.read'],
  scopes: ['orders'],
  email: 'alice@example.com',
  sessionId: canary,
  tokenId: canary,
  claims: {sub: 'alice', secret: canary, plan: {name: 'pro'}, email_verified: true},
  issuedAt: 1,
  expiresAt: 2,
  authTime: 1,
  acr: 'gold',
  amr: ['mfa'],
});
const place = {label: 'cookie:sid', kind: 'cookie', name: 'sid', find: () => ({held: 'nothing'})} as const;
const outage = new Unavailable('keys:acme', new Error(`connect ECONNREFUSED https://keys.example/?t=${canary}`));
const known = {
  rule: 'r',
  provider: 'acme',
  principal: alice,
  setCookies: [`sid=${canary}`],
  credentialPlace: place as never,
};
const decisions: Decision[] = [
  {outcome: 'allow', ...known},
  {outcome: 'allow', rule: 'r', shadow: 'missing_role', principal: alice},
  {outcome: 'allow', rule: 'r', ignored: 'token_expired'},
  {
    outcome: 'deny',
    reason: 'wrong_tenant',
    ...known,
    detail: 'tenant: wanted "t2", got "t1"',
    unmet: {part: 'tenant', wanted: 't2', got: 't1'},
  },
  {outcome: 'deny', reason: 'no_credential', rule: 'r', credentialPlace: place as never},
  {outcome: 'deny', reason: 'no_rule'},
  {outcome: 'deny', reason: 'no_rule', reply: {kind: 'preflight', status: 204, headers: [], body: ''}},
  {outcome: 'deny', reason: 'unavailable', rule: 'r', provider: 'acme', outage},
];

/** A provider is asked, and its time is kept. */
const timed = ({provider}: StepTimes) => {
  const asked = {authenticate: async (_credential: object, _context: {readonly request: Request}) => ({})};
  return provider(asked).authenticate({}, {request});
};

const make = (said: unknown, level: LogSettings['level'] = 'info') => {
  const lines: string[] = [];
  const settings = logSettings.parse({decisions: said});
  const log = makeLog({settings: {level}, sink: {write: (line) => lines.push(line)}});
  const times = makeStepTimes(() => 1);
  const decisionLog = makeDecisionLog({
    log,
    settings,
    remember: makeRemember(['x-region', 'authorization'], ['authorization'], times.of),
    replayLine: makeReplayLine({paths: ['plan.name'], names: []}),
  });
  const write = (one: Decision, id = 'd', of: Request | undefined = request) =>
    decisionLog.decided({id, now: 5_000}, of, one, 0.001_5);
  return {lines, decisionLog, write, times, parsed: (): Any[] => lines.map((line) => JSON.parse(line))};
};

describe('the decision log', () => {
  for (const said of [
    'all',
    {which: 'all'},
    {which: 'all', replay: true, steps: true},
    {which: 'all', sampleDenied: 0.999_999},
  ]) {
    it(`${JSON.stringify(said)}: every line is as the schema says, and has no field besides`, async () => {
      const {lines, decisionLog, write, times, parsed} = make(said);
      await timed(times);
      for (const one of decisions) write(one);
      write({outcome: 'deny', reason: 'overloaded'}, 'd', undefined);
      write(decisions[0] as Decision, 'd', {...request, kind: 'connection', method: '', host: '', target: ''});
      decisionLog.failed({id: 'd', now: 1}, request, new Error(`Bearer ${canary}`), 0.1);
      assert.equal(lines.length, decisions.length + 3);
      for (const line of parsed()) {
        const is: boolean = isLine(line);
        assert.ok(is, `${JSON.stringify(isLine.errors)} ${JSON.stringify(line)}`);
        assert.deepEqual(
          Object.keys(line).filter((key) => !Object.hasOwn(schema.properties, key)),
          [],
        );
        const {replay} = schema.properties;
        for (const key of Object.keys(line.replay ?? {})) assert.ok(Object.hasOwn(replay?.properties ?? {}, key), key);
        for (const key of Object.keys(line.replay?.who ?? {}))
          assert.ok(Object.hasOwn(replay?.properties?.who?.properties ?? {}, key), key);
        assert.doesNotMatch(JSON.stringify(line), new RegExp(canary));
      }
    });
  }

  it('a line of another version, or without its id, is none', () => {
    const {write, parsed} = make('all');
    write(decisions[0] as Decision);
    const [line] = parsed();
    assert.ok(isLine({...line, more: 1}));
    assert.ok(!isLine({...line, v: 2}));
    assert.ok(!isLine({...line, decision: undefined}));
  });

  it('says what was wanted and what came', () => {
    const {write, parsed} = make('all');
    write(decisions[3] as Decision);
    const [{unmet, wanted, got, detail, place: at}] = parsed();
    assert.deepEqual([unmet, wanted, got, at], ['tenant', 't2', 't1', 'cookie:sid']);
    assert.match(detail, /wanted "t2"/);
  });

  it('without replay nothing is said of roles, permissions, claims and mail; with it, all of them', () => {
    const plain = make('all');
    plain.write(decisions[0] as Decision);
    assert.doesNotMatch(plain.lines.join(), /role-|orders\.read|example\.com|"pro"|"eu"/);
    const {write, parsed} = make({which: 'all', replay: true});
    write(decisions[0] as Decision);
    const [{replay}] = parsed();
    assert.equal(replay.who.roles.length, 80);
    assert.deepEqual(replay.who.claim_values, {email_verified: true, 'plan.name': 'pro'});
    assert.deepEqual(replay.header_values, {
      'x-region': 'eu',
      'x-request-id': 'r-1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
  });

  it('with steps: milliseconds of what was tried', async () => {
    let now = 0;
    const times = makeStepTimes(() => {
      now += 2;
      return now;
    });
    const facts = {request} as never;
    await timed(times);
    times.part('rule', 'roles', {}, () => undefined)(facts);
    await times.part('rule', 'features', {}, async () => ({reason: 'missing_feature'}))(facts);
    assert.deepEqual(times.of(request), {authenticate: 2, roles: 2, features: 2});
    assert.equal(times.of({...request}), undefined);
  });

  it('sample writes a share of what is allowed, by the id, and says so; denials and errors are all written', () => {
    const {lines, write, parsed} = make({which: 'all', sample: 0.1});
    const again = make({which: 'all', sample: 0.1});
    const ids = Array.from({length: 10_000}, (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`);
    for (const id of ids) {
      write(decisions[0] as Decision, id);
      again.write(decisions[0] as Decision, id);
    }
    assert.ok(lines.length > 850 && lines.length < 1_150, `${lines.length}`);
    const idsOf = (of: {decision: string}[]) => of.map(({decision}) => decision);
    assert.deepEqual(idsOf(parsed()), idsOf(again.parsed()));
    assert.equal(parsed()[0].sample, 0.1);
    lines.length = 0;
    for (const id of ids.slice(0, 100)) write(decisions[3] as Decision, id);
    for (const id of ids.slice(0, 100)) write(decisions[7] as Decision, id);
    assert.equal(lines.length, 200);
    assert.ok(parsed().every((line) => line.sample === undefined));
  });
  it('a share of 0 writes none, and errors nevertheless', () => {
    const {lines, write} = make({which: 'all', sample: 0, sampleDenied: 0});
    for (const one of decisions) write(one);
    assert.equal(lines.length, 1);
  });

  const faults: [said: unknown, fault: RegExp][] = [
    [{which: 'some'}, /./],
    [{sample: 2}, /./],
    [{to: 'file.log'}, /./],
    [{to: 'unix:relative'}, /./],
    [{too: 'stdout'}, /./],
  ];
  for (const [said] of faults) {
    it(`${JSON.stringify(said)} is refused`, () => {
      assert.equal(logSettings.safeParse({decisions: said}).success, false);
    });
  }
});
