// The judge of histories, on histories written by hand: what may be demanded after which faults, and what may not.
import assert from 'node:assert/strict';
import type {Decision, Event, RevokeEvent, Token} from './history.ts';
import {judge} from './model.ts';

const bounds = {announce: 1_000, heal: 4_000, lostAfter: 3_000, tolerance: 2_000};
const wall = 1_800_000_000_000;
const token: Token = {
  name: 't',
  text: 'x.y.z',
  provider: 'acme',
  subject: 'p',
  tenant: 'o',
  sessionId: 's',
  tokenId: 'j',
  issuedAt: wall / 1_000 - 7_200,
  signedInAt: wall / 1_000 - 7_200,
};
const start: Event[] = [
  {kind: 'dataset', at: 0, dataset: 'redis#1', what: 'starts'},
  {kind: 'redis', at: 0, state: 'open', what: 'is there'},
  {kind: 'born', at: 1, life: 'a#1'},
  {kind: 'born', at: 1, life: 'b#1'},
];
const revoked = (at: number, more: Partial<RevokeEvent> = {}): RevokeEvent => ({
  kind: 'revoke',
  name: 'r1',
  id: 'r1',
  selector: {sessionId: 's'},
  via: 'a#1',
  clock: 0,
  keep: 86_400_000,
  start: at - 10,
  end: at,
  wall: [wall, wall + 10],
  answer: 'announced',
  ...more,
});
const removed = (at: number, more: object = {}): Event => ({
  kind: 'remove',
  of: 'r1',
  via: 'a#1',
  clock: 0,
  start: at - 10,
  end: at,
  answer: 'announced',
  ...more,
});
const away = (at: number): Event => ({kind: 'redis', at, state: 'away', what: 'is killed'});
const back = (at: number, dataset: string, more: object = {}): Event[] => [
  {kind: 'dataset', at, dataset, what: 'starts', ...more},
  {kind: 'redis', at: at + 1, state: 'open', what: 'is there'},
];
const dead = (at: number, life: string): Event => ({kind: 'dead', at, life});
const born = (at: number, life: string): Event => ({kind: 'born', at, life});
const way = (at: number, instance: string, open: boolean): Event => ({kind: 'way', at, instance, open, what: ''});
const asked = (life: string, at: number, outcome: string, of: Partial<Token> = {}): Decision => ({
  start: at,
  end: at + 5,
  life,
  token: {...token, ...of},
  outcome,
});
const told = 10_000;

describe('the judge of histories', () => {
  const rows: [what: string, events: Event[], decision: Decision, violation: string | undefined][] = [
    ['who was told knows at once', [revoked(told)], asked('a#1', told + 1, 'allow'), 'let in'],
    ['another within the bound', [revoked(told)], asked('b#1', told + 900, 'allow'), undefined],
    ['another after the bound', [revoked(told)], asked('b#1', told + 1_100, 'allow'), 'let in'],
    [
      'a call that began before the bound',
      [revoked(told)],
      {...asked('b#1', told + 900, 'allow'), end: told + 2_000},
      undefined,
    ],
    ['refused', [revoked(told)], asked('b#1', told + 1_100, 'revoked'), undefined],
    ['unavailable is not let in', [revoked(told)], asked('b#1', told + 1_100, 'unavailable'), undefined],
    ['unavailable is not refused as revoked', [], asked('b#1', told, 'unavailable'), undefined],
    ['another session', [revoked(told)], asked('b#1', told + 1_100, 'allow', {sessionId: 'other'}), undefined],
    [
      'a refreshed token of the session',
      [revoked(told)],
      asked('b#1', told + 1_100, 'allow', {issuedAt: wall / 1_000 + 60}),
      'let in',
    ],
    ['without an answer', [revoked(told, {answer: 'unknown'})], asked('a#1', told + 60_000, 'allow'), undefined],
    [
      'without an answer, but done',
      [revoked(told, {answer: 'unknown'})],
      asked('a#1', told + 60_000, 'revoked'),
      undefined,
    ],
    ['refused to be done', [revoked(told, {answer: 'refused'})], asked('a#1', told + 1, 'revoked'), 'kept out'],
    ['revoked by nobody', [], asked('a#1', told, 'revoked'), 'kept out'],
    ['past its end', [revoked(told, {keep: 60_000})], asked('a#1', told + 60_000, 'allow'), undefined],

    ['kept by the one that was told', [revoked(told, {answer: 'kept'})], asked('a#1', told + 1, 'allow'), 'let in'],
    [
      'kept: given to Redis in time, and from there on',
      [revoked(told, {answer: 'kept'})],
      asked('b#1', told + 5_100, 'allow'),
      'let in',
    ],
    ['kept: not yet', [revoked(told, {answer: 'kept'})], asked('b#1', told + 4_900, 'allow'), undefined],
    [
      'kept: its way is cut',
      [way(told - 1, 'a', false), revoked(told, {answer: 'kept'})],
      asked('b#1', told + 60_000, 'allow'),
      undefined,
    ],
    [
      'kept: it is killed before it could tell',
      [way(told - 1, 'a', false), revoked(told, {answer: 'kept'}), dead(told + 5, 'a#1')],
      asked('b#1', told + 60_000, 'allow'),
      undefined,
    ],

    [
      'the way of the other is cut',
      [way(told - 1, 'b', false), revoked(told)],
      asked('b#1', told + 9_000, 'allow'),
      undefined,
    ],
    [
      'and open again',
      [way(told - 1, 'b', false), revoked(told), way(told + 500, 'b', true)],
      asked('b#1', told + 4_600, 'allow'),
      'let in',
    ],
    [
      'open, not for long enough',
      [way(told - 1, 'b', false), revoked(told), way(told + 500, 'b', true)],
      asked('b#1', told + 4_400, 'allow'),
      undefined,
    ],
    [
      'the machine stood still',
      [revoked(told), {kind: 'stall', at: told + 100, end: told + 1_000}],
      asked('b#1', told + 1_200, 'allow'),
      undefined,
    ],

    [
      'a Redis that is empty again gets it back',
      [revoked(told), away(told + 5_000), ...back(told + 6_000, 'redis#2'), born(told + 11_000, 'c#1')],
      asked('c#1', told + 11_500, 'allow'),
      'let in',
    ],
    [
      'not at once',
      [revoked(told), away(told + 5_000), ...back(told + 6_000, 'redis#2'), born(told + 7_000, 'c#1')],
      asked('c#1', told + 8_500, 'allow'),
      undefined,
    ],
    [
      'all that knew are gone',
      [
        revoked(told),
        dead(told + 5_000, 'a#1'),
        dead(told + 5_000, 'b#1'),
        away(told + 5_001),
        ...back(told + 6_000, 'redis#2'),
        born(told + 6_100, 'c#1'),
      ],
      asked('c#1', told + 60_000, 'allow'),
      undefined,
    ],
    [
      'lost while it was being told',
      [away(told - 5), ...back(told - 4, 'redis#2'), revoked(told), dead(told + 1, 'a#1')],
      asked('b#1', told + 60_000, 'allow'),
      undefined,
    ],
    [
      'a dump from before',
      [
        dead(told - 100, 'b#1'),
        revoked(told),
        dead(told + 100, 'a#1'),
        away(told + 101),
        ...back(told + 200, 'redis#2', {from: 'redis#1', asOf: told - 50}),
        born(told + 300, 'c#1'),
      ],
      asked('c#1', told + 60_000, 'allow'),
      undefined,
    ],
    [
      'a dump from after',
      [
        dead(told - 100, 'b#1'),
        revoked(told),
        dead(told + 100, 'a#1'),
        away(told + 101),
        ...back(told + 200, 'redis#2', {from: 'redis#1', asOf: told + 50}),
        born(told + 300, 'c#1'),
      ],
      asked('c#1', told + 400, 'allow'),
      'let in',
    ],
    [
      'full: what it has can be read',
      [revoked(told), {kind: 'redis', at: told + 10, state: 'read-only', what: 'is full'}],
      asked('b#1', told + 1_100, 'allow'),
      'let in',
    ],

    [
      'a new one has read before it lets in',
      [revoked(told), born(told + 10, 'c#1')],
      asked('c#1', told + 20, 'allow'),
      'let in',
    ],
    [
      'a new one that took long to begin has had no time to read',
      [
        revoked(told),
        born(told + 10, 'c#1'),
        {kind: 'stall', at: told + 10, end: told + 5_000, life: 'c#1'},
        way(told + 6_000, 'c', false),
      ],
      asked('c#1', told + 9_500, 'allow'),
      undefined,
    ],
    [
      'but before its way is closed it must have',
      [revoked(told), born(told + 10, 'c#1'), {kind: 'stall', at: told + 10, end: told + 5_000, life: 'c#1'}],
      asked('c#1', told + 5_100, 'allow'),
      'let in',
    ],
    [
      'a new one without Redis lets nobody in',
      [away(told), born(told + 10, 'c#1')],
      asked('c#1', told + 2_000, 'allow'),
      'let in unread',
    ],
    ['until it is lost', [away(told), born(told + 10, 'c#1')], asked('c#1', told + 3_100, 'allow'), undefined],
    [
      'a new one without a way',
      [way(told, 'c', false), born(told + 10, 'c#1')],
      asked('c#1', told + 2_000, 'allow'),
      'let in unread',
    ],
    [
      'a new one that may have read',
      [way(told, 'c', false), born(told + 10, 'c#1'), way(told + 1_000, 'c', true)],
      asked('c#1', told + 2_000, 'allow'),
      undefined,
    ],

    [
      'taken back, where it was told',
      [revoked(told), removed(told + 5_000)],
      asked('a#1', told + 5_001, 'revoked'),
      'kept out',
    ],
    [
      'taken back: another, after the bound',
      [revoked(told), removed(told + 5_000)],
      asked('b#1', told + 6_100, 'revoked'),
      'kept out',
    ],
    [
      'taken back: another, before',
      [revoked(told), removed(told + 5_000)],
      asked('b#1', told + 5_900, 'revoked'),
      undefined,
    ],
    ['taken back: let in', [revoked(told), removed(told + 5_000)], asked('b#1', told + 5_100, 'allow'), undefined],
    [
      'taken back, without an answer',
      [revoked(told), removed(told + 5_000, {answer: 'unknown'})],
      asked('a#1', told + 9_000, 'revoked'),
      undefined,
    ],
    [
      'not taken back: it is not known',
      [revoked(told), removed(told + 5_000, {answer: 'refused'})],
      asked('a#1', told + 9_000, 'allow'),
      'let in',
    ],
    [
      'taken back, and revoked again',
      [revoked(told), removed(told + 5_000), revoked(told + 6_000, {name: 'r2', id: 'r2'})],
      asked('a#1', told + 6_001, 'allow'),
      'let in',
    ],
    [
      'taken back, and revoked again: refused',
      [revoked(told), removed(told + 5_000), revoked(told + 6_000, {name: 'r2', id: 'r2'})],
      asked('a#1', told + 9_000, 'revoked'),
      undefined,
    ],

    [
      'a subject: a token of before',
      [revoked(told, {selector: {subject: 'p'}})],
      asked('a#1', told + 1, 'allow'),
      'let in',
    ],
    [
      'a subject: refreshed, signed in before',
      [revoked(told, {selector: {subject: 'p'}})],
      asked('a#1', told + 1, 'allow', {issuedAt: wall / 1_000 + 60}),
      'let in',
    ],
    [
      'a subject: signed in anew',
      [revoked(told, {selector: {subject: 'p'}})],
      asked('a#1', told + 1, 'allow', {issuedAt: wall / 1_000 + 60, signedInAt: wall / 1_000 + 60}),
      undefined,
    ],
    [
      'a subject: signed in anew, and refused',
      [revoked(told, {selector: {subject: 'p'}})],
      asked('a#1', told + 1, 'revoked', {issuedAt: wall / 1_000 + 60, signedInAt: wall / 1_000 + 60}),
      'kept out',
    ],
    [
      'a subject: within the tolerance',
      [revoked(told, {selector: {subject: 'p'}})],
      asked('a#1', told + 1, 'revoked', {issuedAt: wall / 1_000 + 2, signedInAt: wall / 1_000 + 2}),
      undefined,
    ],
  ];
  for (const [what, events, decision, violation] of rows) {
    it(`${what}: ${violation ?? 'nothing to say'}`, () => {
      const {violations} = judge([...start, ...events], [decision], bounds);
      assert.equal(violations[0]?.what, violation, violations[0]?.because.join('\n'));
    });
  }
});
