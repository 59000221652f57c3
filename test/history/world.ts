// Three instances, one Redis, an operator, and somebody who asks all the time: runs schedules, and has each history judged.
import {setTimeout as sleep} from 'node:timers/promises';
import {type Asking, makeAsking} from './asking.ts';
import type {Event, RevokeEvent, Token} from './history.ts';
import {adminToken, type Instance, makeInstance} from './instance.ts';
import {startIssuer} from './issuer.ts';
import {type Bounds, type Judgement, judge} from './model.ts';
import {makeOperator} from './operator.ts';
import {makePeople, type People, type Person} from './people.ts';
import {startRedisPlant, tell} from './redisPlant.ts';
import type {Step} from './schedule.ts';
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
const bounds: Bounds = {announce: 1_000, heal: 4_000, lostAfter, tolerance: 2_000};
const clockTolerance = '1s';
const day = 86_400_000;
/** One keeps what it is told for a minute: it must not forget what others keep for longer. */
const keeps = {a: day, b: day, c: 60_000};
const spares = ['spare0', 'spare1', 'spare2', 'spare3'];
/** So many of whom earlier runs were about are asked about in later ones: a revocation holds until its end. */
const remembered = 16;
/** A command takes seconds to start. */
const mostCommands = 2;

/** Rejects with ToolMissing where there is no Redis. `program`: the main.ts of another tree, for seeded faults. */
export const startWorld = async (program?: string): Promise<World> => {
  const zero = performance.now();
  const now = () => performance.now() - zero;
  let events: Event[] = [];
  const record = (event: Event) => void events.push(event);
  const issuer = await startIssuer(['acme', ...spares], clockTolerance);
  const people = makePeople(issuer, spares);
  const plant = await startRedisPlant(now, record);
  const settings = (keep: number) => (url: string) => ({
    providers: issuer.providers,
    rules: [{name: 'rest', match: {path: '/**'}, require: {}}],
    redis: {url},
    revocation: {keep: `${keep}ms`, lostAfter: `${lostAfter}ms`, onFeedLost: 'keep'},
    log: {decisions: 'none'},
  });
  const instances = await Promise.all(
    Object.entries(keeps).map(([name, keep]) =>
      makeInstance({name, keep, redisPort: plant.port(), settings: settings(keep), program, now, record}),
    ),
  );
  const commandWay = await openWay(plant.port());
  const ways = [...instances.map(({way}) => way), commandWay];
  const operator = makeOperator({
    now,
    record,
    settings: {
      ...settings(day)(`redis://127.0.0.1:${commandWay.port}`),
      admin: {listen: '127.0.0.1:1', token: adminToken},
    },
    keep: day,
    program,
  });
  const asking = makeAsking({
    instances,
    now,
    record,
    ping: async () => plant.isUp() && (await tell(plant.port(), ['PING'])) !== '',
  });

  const begin = async (instance: Instance) => {
    asking.young(instance);
    await instance.start();
  };
  const setWay = ({name, way}: Instance, state: Extract<Step, {do: 'way'}>['state']) => {
    // It ends before it is touched, and begins when that is done.
    record({kind: 'way', at: now(), instance: name, open: false, what: state === 'open' ? 'is being opened' : state});
    if (state === 'cut') way.cut();
    else way.set(state);
    if (way.state() === 'open') record({kind: 'way', at: now(), instance: name, open: true, what: 'open'});
  };
  const mendAll = async () => {
    if (plant.isGone()) await plant.start('empty');
    await plant.mend();
    for (const instance of instances) {
      if (instance.way.state() !== 'open') setWay(instance, 'open');
      // One that is late takes no new token; one that is ahead may stay so, for as long as nobody sets it.
      if (instance.clock() < 0) await instance.setClock(0);
    }
    await Promise.all(instances.map(begin));
  };
  const settle = async () => {
    await mendAll();
    await sleep(2 * bounds.heal + bounds.announce + 500);
  };

  const play = async (steps: readonly Step[], persons: readonly Person[]): Promise<number> => {
    const made: RevokeEvent[] = [];
    const pending: Promise<unknown>[] = [];
    const timers: NodeJS.Timeout[] = [];
    let commands = 0;
    let named = 0;

    const revoke = async (step: Extract<Step, {do: 'revoke' | 'command'}>) => {
      const person = persons[step.person] as Person;
      const selector = people.selectorOf(step.by, person);
      named += 1;
      const name = `${person.name.split('p')[0]}r${named}`;
      const event =
        step.do === 'revoke'
          ? await operator.revoke(name, selector, instances[step.at] as Instance)
          : await operator.revokeByCommand(name, selector, step.clock);
      made.push(event);
      timers.push(...(await goOn(person, people, asking)));
    };
    const remove = async (step: Extract<Step, {do: 'remove' | 'removeByCommand'}>) => {
      const of = made.at(-1 - step.back);
      if (of === undefined) return;
      if (step.do === 'remove') await operator.remove(of, instances[step.at] as Instance);
      else await operator.removeByCommand(of, step.clock);
    };
    const alongside = async (work: Promise<unknown>, along: boolean): Promise<unknown> => {
      if (!along) return work;
      pending.push(work);
      // It is on its way when the next step begins.
      return sleep(4);
    };
    const execute = async (step: Step): Promise<unknown> => {
      const instance = 'at' in step ? (instances[step.at] as Instance) : undefined;
      const isUp = plant.isUp();
      switch (step.do) {
        case 'revoke':
          return instance?.alive() && alongside(revoke(step), step.along);
        case 'remove':
          return instance?.alive() && alongside(remove(step), step.along);
        case 'command':
          return commands++ < mostCommands && revoke(step);
        case 'removeByCommand':
          return commands++ < mostCommands && remove(step);
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
        case 'clock':
          return instance?.setClock(step.offset);
        case 'killRedis':
          return isUp && plant.kill();
        case 'startRedis':
          return plant.isGone() && plant.start(step.from);
        case 'restartRedis':
          if (plant.isGone()) return undefined;
          await plant.kill();
          await sleep(step.after);
          return plant.start(step.from);
        case 'refuseWrites':
          return isUp && plant.refuseWrites(step.how);
        case 'promote':
          return (
            isUp &&
            plant.promote((port) => {
              for (const way of ways) way.aim(port);
            })
          );
        case 'mend':
          return plant.mend();
        case 'pause':
        case 'save':
        case 'flush':
        case 'follow':
        case 'lag':
          return isUp && plant[step.do]();
        case 'settle':
          return settle();
      }
    };

    for (const step of steps) await execute(step);
    await Promise.all(pending);
    await settle();
    for (const timer of timers) clearTimeout(timer);
    return made.length;
  };

  const run = async (steps: readonly Step[]): Promise<Run> => {
    const before = events.length;
    const {persons, control} = await people.next();
    for (const {base, elsewhere} of persons) {
      asking.add(base, 'hot');
      asking.add(elsewhere, 'usual');
    }
    asking.add(control, 'usual');
    const revokes = await play(steps, persons);
    const last = await asking.all();
    const unhealed = last.flatMap((decision) => {
      if (decision?.outcome === 'allow' || decision?.outcome === 'revoked') return [];
      return [`${decision?.life} answers ${decision?.outcome} about ${decision?.token.name}, long after all is mended`];
    });
    const decisions = asking.taken();
    const result: Run = {
      ...judge(events, decisions, bounds),
      steps,
      events,
      decisions: decisions.filter(({outcome}) => outcome === 'allow' || outcome === 'revoked').length,
      revokes,
      faults: events.slice(before).filter(({kind}) => !['revoke', 'remove', 'stall'].includes(kind)).length,
      unhealed: [...new Set(unhealed)],
    };
    asking.keep(remembered);
    events = events.filter((event) => event.kind !== 'revoke' || isAbout(event, asking.tokens()));
    return result;
  };

  await Promise.all(instances.map(begin));
  const until = now() + 60_000;
  while (!(await Promise.all(instances.map((instance) => instance.ready()))).every(Boolean)) {
    if (now() > until) throw new Error(`The instances are not ready: ${instances.map((one) => one.logs()).join('\n')}`);
    await sleep(100);
  }
  return {
    run,
    logs: () => instances.map((one) => `--- ${one.life()}\n${one.logs().slice(-6_000)}`).join('\n'),
    async stop() {
      asking.stop();
      await Promise.all(instances.map((one) => one.stop()));
      await plant.stop();
      for (const way of ways) way.close();
      issuer.close();
    },
  };
};

/** After a revocation the session goes on with a token that is refreshed now, and later its owner signs in anew. */
const goOn = async (person: Person, people: People, asking: Asking): Promise<NodeJS.Timeout[]> => {
  asking.add(await people.refreshed(person), 'hot');
  const anew = async () => asking.add(await people.signedInAnew(person), 'hot');
  return [setTimeout(() => void anew(), bounds.tolerance + 1_500)];
};

const isAbout = ({selector}: RevokeEvent, tokens: readonly Token[]): boolean =>
  tokens.some((token) => Object.entries(selector).every(([key, value]) => token[key as keyof Token] === value));
