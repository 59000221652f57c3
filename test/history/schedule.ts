// What a run does, as data: fast-check makes it from a seed. A step that makes no sense where it comes is passed over.
import fc from 'fast-check';
import type {WayState} from './way.ts';

/** Which of the three. */
type At = 0 | 1 | 2;
export type By = 'sessionId' | 'tokenId' | 'subject' | 'tenant' | 'provider';

export type Step =
  /** `person`: which of the four. `along`: the next step does not wait for the answer. */
  | {readonly do: 'revoke'; readonly by: By; readonly person: number; readonly at: At; readonly along: boolean}
  /** By the command line, on a machine whose clock is off by this, milliseconds. */
  | {readonly do: 'command'; readonly by: By; readonly person: number; readonly clock: number}
  /** Takes back the one that was made `back` before the last. */
  | {readonly do: 'remove'; readonly back: number; readonly at: At; readonly along: boolean}
  | {readonly do: 'removeByCommand'; readonly back: number; readonly clock: number}
  | {readonly do: 'wait'; readonly ms: number}
  | {readonly do: 'way'; readonly at: At; readonly state: WayState | 'cut'}
  | {readonly do: 'restart'; readonly at: At}
  | {readonly do: 'kill'; readonly at: At}
  | {readonly do: 'start'; readonly at: At}
  | {readonly do: 'killRedis'}
  | {readonly do: 'startRedis'; readonly from: 'empty' | 'dump'}
  | {readonly do: 'restartRedis'; readonly from: 'empty' | 'dump'; readonly after: number}
  | {readonly do: 'save' | 'flush' | 'pause' | 'mend' | 'follow' | 'lag' | 'promote'}
  | {readonly do: 'refuseWrites'; readonly how: 'full' | 'replica'}
  /** All is mended, and everything has come to everybody: what is known then is known to all. */
  | {readonly do: 'settle'}
  | {readonly do: 'clock'; readonly at: At; readonly offset: number};

const hour = 3_600_000;
/** An hour back; a day ahead, past the end of what is kept for a day; right again. */
const offsets = [-hour, 25 * hour, 0];

const at = fc.constantFrom<At[]>(0, 1, 2);
const person = fc.nat(3);
const by = fc.oneof(
  {arbitrary: fc.constantFrom<By[]>('sessionId', 'tokenId', 'subject'), weight: 6},
  {arbitrary: fc.constantFrom<By[]>('tenant', 'provider'), weight: 1},
);
const along = fc.oneof({arbitrary: fc.constant(false), weight: 3}, {arbitrary: fc.constant(true), weight: 1});
const from = fc.constantFrom<('empty' | 'dump')[]>('empty', 'dump');
const states = fc.constantFrom<(WayState | 'cut')[]>('open', 'cut', 'cut', 'closed', 'silent', 'deaf', 'mute');

const fault: fc.Arbitrary<Step> = fc.oneof(
  {arbitrary: fc.record({do: fc.constant('way' as const), at, state: states}), weight: 5},
  {arbitrary: fc.record({do: fc.constant('restart' as const), at}), weight: 3},
  {arbitrary: fc.record({do: fc.constantFrom('kill' as const, 'start' as const), at}), weight: 2},
  {arbitrary: fc.record({do: fc.constant('restartRedis' as const), from, after: fc.constantFrom(0, 300)}), weight: 4},
  {arbitrary: fc.constant<Step>({do: 'killRedis'}), weight: 1},
  {arbitrary: fc.record({do: fc.constant('startRedis' as const), from}), weight: 1},
  {arbitrary: fc.record({do: fc.constantFrom('save' as const, 'flush' as const)}), weight: 3},
  {arbitrary: fc.record({do: fc.constantFrom('pause' as const, 'mend' as const)}), weight: 2},
  {arbitrary: fc.record({do: fc.constantFrom('follow' as const, 'lag' as const, 'promote' as const)}), weight: 3},
  {
    arbitrary: fc.record({
      do: fc.constant('refuseWrites' as const),
      how: fc.constantFrom('full' as const, 'replica' as const),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({do: fc.constant('clock' as const), at, offset: fc.constantFrom(...offsets)}),
    weight: 3,
  },
);
const revoke = fc.record({do: fc.constant('revoke' as const), by, person, at, along});
const remove = fc.record({do: fc.constant('remove' as const), back: fc.nat(2), at, along});
const wait = fc.record({do: fc.constant('wait' as const), ms: fc.constantFrom(20, 100, 400, 1_200)});
const single: fc.Arbitrary<Step> = fc.oneof(
  {arbitrary: revoke, weight: 8},
  {arbitrary: remove, weight: 3},
  {arbitrary: fault, weight: 9},
  {arbitrary: wait, weight: 4},
  {
    arbitrary: fc.record({do: fc.constant('command' as const), by, person, clock: fc.constantFrom(0, -hour)}),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      do: fc.constant('removeByCommand' as const),
      back: fc.nat(1),
      clock: fc.constantFrom(0, -hour),
    }),
    weight: 1,
  },
  {arbitrary: fc.constant<Step>({do: 'settle'}), weight: 1},
);

/** Courses that chance alone would seldom make, each with its own instances, people and selectors. */
const courses: fc.Arbitrary<readonly Step[]> = fc.oneof(
  // A dump from before, or a replica that lags, comes back among those that know better.
  fc
    .tuple(revoke, fc.boolean())
    .map(([one, dumped]): Step[] =>
      dumped
        ? [{do: 'save'}, one, {do: 'wait', ms: 100}, {do: 'restartRedis', from: 'dump', after: 0}]
        : [{do: 'follow'}, {do: 'lag'}, one, {do: 'promote'}],
    ),
  // A removal that the content from before does not know.
  fc
    .tuple(revoke, fc.boolean())
    .map(([one, again]): Step[] => [
      {...one, along: false},
      {do: 'save'},
      {do: 'remove', back: 0, at: one.at, along: false},
      {do: 'restartRedis', from: 'dump', after: 0},
      ...(again ? [{...one, along: false}] : []),
    ]),
  // Told where Redis cannot be reached, then the one that was told is alone with it.
  fc
    .tuple(revoke, at, fc.constantFrom<(WayState | 'cut')[]>('closed', 'silent', 'deaf', 'mute'))
    .map(([one, other, state]): Step[] => [
      {do: 'way', at: one.at, state},
      one,
      {do: 'restart', at: other},
      {do: 'way', at: one.at, state: 'open'},
    ]),
  // Lost twice in a row.
  fc
    .tuple(revoke, at)
    .map(([one, fresh]): Step[] => [
      {...one, along: false},
      {do: 'settle'},
      {do: 'restartRedis', from: 'empty', after: 0},
      {do: 'wait', ms: 1_200},
      {do: 'restartRedis', from: 'empty', after: 0},
      {do: 'settle'},
      {do: 'restart', at: fresh},
    ]),
  // A new instance learns from Redis alone.
  fc.tuple(revoke, at).map(([one, fresh]): Step[] => [
    {...one, along: false},
    {do: 'restart', at: fresh},
  ]),
  // The clock of one jumps while it is told or hears, and back.
  fc
    .tuple(revoke, at, fc.constantFrom(...offsets))
    .map(([one, jumps, offset]): Step[] => [
      {do: 'clock', at: jumps, offset},
      one,
      {do: 'wait', ms: 400},
      {do: 'clock', at: jumps, offset: 0},
    ]),
  // The moment of what is told by one that is late.
  revoke.map((one): Step[] => [
    {do: 'clock', at: one.at, offset: -hour},
    {...one, by: 'subject', along: false},
    {do: 'clock', at: one.at, offset: 0},
  ]),
  // Told while Redis takes no writes, and nothing else is wrong.
  fc
    .tuple(revoke, fc.constantFrom('full' as const, 'replica' as const))
    .map(([one, how]): Step[] => [{do: 'refuseWrites', how}, {...one, along: false}, {do: 'mend'}, {do: 'settle'}]),
);

const part = fc.oneof(
  {arbitrary: single.map((step): readonly Step[] => [step]), weight: 5},
  {arbitrary: courses, weight: 2},
);

/** Steps in order, as many as one run of some seconds holds. It begins with a course, so that somebody is revoked. */
export const schedules: fc.Arbitrary<readonly Step[]> = fc
  .tuple(courses, fc.array(part, {minLength: 4, maxLength: 8, size: 'max'}))
  .map(([course, parts]) => [course, ...parts].flat());

/** The schedule of a seed: always the same. */
export const scheduleOf = (seed: number): readonly Step[] => fc.sample(schedules, {seed, numRuns: 1})[0] ?? [];
