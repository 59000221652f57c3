// postern entitlements: load, list, check and drop, on a real Redis.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {stringify} from 'yaml';
import {type Asked, answerOf} from '../../src/commands/entitlements/entitlementsAnswer.ts';
import {loadEntitlements} from '../../src/commands/entitlements/entitlementsLoad.ts';
import {makeProgress} from '../../src/commands/progress.ts';
import {CommandError} from '../../src/commands/settings.ts';
import {recordKeys} from '../../src/entitlements/record.ts';
import {readText} from '../../src/entitlements/text.ts';
import {openRedis, type RedisConnection} from '../../src/store/redis.ts';
import {settingsOf, until} from '../store/rig.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {runPostern, startPostern, writeFiles} from '../support/postern.ts';
import {type Redis, startRedis} from '../support/redis.ts';

const rules = [{name: 'all', match: {}, public: true}];
const source = {entitlements: {source: {type: 'redis'}}};
const document = {
  features: {orders: {permissions: ['orders.read']}, reports: {}, beta: {}},
  plans: {
    pro: {features: ['orders']},
    max: {features: ['orders', 'reports']},
    free: {features: ['beta'], default: true},
  },
  flags: {reports: {on: false}},
  grants: [
    {plan: 'pro', tenant: 't1'},
    {plan: 'max', tenant: 't1', user: 'u7', expires: '2031-01-31'},
    {plan: 'max', tenant: 't2', expires: '2020-01-31'},
    {plan: 'pro', tenant: '__proto__'},
  ],
};
const definitions = [
  '{"feature":"orders","permissions":["orders.read"]}',
  '{"feature":"reports"}',
  '{"plan":"pro","features":["orders"]}',
  '{"plan":"max","features":["orders","reports"]}',
];

describe('postern entitlements', function () {
  this.timeout(90_000);
  let redis: Redis;
  let calls: RedisConnection;
  let folder: string;
  let config: string;
  before(async () => {
    redis = await startRedis();
    calls = openRedis(settingsOf({url: redis.url}), {purpose: 'test', timeout: 5_000, random: Math.random});
    await until('it is connected', calls.ready);
    folder = temporaryFolder();
    config = join(folder, 'postern.yaml');
    writeFiles(folder, {'postern.yaml': {redis: {url: redis.url}, rules, ...source}, 'all.yaml': document});
  });
  after(async () => {
    await calls?.close();
    await redis?.stop();
  });
  const run = (command: string, ...args: string[]) => runPostern(['entitlements', command, ...args, '-c', config]);
  const load = (name: string, content: string, ...args: string[]) => {
    writeFileSync(join(folder, name), content);
    return run('load', join(folder, name), ...args);
  };
  const done = async (running: ReturnType<typeof runPostern>): Promise<string> => {
    const {code, output} = await running;
    assert.equal(code, 0, output);
    return output;
  };
  const listed = async () => (await done(run('list', '--json'))).trim().split('\n').sort();

  it('list, check: say so where nothing has been loaded', async () => {
    for (const args of [['list'], ['check', '--tenant', 't1', '--feature', 'orders']] as const) {
      const {code, output} = await run(...(args as [string]));
      assert.deepEqual([code, /run postern entitlements load FILE/.test(output)], [1, true], output);
    }
  });

  it('load takes YAML, JSON and JSON lines, and list --json gives what load takes', async () => {
    assert.match(
      await done(run('load', join(folder, 'all.yaml'))),
      /^loaded: 4 grants of 3 tenants, 3 features, 3 plans, 1 flag, in /,
    );
    const fromYaml = await listed();
    assert.equal(fromYaml.length, 11);
    assert.ok(
      fromYaml.includes('{"grant":"max","tenant":"t1","user":"u7","expires":"2031-01-31T00:00:00.000Z"}'),
      fromYaml.join('\n'),
    );
    await done(load('all.json', JSON.stringify(document)));
    assert.deepEqual(await listed(), fromYaml);
    const asLines = await done(run('list', '--json'));
    await done(load('all.jsonl', asLines));
    assert.deepEqual(await listed(), fromYaml);
    const left = (await calls.call('KEYS', '*')) as string[];
    assert.deepEqual(
      left.filter((key) => /loading|trash/.test(key)),
      [],
    );
  });

  it('list is for people too, and of one tenant', async () => {
    assert.deepEqual((await done(run('list', '--tenant', 't1'))).trim().split('\n'), [
      'tenant="t1" plan="pro" for ever',
      'tenant="t1" user="u7" plan="max" until 2031-01-31T00:00:00.000Z',
    ]);
    assert.match(await done(run('list', '--tenant', 't2')), /until 2020-01-31T00:00:00.000Z \(over\)/);
    assert.equal((await done(run('list', '--tenant', '__proto__'))).trim(), 'tenant="__proto__" plan="pro" for ever');
    assert.match(await done(run('list', '--tenant', 'nobody')), /no grants of the tenant nobody/);
  });

  const questions: [args: string[], answer: RegExp, why: RegExp][] = [
    [['--tenant', 't1', '--feature', 'orders'], /^yes: /, /the plan pro was given to the tenant t1 for ever/],
    [['--tenant', 't1', '--feature', 'reports'], /^no: .*missing_feature/, /plans with reports: max/],
    [['--tenant', 't1', '--user', 'u7', '--feature', 'reports'], /^yes: /, /given to the user u7 until 2031/],
    [['--tenant', 't1', '--user', 'u8', '--feature', 'reports'], /^no: .*missing_feature/, /the flag reports is off/],
    [['--tenant', 't2', '--feature', 'reports'], /^no: .*feature_expired/, /until 2020.*which is over/],
    [['--tenant', 't9', '--feature', 'beta'], /^yes: /, /the plan free is for everyone: true/],
    [['--tenant', 't9', '--feature', 'orders'], /^no: .*missing_feature/, /t9 has no grants at all/],
    [['--tenant', 't1', '--feature', 'odrers'], /^no: .*missing_feature/, /there is no feature odrers/],
    [['--tenant', 't1', '--permission', 'orders.read'], /^yes: /, /worth something while .* live: orders/],
    [['--tenant', 't9', '--permission', 'orders.read'], /^no: .*missing_feature/, /has no grants/],
    [['--tenant', 't9', '--permission', 'x'], /^no: .*missing_feature/, /no feature has this permission/],
  ];
  for (const [args, answer, why] of questions) {
    it(`check ${args.join(' ')}: ${answer.source}`, async () => {
      const read = await readText('all.json', Buffer.from(JSON.stringify(document)));
      assert.ok('snapshot' in read);
      const asked = Object.fromEntries(args.flatMap((arg, at) => (at % 2 ? [] : [[arg.slice(2), args[at + 1]]])));
      const grants = [...read.snapshot.grants].filter(({tenant}) => tenant === asked.tenant);
      const found = answerOf(asked as unknown as Asked, {...read.snapshot, grants}, Date.parse('2026-01-01'));
      assert.match(found.sentence, answer);
      assert.match(found.why.join('\n'), why);
    });
  }
  it('check says whether a grant is live, in grace or over', async () => {
    const grants = [
      {plan: 'pro', tenant: 't1', expires: '2025-12-31', grace: '7d'},
      {plan: 'pro', tenant: 't1', expires: '2025-12-01', grace: '7d'},
      {plan: 'pro', tenant: 't1', expires: '2026-12-01', grace: '7d'},
    ];
    const read = await readText('all.json', Buffer.from(JSON.stringify({...document, grants})));
    assert.ok('snapshot' in read);
    const snapshot = {...read.snapshot, grants: [...read.snapshot.grants]};
    const {why} = answerOf({tenant: 't1', feature: 'orders'}, snapshot, Date.parse('2026-01-01'));
    const given = 'the plan pro was given to the tenant t1 until';
    assert.deepEqual(why.slice(1), [
      `${given} 2025-12-31T00:00:00.000Z, and holds on, in grace, until 2026-01-07T00:00:00.000Z`,
      `${given} 2025-12-01T00:00:00.000Z, in grace until 2025-12-08T00:00:00.000Z, which is over`,
      `${given} 2026-12-01T00:00:00.000Z`,
    ]);
  });
  it('check writes names on one line', async () => {
    const odd = {...document, plans: {'a\u001b[2J\nb': {features: ['orders']}}, grants: []};
    writeFiles(folder, {'odd.json': JSON.stringify(odd)});
    const file = {entitlements: {source: {type: 'file', path: 'odd.json'}}, rules};
    writeFiles(folder, {'odd.yaml': file});
    const asked = ['check', '--tenant', 't\u001b[2J1', '--feature', 'orders', '-c', join(folder, 'odd.yaml')];
    const {output} = await runPostern(['entitlements', ...asked]);
    assert.match(output, /^no: tenant t\ufffd\[2J1: .*\n {2}plans with orders: a\ufffd\[2J\ufffdb\n/);
  });
  it('check prints the answer and why', async () => {
    const output = await done(run('check', '--tenant', 't1', '--user', 'u7', '--feature', 'reports'));
    assert.match(output, /^yes: tenant t1, user u7: the feature reports\n {2}plans with reports: max\n/);
  });
  it('check answers as JSON, and asks for one thing', async () => {
    const {entitled, reason} = JSON.parse(await done(run('check', '--tenant', 't2', '--feature', 'reports', '--json')));
    assert.deepEqual([entitled, reason], [false, 'feature_expired']);
    const {code, output} = await run('check', '--tenant', 't1', '--feature', 'a', '--permission', 'b');
    assert.deepEqual([code, /either --feature or --permission/.test(output)], [1, true], output);
  });
  it('check of a tenant alone prints all that it holds', async () => {
    const output = await done(run('check', '--tenant', 't1', '--user', 'u7'));
    assert.match(
      await done(run('check', '--tenant', 't2')),
      /\n {2}had the features: .*\n {2}grants:\n.* to the tenant until 2020-01-31T00:00:00.000Z \(over\)\n/,
    );
    assert.match(
      output,
      /^tenant t1, user u7: the plans .*max.*\n {2}no values and no limits\n {2}has the features: .*reports.*\n {2}grants:\n.*max to the user u7 until 2031-01-31T00:00:00.000Z/s,
    );
  });

  it('load names every error with its place, and replaces nothing', async () => {
    const before = await listed();
    const rows: [name: string, content: string, errors: RegExp[]][] = [
      [
        'bad.jsonl',
        [...definitions, '{"grant":"por","tenant":"t1"}', 'nonsense', '{"plan":"x","features":["nope"]}', ''].join(
          '\n',
        ),
        [/bad\.jsonl:5: plan: there is no plan "por"/, /bad\.jsonl:6: is not a JSON object/, /bad\.jsonl:7: .*"nope"/],
      ],
      [
        'bad.yaml',
        'features:\n  orders: {}\nplans:\n  pro: {features: [oders]}\ngrants:\n  - {plan: pro, tenant: t1, expires: soon}\n',
        [
          /bad\.yaml:4:20: plans\.pro\.features\[0\]: .*"oders"/,
          /bad\.yaml:6:\d+: grants\[0\]\.expires: is not a date/,
        ],
      ],
      ['bad.json', '{"features": {"a": {"permissions": 5}}}', [/bad\.json:1:\d+: features\.a/]],
      ['torn.yaml', 'plans: [', [/torn\.yaml:1:1: is not YAML/]],
      ['empty.jsonl', '', [/holds no features and no plans.*--allow-empty/]],
      [
        'long.jsonl',
        `${definitions[0]}\n{"feature":"${'x'.repeat(1_100_000)}"}\n`,
        [/long\.jsonl:2: is longer than 1 MiB/],
      ],
      [
        'many.jsonl',
        [...definitions, ...Array.from({length: 100}, () => '{"grant":"no","tenant":"t"}')].join('\n'),
        [/many\.jsonl:5:/, /many\.jsonl:104:/],
      ],
    ];
    for (const [name, content, errors] of rows) {
      writeFileSync(join(folder, name), content);
      await assert.rejects(loadEntitlements(join(folder, name), {config}), (error) => {
        assert.ok(error instanceof CommandError, String(error));
        for (const expected of errors) assert.match(error.message, expected);
        return true;
      });
    }
    const torn = await run('load', join(folder, 'torn.yaml'));
    assert.equal(torn.code, 1);
    assert.doesNotMatch(torn.output, /\n\s+at /, 'no stack');
    const gone = await run('load', join(folder, 'gone.yaml'));
    assert.deepEqual([gone.code, /gone\.yaml: cannot be read/.test(gone.output)], [1, true], gone.output);
    assert.deepEqual(await listed(), before);
    assert.deepEqual(
      ((await calls.call('KEYS', '*')) as string[]).filter((key) => /loading|trash/.test(key)),
      [],
    );
    await done(load('empty.jsonl', '', '--allow-empty'));
    assert.match(await done(run('list')), /no grants/);
  });

  it('load streams: tenants in any order, more grants than its memory could hold', async () => {
    const tenants = 50_000;
    const grants = Array.from(
      {length: 300_000},
      (_, at) => `{"grant":"pro","tenant":"t${at % tenants}","user":"u${at}"}`,
    );
    writeFileSync(join(folder, 'large.jsonl'), [...definitions, ...grants].join('\n'));
    const {code, output} = await runPostern(['entitlements', 'load', join(folder, 'large.jsonl'), '-c', config], {
      NODE_OPTIONS: '--max-old-space-size=64',
    });
    assert.equal(code, 0, output);
    assert.match(output, /^loaded: 300,000 grants of 50,000 tenants/);
    const held = await calls.call('HGET', recordKeys('postern:').grants, 't49999');
    assert.deepEqual(
      JSON.parse(String(held)),
      Array.from({length: 6}, (_, at) => ({plan: 'pro', user: `u${at * tenants + tenants - 1}`})),
    );
  });

  it('a broken record is told in words', async () => {
    await calls.call('HSET', recordKeys('postern:').grants, 't1', 'x');
    const {code, output} = await run('check', '--tenant', 't1', '--feature', 'orders');
    assert.equal(code, 1);
    assert.match(output, /entitlements in Redis: .*field "t1": is not a JSON list of grants/);
  });

  it('a Redis that evicts is refused, and told how to mend it', async () => {
    await calls.call('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
    const {code, output} = await run('load', join(folder, 'all.yaml'), '--allow-shrink');
    await calls.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    assert.deepEqual([code, /maxmemory-policy volatile-lru: .*Set it to noeviction/.test(output)], [1, true], output);
  });

  it('a file that was cut is refused: by its own count, or since so much is missing; restore takes a load back', async () => {
    const grants = Array.from({length: 40}, (_, at) => JSON.stringify({grant: 'pro', tenant: `t${at}`}));
    const lines = ['{"ends": true}', '{"feature": "orders"}', '{"plan": "pro", "features": ["orders"]}', ...grants];
    assert.match(await done(load('whole.jsonl', [...lines, '{"end": 40}'].join('\n'))), /40 grants of 40 tenants/);
    const before = await listed();
    const rows: [content: string[], refusal: RegExp][] = [
      [lines, /:43: is the last one, and there is no line with `end`/],
      [[...lines.slice(0, -1), '{"end": 40}'], /:43: end: is 40, and there are 39 grants/],
      [[...lines, '{"end": 40}', grants[0] ?? ''], /:45: stands after the line with `end`/],
      [lines.slice(1, 20), /has grants of 17 tenants, and Redis of 40: is the file whole/],
    ];
    for (const [content, refusal] of rows) {
      const {code, output} = await load('cut.jsonl', content.join('\n'));
      assert.match(output, refusal);
      assert.equal(code, 1);
      assert.deepEqual(await listed(), before);
    }
    await done(load('cut.jsonl', lines.slice(1, 20).join('\n'), '--allow-shrink'));
    assert.notDeepEqual(await listed(), before);
    await done(run('restore'));
    assert.deepEqual(await listed(), before);
  });

  it('a Redis that refuses writes keeps what it has, and load says why', async () => {
    await done(run('load', join(folder, 'all.yaml'), '--allow-shrink'));
    const before = await listed();
    await calls.call('CONFIG', 'SET', 'maxmemory', '1');
    const {code, output} = await run('load', join(folder, 'all.yaml'));
    await calls.call('CONFIG', 'SET', 'maxmemory', '0');
    assert.deepEqual([code, /OOM/.test(output)], [1, true], output);
    assert.deepEqual(await listed(), before);
  });

  it('says what is missing: the setting redis, Redis itself, another source', async () => {
    const other = temporaryFolder();
    const away = {url: `redis://127.0.0.1:${await freePort()}`};
    const file = {source: {type: 'file', path: 'e.yaml'}};
    const rows: [settings: object, code: number, message: RegExp][] = [
      [{rules}, 1, /needs the setting `redis`/],
      [{rules, ...source}, 1, /needs the setting redis, which says where it is/],
      [{rules, ...source, redis: away}, 1, /Redis cannot be reached: .*ECONNREFUSED/],
      [{rules, entitlements: file, redis: {url: redis.url}}, 0, /note: entitlements.source is file/],
      [{rules, redis: {url: redis.url}}, 0, /note: entitlements.source is not set/],
    ];
    for (const [settings, code, message] of rows) {
      writeFiles(other, {'postern.yaml': settings});
      const ran = await runPostern(['entitlements', 'list', '-c', join(other, 'postern.yaml')]);
      assert.match(ran.output, message);
      assert.equal(ran.code, code, ran.output);
    }
  });

  it('drop has entitlements fetched anew: through the admin port, and through Redis', async () => {
    const token = 'a-token-of-tests';
    const counted = 'postern_cache_requests_total{cache="entitlements",layer="source",result="hit"}';
    for (const through of [{admin: {token}}, {redis: {url: redis.url}}]) {
      const file = {source: {type: 'file', path: 'e.yaml'}, cache: {fresh: '10m', stale: '20m'}};
      const postern = await startPostern({...through, rules, entitlements: file}, {files: {'e.yaml': document}});
      const at = join(postern.folder, 'postern.yaml');
      assert.equal(await postern.metric(counted), 1);
      const dropped = await runPostern(['entitlements', 'drop', '--tenant', 't1', '-c', at]);
      assert.equal(dropped.code, 0, dropped.output);
      assert.equal(dropped.output, 'dropped, to be fetched anew: tenant="t1"\n');
      await until('it fetched anew', async () => (await postern.metric(counted)) === 2);
      await runPostern(['entitlements', 'drop', '-c', at]);
      await until('it fetched anew', async () => (await postern.metric(counted)) === 3);
      await sleep(100);
      const empty = await runPostern(['entitlements', 'drop', '--tenant', '', '-c', at]);
      assert.deepEqual([empty.code, /--tenant: is not a text/.test(empty.output)], [1, true], empty.output);
      await postern.stop();
    }
    writeFileSync(join(folder, 'none.yaml'), stringify({rules}));
    const {code, output} = await runPostern(['entitlements', 'drop', '-c', join(folder, 'none.yaml')]);
    assert.deepEqual([code, /needs `admin.token`/.test(output)], [1, true], output);
  });
});

describe('the progress bar', () => {
  it('is drawn on a terminal, ten times a second at the most, and wiped; elsewhere nothing is', () => {
    let now = 0;
    const shown: string[] = [];
    const screen = {isTTY: true, columns: 60, write: (text: string) => shown.push(text)};
    const bar = makeProgress(screen, () => now);
    bar.show(0, 'none');
    bar.show(0.1, 'too soon');
    now = 150;
    bar.show(0.5, 'half');
    now = 300;
    bar.show(7, 'all');
    bar.end();
    assert.deepEqual(shown, [
      `\r\x1b[K[${'-'.repeat(40)}]   0 % none`,
      `\r\x1b[K[${'#'.repeat(20)}${'-'.repeat(20)}]  50 % half`,
      `\r\x1b[K[${'#'.repeat(40)}] 100 % all`,
      '\r\x1b[K',
    ]);
    const silent = makeProgress({write: () => assert.fail('written')}, () => 0);
    silent.show(1, 'x');
    silent.end();
  });
});
