// What is tried of each part: providers, Redis, entitlements, made as for serving.
import type {Settings} from '../../config/schema.ts';
import type {Trial} from '../../core/trial.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {unsoundHead} from '../../entitlements/sound.ts';
import type {LookupSource, SnapshotSource} from '../../entitlements/source.ts';
import type {RedisConnection} from '../../store/redis.ts';
import {makeRedisTrials} from '../../store/redisTrials.ts';
import {clocks} from '../clocks.ts';
import {askedOf, makeSource} from '../entitlements/entitlements.ts';
import {makeProviders, trustOf} from '../providers.ts';
import type {Shared} from '../shared.ts';

/** Of one part: how it is called in front of what is tried of it. */
export interface Named {
  readonly part: string;
  readonly trial: Trial;
}

/** Filled with what has to be closed in the end. */
export type Ends = (() => Promise<void> | undefined)[];

export const trialsOf = (settings: Settings, shared: Shared, ends: Ends): readonly Named[] => {
  const providers = makeProviders(settings, shared);
  ends.push(...providers.map((provider) => async () => provider.close?.()));
  const named = (part: string, trials: readonly Trial[]) => trials.map((trial) => ({part, trial}));
  return [
    ...providers.flatMap(({name, trials = []}) => named(name, trials)),
    ...named('redis', redisTrials(settings, shared, ends)),
    ...named('entitlements', entitlementTrials(settings, shared, ends)),
  ];
};

/** Milliseconds that one command may take; what is tried has a deadline of its own. */
const commandTimeout = 5_000;

const redisTrials = ({redis: settings, entitlements}: Settings, {redis}: Shared, ends: Ends): readonly Trial[] => {
  if (settings === undefined || redis === undefined) return [];
  const connection = redis.open('doctor', commandTimeout);
  ends.push(connection.close);
  return makeRedisTrials({
    connection,
    connected: (deadline) => connected(connection, deadline),
    prefix: redis.prefix,
    id: clocks.newId(),
    now: clocks.now,
    isPrivate: settings.tls !== undefined || !isInTheClear(settings),
    isRecord: entitlements?.source.type === 'redis',
  });
};

const isInTheClear = ({url, cluster, sentinel}: NonNullable<Settings['redis']>): boolean => {
  if (url?.startsWith('rediss:')) return false;
  const hosts = url === undefined ? (cluster ?? sentinel?.nodes ?? []).map(({host}) => host) : [new URL(url).hostname];
  return !hosts.every((host) => /^(localhost|\[?::1\]?|127(\.\d+){3})$/.test(host));
};

/** A little before the deadline, so that what is wrong with the connection is told rather than that time is up. */
const connected = (connection: RedisConnection, deadline: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const done = (then: () => void) => {
      giveUp();
      forget();
      then();
    };
    const why = () => new Unavailable('redis', new Error(connection.fault() ?? 'it cannot be reached'));
    const giveUp = clocks.after(Math.max(0, (deadline - clocks.now()) * 0.9), () => done(() => reject(why())));
    const forget = connection.onReady(() => done(resolve));
  });

const entitlementTrials = (settings: Settings, shared: Shared, ends: Ends): readonly Trial[] => {
  if (settings.entitlements === undefined) return [];
  const remote = shared.remote.trusting(trustOf(settings.entitlements.source), 'certificates entitlements');
  const source = makeSource(settings.entitlements, shared, remote.call);
  ends.push(async () => {
    await source.close?.();
    remote.close();
  });
  if ('load' in source) return [snapshotTrial(source, settings, settings.entitlements.source.type)];
  return [source.trial ?? onlyByUsers(source)];
};

const snapshotTrial = (source: SnapshotSource, settings: Settings, type: string): Trial => ({
  what: 'snapshot',
  async run() {
    const loaded = await source.load(undefined);
    if (loaded === 'unchanged') return {found: 'they are there'};
    const {features, plans, flags, grants} = loaded.snapshot;
    const unsound = unsoundHead(loaded.snapshot, askedOf(settings, type).features, loaded.whole ?? false);
    if (unsound !== undefined) throw new Unavailable('entitlements', new Error(`${source.name}: ${unsound}`));
    const given = [...grants].length;
    const counts = `${features.size} features, ${plans.size} plans, ${flags.size} flags, ${given} grants`;
    const found = `${counts} from ${source.where ?? source.name}`;
    if (given > 0) return {found};
    return {found: `${found}: nobody has been given a plan`, doubt: true};
  },
});

const onlyByUsers = ({name}: LookupSource): Trial => ({
  what: 'look-up',
  run: async () => ({found: `not tried: ${name} answers to the token of a user only`}),
});
