// What nobody should write in entitlements, in every form that they have: refused, with its place and in words that say what to
// do, or taken as it stands; the same everywhere.
import assert from 'node:assert/strict';
import {stringify} from 'yaml';
import type {Snapshot} from '../../src/core/entitlement/entitlement.ts';
import {makeEntitlementIndex} from '../../src/core/entitlement/entitlementIndex.ts';
import {principalNamed} from '../../src/core/principalNamed.ts';
import {compilePattern} from '../../src/entitlements/pattern.ts';
import {type RecordCalls, type RecordCommand, recordKeys} from '../../src/entitlements/record.ts';
import {readHead, readTenants} from '../../src/entitlements/recordRead.ts';
import {unsoundHead} from '../../src/entitlements/sound.ts';
import {readText} from '../../src/entitlements/text.ts';

/** A document, as JSON can say it: `raw` numbers are spliced in as text, for JSON.stringify makes null of them. */
interface Document {
  readonly features?: unknown;
  readonly plans?: unknown;
  readonly grants?: readonly unknown[];
}
const own = (entries: [string, unknown][]): object => Object.fromEntries(entries);
const sold = {
  seats: {value: 'number'},
  support: {value: 'text'},
  regions: {value: 'list'},
  api: {limit: {per: 'minute'}},
  orders: {},
};
const plan = (feature: string, more: object): Document => ({
  features: sold,
  plans: {p: {features: [feature], rank: 1, ...more}},
});
const seats = (written: unknown) => plan('seats', {values: {seats: written}});
const granted = (more: object, feature = 'seats'): Document => ({
  ...plan(feature, {}),
  grants: [{plan: 'p', tenant: 't', ...more}],
});
const long = 'x'.repeat(1_000_000);
const entries = (count: number) => own(Array.from({length: count}, (_, at) => [`v${at}`, at]));
/** Stand for numbers that JSON cannot be made to write otherwise. */
const raw = (text: string) => `@@${text}@@`;
const spliced = (json: string): string => json.replace(/"@@([^@]*)@@"/g, '$1');

const number = /is not a number from 0 to 9007199254740991: write such a one/;
const limit = /is not a limit: write a whole number from 0/;

/** `place`: what the message must name. */
const refused: [what: string, document: Document, place: string, words: RegExp][] = [
  ['a number below 0', seats(-1), 'values.seats', /is below 0/],
  ['a number beyond what is exact', seats(raw('9007199254740993')), 'values.seats', number],
  ['a number beyond all', seats(raw('1e400')), 'values.seats', number],
  ['a number beyond all, below 0', seats(raw('-1e400')), 'values.seats', number],
  ['a number in quotes', seats('50'), 'values.seats', number],
  ['another word than unlimited', seats('Unlimited'), 'values.seats', number],
  ['an empty list for a number', seats([]), 'values.seats', number],
  ['nothing for a number', seats(null), 'values.seats', number],
  ['true for a number', seats(true), 'values.seats', number],
  ['a mapping for a number', seats({seats: 1}), 'values.seats', number],
  ['a limit below 0', plan('api', {limits: {api: -1}}), 'limits.api', /is below 0/],
  ['half a limit', plan('api', {limits: {api: 1.5}}), 'limits.api', limit],
  ['a limit in quotes', plan('api', {limits: {api: '600'}}), 'limits.api', limit],
  ['a limit with its unit', plan('api', {limits: {api: {per: 'hour', value: 1}}}), 'limits.api', limit],
  ['a limit under values', plan('api', {values: {api: 1}}), 'values.api', /write it under limits/],
  ['a value under limits', plan('seats', {limits: {seats: 1}}), 'limits.seats', /write it under values/],
  ['an amount of what has none', plan('orders', {values: {orders: 1}}), 'values.orders', /without amounts/],
  ['values that are nothing', plan('seats', {values: null}), 'values', /is not a mapping of features/],
  ['values that are a list', plan('seats', {values: [1]}), 'values', /is not a mapping of features/],
  ['a number for a text', plan('support', {values: {support: 5}}), 'values.support', /is not a text of 1 to 1024/],
  ['an empty text', plan('support', {values: {support: ''}}), 'values.support', /is not a text of 1 to 1024/],
  ['a text of a megabyte', plan('support', {values: {support: long}}), 'values.support', /is not a text of 1 to 1024/],
  [
    'a text for a list',
    plan('regions', {values: {regions: 'eu'}}),
    'values.regions',
    /is not a list: write \[eu, us\]/,
  ],
  ['a list of numbers', plan('regions', {values: {regions: [1]}}), 'values.regions', /is not a list of texts/],
  ['a list of lists', plan('regions', {values: {regions: [['eu']]}}), 'values.regions', /is not a list of texts/],
  ['a list of nothing', plan('regions', {values: {regions: [null]}}), 'values.regions', /is not a list of texts/],
  ['a long list', plan('regions', {values: {regions: Array(257).fill('eu')}}), 'values.regions', /more than 256 items/],
  [
    'a text without a rank',
    plan('support', {rank: undefined}),
    'rank',
    /is missing, and the text "support" goes by it/,
  ],
  ['a rank in quotes', plan('seats', {rank: '1'}), 'rank', /is not a number: write 10/],
  ['a rank beyond all', plan('seats', {rank: raw('1e999')}), 'rank', /is not a number: write 10/],
  [
    'two plans of one rank with a text',
    {features: sold, plans: {p: {features: ['support'], rank: 1}, q: {features: ['support'], rank: 1}}},
    'rank',
    /is that of the plan "p", too/,
  ],
  ['an unknown unit', {features: {a: {limit: {per: 'week'}}}}, 'limit.per', /is not a unit: write second, minute/],
  ['a unit in another case', {features: {a: {limit: {per: 'Minute'}}}}, 'limit.per', /is not a unit/],
  ['a limit without a unit', {features: {a: {limit: {}}}}, 'limit.per', /is not a unit/],
  ['a unit for a limit', {features: {a: {limit: 'minute'}}}, 'limit', /is not a limit: write \{per: minute\}/],
  ['nothing for a limit', {features: {a: {limit: null}}}, 'limit', /is not a limit: write \{per: minute\}/],
  ['an unknown kind of value', {features: {a: {value: 'bool'}}}, 'value', /write number, text or list/],
  ['a value beside a limit', {features: {a: {value: 'number', limit: {per: 'day'}}}}, 'limit', /stands beside a value/],
  ['grace without a unit', granted({grace: 7}), 'grace', /is not a duration: write a whole number and a unit/],
  ['grace below 0', granted({grace: '-7d'}), 'grace', /is not a duration/],
  ['grace of more than ten years', granted({grace: '9999999999999d'}), 'grace', /is longer than ten years/],
  ['an addition below 0', granted({add: {seats: -1}}), 'add.seats', /is below 0/],
  ['an addition without end', granted({add: {seats: 'unlimited'}}), 'add.seats', number],
  ['an addition to a text', granted({add: {support: 1}}, 'support'), 'add.support', /only numbers and limits/],
  [
    'an amount of a feature that the plan lacks',
    granted({values: {regions: ['eu']}}),
    'values.regions',
    /does not have/,
  ],
  ['an amount of nothing', granted({values: {seets: 1}}), 'values.seets', /there is no feature "seets"/],
  [
    'an amount of what every object has',
    granted({values: {constructor: 1}}),
    'values.constructor',
    /there is no feature/,
  ],
  ['an amount of the prototype', granted({values: own([['__proto__', 1]])}), 'values.__proto__', /there is no feature/],
  [
    'a million values in one grant',
    granted({values: entries(1_000_000)}),
    'values',
    /has more than 256 entries|is longer than 1 MiB/,
  ],
  [
    'a million values in a plan',
    plan('seats', {values: entries(1_000_000)}),
    'values',
    /has more than 256 entries|is longer than 1 MiB/,
  ],
  ['a tenant that is a number', granted({tenant: 7}), 'tenant', /must be a text, not a number: put it in quotes/],
  ['a tenant without a name', granted({tenant: ''}), 'tenant', /is empty/],
  ['a user of a megabyte', granted({user: long}), 'user', /is longer than 256 characters/],
  ['hidden in words', plan('seats', {hidden: 'yes'}), 'hidden', /must be true or false, not a text/],
  ['a slip in a name', plan('seats', {valeus: {}}), 'p', /has "valeus", which is no setting here/],
  ['a plan that is nothing', {features: sold, plans: {p: null}}, 'p', /must be a mapping, not nothing/],
  ['a feature that is a number', {features: {a: 5}}, 'a', /must be a mapping, not a number/],
  ['a grant of an unknown plan', granted({plan: `q${long.slice(0, 200)}`}), 'plan', /there is no plan "qx+…"/],
];

/** By the name of the form; the tenants of a record are its fields. */
const forms: Readonly<Record<string, (document: Document) => Promise<string | Snapshot>>> = {
  yaml: (document) => ofText('e.yaml', spliced(stringify(document))),
  // What a service behind `http` answers is read so, too.
  json: (document) => ofText('e.json', spliced(JSON.stringify(document))),
  lines: ({features = {}, plans = {}, grants = []}) => {
    const lines = [
      ...Object.entries(features as object).map(([feature, rest]) => lineOf({feature}, rest)),
      ...Object.entries(plans as object).map(([name, rest]) => lineOf({plan: name}, rest)),
      ...grants.map((one) => {
        const {plan: of, ...rest} = one as {plan: string};
        return lineOf({grant: of}, rest);
      }),
    ];
    return ofText('e.jsonl', lines.map((line) => spliced(line)).join('\n'));
  },
  record: async (document) => {
    try {
      const redis = recordOf(document);
      const head = await readHead(redis, 'postern:');
      const unsound = unsoundHead({...head, grants: []} as never, [], true);
      if (unsound !== undefined) return unsound;
      const grants = [];
      for await (const {grants: some} of readTenants(redis, 'postern:', head.plans, head.features))
        grants.push(...some);
      return {...head, grants};
    } catch (error) {
      return String((error as {cause?: Error}).cause?.message ?? error);
    }
  },
};

const lineOf = (name: object, rest: unknown): string =>
  typeof rest === 'object' && rest !== null
    ? JSON.stringify({...name, ...rest})
    : `${JSON.stringify(name).slice(0, -1)},${rest}}`;

const ofText = async (name: string, text: string): Promise<string | Snapshot> => {
  const read = await readText(name, Buffer.from(text));
  if (!('faults' in read)) return read.snapshot;
  for (const {line} of read.faults) assert.ok(line !== undefined || text.length > 8 * 1_048_576, 'has a place');
  return read.faults.map(({message}) => message).join('\n');
};

/** The hashes of a record, as `entitlements load` writes them. */
const recordOf = ({features = {}, plans = {}, grants = []}: Document): RecordCalls => {
  const keys = recordKeys('postern:');
  const hash = (of: object) => Object.entries(of).flatMap(([name, value]) => [name, spliced(JSON.stringify(value))]);
  const byTenant = Map.groupBy(grants as {tenant: unknown}[], ({tenant}) => String(tenant));
  const replies = new Map<string, unknown>([
    [keys.features, hash(features as object)],
    [keys.plans, hash(plans as object)],
    [keys.flags, []],
    [
      keys.grants,
      [
        '0',
        [...byTenant].flatMap(([tenant, some]) => [
          tenant,
          spliced(JSON.stringify(some.map(({tenant: _, ...rest}) => rest))),
        ]),
      ],
    ],
  ]);
  return {
    call: async (...[, key]: RecordCommand) => replies.get(String(key)),
    pipeline: async () => [],
    transaction: async () => [],
  };
};

describe('odd entitlements', function () {
  this.timeout(120_000);
  for (const [form, read] of Object.entries(forms))
    describe(form, () => {
      for (const [what, document, place, words] of refused) {
        // A field of the record is a text by itself.
        if (form === 'record' && place === 'tenant') continue;
        // YAML is read up to 8 MiB, and says so.
        if (form === 'yaml' && what.startsWith('a million')) continue;
        // A line that lacks what it should be is said to be none of them.
        if (form === 'lines' && /that is nothing|that is a number$/.test(what) && place.length === 1) continue;
        it(`${what}: refused, with its place`, async () => {
          const said = await read(document);
          assert.ok(typeof said === 'string', 'it is taken');
          assert.match(said, words);
          assert.ok(said.includes(place) || (form === 'lines' && (place === 'p' || /1 MiB/.test(said))), said);
          assert.ok(said.length < 2_000, `${said.length} characters`);
          assert.doesNotMatch(said, /Invalid input|Unrecognized/);
        });
      }

      it('a name that every object has is a name like any other', async () => {
        const names = ['__proto__', 'constructor', 'toString', 'a\nb', 'ä ☎', '"', 'a.b', '{x}'];
        const document = {
          features: own(names.map((name) => [name, {value: 'number'}])),
          plans: own(names.map((name) => [name, {features: names, values: own(names.map((of) => [of, 5]))}])),
          grants: names.map((name) => ({plan: name, tenant: name, user: name})),
        };
        const snapshot = await read(document);
        assert.ok(typeof snapshot !== 'string', String(snapshot));
        const index = makeEntitlementIndex(snapshot, {compilePattern});
        for (const name of names) {
          const who = principalNamed({tenant: name, user: name}, 'test');
          const {plans, amounts} = index.holdings(who, names, new Map(), 0);
          assert.deepEqual(plans, [name]);
          assert.deepEqual([...amounts.keys()].sort(), [...names].sort());
          for (const feature of names)
            assert.equal((await index.entitled(who, {feature}, new Map(), 0)).entitled, true);
          const other = principalNamed({tenant: name, user: 'another'}, 'test');
          assert.deepEqual(index.holdings(other, names, new Map(), 0).plans, []);
        }
      });

      it('nothing stands between the name of a tenant and that of its user', async () => {
        const snapshot = await read({
          ...plan('seats', {}),
          grants: [
            {plan: 'p', tenant: 'a', user: 'b\u0000c'},
            {plan: 'p', tenant: 'd\u0000e', user: null},
          ],
        });
        assert.ok(typeof snapshot !== 'string', String(snapshot));
        const index = makeEntitlementIndex(snapshot, {compilePattern});
        const held = (tenant: string, user?: string) =>
          index.holdings(principalNamed({tenant, user}, 'test'), ['seats'], new Map(), 0).plans.length;
        assert.deepEqual(
          [held('a', 'b\u0000c'), held('a\u0000b', 'c'), held('d\u0000e'), held('d', 'e'), held('d')],
          [1, 0, 1, 0, 0],
        );
      });

      const taken: [what: string, written: unknown, amount: unknown][] = [
        ['0 with a sign', raw('-0'), 0],
        ['the greatest', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
        ['a decimal', 0.5, 0.5],
        ['a very small one', raw('1e-400'), 0],
        ['unlimited', 'unlimited', Number.POSITIVE_INFINITY],
      ];
      for (const [what, written, amount] of taken)
        it(`${what} is taken as it stands`, async () => {
          const snapshot = await read({
            ...seats(written),
            grants: [
              {plan: 'p', tenant: 't', add: {seats: 1}},
              {plan: 'p', tenant: 'u'},
            ],
          });
          assert.ok(typeof snapshot !== 'string', String(snapshot));
          const index = makeEntitlementIndex(snapshot, {compilePattern});
          const of = (tenant: string) =>
            index.holdings(principalNamed({tenant}, 'test'), ['seats'], new Map(), 0).amounts.get('seats')?.amount;
          assert.ok(Object.is(of('u'), amount), String(of('u')));
          // What comes on top never passes the greatest that everybody reads exactly.
          const sum = (amount as number) + 1;
          assert.equal(of('t'), sum === Number.POSITIVE_INFINITY ? sum : Math.min(sum, Number.MAX_SAFE_INTEGER));
        });

      it('the same item twice is one item', async () => {
        const snapshot = await read({
          ...plan('regions', {features: ['regions', 'regions'], values: {regions: ['eu', 'us', 'eu']}}),
          grants: [
            {plan: 'p', tenant: 't'},
            {plan: 'p', tenant: 't'},
          ],
        });
        assert.ok(typeof snapshot !== 'string', String(snapshot));
        const index = makeEntitlementIndex(snapshot, {compilePattern});
        const {plans, amounts} = index.holdings(principalNamed({tenant: 't'}, 'test'), ['regions'], new Map(), 0);
        assert.deepEqual([plans, amounts.get('regions')?.amount], [['p'], ['eu', 'us']]);
      });
    });
});
