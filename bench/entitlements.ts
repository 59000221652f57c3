// Does the entitlement engine answer as fast from 1,000,000 grants as from 1,000, and what do they cost to hold?
// `node bench/entitlements.ts [grants]`: both sizes in one run, asked in turn; the ratio is what counts.
import {setImmediate as nextTurn} from 'node:timers/promises';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import type {Grant, Plan, Snapshot} from '../src/core/entitlement/entitlement.ts';
import {type EntitlementIndex, loadEntitlementIndex} from '../src/core/entitlement/entitlementIndex.ts';
import type {Principal} from '../src/core/principal.ts';
import {compilePattern} from '../src/entitlements/pattern.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const now = 1_800_000_000_000;
const usersPerTenant = 10;
const plans = 20;
/** A new string of 37 to 39 characters each time, as a parser makes it. */
const id = (kind: string, number: number) => Buffer.from(`${kind}-${number.toString(16).padStart(32, '0')}`).toString();
const mebibytes = (bytes: number) => (Math.max(0, bytes) / 2 ** 20).toPrecision(3);

/** Each tenant has one plan for all and ten users with one each; a third never ends, a third has ended. */
const grantsOf = function* (count: number): Generator<Grant> {
  for (let number = 0; number < count; number++) {
    const tenant = Math.floor(number / (usersPerTenant + 1));
    const user = number % (usersPerTenant + 1);
    yield {
      plan: `plan-${number % plans}`,
      tenant: id('tenant', tenant),
      user: user === 0 ? null : id('user', number),
      expires: number % 3 === 0 ? null : now + (number % 3 === 1 ? 1 : -1) * 86_400_000,
    };
  }
};

const snapshotOf = (count: number): Snapshot => {
  const rule = {
    logic: 'and',
    treatment: true,
    conditions: [{attribute: 'frontegg.email', op: 'ends_with', negate: false, value: {list: ['@acme.example']}}],
  } as const;
  const planOf = (number: number): [string, Plan] => [
    `plan-${number}`,
    {features: [`feature-${number}`, `feature-${(number + 1) % plans}`], default: false, rules: [rule]},
  ];
  return {
    features: new Map(Array.from({length: plans}, (_, number) => [`feature-${number}`, {permissions: []}])),
    plans: new Map(Array.from({length: plans}, (_, number) => planOf(number))),
    grants: grantsOf(count),
    flags: new Map(),
  };
};

interface Loaded {
  readonly count: number;
  readonly index: EntitlementIndex;
}

const load = async (count: number): Promise<Loaded> => {
  const making = performance.now();
  for (const _ of grantsOf(count));
  const made = performance.now() - making;
  collectGarbage();
  const before = process.memoryUsage();
  const start = performance.now();
  let resumed = start;
  let longest = 0;
  const pause = async () => {
    longest = Math.max(longest, performance.now() - resumed);
    await nextTurn();
    resumed = performance.now();
  };
  const index = await loadEntitlementIndex(snapshotOf(count), {compilePattern, pause});
  const took = performance.now() - start;
  const peak = process.memoryUsage().rss;
  // Memory outside the heap is given back by a second round.
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await nextTurn();
  }
  const after = process.memoryUsage();
  const heap = after.heapUsed - before.heapUsed;
  const columns = after.arrayBuffers - before.arrayBuffers;
  const perGrant = count < 100_000 ? '' : `, ${Math.round((heap + columns) / count)} bytes a grant`;
  console.log(
    `${count} grants: loaded in ${Math.round(took)} ms (${Math.round(made)} ms of it to make them up), ` +
      `longest time without a pause ${longest.toFixed(1)} ms; ` +
      `held ${mebibytes(heap + columns)} MiB (names ${mebibytes(heap)}, numbers ${mebibytes(columns)})${perGrant}; ` +
      `rss ${mebibytes(after.rss)} MiB, while loading ${mebibytes(peak)} MiB`,
  );
  return {count, index};
};

/** As requests bring them: with strings of their own, equal to the index's and not the same. */
const askersOf = (count: number, howMany: number): Principal[] =>
  Array.from({length: howMany}, (_, number) => {
    const grant = Math.floor((number * count) / howMany);
    return {
      provider: 'acme',
      kind: 'user',
      subject: id('user', grant),
      tenant: id('tenant', Math.floor(grant / (usersPerTenant + 1))),
      email: 'someone@other.example',
      roles: [],
      permissions: [],
      scopes: [],
      claims: {},
      amr: [],
    };
  });

const questions = Array.from({length: plans}, (_, number) => ({feature: `feature-${number}`}));
const attributes = new Map<string, unknown>();

/** Nanoseconds a question. */
const ask = (index: EntitlementIndex, askers: readonly Principal[], rounds: number): number => {
  let entitled = 0;
  const start = performance.now();
  for (let round = 0; round < rounds; round++) {
    for (let asker = 0; asker < askers.length; asker++) {
      const question = questions[(asker + round) % plans] as (typeof questions)[number];
      if (index.entitled(askers[asker] as Principal, question, attributes, now).entitled) entitled++;
    }
  }
  const took = performance.now() - start;
  if (entitled === 0 || entitled === rounds * askers.length) throw new Error('The questions must meet both answers');
  return (took * 1e6) / (rounds * askers.length);
};

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;

/** As many principals of each, spread over all its grants. */
const compare = (askers: number): void => {
  const fewer = askersOf(small.count, askers);
  const more = askersOf(large.count, askers);
  const times: {small: number[]; large: number[]} = {small: [], large: []};
  for (let turn = 0; turn < 15; turn++) {
    times.small.push(ask(small.index, fewer, Math.ceil(200_000 / askers)));
    times.large.push(ask(large.index, more, Math.ceil(200_000 / askers)));
  }
  const [fast, slow] = [median(times.small), median(times.large)];
  console.log(
    `a question, ${askers} principals in turn: ${Math.round(fast)} ns from ${small.count} grants, ` +
      `${Math.round(slow)} ns from ${large.count}: ratio ${(slow / fast).toFixed(2)}`,
  );
};

const small = await load(1_000);
const large = await load(Number(process.argv[2] ?? 1_000_000));
for (const askers of [100, 1_000, 100_000]) compare(askers);
console.log(
  '(The steps of a look-up are the same; what differs is how much of the table the processor has in its cache.)',
);
