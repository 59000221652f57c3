// Somebody who asks each instance for decisions all the time, and notices when the machine stands still.
import type {Decision, Event, Life, Token} from './history.ts';
import type {Instance} from './instance.ts';

export interface AskingParts {
  readonly instances: readonly Instance[];
  readonly now: () => number;
  readonly record: (event: Event) => void;
  /** One question to Redis; false: it cannot be asked. */
  readonly ping: () => Promise<boolean>;
}

export interface Asking {
  /** Of whom it is asked: of the `hot` ones as often as of all together. */
  add(token: Token, heat: 'hot' | 'usual'): void;
  tokens(): readonly Token[];
  /** It is asked about all of them now; those that did not answer at all are undefined. */
  all(): Promise<readonly (Decision | undefined)[]>;
  /** The decisions since the last time. */
  taken(): readonly Decision[];
  /** Goes on with the last so many, and hot ones of its own. */
  keep(last: number): void;
  /** It has been started: more is asked in its first seconds. */
  young(instance: Instance): void;
  stop(): void;
}

/** Milliseconds between questions to a young instance; an older one is asked half as often. */
const every = 25;
const youth = 2_500;
const mostUnderWay = 30;
/** What takes longer was not held up by the program alone. */
const stillstand = 400;
const slowDecision = 700;

export const makeAsking = ({instances, now, record, ping}: AskingParts): Asking => {
  let tokens: Token[] = [];
  let hot: Token[] = [];
  let decisions: Decision[] = [];
  const born = new Map<Instance, number>();
  const stalls = new Map<Life, readonly [from: number, to: number]>();

  const ask = async (instance: Instance, token: Token): Promise<Decision | undefined> => {
    const decision = await instance.ask(token);
    if (decision === undefined) return undefined;
    decisions.push(decision);
    const {start, end, life} = decision;
    const [from, to] = stalls.get(life) ?? [0, 0];
    if (end - start > slowDecision && (start < from || end > to + 30)) {
      stalls.set(life, [start, end]);
      record({kind: 'stall', at: start, end, life});
    }
    return decision;
  };
  const probes = instances.map((instance) => {
    let turn = 0;
    let underWay = 0;
    const next = (of: readonly Token[]) => of[turn % Math.max(1, of.length)];
    return setInterval(() => {
      turn += 1;
      const isYoung = now() - (born.get(instance) ?? 0) < youth;
      if (underWay > mostUnderWay || (turn % 2 === 1 && !isYoung)) return;
      for (const token of [next(hot), next(tokens)]) {
        if (token === undefined) continue;
        underWay += 1;
        void ask(instance, token).finally(() => {
          underWay -= 1;
        });
      }
    }, every);
  });
  let ticked = now();
  const ticks = setInterval(() => {
    if (now() - ticked > stillstand) record({kind: 'stall', at: ticked, end: now()});
    ticked = now();
  }, 50);
  let pinging = false;
  const pings = setInterval(async () => {
    if (pinging) return;
    pinging = true;
    const begun = now();
    const answered = await ping();
    pinging = false;
    if (answered && now() - begun > stillstand) record({kind: 'stall', at: begun, end: now()});
  }, 200);

  return {
    add(token, heat) {
      tokens.push(token);
      if (heat === 'hot') hot.push(token);
    },
    tokens: () => tokens,
    all: () => Promise.all(instances.flatMap((instance) => tokens.map((token) => ask(instance, token)))),
    taken() {
      // What was asked at the end of the last run about somebody forgotten since comes in this one.
      const known = new Set(tokens);
      const taken = decisions.filter(({token}) => known.has(token));
      decisions = [];
      return taken;
    },
    keep(last) {
      tokens = tokens.slice(-last);
      hot = [];
    },
    young: (instance) => void born.set(instance, now()),
    stop() {
      for (const timer of [...probes, ticks, pings]) clearInterval(timer);
    },
  };
};
