// The shadow of a process: read from its own file, read anew when that changes, and put beside whatever decides.
import {makeLoadAside} from '../../config/aside.ts';
import {makeConfigWatcher} from '../../config/reload.ts';
import type {Check} from '../../core/decision.ts';
import type {Health} from '../../core/health.ts';
import {makeShadow, type ShadowParts} from './shadow.ts';

export interface RunningShadow {
  /** What decides, each of its decisions looked at afterwards. Asked for each call. */
  beside<D extends {readonly check: Check}>(inForce: () => D): () => D;
  health(): readonly Health[];
  /** Looks whether the file has changed, now. */
  look(): Promise<void>;
  close(): Promise<void>;
}

/** Nobody waits for it: until its configuration is read, nothing is compared. A bad one ends nothing. */
export const startShadow = (file: string, parts: ShadowParts): RunningShadow => {
  const shadow = makeShadow(parts);
  const {clocks, log} = parts.shared;
  const aside = makeLoadAside(clocks);
  const watcher = makeConfigWatcher({
    path: file,
    load: aside.load,
    // As if it had been another before, so that the first look reads it.
    sources: new Map([[file, 'never read']]),
    changed: shadow.change,
    failed: (error) => log.error({err: error}, 'a bug: the shadow configuration could not be taken over'),
  });
  void watcher.look();
  return {
    beside(inForce) {
      let last: ReturnType<typeof inForce> | undefined;
      let both: ReturnType<typeof inForce> | undefined;
      return () => {
        const now = inForce();
        if (now === last && both !== undefined) return both;
        last = now;
        both = {...now, check: shadow.beside(now.check)};
        return both;
      };
    },
    health: shadow.health,
    look: watcher.look,
    async close() {
      watcher.close();
      aside.close();
      await shadow.close();
    },
  };
};
