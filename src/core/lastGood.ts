// Files whose last good content stays in use while they are broken: since when they are, and how an operator hears of it.
import type {Health} from './health.ts';

export interface LastGood {
  /** What is wrong now; undefined: nothing. */
  fault(): string | undefined;
  /** True if this is news: it is to be logged once. */
  failed(fault: string): boolean;
  /** They are good again, or still. True if that is news. */
  good(): boolean;
  /** `none`: nothing good was ever read. */
  health(none?: boolean): Health;
}

/** @param part what an operator calls them, `server.tls` */
export const makeLastGood = (part: string, now: () => number): LastGood => {
  let broken: {readonly since: number; readonly fault: string} | undefined;
  return {
    fault: () => broken?.fault,
    failed: (fault) => {
      const isNews = broken?.fault !== fault;
      broken = {since: broken?.since ?? now(), fault};
      return isNews;
    },
    good: () => {
      const isNews = broken !== undefined;
      broken = undefined;
      return isNews;
    },
    health: (none = false) => {
      if (broken === undefined) return {part, state: 'ready'};
      const meanwhile = none ? 'Nothing is in use instead' : 'What was read last is in use';
      const detail = `${broken.fault}, since ${new Date(broken.since).toISOString()}. ${meanwhile}; the file is read again within seconds of a change.`;
      return {part, state: none ? 'unready' : 'degraded', detail};
    },
  };
};
