// The table "At the edges" of docs/entitlements.md: every cell is what comes of it at that way out.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {evaluate} from '../../src/answers/evaluate.ts';
import type {Decision} from '../../src/core/decision.ts';
import type {EntitlementStore} from '../../src/core/entitlement/entitlement.ts';
import {makeIdentityHeaders} from '../../src/core/identityHeaders.ts';
import {principalNamed} from '../../src/core/principalNamed.ts';
import {refusals} from '../../src/core/refusals.ts';
import {metadataOf} from '../../src/envoy/metadata.ts';
import {makeEntitlementRoutes} from '../../src/wiring/admin/entitlementRoutes.ts';
import {day, decide, free, grant, lost, now, storeOf} from '../support/bought.ts';
import {request} from '../support/requests.ts';

/** By the first cell of the row. */
const stores: Readonly<Record<string, EntitlementStore>> = {
  'nothing bought': storeOf([]),
  'bought, without an amount': storeOf([grant('bare')]),
  '0': storeOf([grant('zero')]),
  'an amount': storeOf([grant('pro')]),
  '`unlimited`': storeOf([grant('max')]),
  'two plans': storeOf([grant('zero'), grant('pro')]),
  'a plan for everyone': storeOf([], [free]),
  expired: storeOf([grant('pro', {expires: now})]),
  'in grace': storeOf([grant('pro', {expires: now, grace: day})]),
  'grace is over': storeOf([grant('pro', {expires: now - day, grace: day})]),
  'the source is away, past `cache.stale`': lost,
};

const identity = makeIdentityHeaders(
  new Map(['x-seats', 'x-grace'].map((name) => [name, name === 'x-seats' ? 'value.seats' : 'grace'])),
);

/** `403 missing_feature`; undefined of what is let in. */
const refused = (decision: Decision): string | undefined =>
  decision.outcome === 'deny' ? `${refusals[decision.reason].status} \`${decision.reason}\`` : undefined;
const withGrace = (text: string, grace: unknown): string => (grace === true ? `${text}, \`grace\`` : text);
const written = (value: unknown): string => (typeof value === 'number' ? String(value) : `\`${value}\``);

// biome-ignore lint/suspicious/noExplicitAny: a struct, as it goes over the wire
const fieldsOf = (decision: Decision): any => (metadataOf(decision, 'd') as any).fields.postern.structValue.fields;

const ways: ((store: EntitlementStore) => Promise<string>)[] = [
  async (store) => {
    const decision = await decide(store, 'feature');
    return refused(decision) ?? withGrace('let in', fieldsOf(decision).grace?.boolValue);
  },
  async (store) => {
    const decision = await decide(store, 'any', ['seats']);
    if (decision.outcome === 'deny') return refused(decision) as string;
    const headers = new Map(identity(decision.principal, request('/'), decision).set);
    const seats = headers.get('x-seats');
    return seats === undefined ? 'no header' : withGrace(`\`${seats}\``, headers.get('x-grace') === 'true');
  },
  async (store) => {
    const decision = await decide(store, 'any', ['seats']);
    if (decision.outcome === 'deny') return refused(decision) as string;
    const {values, grace} = fieldsOf(decision);
    const seats = values?.structValue.fields.seats;
    return seats === undefined
      ? 'absent'
      : withGrace(written(seats.numberValue ?? seats.stringValue), grace?.boolValue);
  },
  async (store) => {
    const decision = await decide(store, 'limited');
    if (decision.outcome === 'deny') return refused(decision) as string;
    const {limits, grace} = fieldsOf(decision);
    const {requests_per_unit: most, unit} = limits.structValue.fields.api.structValue.fields;
    assert.equal(unit.stringValue, 'MINUTE');
    const text = `${most.numberValue} in a minute${most.numberValue === 0 ? ': the rate limit refuses all' : ''}`;
    return withGrace(text, grace?.boolValue);
  },
  (store) => asked(store, 'orders'),
  (store) => asked(store, 'seats'),
  async (store) => {
    const [route] = makeEntitlementRoutes(
      () => store,
      () => now,
    );
    const answer = await route?.handle({query: new URLSearchParams({tenant: 't1'})} as never);
    const {error, plans: held, values, grace} = JSON.parse(String(answer?.body));
    if (error !== undefined) return `${answer?.status} \`${error}\``;
    const seats = values.seats === undefined ? 'absent' : written(values.seats.amount);
    assert.equal(values.seats?.grace ?? grace, grace);
    return withGrace(`${held.length === 0 ? 'none' : held.join(' and ')}, ${seats}`, grace);
  },
];

/** By OpenFeature's remote evaluation protocol. */
const asked = async (store: EntitlementStore, feature: string): Promise<string> => {
  const who = principalNamed({tenant: 't1', user: 'u1'}, 'context');
  const answer = await evaluate(store, feature, {principal: who, attributes: new Map()}, now);
  if ('code' in answer) return `${answer.status} \`${answer.code}\``;
  const {value, metadata} = answer;
  const isEndless = metadata.unlimited === true ? ', `unlimited`' : '';
  return withGrace(`${written(value)}${isEndless}`, metadata.grace);
};

describe('the edges of what is bought, at every way out', () => {
  const page = readFileSync(new URL('../../docs/entitlements.md', import.meta.url), 'utf8');
  const [, table = ''] = /\| what is bought \|.*\n\|[-| ]+\n((?:\|.*\n)+)/.exec(page) ?? [];
  const rows = table
    .trim()
    .split('\n')
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')));

  it('has a row for each', () => assert.deepEqual(rows.map(([what]) => what).sort(), Object.keys(stores).sort()));

  for (const [what = '', ...cells] of rows)
    it(what, async () => {
      const store = stores[what] as EntitlementStore;
      const found = [];
      for (const way of ways) found.push(await way(store));
      assert.deepEqual(found, cells);
    });
});
