// How far what this process knows of revocations may be behind, and what follows for those who come.
import {Unavailable} from '../core/unavailable.ts';
import type {Follower} from './follow.ts';
import type {RevocationSettings} from './settings.ts';

/** Revocations that are kept on disk. */
export interface KeptRevocations {
  /** Until they have been read, nobody is let in. */
  readonly isReading: () => boolean;
  /** The moment of the steady clock up to which they are known; undefined: there are none. */
  readonly asOf: () => number | undefined;
}

export interface StandingParts {
  /** Absent: there is no Redis to follow. */
  readonly follower: Follower | undefined;
  /** Absent: none are kept. */
  readonly kept: KeptRevocations | undefined;
  readonly settings: RevocationSettings;
  /** Milliseconds of a clock that never steps. */
  readonly steady: () => number;
  readonly say: (level: 'info' | 'warn', message: string) => void;
}

export interface Standing {
  /** Nobody is let in before it is known who is revoked: `keep` goes on without, after `lostAfter` without progress. */
  isReading(): boolean;
  /** The moment of the steady clock up to which all revocations are known; undefined: they have never been read. */
  upTo(): number | undefined;
  /** Seconds by which this process may be behind; 0 while it is in step with Redis. */
  lag(): number;
  /** True once the lag exceeds `lostAfter`, and until the set has been read. */
  lost(): boolean;
  /** What it means for those who come that the feed is lost, in words. */
  consequence(): string;
  /** Throws Unavailable while it is not known who is revoked. On the way of every request. */
  demandKnown(): void;
}

export const makeStanding = ({follower, kept, settings, steady, say}: StandingParts): Standing => {
  const isRefusing = settings.onFeedLost === 'refuse';
  let wasLost = false;
  let hasGivenUp = false;

  const consequence = () => {
    if (isRefusing) return 'refusing everyone until it is back';
    if (follower?.loaded()) return 'new revocations are not seen';
    const since = kept?.asOf();
    if (since === undefined) return 'letting in whoever was revoked before';
    const old = Math.round((steady() - since) / 1_000);
    return `those on disk, ${old} s old, count; newer ones are not seen`;
  };
  const isReading = () => {
    if (kept?.isReading()) return true;
    if (follower === undefined || follower.loaded()) return false;
    hasGivenUp ||= !isRefusing && follower.stalled() > settings.lostAfter;
    return !hasGivenUp;
  };
  const lag = () => {
    const since = follower === undefined || follower.loaded() ? undefined : kept?.asOf();
    return since === undefined ? (follower?.lag() ?? 0) : (steady() - since) / 1_000;
  };
  const lost = () => {
    if (follower === undefined) return false;
    const is = lag() * 1_000 > settings.lostAfter || !follower.loaded();
    const isTold = is && !isReading();
    if (isTold && !wasLost) say('warn', `lost; ${consequence()}`);
    if (wasLost && !is) say('info', 'back, and caught up');
    wasLost = isTold;
    return is;
  };
  const unknown = (why: string) => new Unavailable('revocations', new Error(why));

  return {
    isReading,
    lag,
    lost,
    consequence,
    upTo() {
      if (follower === undefined) return steady();
      return follower.loaded() ? follower.upTo() : kept?.asOf();
    },
    demandKnown() {
      if (follower === undefined) {
        if (kept?.isReading()) throw unknown('those on disk have not been read yet');
        return;
      }
      if (follower.loaded() && !isRefusing && !kept?.isReading()) return;
      if (isReading()) throw unknown('they have not been read yet');
      if (isRefusing && lost()) throw unknown('the feed is lost, and onFeedLost is refuse');
    },
  };
};
