// postern diff: every decision that a change flips is found, and none invented. The oracle decides with real tokens.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {comparedBy} from '../../src/commands/diff/diff.ts';
import {settingsOf} from '../../src/commands/settings.ts';
import {givenEntitlements} from '../../src/commands/test/entitlements.ts';
import {signerOf, tokenWith} from '../../src/commands/test/token.ts';
import type {Decision} from '../../src/core/decision.ts';
import type {Request} from '../../src/core/request/request.ts';
import {makeRevocationSet} from '../../src/core/revocation/revocationSet.ts';
import {makeReplayLine} from '../../src/observe/decisionLine.ts';
import {outcomeOf, reasonOf} from '../../src/observe/outcome.ts';
import {makeRemember} from '../../src/observe/remembered.ts';
import {makeOffline} from '../../src/wiring/offline/offline.ts';
import {temporaryFolder} from '../support/ports.ts';
import {runPostern, writeFiles} from '../support/postern.ts';

type Rule = Record<string, unknown> & {name: string; match: Record<string, unknown>; require?: Record<string, unknown>};

const providers = ['acme', 'umbrella'].map((name) => ({
  name,
  type: 'oidc',
  issuer: `https://id.${name}.example`,
  audience: ['orders-api'],
  algorithms: ['ES256'],
  claims: {tenant: 'org_id'},
}));
const rules: Rule[] = [
  {name: 'health', match: {path: '/healthz'}, public: true},
  {
    name: 'read',
    match: {methods: ['GET', 'HEAD'], path: '/orgs/{org}/orders/**'},
    require: {tenant: '{org}', permissions: ['orders.read']},
  },
  {
    name: 'write',
    match: {methods: ['POST', 'DELETE'], path: '/orgs/{org}/orders/*'},
    require: {tenant: '{org}', roles: ['admin', 'owner']},
  },
  {name: 'internal', match: {path: '/internal/**'}, require: {kind: 'service', scopes: ['internal']}},
  {name: 'reports', match: {path: '/orgs/{org}/reports'}, require: {tenant: '{org}', features: ['reports']}},
  {name: 'old', match: {path: '/v1/**'}, deny: true},
  {name: 'any', match: {path: '/me'}, require: {}},
];
const entitlements = {
  features: {reports: {}},
  plans: {pro: {features: ['reports']}},
  grants: [{plan: 'pro', tenant: 't1'}],
};

const rule = (name: string, change: (of: Rule) => object) => (all: Rule[]) =>
  all.map((of) => (of.name === name ? ({...of, ...change(of)} as Rule) : of));
const required = (name: string, change: object) => rule(name, (of) => ({require: {...of.require, ...change}}));
const matching = (name: string, change: object) => rule(name, (of) => ({match: {...of.match, ...change}}));
const without = (name: string) => (all: Rule[]) => all.filter((of) => of.name !== name);

const mutations: [what: string, mutate: (all: Rule[]) => Rule[], isNone?: true][] = [
  ['nothing', (all) => all, true],
  ['a rule is called otherwise', rule('read', () => ({name: 'reading'})), true],
  ['a method is removed', matching('read', {methods: ['HEAD']})],
  ['a method is added', matching('write', {methods: ['POST', 'PUT', 'DELETE']})],
  [
    'the order is swapped',
    (all) => [...all.slice(0, 1), {name: 'all', match: {path: '/orgs/**'}, require: {}}, ...all.slice(1)],
  ],
  ['a permission is added', required('read', {permissions: {all: ['orders.read', 'orders.list']}})],
  ['a role is taken away', required('write', {roles: ['owner']})],
  ['the tenant is not looked at', rule('read', () => ({require: {permissions: ['orders.read']}}))],
  ['public is widened', matching('health', {path: '/**'})],
  ['a rule is gone', without('any')],
  ['a denial is gone', without('old')],
  ['a path is narrower', matching('read', {path: '/orgs/{org}/orders/*'})],
  ['a provider is not asked', required('read', {providers: ['umbrella']})],
  ['a rule only looks on', rule('write', () => ({shadow: true}))],
  ['services may be people', rule('internal', () => ({require: {scopes: ['internal']}}))],
  ['a feature is not asked for', rule('reports', () => ({require: {tenant: '{org}'}}))],
];

/** Mulberry32: the same requests each time. */
const seeded = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};

interface Asked {
  readonly method: string;
  readonly path: string;
  /** Claims, and who signs them; undefined: no credential. */
  readonly claims: Record<string, unknown> | undefined;
  readonly signer: string;
}

const asked = (count: number): Asked[] => {
  const random = seeded(7);
  const one = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const some = (of: readonly string[]) => of.filter(() => random() < 0.5);
  const tenants = ['t1', 't2', 't3'];
  return Array.from({length: count}, () => {
    const paths = ['/healthz', '/me', '/v1/x', '/internal/jobs', '/nowhere', '/orgs//orders/1'];
    const org = one(tenants);
    const path =
      random() < 0.4 ? one(paths) : `/orgs/${org}/${one(['orders/1', 'orders/1/lines', 'reports', 'orders'])}`;
    const person = Math.floor(random() * 40);
    const claims = {
      sub: random() < 0.1 ? 'robot' : `person-${person}`,
      ...(random() < 0.9 && {org_id: tenants[person % 3]}),
      ...(random() < 0.1 && {client_id: 'robot', sub: 'robot'}),
      roles: some(['admin', 'owner', 'viewer']),
      permissions: some(['orders.read', 'orders.list']),
      scope: one(['internal', 'orders', 'internal orders']),
      ...(random() < 0.05 && {exp: 'now-900', iat: 'now-1000'}),
      ...(random() < 0.05 && {aud: 'else'}),
      ...(random() < 0.03 && {iss: 'https://else.example'}),
    };
    return {
      method: one(['GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE']),
      path,
      claims: random() < 0.1 ? undefined : claims,
      signer: one(['acme', 'umbrella']),
    };
  });
};

describe('postern diff', function () {
  this.timeout(240_000);
  const now = Date.parse('2027-01-31T12:00:00Z');
  const folder = temporaryFolder();
  const written = (name: string, of: readonly Rule[]) => {
    writeFiles(folder, {
      [name]: {providers, rules: of, entitlements: {source: {type: 'file', path: 'entitlements.yaml'}}},
      'entitlements.yaml': entitlements,
    });
    return join(folder, name);
  };
  const requests = asked(10_000);

  /** Decides each with a token that this configuration's issuers have signed: nothing of a recording is in it. */
  const directly = async (config: string): Promise<{request: Request; decision: Decision}[]> => {
    const loaded = await settingsOf(config);
    const snapshot = await givenEntitlements(loaded.settings);
    const offline = await makeOffline(loaded, {now: () => now, snapshot, revocations: makeRevocationSet()});
    const tokens = new Map<string, string>();
    const decided: {request: Request; decision: Decision}[] = [];
    for (const {method, path, claims, signer} of requests) {
      const headers = new Map<string, string>();
      if (claims !== undefined) {
        const key = JSON.stringify([signer, claims]);
        const token = tokens.get(key) ?? tokenWith(offline, claims, signerOf(offline, {}, signer), now);
        tokens.set(key, token);
        headers.set('authorization', `Bearer ${token}`);
      }
      const source = {address: '', principal: ''};
      const request: Request = {
        kind: 'http',
        id: '',
        method,
        scheme: 'https',
        host: 'api.example',
        target: path,
        headers,
        source,
      };
      decided.push({request, decision: (await offline.decide(request)).decision});
    }
    await offline.close();
    return decided;
  };
  const same = ({decision: was}: {decision: Decision}, {decision: is}: {decision: Decision}): boolean =>
    outcomeOf(was) === outcomeOf(is) &&
    reasonOf(was) === reasonOf(is) &&
    (was.outcome === 'deny' || was.principal?.subject === is.principal?.subject);

  let was: {request: Request; decision: Decision}[];
  let old: string;
  const log = join(folder, 'decisions.jsonl');

  before(async () => {
    old = written('old.yaml', rules);
    was = await directly(old);
    const remember = makeRemember([], ['authorization']);
    const line = makeReplayLine({paths: [], names: []});
    const lines = was.map(({request, decision}, at) =>
      JSON.stringify(line(remember({id: `d-${at}`, now}, request, decision, 0.001))),
    );
    writeFileSync(log, lines.join('\n'));
  });

  for (const [what, mutate, isNone] of mutations) {
    it(`${what}: every flip of 10,000 decisions is found, and none invented`, async () => {
      const next = written('new.yaml', mutate(rules));
      const after = await directly(next);
      const expected = was.flatMap((one, at) => (same(one, after[at] as never) ? [] : [`${log}:${at + 1}`]));
      const {decisions, flips, unsaid} = await comparedBy(await settingsOf(old), await settingsOf(next), {
        cases: [log],
      });
      assert.deepEqual([decisions, unsaid.length], [10_000, 0]);
      assert.deepEqual(
        flips.map(({where}) => where),
        expected,
      );
      assert.equal(expected.length === 0, isNone === true, `${expected.length} flips`);
      for (const flip of flips) {
        // Whose credential nobody looked at is not known: that the decision is another one is.
        if (flip.unrecorded) {
          assert.ok(['no_rule', 'denied_by_rule', undefined].includes(flip.old.reason), flip.old.reason);
          continue;
        }
        const at = Number(flip.where.split(':').at(-1)) - 1;
        const [then, is] = [was[at]?.decision as Decision, after[at]?.decision as Decision];
        assert.deepEqual(
          [flip.old.outcome, flip.old.reason, flip.old.rule, flip.new.outcome, flip.new.reason, flip.new.rule],
          [outcomeOf(then), reasonOf(then), then.rule, outcomeOf(is), reasonOf(is), is.rule],
        );
      }
    });
  }

  describe('on the command line', () => {
    const cases = {
      principals: {alice: {provider: 'acme', subject: 'alice', tenant: 't1', permissions: ['orders.read']}},
      cases: [
        {it: 'reads', path: '/orgs/t1/orders/1', principal: 'alice', expect: {outcome: 'allow'}},
        {it: 'health', path: '/healthz', expect: {outcome: 'allow'}},
      ],
    };
    const diff = (...args: string[]) => runPostern(['diff', ...args]);
    it('says what becomes of what, by rule and tenant, with both reasons, and ends with 1', async () => {
      writeFiles(folder, {'cases.yaml': cases});
      const next = written('next.yaml', required('read', {permissions: ['orders.list']})(rules));
      const {code, output} = await diff(old, next, '--cases', join(folder, 'cases.yaml'));
      assert.equal(code, 1, output);
      assert.match(
        output,
        /^1 of 2 decisions flip\n\nallow \(read\) -> deny missing_permission \(read\): 1\n {2}tenants: t1 1\n/,
      );
      assert.match(
        output,
        /cases\.yaml:\d+: GET localhost\/orgs\/t1\/orders\/1, alice: permission: wanted "orders\.list"/,
      );
      const json = await diff(old, next, '--cases', join(folder, 'cases.yaml'), '--json');
      assert.deepEqual([json.code, JSON.parse(json.output).flips[0].new.reason], [1, 'missing_permission']);
    });
    it('ends with 0 where none flips, and with 2 where it cannot be said', async () => {
      const rows: [args: string[], code: number, told: RegExp][] = [
        [[old, old, '--cases', join(folder, 'cases.yaml')], 0, /^0 of 2 decisions flip\n$/],
        [[old, join(folder, 'none.yaml'), '--cases', join(folder, 'cases.yaml')], 2, /none\.yaml/],
        [[old, old, '--cases', join(folder, 'none')], 2, /there is no such file or folder/],
        [[old, old, '--cases', old], 2, /old\.yaml:1:1: is a configuration: name it with -c/],
        [[old, old, '--cases', join(folder, 'bad.jsonl')], 2, /bad\.jsonl:1: is not JSON/],
      ];
      writeFiles(folder, {'cases.yaml': cases});
      writeFileSync(join(folder, 'bad.jsonl'), 'nonsense');
      for (const [args, code, told] of rows) {
        const ended = await diff(...args);
        assert.deepEqual([ended.code, told.test(ended.output)], [code, true], ended.output);
      }
    });
  });
});
