// What can be demanded, and what was not met. The proof goes by knowledge:
//
// A revocation, or its removal, is a fact. A fact is *surely known* to a holder (a life of an instance, or a content of
// Redis) from some time on, never before the following rules say so:
//
// 1. The instance that answers a call (200 or 202) knows it from the answer on, for as long as it lives.
// 2. A call that was announced (200, or exit 0 of the command) is in Redis from the answer on, if Redis kept its content
//    from before the call until after it.
// 3. What a living instance knows, and could write to Redis without any disturbance for the time `heal`, is in Redis then,
//    also in one that came back empty or older.
// 4. What Redis knows, and an instance could read without any disturbance for the time `heal`, that instance knows then; if
//    it has been able to read for so long already when Redis learnt it, after `announce`.
// 5. An instance that could read Redis from its very start on knows from its first decision on what Redis knew before that
//    start: it may answer `unavailable`, but lets nobody in before it has read the whole.
// 6. A Redis that starts from a dump, or a replica that is promoted, knows what the one before knew when the dump was begun
//    or when the replica was last known to have everything. One that starts empty knows nothing.
//
// A killed instance knows nothing any more, and neither does a lost content of Redis. So when all that knew are gone, the
// fact is gone, and nothing is demanded; but as long as one holder is left that can reach Redis, it must come back.
// Demanded is then, of every decision by its *start* (calls begun before are not judged):
//
// - `let in`: who is selected by a revocation that the instance surely knows, and whose removal nobody has asked for, is
//   not allowed. For ever, until its end: restarts of Redis, steps of the wall clock and cut connections change nothing.
// - `kept out`: who is selected by no revocation, or only by ones whose removal the instance surely knows, is not refused
//   as `revoked`. Other refusals (`unavailable`) are never counted, neither as allowed nor as revoked.
// - `let in unread`: an instance that could not possibly have read Redis since its start allows nobody before `lostAfter`.
//
// Doubt is always in favour of the program: a call without an answer may or may not have been done, a fault lasts from
// before it is made until after it is mended, and a moment in which the machine stood still, or in which a program was
// still being loaded, counts as a fault for all that goes by time (rules 3 and 4; 5 goes by order).
import {
  type Dataset,
  type Decision,
  type Event,
  type Life,
  type RemoveEvent,
  type RevokeEvent,
  timeOf,
} from './history.ts';
import {instanceOf, type Reach, type Reaches, reachesOf} from './reach.ts';

/** Milliseconds. */
export interface Bounds {
  /** From the answer until all that can read Redis know. */
  readonly announce: number;
  /** How long a way must be undisturbed until what it is for has surely been made good. */
  readonly heal: number;
  /** `revocation.lostAfter`. */
  readonly lostAfter: number;
  /** What a provider's `clockTolerance` and whole seconds may add to the moment of a revocation. */
  readonly tolerance: number;
}

export interface Violation {
  readonly what: 'let in' | 'kept out' | 'let in unread';
  readonly decision: Decision;
  /** The revocation, if it is one that was not obeyed. */
  readonly revoke?: RevokeEvent;
  /** How the instance came to know: a line a step. */
  readonly because: readonly string[];
}

type Fact = RevokeEvent | RemoveEvent;
type Holder = Life | Dataset;
interface Known {
  readonly since: number;
  readonly because: string;
  readonly from?: Holder;
}
type Knowledge = ReadonlyMap<Holder, Known>;

export interface Judgement {
  readonly violations: readonly Violation[];
  /** Of how many decisions something was demanded. A run in which these are few proves little. */
  readonly demanded: {readonly refuse: number; readonly admit: number};
}

type Demand = {readonly must: 'refuse' | 'admit'; readonly violation: Omit<Violation, 'decision'>};

/** Judges the decisions; `events` may hold more than belongs to them, in any order. */
export const judge = (events: readonly Event[], decisions: readonly Decision[], bounds: Bounds): Judgement => {
  const reaches = reachesOf(events);
  // What goes by order, not by time, is not disturbed by a machine that stands still.
  const steady = reachesOf(events.filter(({kind}) => kind !== 'stall'));
  const wholes = Map.groupBy(
    steady.reading.filter(({whole}) => whole),
    ({life}) => life,
  );
  const revokes = events.filter((event) => event.kind === 'revoke').filter(({answer}) => answer !== 'refused');
  const removes = events.filter((event) => event.kind === 'remove').filter(({answer}) => answer !== 'refused');
  const births = new Map(events.flatMap((event) => (event.kind === 'born' ? [[event.life, event.at] as const] : [])));
  const knowledge = new Map<Fact, Knowledge>();
  const knowledgeOf = (fact: Fact): Knowledge => {
    const known = knowledge.get(fact) ?? knowledgeFrom(fact, events, reaches, bounds);
    knowledge.set(fact, known);
    return known;
  };

  /** Why this life surely knows the fact at the decision; undefined: it need not. */
  const knows = (fact: Fact, {life, start, end}: Decision): readonly string[] | undefined => {
    const known = knowledgeOf(fact);
    const own = known.get(life);
    if (own !== undefined && own.since < start) return story(known, life);
    const whole = wholes.get(life)?.find(({to}) => to > end);
    const there = whole === undefined ? undefined : known.get(whole.dataset);
    if (whole === undefined || there === undefined || there.since >= whole.from) return undefined;
    return [...story(known, whole.dataset), `${life} could read ${whole.dataset} from its very start on`];
  };

  const demandOf = (decision: Decision): Demand | undefined => {
    const {token, life, start, end} = decision;
    const unread = isUnread(decision);
    if (unread !== undefined) return {must: 'refuse', violation: {what: 'let in unread', because: [unread]}};

    const possible = revokes.filter((revoke) => revoke.start < end && maySelect(revoke, token, bounds.tolerance));
    for (const revoke of possible) {
      if (!surelySelects(revoke, token) || endOf(revoke) <= end) continue;
      if (removes.some(({of, start: asked}) => of === revoke.name && asked < end)) continue;
      const because = knows(revoke, decision);
      if (because !== undefined) return {must: 'refuse', violation: {what: 'let in', revoke, because}};
    }

    const reasons: string[] = [];
    for (const revoke of possible) {
      const removal = removes
        .filter(({of, answer}) => of === revoke.name && answer !== 'unknown')
        .map((remove) => knows(remove, decision))
        .find((because) => because !== undefined);
      if (removal === undefined) return undefined;
      reasons.push(...removal);
    }
    if (start < (births.get(life) ?? 0)) return undefined;
    const [revoke] = possible;
    const because = revoke === undefined ? [`no revocation selects ${token.name}`] : reasons;
    return {must: 'admit', violation: {what: 'kept out', ...(revoke && {revoke}), because}};
  };

  const isUnread = ({life, end}: Decision): string | undefined => {
    const born = births.get(life);
    if (born === undefined || end >= born + bounds.lostAfter) return undefined;
    const reads = mayRead(events, instanceOf(life), born, end);
    return reads
      ? undefined
      : `${life} has not been able to read Redis since its start at ${(born / 1_000).toFixed(3)} s`;
  };

  const demanded = {refuse: 0, admit: 0};
  const violations: Violation[] = [];
  for (const decision of decisions) {
    const demand = demandOf(decision);
    if (demand === undefined) continue;
    demanded[demand.must] += 1;
    const isViolated = decision.outcome === (demand.must === 'refuse' ? 'allow' : 'revoked');
    if (isViolated) violations.push({...demand.violation, decision});
  }
  return {violations, demanded};
};

/** Since when each holder surely knows a fact: rules 1 to 4 and 6, until nothing is added. */
const knowledgeFrom = (
  fact: Fact,
  events: readonly Event[],
  {reading, writing}: Reaches,
  bounds: Bounds,
): Knowledge => {
  const known = new Map<Holder, Known>();
  const waiting: Holder[] = [];
  const learn = (holder: Holder, since: number, because: string, from?: Holder) => {
    const before = known.get(holder);
    if (before !== undefined && before.since <= since) return;
    known.set(holder, {since, because, ...(from !== undefined && {from})});
    waiting.push(holder);
  };
  const datasets = events.filter((event) => event.kind === 'dataset').sort((one, other) => one.at - other.at);
  const datasetAt = (at: number) => datasets.findLast((event) => event.at <= at)?.dataset;

  if (fact.answer === 'announced' || fact.answer === 'kept') {
    if (fact.via !== 'command') learn(fact.via, fact.end, `${fact.via} answered`);
  }
  if (fact.answer === 'announced') {
    const dataset = datasetAt(fact.start);
    if (dataset !== undefined && dataset === datasetAt(fact.end))
      learn(dataset, fact.end, `it was announced in ${dataset}`);
  }
  for (let holder = waiting.shift(); holder !== undefined; holder = waiting.shift()) {
    const {since} = known.get(holder) as Known;
    const from = holder;
    for (const {dataset, to, ...span} of writing) {
      if (span.life !== from) continue;
      const at = Math.max(since, span.from) + bounds.heal;
      if (at < to) learn(dataset, at, `${from} could write to ${dataset} for ${bounds.heal} ms`, from);
    }
    for (const span of reading) {
      if (span.dataset !== from) continue;
      const [at, long] = readAt(span, since, bounds);
      if (at < span.to) learn(span.life, at, `${span.life} could read ${from} for ${long} ms`, from);
    }
    for (const event of datasets) {
      if (event.from !== from || since > (event.asOf ?? Number.NEGATIVE_INFINITY)) continue;
      learn(event.dataset, event.at, `${event.dataset} was made of ${from}`, from);
    }
  }
  return known;
};

const readAt = (span: Reach, since: number, {announce, heal}: Bounds): [at: number, long: number] =>
  since >= span.from + heal ? [since + announce, announce] : [Math.max(since, span.from) + heal, heal];

const story = (known: Knowledge, holder: Holder): readonly string[] => {
  const lines: string[] = [];
  for (let at: Holder | undefined = holder; at !== undefined; ) {
    const one: Known | undefined = known.get(at);
    if (one === undefined) break;
    lines.unshift(`${(one.since / 1_000).toFixed(3)} s: ${at} knows, since ${one.because}`);
    at = one.from;
  }
  return lines;
};

/** Could it have read anything at all, between these times? Here the doubt is the other way round. */
const mayRead = (events: readonly Event[], instance: string, from: number, to: number): boolean => {
  let closed = false;
  let away = true;
  for (const event of [...events].sort((one, other) => timeOf(one) - timeOf(other))) {
    const at = timeOf(event);
    if (at > to) break;
    if (at > from && !closed && !away) return true;
    if (event.kind === 'way' && event.instance === instance) {
      // A cut is closed for no time; and what was under way may arrive while it is being closed.
      if (at > from && event.open) return true;
      closed = !event.open;
    }
    if (event.kind === 'redis') {
      if (at > from && event.state !== 'away') return true;
      away = event.state === 'away';
    }
  }
  return !closed && !away;
};

/** In favour of the program: a provider's tolerance, whole seconds, and clocks that are off may make its moment later. */
const maySelect = (revoke: RevokeEvent, token: Token, tolerance: number): boolean => {
  if (!matches(revoke, token)) return false;
  if (isForGood(revoke)) return true;
  const latest = (revoke.wall[1] + tolerance + Math.max(0, revoke.clock)) / 1_000;
  return token.issuedAt <= latest || token.signedInAt <= latest;
};

/** The moment is that of Redis's clock, which is never off; only where it was not asked it may be the instance's own. */
const surelySelects = (revoke: RevokeEvent, token: Token): boolean => {
  if (isForGood(revoke)) return true;
  const back = revoke.answer === 'announced' ? 0 : Math.min(0, revoke.clock);
  const earliest = Math.floor((revoke.wall[0] + back) / 1_000);
  return token.issuedAt < earliest || token.signedInAt < earliest;
};

const isForGood = ({selector}: RevokeEvent) => selector.tokenId !== undefined || selector.sessionId !== undefined;

const matches = ({selector}: RevokeEvent, token: Token): boolean =>
  Object.entries(selector).every(([key, value]) => token[key as keyof Token] === value);

/** On the steady clock; a second of doubt. */
const endOf = ({start, keep, clock}: RevokeEvent): number => start + keep + Math.min(0, clock) - 1_000;

type Token = Decision['token'];
