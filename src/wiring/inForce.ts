// The configuration that decides, and the one that is to: a change takes over once it can decide as well as the one before.
import {formatErrors, type Loaded} from '../config/load.ts';
import {type Health, lostBy} from '../core/health.ts';
import {inSlices} from '../core/steps.ts';
import {type Configuration, type Decider, makeDecider} from './decider.ts';
import type {Shared} from './shared.ts';

export interface InForce {
  decider(): Decider;
  /** What it was made from. */
  configuration(): Configuration;
  /** Takes a change over, lets it wait, or refuses it. One at a time. Rejects only for a bug. */
  change(loaded: Loaded): Promise<void>;
  /** Takes over what waited, if it need not any more; to be called often. */
  tend(): void;
  /** What is to be said of a change that waits or was refused. */
  health(): readonly Health[];
  close(): Promise<void>;
}

export interface InForceParts {
  readonly configuration: Configuration;
  readonly shared: Shared;
  /** Told of a change before its parts are made: its secrets are left out of the log from then on. */
  readonly learned: (secrets: readonly string[]) => void;
}

interface Waiting {
  readonly loaded: Configuration;
  readonly next: Decider;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** When it was last logged, by the steady clock. */
  told: number;
}

/** How long a replaced configuration's parts live on, for the checks that began with them. */
const afterlife = 10_000;
/** A line a minute while a change waits. */
const reminder = 60_000;

export const makeInForce = async ({configuration, shared, learned}: InForceParts): Promise<InForce> => {
  const {clocks, log, metrics} = shared;
  const namesOf = ({settings: {rules, providers}, settingsHash}: Configuration) => ({
    rules,
    providers: providers.map(({name}) => name),
    hash: settingsHash,
    at: clocks.now(),
  });
  const retired = new Set<Decider>();
  let decider = await makeDecider(configuration, shared);
  let current = configuration;
  let endMeters = decider.meter();
  let waiting: Waiting | undefined;
  let refusal: string | undefined;
  let closed = false;
  metrics.configured(namesOf(configuration));
  metrics.gauge('postern_config_waiting', () => [{value: waiting === undefined ? 0 : 1}]);

  /** What keeps a configuration from taking over: what works now, or the whole, would work no more. */
  const missing = (next: Decider): readonly Health[] => {
    const unready = (one: Decider) => [...one.health(), ...shared.health()].filter(({state}) => state === 'unready');
    const lost = lostBy(decider.eachHealth(), next.eachHealth());
    return lost.length > 0 || unready(decider).length > 0 ? lost : unready(next);
  };

  let redisNow = configuration.settings.redis;
  /** User names, passwords and seal keys are changed in place, if nothing else of Redis is. */
  const renewRedis = ({settings: {redis}}: Configuration): void => {
    if (redis === undefined || redisNow === undefined || sameText(redis, redisNow)) return;
    if (!sameText(withoutCredentials(redis), withoutCredentials(configuration.settings.redis))) return;
    redisNow = redis;
    shared.redis?.renew(redis);
  };

  const takeOver = async (loaded: Configuration, next: Decider): Promise<void> => {
    const last = decider;
    decider = next;
    current = loaded;
    waiting = undefined;
    endMeters();
    endMeters = next.meter();
    metrics.reloaded('success');
    for (const warning of loaded.warnings) log.warn({}, formatErrors([warning]));
    renewRedis(loaded);
    shared.renewStateSeal(loaded.settings);
    log.info({hash: loaded.settingsHash, ...needsRestart(configuration, loaded)}, 'the configuration was loaded anew');
    retired.add(last);
    clocks.after(afterlife, () => retired.delete(last) && void last.close());
    await inSlices(metrics.configuring(namesOf(loaded)), clocks);
  };

  const refuse = (errors: readonly string[]): void => {
    metrics.reloaded('failure');
    log.error({errors}, 'the configuration has changed and is bad: the last good one stays in force');
    const others = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    refusal = `The changed configuration is bad, and the last good one stays in force: ${errors[0]}${others}`;
  };

  const abandon = (): void => {
    void waiting?.next.close();
    waiting = undefined;
  };

  return {
    decider: () => decider,
    configuration: () => current,
    change: async (loaded) => {
      if (closed) return;
      abandon();
      const errors =
        loaded.settings === undefined ? formatErrors(loaded.errors).split('\n') : notWithoutRestart(loaded, shared);
      if (loaded.settings === undefined || errors.length > 0) return refuse(errors);
      refusal = undefined;
      learned(loaded.secrets);
      // Before anything is fetched: it may be that proxy without which nothing of the new is reached.
      shared.remote.renew(loaded.settings.remote);
      const next = await makeDecider(loaded, shared);
      await next.start();
      if (closed) return next.close();
      if (missing(next).length === 0) return takeOver(loaded, next);
      waiting = {loaded, next, since: clocks.now(), told: clocks.steady()};
      log.warn({waitsFor: missing(next)}, `${waitsFor(missing(next))}: the last good one stays in force`);
    },
    tend: () => {
      if (waiting === undefined || closed) return;
      const parts = missing(waiting.next);
      if (parts.length === 0) {
        void takeOver(waiting.loaded, waiting.next);
        return;
      }
      if (clocks.steady() - waiting.told < reminder) return;
      waiting.told = clocks.steady();
      log.warn({waitsFor: parts}, `${waitsFor(parts)}: the last good one stays in force`);
    },
    health: () => {
      const part = 'configuration';
      if (refusal !== undefined) return [{part, state: 'degraded', detail: refusal}];
      if (waiting === undefined) return [];
      const parts = missing(waiting.next);
      const since = new Date(waiting.since).toISOString();
      const why = parts.map(({detail}) => detail ?? '').join(' ');
      const detail = `${waitsFor(parts)} since ${since}, and the last good one stays in force. ${why}`.trim();
      return [{part, state: 'degraded', detail}];
    },
    close: async () => {
      closed = true;
      const all = [decider, ...retired, ...(waiting === undefined ? [] : [waiting.next])];
      await Promise.all(all.map((one) => one.close()));
    },
  };
};

const waitsFor = (parts: readonly Health[]): string => {
  const names = parts.map(({part}) => part.replace(/^keys /, 'keys of provider '));
  return `a new configuration waits for ${names.length === 0 ? 'nothing more' : names.join(' and ')}`;
};

/** Redis lives as long as the process: what needs one cannot be taken over where there is none. */
const notWithoutRestart = ({settings}: Configuration, {redis}: Shared): readonly string[] => {
  if (settings.entitlements?.source.type !== 'redis' || redis !== undefined) return [];
  return ['entitlements.source: type redis needs the setting redis, which is new: restart Postern'];
};

const sameText = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The setting `redis` without what may change while it is in use. */
const withoutCredentials = (redis: Configuration['settings']['redis']): unknown => {
  if (redis === undefined) return undefined;
  const {username, password, sealKey, url, sentinel, ...others} = redis;
  const place = url === undefined ? undefined : Object.assign(new URL(url), {username: '', password: ''}).href;
  const sentinels = sentinel && {master: sentinel.master, nodes: sentinel.nodes};
  return {...others, url: place, sentinel: sentinels};
};

/** Settings of what lives as long as the process: a change of them counts at the next start, and the log says so. */
const needsRestart = (running: Configuration, loaded: Configuration): {restartFor?: readonly string[]} => {
  const lasting = ['server', 'admin', 'answers', 'remote', 'redis', 'state', 'revocation', 'log'] as const;
  const lastingPart = ({settings}: Configuration, key: (typeof lasting)[number]): unknown => {
    // What is taken over while it is in use does not count.
    if (key === 'redis') return withoutCredentials(settings.redis);
    if (key === 'state') return settings.state && {...settings.state, sealKey: undefined};
    if (key === 'admin') return {...settings.admin, token: undefined};
    if (key === 'answers')
      return settings.answers && {...settings.answers, trust: {socket: settings.answers.trust?.socket}};
    return key === 'remote' ? settings.remote.ca : settings[key];
  };
  const changed = lasting.filter((key) => !sameText(lastingPart(running, key), lastingPart(loaded, key)));
  return changed.length === 0 ? {} : {restartFor: changed};
};
