// Redis as the store of record: has it lost a hash, or most of one (evicted, deleted, restored in part)?
import {Unavailable} from '../core/unavailable.ts';
import {type Counts, recordKeys, recordParts} from './record.ts';

/** Fewer than half of so many tenants are a loss; fewer than that may have been taken away one by one. */
const manyTenants = 1_000;

/**
 * Throws Unavailable if less is there than belongs there. `loaded`: what the version says was loaded; whoever changes
 * features, plans or flags by hand sets another version. `known`: what was there before under this version.
 */
export const refuseLoss = (
  prefix: string,
  found: Counts,
  loaded: Counts | undefined,
  known: Counts | undefined,
): void => {
  const keys = recordKeys(prefix);
  for (const [at, part] of recordParts.entries()) {
    const now = found[at] as number;
    const then = Math.max(loaded?.[at] ?? 0, part === 'grants' ? 0 : (known?.[at] ?? 0));
    const before = known?.[at] ?? then;
    if (part !== 'grants' ? now >= then : !isLoss(now, then, before)) continue;
    throw new Unavailable(
      'entitlements',
      new Error(
        `${keys[part]} has ${now} of ${Math.max(then, before)} fields, and ${keys.version} is the same: Redis has lost them ` +
          '(evicted? deleted?): load them again, or set another version if that is meant',
      ),
    );
  }
};

/** Of tenants, which come and go under one version. Known to have gone (`before` is 0) they are not lost. */
const isLoss = (now: number, loaded: number, before: number): boolean => {
  if (before === 0) return false;
  if (now === 0) return true;
  return loaded >= manyTenants && now < loaded / 2;
};
