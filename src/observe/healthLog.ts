// A line when a part of the program becomes better or worse, so that the log tells what /readyz told at that time.
import type {Health} from '../core/health.ts';
import type {Log} from './log.ts';

/** Told how all parts are, again and again; a part that is `ready` from the start gets no line. */
export const makeHealthLog = (log: Pick<Log, 'info' | 'warn'>): ((parts: readonly Health[]) => void) => {
  let last = new Map<string, Health['state']>();
  return (parts) => {
    for (const {part, state, detail} of parts) {
      if (state === (last.get(part) ?? 'ready')) continue;
      if (state === 'ready') log.info({part, state}, 'this part is ready');
      else log.warn({part, state, detail}, 'this part is not as it should be');
    }
    // Parts that a reload has taken away are forgotten.
    last = new Map(parts.map(({part, state}) => [part, state]));
  };
};
