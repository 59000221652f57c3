// 100,000 random questions of OpenFeature's SDK get the gate's own answer: what Envoy is told about the same tenant and user.
import assert from 'node:assert/strict';
import {type Client, OpenFeature} from '@openfeature/server-sdk';
import {endless} from '../../src/answers/evaluate.ts';
import {makeRandom, type Random} from '../fuzz/random.ts';
import {type CheckClient, type CheckResponse, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import type {Postern} from '../support/postern.ts';
import {acme} from '../support/stage.ts';
import {startAnswering} from './stage.ts';

const questions = 100_000;
/** Asked at once: one after the other they would wait for one another. */
const atOnce = 32;
const seed = Number(process.env.SEED ?? 20_261_128);

const bought = ['orders', 'export', 'audit', 'regional'];
const measured = {
  seats: {value: 'number'},
  storage: {value: 'number'},
  support: {value: 'text'},
  regions: {value: 'list'},
  api: {limit: {per: 'minute'}},
  jobs: {limit: {per: 'month'}},
} as const;
const names = [...bought, ...Object.keys(measured)];
const users = ['ann', 'bob', 'zoë', '__proto__'];
const countries = ['de', 'us', undefined];
const day = 86_400_000;

/** Plans and grants by chance; some are over, some in grace, some for one user. */
const randomEntitlements = ({pick, below}: Random, tenants: readonly string[]) => {
  const features = {
    orders: {permissions: ['orders.read']},
    export: {},
    audit: {},
    regional: {},
    ...measured,
  };
  const some = <T>(list: readonly T[]): T[] => list.filter(() => below(2) === 0);
  const number = () => pick([0, 1, 2.5, 50, 1_000_000, 'unlimited']);
  const limit = () => pick([0, 1, 60, 600, 4_294_967_295, 'unlimited']);
  const valuesOf = (of: readonly string[]) => ({
    ...(of.includes('seats') && below(4) > 0 && {seats: number()}),
    ...(of.includes('storage') && below(4) > 0 && {storage: number()}),
    ...(of.includes('support') && below(4) > 0 && {support: pick(['forum', 'mail', 'phone ☎'])}),
    ...(of.includes('regions') && below(4) > 0 && {regions: some(['eu', 'us', 'ap'])}),
  });
  const limitsOf = (of: readonly string[]) => ({
    ...(of.includes('api') && below(4) > 0 && {api: limit()}),
    ...(of.includes('jobs') && below(4) > 0 && {jobs: limit()}),
  });
  const held = Array.from({length: 8}, () => some(names));
  const plans = Object.fromEntries(
    held.map((own, at) => [
      `plan${at}`,
      {rank: at, features: own, values: valuesOf(own), limits: limitsOf(own), ...(at === 0 && {default: true})},
    ]),
  );
  const grants = tenants.flatMap((tenant) =>
    Array.from({length: below(4)}, () => {
      const at = below(held.length);
      const own = held[at] as string[];
      const added = own.filter((name) => ['seats', 'storage', 'api', 'jobs'].includes(name) && below(3) === 0);
      return {
        plan: `plan${at}`,
        tenant,
        ...(below(3) === 0 && {user: pick(users)}),
        ...pick([
          {},
          {expires: new Date(Date.now() + day).toISOString()},
          {expires: new Date(Date.now() - day).toISOString()},
          {expires: new Date(Date.now() - day).toISOString(), grace: '7d'},
        ]),
        ...(below(3) === 0 && {values: valuesOf(own), limits: limitsOf(own)}),
        ...(added.length > 0 && {add: Object.fromEntries(added.map((name) => [name, 1 + below(9)]))}),
      };
    }),
  );
  const rules = [{conditions: [{attribute: 'country', op: 'in_list', value: {list: ['de']}}], treatment: true}];
  return {features, plans, grants, flags: {regional: {on: true, default: false, rules}}};
};

/** What the gate says of somebody: by feature, undefined where there is no amount of it. */
type Said = ReadonlyMap<string, unknown>;

describe('answers and the gate', function () {
  this.timeout(300_000);
  const random = makeRandom(seed);
  const tenants = [...Array.from({length: 40}, (_, at) => `t${at}`), 'nobody', '__proto__', 'ä b'];
  let identityProvider: IdentityProvider;
  let postern: Postern;
  let gate: CheckClient;
  let client: Client;

  before(async () => {
    identityProvider = await startIdentityProvider({people: {}, audience: 'orders-api'});
    ({postern, client} = await startAnswering(
      {
        providers: [acme(identityProvider.issuer)],
        entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
        responses: {metadata: ['plan', ...Object.keys(measured).map((name) => `value.${name}`)]},
        rules: names.map((name) => ({
          name,
          match: {path: `/${name}`},
          attributes: {country: {header: 'x-country'}},
          require: {features: [name]},
        })),
      },
      {files: {'entitlements.yaml': JSON.stringify(randomEntitlements(random, tenants))}},
    ));
    gate = makeCheckClient(postern.address);
  });
  after(async () => {
    await OpenFeature.close();
    gate?.close();
    await postern?.stop();
    await identityProvider?.stop();
  });

  const metadataOf = ({dynamicMetadata}: CheckResponse): Record<string, unknown> =>
    ((plainOf({structValue: dynamicMetadata}) as Record<string, unknown>).postern ?? {}) as Record<string, unknown>;

  const askGate = async (tenant: string, user: string, country: string | undefined): Promise<Said> => {
    const token = await identityProvider.sign({sub: user, org_id: tenant});
    const headers: [string, string][] = [
      ['authorization', `Bearer ${token}`],
      ...(country === undefined ? [] : [['x-country', country] as [string, string]]),
    ];
    const said = new Map<string, unknown>();
    for (const name of names) {
      const answer = await gate.check(checkRequestOf({path: `/${name}`, headers}));
      const isIn = answer.status?.code === 0;
      if (!isIn) assert.match(answer.deniedResponse?.body ?? '', /missing_feature|feature_expired/);
      if (bought.includes(name)) said.set(name, isIn);
      else if (isIn) {
        const {values = {}} = metadataOf(answer) as {values?: Record<string, unknown>};
        said.set(name, Object.hasOwn(values, name) ? values[name] : undefined);
      }
    }
    return said;
  };

  it(`${questions.toLocaleString('en')} random questions get the gate's own answer (SEED=${seed})`, async () => {
    const gates = new Map<string, Promise<Said>>();
    const seen = new Map<string, number>();
    const askOne = async (tenant: string, user: string, country: string | undefined, name: string): Promise<void> => {
      const whom = JSON.stringify([tenant, user, country]);
      const known = gates.get(whom) ?? askGate(tenant, user, country);
      gates.set(whom, known);
      const said = (await known).get(name);
      const wanted = said === 'unlimited' && name !== 'support' ? endless : said;
      const context = {tenant, targetingKey: user, ...(country !== undefined && {country})};
      const got = await valueOfFlag(client, name, context);
      assert.deepEqual(got, wanted === undefined ? defaults[kindOf(name)] : wanted, `${name} of ${whom}`);
      const kind = `${kindOf(name)} ${wanted === undefined ? 'absent' : typeof wanted === 'boolean' ? wanted : wanted === endless ? 'endless' : wanted === 0 ? '0' : 'some'}`;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    };
    let left = questions;
    const ask = async (): Promise<void> => {
      while (left-- > 0)
        await askOne(random.pick(tenants), random.pick(users), random.pick(countries), random.pick(names));
    };
    await Promise.all(Array.from({length: atOnce}, ask));
    // All that there is has been asked about, more than once.
    const kinds = [
      'boolean true',
      'boolean false',
      'number absent',
      'number some',
      'number 0',
      'number endless',
      'text absent',
      'text some',
      'list absent',
      'list some',
    ];
    for (const kind of kinds) assert.ok((seen.get(kind) ?? 0) > 100, `${kind}: ${seen.get(kind) ?? 0}`);
  });
});

const kindOf = (name: string): keyof typeof defaults =>
  bought.includes(name) ? 'boolean' : name === 'support' ? 'text' : name === 'regions' ? 'list' : 'number';
/** None of them is an answer. */
const defaults = {boolean: 'none', number: -1, text: 'none', list: ['none']};

const valueOfFlag = (client: Client, name: string, context: object): Promise<unknown> => {
  switch (kindOf(name)) {
    case 'boolean':
      return client.getBooleanValue(name, true, context as never);
    case 'text':
      return client.getStringValue(name, 'none', context as never);
    case 'list':
      return client.getObjectValue(name, ['none'], context as never);
    default:
      return client.getNumberValue(name, -1, context as never);
  }
};

// biome-ignore lint/suspicious/noExplicitAny: google.protobuf.Value as it came over the wire
const plainOf = (value: any): unknown => {
  if (value.structValue !== undefined)
    return Object.fromEntries(
      Object.entries(value.structValue.fields ?? {}).map(([name, inner]) => [name, plainOf(inner)]),
    );
  if (value.listValue !== undefined) return (value.listValue.values ?? []).map(plainOf);
  return value.numberValue ?? value.stringValue ?? value.boolValue;
};
