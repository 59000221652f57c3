// How the feed of revocations is, in words for whoever operates it.
import type {Health} from '../core/health.ts';
import type {RevocationSet} from '../core/revocation/revocationSet.ts';
import type {Announcer} from './announce.ts';
import type {Follower} from './follow.ts';
import type {OwedDrops} from './owedDrops.ts';
import type {RevocationRedis} from './revocationRedis.ts';
import type {RevocationSettings} from './settings.ts';
import type {KeptRevocations, Standing} from './standing.ts';

const part = 'revocation feed';
/** What was just revoked may be on its way for so long before it shows as not announced, milliseconds. */
const patience = 1_000;
/** Clocks that differ by more are told of, milliseconds. */
const skew = 5_000;

/** Where there is no Redis: the revocations of the disk, if they are kept. */
export const healthAlone = (kept: KeptRevocations | undefined): Health =>
  kept?.isReading()
    ? {part, state: 'unready', detail: 'the revocations on disk have not been read yet'}
    : {part, state: 'ready'};

export interface FeedHealthParts {
  readonly redis: RevocationRedis;
  readonly follower: Follower;
  readonly announcer: Announcer;
  readonly owedDrops: OwedDrops;
  readonly standing: Standing;
  readonly set: RevocationSet;
  readonly settings: RevocationSettings;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export const feedHealth = (parts: FeedHealthParts): Health => {
  const {redis, follower, announcer, owedDrops, standing, set, settings} = parts;
  const isLost = standing.lost();
  const fault = redis.fault() ?? follower.fault();
  if (standing.isReading())
    return {part, state: 'unready', detail: `the revocations have not been read yet${fault ? `: ${fault}` : ''}`};
  if (isLost) {
    const why = fault ?? 'the revocations in Redis cannot be read';
    const detail = `${why}, for ${Math.round(standing.lag())} s; ${standing.consequence()}`;
    return {part, state: settings.onFeedLost === 'refuse' ? 'unready' : 'degraded', detail};
  }
  const wrong = [
    follower.trouble(),
    clocksApart(parts),
    announcer.fault() && `Redis cannot be written to: ${announcer.fault()}`,
    announcer.owing() > patience && `${set.unseen} revocations are not announced; trying again`,
    owedDrops.count() > 0 && `${owedDrops.count()} drops are not announced; trying again`,
  ].filter((one) => typeof one === 'string');
  return wrong.length === 0 ? {part, state: 'ready'} : {part, state: 'degraded', detail: wrong.join('; ')};
};

const clocksApart = ({now, follower}: FeedHealthParts): string | undefined => {
  const off = Math.abs(now() - (follower.redisNow() ?? now()));
  return off > skew ? `the clocks of this machine and of Redis are ${Math.round(off / 1_000)} s apart` : undefined;
};
