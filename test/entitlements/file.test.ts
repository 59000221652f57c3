// The file source: what it reads, what it says of mistakes, and how it follows changes.
import assert from 'node:assert/strict';
import {mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {Unavailable} from '../../src/core/unavailable.ts';
import {makeFileSource} from '../../src/entitlements/file.ts';
import {until} from '../store/rig.ts';
import {temporaryFolder} from '../support/ports.ts';
import {openEntitlements} from './rig.ts';

const good = `features: {orders: {permissions: [orders.read]}, reports: }
plans:
  pro: {features: [orders]}
  max: {features: [orders, reports], default: false, rules: [{conditions: [{attribute: jwt.email, op: ends_with, value: {list: ['@acme.example']}}], treatment: true}]}
grants:
  - {plan: pro, tenant: t1, user: null, expires: null}
  - {plan: max, tenant: t2, user: u1, expires: 2027-01-31}
  - {plan: pro, tenant: t3, expires: '2027-01-31T12:00:00+01:00'}
flags: {reports: {on: true}}
`;

const load = async (text: string | Buffer, name = 'entitlements.yaml') => {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  const loaded = await makeFileSource(path).load(undefined);
  assert.ok(loaded !== 'unchanged');
  return {...loaded.snapshot, grants: [...loaded.snapshot.grants]};
};

describe('the file source', () => {
  const expected = [
    {plan: 'pro', tenant: 't1', user: null, expires: null},
    {plan: 'max', tenant: 't2', user: 'u1', expires: Date.UTC(2027, 0, 31)},
    {plan: 'pro', tenant: 't3', user: null, expires: Date.UTC(2027, 0, 31, 11)},
  ];

  it('reads YAML, with the defaults', async () => {
    const {features, plans, flags, grants} = await load(good);
    assert.deepEqual(
      features,
      new Map([
        ['orders', {permissions: ['orders.read']}],
        ['reports', {permissions: []}],
      ]),
    );
    assert.deepEqual(plans.get('pro'), {features: ['orders'], default: false, rules: []});
    const conditions = [{attribute: 'jwt.email', op: 'ends_with', negate: false, value: {list: ['@acme.example']}}];
    assert.deepEqual(plans.get('max')?.rules, [{logic: 'and', conditions, treatment: true}]);
    assert.deepEqual(flags, new Map([['reports', {on: true, default: false, off: false, rules: []}]]));
    assert.deepEqual(grants, expected);
  });

  it('reads the same from JSON and from JSON lines', async () => {
    const json = {
      features: {orders: {permissions: ['orders.read']}, reports: {}},
      plans: {pro: {features: ['orders']}, max: {features: ['orders', 'reports']}},
      grants: [
        {plan: 'pro', tenant: 't1'},
        {plan: 'max', tenant: 't2', user: 'u1', expires: '2027-01-31'},
        {plan: 'pro', tenant: 't3', expires: '2027-01-31T11:00:00Z'},
      ],
    };
    const fromJson = await load(JSON.stringify(json), 'e.json');
    const lines = [
      ...Object.entries(json.features).map(([feature, rest]) => ({feature, ...rest})),
      ...Object.entries(json.plans).map(([plan, rest]) => ({plan, ...rest})),
      ...json.grants.map(({plan, ...rest}) => ({grant: plan, ...rest})),
    ];
    const fromLines = await load(`${lines.map((line) => JSON.stringify(line)).join('\r\n')}\n\n`, 'e.jsonl');
    assert.deepEqual(fromJson.grants, expected);
    assert.deepEqual(fromLines, fromJson);
  });

  const wrong: [string, string, string, RegExp][] = [
    ['an unknown key', 'e.yaml', 'features: {}\nplan: {}\n', /is wrong: 1:1 .*"plan".*; did you mean "plans"\?/],
    [
      'a grant of an unknown plan',
      'e.yaml',
      good.replace('plan: pro, tenant: t1', 'plan: por, tenant: t1'),
      /6:12 grants\[0\]\.plan: there is no plan "por"; did you mean "pro"\?/,
    ],
    [
      'a plan with an unknown feature',
      'e.yaml',
      good.replace('{features: [orders]}', '{features: [ordres]}'),
      /3:20 plans\.pro\.features\[0\]: there is no feature "ordres"; did you mean "orders"\?/,
    ],
    [
      'a flag of an unknown feature',
      'e.yaml',
      good.replace('flags: {reports', 'flags: {raports'),
      /9:18 flags\.raports: there is no feature "raports"; did you mean "reports"\?/,
    ],
    [
      'a date that is none',
      'e.yaml',
      good.replace('expires: 2027-01-31}', 'expires: tomorrow}'),
      /7:48 grants\[1\]\.expires: is not a date/,
    ],
    [
      'a key that a grant does not have',
      'e.yaml',
      good.replace('tenant: t1,', 'tenant: t1, tennant: t1,'),
      /6:5 grants\[0\]: .*tennant.*; did you mean "tenant"\?/,
    ],
    ['a grant without tenant', 'e.yaml', good.replace('tenant: t1, ', ''), /grants\[0\]\.tenant/],
    [
      'an operator that is none',
      'e.yaml',
      good.replace('ends_with', 'end_with'),
      /plans\.max\.rules\[0\]\.conditions\[0\]\.op/,
    ],
    [
      'a value of the wrong shape',
      'e.yaml',
      good.replace('{list: [', '{string: ['),
      /4:\d+ .*conditions\[0\]\.value.*ends_with/,
    ],
    ['the same key twice', 'e.yaml', `${good}grants: []\n`, /is not YAML: .*unique.*line 10/],
    ['tabs', 'e.yaml', 'features:\n\torders: {}\n', /2:1 a tab cannot indent: use spaces/],
    ['two documents', 'e.yaml', 'features: {}\n---\na: 1\n', /2:1 begins a second document/],
    ['no YAML', 'e.yaml', 'features: {', /1:1 is not YAML: a \{ or \[ that is opened on this line is not closed/],
    ['a list', 'e.yaml', '- 1', /is wrong: 1:1 /],
    [
      'aliases that grow',
      'e.yaml',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\nfeatures: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n`,
      /can be read: Excessive alias/,
    ],
    [
      'the same key written in two ways',
      'e.yaml',
      'features: {1: {}, "1": {permissions: [a]}}',
      /is not YAML: .*unique.*"1" stands at line 1, column 19 /,
    ],
    [
      'the same key by an alias',
      'e.yaml',
      'features: {&a orders: {}, *a : {permissions: [a]}}',
      /is not YAML: .*unique.*"orders" stands at line 1/,
    ],
    [
      'the same key twice in JSON',
      'e.json',
      '{"features": {"a": {}},\n "plans": {"p": {"features": ["a"]}},\n "grants": [\n  {"plan": "p", "tenant": "t1", "tenant": "t2"}]}',
      /4:33 "tenant" stands here for the second time/,
    ],
    [
      'the same key in two spellings in JSON',
      'e.json',
      '{"grants": [], "gr\\u0061nts": []}',
      /1:16 "grants" stands here for the second time/,
    ],
    [
      'the same key twice in a line',
      'e.jsonl',
      '{"feature": "a"}\n{"feature": "b", "feature": "c"}\n',
      /line 2: "feature" stands here for the second time/,
    ],
    [
      'aliases without end as keys',
      'e.yaml',
      `a: [${Array.from({length: 20_000}, (_, at) => `&k${at} v${at}`).join()}]\nb: {${Array.from({length: 20_000}, (_, at) => `*k${at} : 1`).join()}}`,
      /can be read: Excessive alias/,
    ],
    ['nesting without end', 'e.yaml', '['.repeat(100_000), /is not YAML/],
    ['broken JSON', 'e.json', '{"features": {', /is not JSON/],
    [
      'a wrong grant in JSON',
      'e.json',
      '{"grants":\n [{"plan": "x",\n "tenant": "t"}]}',
      /2:12 grants\[0\]\.plan: there is no plan "x"/,
    ],
    [
      'a wrong line',
      'e.jsonl',
      '{"feature": "a"}\n{"grant": "x", "tenant": "t"}\n',
      /line 2: plan: there is no plan "x"/,
    ],
    ['no JSON in a line', 'e.jsonl', '{"feature": "a"}\n\nhello\n', /line 3: is not a JSON object/],
    [
      'an unknown kind of line',
      'e.jsonl',
      '{"feature": "a", "grant": 1}\n[]\n',
      /line 1: .*; line 2: is not a JSON object/,
    ],
    [
      'a feature twice',
      'e.jsonl',
      '{"feature": "a"}\n{"feature": "a"}\n',
      /line 2: "a" stands here for the second time/,
    ],
  ];
  for (const [what, name, text, message] of wrong) {
    it(`names ${what}`, async () => {
      await assert.rejects(load(text, name), (error: Unavailable) => {
        assert.ok(error instanceof Unavailable, String(error));
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it('keys such as __proto__ and constructor are names like others, and never entitle', async () => {
    const hostile = await load(
      '{"features": {"constructor": {}}, "plans": {"p": {"features": ["constructor"]}}, "grants": [{"plan": "p", "tenant": "__proto__"}]}',
      'e.json',
    );
    assert.deepEqual([...hostile.features.keys()], ['constructor']);
    await assert.rejects(load('{"grants": [{"plan": "toString", "tenant": "t"}]}', 'e.json'), /no plan "toString"/);
  });

  it('does not read an untouched file again; the same content elsewhere is unchanged', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'e.yaml');
    writeFileSync(path, good);
    const source = makeFileSource(path);
    const first = await source.load(undefined);
    assert.ok(first !== 'unchanged');
    assert.equal(await source.load(first.version), 'unchanged');
    writeFileSync(join(folder, 'copy'), good);
    renameSync(join(folder, 'copy'), path);
    assert.equal(await source.load(first.version), 'unchanged');
  });

  it('follows a ConfigMap, and keeps the last good one while the file is gone or broken', async () => {
    const folder = temporaryFolder();
    const publish = (generation: string, text: string | undefined) => {
      mkdirSync(join(folder, generation));
      if (text !== undefined) writeFileSync(join(folder, generation, 'e.yaml'), text);
      symlinkSync(generation, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    publish('..1', good);
    symlinkSync('..data/e.yaml', join(folder, 'e.yaml'));
    const {store, says, log} = openEntitlements({source: makeFileSource(join(folder, 'e.yaml'))});
    await store.start();
    try {
      assert.deepEqual([says('t1'), says('t9'), store.health().state], ['yes', 'missing-feature', 'ready']);
      publish('..2', good.replace('tenant: t1', 'tenant: t9'));
      assert.ok((await until('the new one counts', () => says('t9') === 'yes')) < 2_500);
      assert.equal(says('t1'), 'missing-feature');

      publish('..3', 'features: {');
      await until('the fault is told', () => store.health().state === 'degraded');
      assert.match(store.health().detail ?? '', /e\.yaml is wrong: 1:1 is not YAML/);
      assert.equal(says('t9'), 'yes');
      publish('..4', undefined);
      await until('the fault is told', () => /no such file/.test(store.health().detail ?? ''));
      assert.equal(says('t9'), 'yes');
      publish('..5', good);
      await until('the repaired one counts', () => says('t1') === 'yes' && store.health().state === 'ready');
      assert.ok(
        log.some((line) => /warn.*is not YAML.*keeping what was loaded before/.test(line)),
        log.join('\n'),
      );
    } finally {
      await store.close();
      rmSync(folder, {recursive: true});
    }
  });
});
