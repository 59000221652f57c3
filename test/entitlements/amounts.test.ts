// Values, limits and terms as they are written: what is read, what is refused and where, and that nothing is lost on the
// way through Redis and between threads.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Grant, Plan, Snapshot} from '../../src/core/entitlement/entitlement.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {makeFileSource} from '../../src/entitlements/file.ts';
import {packSnapshot, unpackSnapshot} from '../../src/entitlements/packed.ts';
import {refuseNewer, versionOf} from '../../src/entitlements/record.ts';
import {unsoundGrants, unsoundHead} from '../../src/entitlements/sound.ts';
import {temporaryFolder} from '../support/ports.ts';

const good = `features:
  orders: {permissions: [orders.read]}
  seats: {value: number}
  support: {value: text}
  regions: {value: list}
  api: {limit: {per: minute}}
plans:
  pro: {rank: 20, features: [orders, seats, support, regions, api], values: {seats: 50, support: mail, regions: [eu, us]}, limits: {api: 600}}
  free: {rank: 10, features: [api, support], values: {support: forum}, limits: {api: 60}, default: true}
  deal: {features: [seats], hidden: true}
grants:
  - {plan: pro, tenant: t1, expires: null, grace: 7d, values: {seats: 80}, add: {seats: 10}, limits: {api: unlimited}}
  - {plan: pro, tenant: t2, user: u1, expires: 2027-01-31}
`;

const load = async (text: string, name = 'entitlements.yaml'): Promise<Snapshot & {grants: readonly Grant[]}> => {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  const loaded = await makeFileSource(path).load(undefined);
  assert.ok(loaded !== 'unchanged');
  return {...loaded.snapshot, grants: [...loaded.snapshot.grants]};
};
const faultOf = async (text: string, name?: string): Promise<string> => {
  try {
    await load(text, name);
    return 'none';
  } catch (error) {
    assert.ok(error instanceof Unavailable);
    return (error.cause as Error).message;
  }
};

const linesOf = (snapshot: Snapshot): string =>
  [
    ...[...snapshot.features].map(([feature, rest]) => ({feature, ...rest})),
    ...[...snapshot.plans].map(([plan, rest]) => ({plan, ...rest})),
    {grant: 'pro', tenant: 't1', grace: '7d', values: {seats: 80}, add: {seats: 10}, limits: {api: 'unlimited'}},
    {grant: 'pro', tenant: 't2', user: 'u1', expires: '2027-01-31'},
  ]
    .map((line) => JSON.stringify(line))
    .join('\n');

describe('amounts in documents', () => {
  it('are read', async () => {
    const {features, plans, grants} = await load(good);
    assert.deepEqual(features.get('seats'), {permissions: [], value: 'number'});
    assert.deepEqual(features.get('api'), {permissions: [], limit: {per: 'minute'}});
    assert.deepEqual(plans.get('free'), {
      features: ['api', 'support'],
      default: true,
      rules: [],
      rank: 10,
      values: {support: 'forum'},
      limits: {api: 60},
    });
    assert.deepEqual(plans.get('deal'), {features: ['seats'], default: false, rules: [], hidden: true});
    assert.deepEqual(grants, [
      {
        plan: 'pro',
        tenant: 't1',
        user: null,
        expires: null,
        grace: 7 * 86_400_000,
        values: {seats: 80},
        add: {seats: 10},
        limits: {api: 'unlimited'},
      },
      {plan: 'pro', tenant: 't2', user: 'u1', expires: Date.UTC(2027, 0, 31)},
    ]);
  });

  it('are the same as JSON lines, and after being packed and unpacked', async () => {
    const expected = await load(good);
    assert.deepEqual(await load(linesOf(expected), 'e.jsonl'), {...expected, flags: new Map()});
    const pieces = [...packSnapshot(expected)];
    const unpacked = await unpackSnapshot(
      (async function* () {
        yield* pieces;
      })(),
    );
    assert.ok(unpacked !== undefined);
    assert.deepEqual({...unpacked, grants: [...unpacked.grants]}, expected);
  });

  const grace = (text: string) => good.replace('grace: 7d', `grace: ${text}`);
  const own = (text: string) => good.replace('values: {seats: 80}', `values: ${text}`);
  const wrong: [what: string, text: string, fault: RegExp][] = [
    ['an unknown kind of value', good.replace('value: number', 'value: boolean'), /3:18 .*write number, text or list/],
    [
      'an unknown unit',
      good.replace('per: minute', 'per: week'),
      /6:22 .*api\.limit\.per: .*write second, minute, .* or year/,
    ],
    [
      'a limit that is no mapping',
      good.replace('{limit: {per: minute}}', '{limit: minute}'),
      /6:16 .*write \{per: minute\}/,
    ],
    [
      'a value and a limit',
      good.replace('{value: text}', '{value: text, limit: {per: day}}'),
      /features\.support\.limit: .*keep one/,
    ],
    [
      'a limit below 0',
      good.replace('limits: {api: 600}', 'limits: {api: -1}'),
      /8:\d+ plans\.pro\.limits\.api: is below 0.*unlimited/,
    ],
    [
      'a limit with a fraction',
      good.replace('limits: {api: 600}', 'limits: {api: 0.5}'),
      /plans\.pro\.limits\.api: .*whole number/,
    ],
    [
      'a limit that is a text',
      good.replace('limits: {api: 600}', 'limits: {api: "600"}'),
      /plans\.pro\.limits\.api: .*whole number/,
    ],
    [
      'a limit that is not there',
      good.replace('limits: {api: 600}', 'limits: {api: }'),
      /plans\.pro\.limits\.api: .*whole number/,
    ],
    [
      'a limit without end, as a number',
      good.replace('limits: {api: 600}', 'limits: {api: .inf}'),
      /plans\.pro\.limits\.api: .*unlimited/,
    ],
    ['a limit that is too great', good.replace('api: 600}', 'api: 1e300}'), /plans\.pro\.limits\.api/],
    ['a number that is a text', good.replace('seats: 50', 'seats: fifty'), /8:\d+ plans\.pro\.values\.seats: .*number/],
    ['a number that is a list', good.replace('seats: 50', 'seats: [50]'), /plans\.pro\.values\.seats: .*number/],
    ['a number below 0', good.replace('seats: 50', 'seats: -0.5'), /plans\.pro\.values\.seats: is below 0/],
    ['a number that is none', good.replace('seats: 50', 'seats: .nan'), /plans\.pro\.values\.seats: .*number/],
    ['a text that is a number', good.replace('support: mail', 'support: 5'), /plans\.pro\.values\.support: .*text/],
    ['an empty text', good.replace('support: mail', "support: ''"), /plans\.pro\.values\.support: .*text/],
    ['a list that is a text', good.replace('[eu, us]', 'eu'), /plans\.pro\.values\.regions: .*write \[eu, us\]/],
    ['a list of other things', good.replace('[eu, us]', '[eu, 5]'), /plans\.pro\.values\.regions: .*list of texts/],
    [
      'a value of a feature without',
      good.replace('values: {seats: 50', 'values: {orders: 1, seats: 50'),
      /values\.orders: .*write features: \{orders: \{value: number\}\}/,
    ],
    [
      'a value of an unknown feature',
      good.replace('seats: 50', 'saets: 50'),
      /values\.saets: there is no feature "saets"/,
    ],
    [
      'a value of a feature that the plan has not',
      good
        .replace('limits: {api: 60}', 'limits: {api: 60}, values: {seats: 1}')
        .replace('values: {support: forum}, ', ''),
      /plans\.free\.values\.seats: .*add seats to its features/,
    ],
    ['a limit under values', own('{api: 5}'), /12:\d+ grants\[0\]\.values\.api: .*under limits/],
    [
      'a value under limits',
      good.replace('limits: {api: unlimited}', 'limits: {seats: 5}'),
      /grants\[0\]\.limits\.seats: .*under values/,
    ],
    ['a value of the wrong type in a grant', own('{seats: many}'), /12:\d+ grants\[0\]\.values\.seats: .*number/],
    ['values that are no mapping', own('[seats]'), /grants\[0\]\.values: is not a mapping/],
    [
      'an addition below 0',
      good.replace('add: {seats: 10}', 'add: {seats: -10}'),
      /grants\[0\]\.add\.seats: is below 0/,
    ],
    [
      'an addition without end',
      good.replace('add: {seats: 10}', 'add: {seats: unlimited}'),
      /grants\[0\]\.add\.seats: .*number/,
    ],
    [
      'an addition to a text',
      good.replace('add: {seats: 10}', 'add: {support: 1}'),
      /grants\[0\]\.add\.support: .*only numbers and limits/,
    ],
    ['a grace without unit', grace('7'), /grants\[0\]\.grace: is not a duration: .*7d/],
    ['a grace of another unit', grace('1w'), /grants\[0\]\.grace: is not a duration/],
    ['a grace below 0', grace('-7d'), /grants\[0\]\.grace: is not a duration/],
    ['a grace that is too long', grace('4000d'), /grants\[0\]\.grace: is longer/],
    ['a rank that is a text', good.replace('rank: 20', 'rank: high'), /plans\.pro\.rank: is not a number/],
    [
      'no rank, where a text goes by it',
      good.replace('rank: 10, ', ''),
      /9:\d+ plans\.free\.rank: is missing, and the text "support"/,
    ],
    [
      'two equal ranks, where a text goes by them',
      good.replace('rank: 10', 'rank: 20'),
      /9:\d+ plans\.free\.rank: is that of the plan "pro", too/,
    ],
    ['hidden that is neither', good.replace('hidden: true', 'hidden: maybe'), /plans\.deal\.hidden/],
    [
      'too many values',
      own(`{${Array.from({length: 300}, (_, at) => `v${at}: 1`).join(', ')}}`),
      /grants\[0\]\.values: has more than 256 entries/,
    ],
    [
      'too long a list',
      good.replace('[eu, us]', `[${Array.from({length: 300}, (_, at) => `r${at}`).join(', ')}]`),
      /regions: is a list of more than 256/,
    ],
  ];
  for (const [what, text, fault] of wrong) {
    it(`${what} is an error with its place`, async () => {
      assert.notEqual(text, good);
      assert.match(await faultOf(text), fault);
    });
  }

  it('a million values in one grant are refused, and soon', async () => {
    const values = Object.fromEntries(Array.from({length: 1_000_000}, (_, at) => [`v${at}`, 'x']));
    const document = {
      features: {seats: {value: 'number'}},
      plans: {pro: {features: ['seats']}},
      grants: [{plan: 'pro', tenant: 't1', values}],
    };
    assert.match(await faultOf(JSON.stringify(document), 'e.json'), /grants\[0\]\.values: has more than 256 entries/);
  });

  it('a mistake in a line is told with what to write', async () => {
    const lines = ['{"feature": "api", "limit": {"per": "week"}}', '{"plan": "pro", "features": ["api"], "rank": "x"}'];
    assert.match(
      await faultOf(lines.join('\n'), 'e.jsonl'),
      /line 1: limit\.per: .*write second.*line 2: rank: is not a number/,
    );
  });
});

describe('amounts that come without a document', () => {
  it('are looked at before they count', async () => {
    const {features, plans, flags} = await load(good);
    const pro = plans.get('pro') as Plan;
    const bad = new Map(plans).set('pro', {...pro, limits: {api: -1}});
    assert.match(unsoundHead({features, plans: bad, flags}, [], true) ?? '', /plans\.pro\.limits\.api: is below 0/);
    assert.equal(unsoundHead({features, plans, flags}, [], true), undefined);
  });

  it('one holder may have so many grants of a plan on terms of their own', () => {
    assert.equal(unsoundGrants({grants: 5, most: 1_000}, 0, true), undefined);
    assert.match(unsoundGrants({grants: 5, most: 1_001}, 0, true) ?? '', /1001 grants of one plan to one holder/);
  });
});

describe('the format of the record', () => {
  it('of a newer Postern is refused, with what to do; older ones and others are read', () => {
    const own = versionOf('2027', [1, 1, 0, 1]);
    for (const version of [own, '2026;features=1;plans=1;flags=0;tenants=1', 'by hand'])
      refuseNewer('postern:', version);
    const newer = own.replace(/format=\d+/, 'format=3');
    assert.throws(
      () => refuseNewer('postern:', newer),
      (error: Error) => /format 3, and this Postern reads up to 2: update/.test(String(error.cause)),
    );
  });
});
