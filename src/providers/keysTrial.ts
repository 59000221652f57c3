// Whether an issuer's keys can be had, tried ahead.
import type {Trial} from '../core/trial.ts';
import type {KeyKeeper} from './keyKeeper.ts';

/** `from`: where they come from, to be said of those that could be had. */
export const keysTrial = (keys: Pick<KeyKeeper, 'start' | 'fault' | 'size'>, from: string): Trial => ({
  what: 'keys',
  async run() {
    await keys.start();
    const fault = keys.fault();
    if (fault !== undefined) throw fault;
    return {found: `${keys.size()} ${keys.size() === 1 ? 'key' : 'keys'} from ${from}`};
  },
});
