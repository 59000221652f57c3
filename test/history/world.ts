// Three instances, one Redis, and somebody who asks all the time: runs schedules on them, and has each history judged.
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {stringify} from 'yaml';
import {temporaryFolder} from '../support/ports.ts';
import {runPostern} from '../support/postern.ts';
import type {Answer, Decision, Event, Life, RevokeEvent, Selector, Token} from './history.ts';
import {type Instance, makeInstance} from './instance.ts';
import {startIssuer} from './issuer.ts';
import {type Bounds, type Judgement, judge} from './model.ts';
import {startRedisPlant, tell} from './redisPlant.ts';
import type {By, Step} from './schedule.ts';
import {openWay} from './way.ts';

export interface Run extends Judgement {
  readonly steps: readonly Step[];
  /** What happened in this run and, as far as it still matters, before it. */
  readonly events: readonly Event[];
  readonly decisions: number;
  readonly revokes: number;
  readonly faults: number;
  /** Whoever did not decide again after all was mended: it is as bad as a violation. */
  readonly unhealed: readonly string[];
}

export interface World {
  run(steps: readonly Step[]): Promise<Run>;
  /** What the instances have logged: for who looks into a violation. */
  logs(): string;
  stop(): Promise<void>;
}

const lostAfter = 3_000;
/**
 * docs/freshness.md, "Revocation, through Redis": a second. `heal` is what it takes after a fault: to notice that a
 * connection is dead, to connect again, and to compare with what Redis holds.
 */
export const bounds: Bounds = {announce: 1_000, heal: 4_000, lostAfter, tolerance: 2_000};
const clockTolerance = '1s';
const day = 86_400_000;
const keeps = [day, day, 60_000];
const spares = 4;
/** Decisions and probes of schedules before this one go on for so many tokens. */
const remembered = 16;
const steppedClock = fileURLToPath(new URL('steppedClock.mjs', import.meta.url));

interface Person {
  readonly name: string;
  readonly provider: string;
  readonly base: Token;
}

/** Rejects with ToolMissing where there is no Redis. `program`: the main.ts of another tree, for seeded faults. */
export const startWorld = async (program?: string): Promise<World> => {
  const zero = performance.now();
  const now = () => performance.now() - zero;
  let events: Event[] = [];
  const record = (event: Event) => void events.push(event);
  const issuer = await startIssuer(['acme', ...Array.from({length: spares}, (_, at) => `spare${at}`)], clockTolerance);
  const plant = await startRedisPlant(now, record);
  const settings = (keep: number) => (url: string) => ({
    providers: issuer.providers,
    rules: [{name: 'rest', match: {path: '/**'}, require: {}}],
    redis: {url},
    revocation: {keep: `${keep}ms`, lostAfter: `${lostAfter}ms`, onFeedLost: 'keep'},
    log: {decisions: 'none'},
  });
  const instances = await Promise.all(
    ['a', 'b', 'c'].map((name, at) =>
      makeInstance({
        name,
        keep: keeps[at] ?? day,
        redisPort: plant.port(),
        settings: settings(keeps[at] ?? day),
        program,
        now,
        record,
      }),
    ),
  );
  const commandWay = await openWay(plant.port());
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, 'postern.yaml'),
    stringify({
      ...settings(day)(`redis://127.0.0.1:${commandWay.port}`),
      admin: {listen: '127.0.0.1:1', token: 'a-token-of-tests'},
    }),
  );
  const ways = [...instances.map(({way}) => way), commandWay];

  let tokens: Token[] = [];
  let hot: Token[] = [];
  let decisions: Decision[] = [];
  let count = 0;
  let sparesUsed = 0;
  const born = new Map<Instance, number>();
  const stalls = new Map<Life, readonly [number, number]>();

  const ask = async (instance: Instance, token: Token): Promise<Decision | undefined> => {
    const decision = await instance.ask(token);
    if (decision === undefined) return undefined;
    decisions.push(decision);
    const {start, end, life} = decision;
    const [from, to] = stalls.get(life) ?? [0, 0];
    if (end - start > 700 && (start < from || end > to + 30)) {
      stalls.set(life, [start, end]);
      record({kind: 'stall', at: start, end, life});
    }
    return decision;
  };
  const probes = instances.map((instance) => {
    let turn = 0;
    let asking = 0;
    const next = (of: readonly Token[]) => of[turn % Math.max(1, of.length)];
    return setInterval(() => {
      turn += 1;
      const isYoung = now() - (born.get(instance) ?? 0) < 2_500;
      if (asking > 30 || (turn % 2 === 1 && !isYoung)) return;
      for (const token of [next(hot), next(tokens)]) {
        if (token === undefined) continue;
        asking += 1;
        void ask(instance, token).finally(() => {
          asking -= 1;
        });
      }
    }, 25);
  });
  let ticked = now();
  const ticking = setInterval(() => {
    if (now() - ticked > 400) record({kind: 'stall', at: ticked, end: now()});
    ticked = now();
  }, 50);
  let pinging = false;
  const pings = setInterval(async () => {
    if (pinging || !plant.isUp()) return;
    pinging = true;
    const begun = now();
    const pong = await tell(plant.port(), ['PING'], 2_000);
    pinging = false;
    if (pong !== '' && now() - begun > 400) record({kind: 'stall', at: begun, end: now()});
  }, 200);

  const begin = async (instance: Instance) => {
    born.set(instance, now());
    await instance.start();
  };
  const setWay = (instance: Instance, state: Extract<Step, {do: 'way'}>['state']) => {
    const {name, way} = instance;
    // It ends before it is touched, and begins when that is done.
    record({kind: 'way', at: now(), instance: name, open: false, what: state === 'open' ? 'is being opened' : state});
    if (state === 'cut') way.cut();
    else way.set(state);
    if (way.state() === 'open') record({kind: 'way', at: now(), instance: name, open: true, what: 'open'});
  };
  const mendAll = async () => {
    if (!plant.isUp()) await plant.mend();
    if (!plant.isUp()) await plant.start('empty');
    await plant.mend();
    for (const instance of instances) {
      if (instance.way.state() !== 'open') setWay(instance, 'open');
      // One that is late takes no new token; one that is ahead may stay so, for as long as nobody sets it.
      if (instance.clock() < 0) await instance.setClock(0);
    }
    await Promise.all(instances.map(begin));
  };
  const settled = () => sleep(2 * bounds.heal + bounds.announce + 500);

  const personOf = async (index: number): Promise<Person> => {
    const name = `n${count}p${index}`;
    const provider = index === 3 && sparesUsed < spares ? `spare${sparesUsed}` : 'acme';
    const at = Math.floor(Date.now() / 1_000) - 7_200;
    const about = {
      provider,
      subject: name,
      tenant: `n${count}t${index >> 1}`,
      issuedAt: at,
      signedInAt: at,
    };
    const base = await issuer.token({
      ...about,
      name: `${name} (${provider})`,
      sessionId: `${name}s1`,
      tokenId: `${name}j1`,
    });
    const elsewhere = await issuer.token({
      ...about,
      name: `${name} elsewhere`,
      sessionId: `${name}s2`,
      tokenId: `${name}j2`,
      issuedAt: at + 7_000,
      signedInAt: at + 7_000,
    });
    tokens.push(base, elsewhere);
    return {name, provider, base};
  };

  const run = async (steps: readonly Step[]): Promise<Run> => {
    count += 1;
    const [firstEvent, from] = [events.length, now()];
    decisions = [];
    const people = await Promise.all([0, 1, 2, 3].map(personOf));
    const control = await issuer.token({
      ...(people[0] as Person).base,
      name: `control${count}`,
      provider: 'acme',
      subject: `control${count}`,
      tenant: `control${count}`,
      sessionId: `control${count}`,
      tokenId: `control${count}`,
    });
    tokens.push(control);
    hot = people.map(({base}) => base);
    const made: RevokeEvent[] = [];
    const pending: Promise<unknown>[] = [];
    const timers: NodeJS.Timeout[] = [];
    let commands = 0;
    let named = 0;
    const newName = () => `r${count}.${++named}`;

    const selectorOf = (by: By, {base}: Person): Selector => {
      if (by === 'provider' && base.provider === 'acme') return {tenant: base.tenant};
      if (by === 'provider') sparesUsed += 1;
      return {[by]: base[by]};
    };
    const addToken = async (of: Token, name: string, more: Partial<Token>) => {
      const token = await issuer.token({...of, name, tokenId: `${of.subject}j${tokens.length + 100}`, ...more});
      tokens.push(token);
      hot.push(token);
    };
    /** A token that is refreshed now, and later somebody who has signed in anew. */
    const goesOn = async ({base, name}: Person) => {
      const wall = () => Math.floor(Date.now() / 1_000);
      await addToken(base, `${name} refreshed`, {issuedAt: wall()});
      timers.push(
        setTimeout(() => {
          const at = wall();
          void addToken(base, `${name} signed in anew`, {issuedAt: at, signedInAt: at, sessionId: `${name}s${at}`});
        }, bounds.tolerance + 1_500),
      );
    };
    const revoke = async (by: By, person: Person, instance: Instance) => {
      const selector = selectorOf(by, person);
      const name = newName();
      const about = {
        kind: 'revoke',
        name,
        selector,
        via: instance.life(),
        clock: instance.clock(),
        keep: instance.keep,
      } as const;
      const [start, wall] = [now(), Date.now()];
      // Without an answer it may have been done: it is known from here on that it was asked.
      const {status, body} = await instance.call('POST', '/revocations', selector);
      const {revocation, announced} = (body ?? {}) as {revocation?: {id?: string}; announced?: boolean};
      const answer: Answer =
        status === 200 && announced === true
          ? 'announced'
          : status === 202
            ? 'kept'
            : status >= 400 && status < 500
              ? 'refused'
              : 'unknown';
      const event: RevokeEvent = {...about, id: revocation?.id, start, end: now(), wall: [wall, Date.now()], answer};
      made.push(event);
      record(event);
      await goesOn(person);
    };
    const command = async (by: By, person: Person, clock: number) => {
      if (commands++ > 0) return;
      const selector = selectorOf(by, person);
      const flags = Object.entries(selector).flatMap(([key, value]) => [
        {sessionId: '--session', tokenId: '--token-id'}[key] ?? `--${key}`,
        value,
      ]);
      const clockFile = join(folder, 'clock');
      writeFileSync(clockFile, String(clock));
      const [start, wall] = [now(), Date.now()];
      const {code} = await runPostern(
        ['revoke', '-c', join(folder, 'postern.yaml'), ...flags],
        {NODE_OPTIONS: `--import ${steppedClock}`, POSTERN_TEST_CLOCK: clockFile},
        program,
      );
      const event: RevokeEvent = {
        kind: 'revoke',
        name: newName(),
        id: undefined,
        selector,
        via: 'command',
        clock,
        keep: day,
        start,
        end: now(),
        wall: [wall, Date.now()],
        answer: code === 0 ? 'announced' : 'unknown',
      };
      made.push(event);
      record(event);
      await goesOn(person);
    };
    const remove = async (back: number, instance: Instance) => {
      const of = made.at(-1 - back);
      if (of?.id === undefined || of.answer === 'refused') return;
      const about = {kind: 'remove', of: of.name, via: instance.life(), clock: instance.clock()} as const;
      const start = now();
      const {status, body} = await instance.call('DELETE', `/revocations/${encodeURIComponent(of.id)}`);
      const {announced} = (body ?? {}) as {announced?: boolean};
      const answer: Answer =
        status === 200 && announced !== false
          ? 'announced'
          : status === 202
            ? 'kept'
            : status >= 400 && status < 500
              ? 'refused'
              : 'unknown';
      record({...about, start, end: now(), answer});
    };
    const alongOr = async (along: boolean, work: Promise<void>) => {
      if (!along) return work;
      pending.push(work);
      await sleep(4);
    };
    const aimAll = (port: number) => {
      for (const way of ways) way.aim(port);
    };

    const execute = async (step: Step): Promise<unknown> => {
      const instance = 'at' in step ? (instances[step.at] as Instance) : undefined;
      const isUp = plant.isUp();
      switch (step.do) {
        case 'revoke':
          if (!instance?.alive()) return undefined;
          return alongOr(step.along, revoke(step.by, people[step.person] as Person, instance));
        case 'command':
          return command(step.by, people[step.person] as Person, step.clock);
        case 'remove':
          if (!instance?.alive()) return undefined;
          return alongOr(step.along, remove(step.back, instance));
        case 'wait':
          return sleep(step.ms);
        case 'way':
          return instance && setWay(instance, step.state);
        case 'restart':
          await instance?.kill();
          return instance && begin(instance);
        case 'kill':
          return instance?.kill();
        case 'start':
          return instance && begin(instance);
        case 'killRedis':
          return isUp && plant.kill();
        case 'startRedis':
          return !isUp && plant.isGone() && plant.start(step.from);
        case 'restartRedis':
          if (plant.isGone()) return undefined;
          await plant.kill();
          await sleep(step.after);
          return plant.start(step.from);
        case 'pause':
          return isUp && plant.pause();
        case 'mend':
          return plant.mend();
        case 'refuseWrites':
          return isUp && plant.refuseWrites(step.how);
        case 'save':
        case 'flush':
        case 'follow':
        case 'lag':
          return isUp && plant[step.do]();
        case 'promote':
          return isUp && plant.promote(aimAll);
        case 'settle':
          await mendAll();
          return settled();
        case 'clock':
          return instance?.setClock(step.offset);
      }
    };

    for (const step of steps) await execute(step);
    await Promise.all(pending);
    await mendAll();
    await settled();
    for (const timer of timers) clearTimeout(timer);
    const last = await Promise.all(instances.flatMap((instance) => tokens.map((token) => ask(instance, token))));
    const unhealed = last.flatMap((decision) =>
      decision === undefined || !['allow', 'revoked'].includes(decision.outcome)
        ? [`${decision?.life} answers ${decision?.outcome} about ${decision?.token.name}, long after all is mended`]
        : [],
    );
    // What was asked at the end of the last run about somebody forgotten since comes in this one.
    const judged = decisions.filter(({token}) => tokens.includes(token));
    const judgement = judge(events, judged, bounds);
    const result: Run = {
      ...judgement,
      steps,
      events: events.filter((event) => !('name' in event) || isAbout(event, tokens)),
      decisions: judged.filter(({outcome}) => outcome === 'allow' || outcome === 'revoked').length,
      revokes: made.length,
      faults: events.slice(firstEvent).filter(({kind}) => !['revoke', 'remove', 'stall'].includes(kind)).length,
      unhealed: [...new Set(unhealed)],
    };
    // Of the last ones some are asked about for longer: a revocation holds until its end.
    tokens = tokens.slice(-remembered);
    const names = new Set<string>();
    events = events.filter((event) => {
      if (event.kind === 'revoke' && isAbout(event, tokens)) names.add(event.name);
      return event.kind !== 'revoke' || names.has(event.name);
    });
    void from;
    return result;
  };

  await Promise.all(instances.map(begin));
  const until = now() + 30_000;
  while (!(await Promise.all(instances.map((instance) => instance.ready()))).every(Boolean)) {
    if (now() > until) throw new Error(`The instances are not ready: ${instances.map((one) => one.logs()).join('\n')}`);
    await sleep(100);
  }
  return {
    run,
    logs: () => instances.map((one) => `--- ${one.life()}\n${one.logs().slice(-6_000)}`).join('\n'),
    async stop() {
      for (const timer of [...probes, ticking, pings]) clearInterval(timer);
      await Promise.all(instances.map((one) => one.stop()));
      await plant.stop();
      for (const way of ways) way.close();
      issuer.close();
    },
  };
};

const isAbout = (event: Event, tokens: readonly Token[]): boolean =>
  event.kind !== 'revoke' ||
  tokens.some((token) => Object.entries(event.selector).every(([key, value]) => token[key as keyof Token] === value));
