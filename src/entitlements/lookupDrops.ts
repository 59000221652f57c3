// Drops of what was looked up: told apart by the key, for what was kept may stand where no instance can delete it.
import type {Principal} from '../core/principal.ts';
import type {Drop} from '../core/revocation/revocation.ts';

/**
 * What was dropped becomes part of the key of all it concerns, so that nothing kept before, in any layer or by any
 * instance, can be found again; forgotten when all of that has become too old anyway.
 */
export const makeLookupDrops = (stale: number) => {
  /** The one that was dropped last comes last. */
  const dropped = new Map<string, {readonly mark: string; readonly until: number}>();
  // A NUL in a name could make two of them equal: then one is fetched again for nothing.
  const keyOf = (tenant: string | undefined, subject: string | undefined) => `${tenant ?? ''}\0${subject ?? ''}`;
  const forget = (now: number) => {
    for (const [key, {until}] of dropped) {
      if (until >= now) return;
      dropped.delete(key);
    }
  };
  return {
    add({tenant, subject}: Drop, mark: string, now: number) {
      forget(now);
      const key = keyOf(tenant, subject);
      dropped.delete(key);
      dropped.set(key, {mark, until: now + 2 * stale});
    },
    mark({tenant, subject}: Principal, now: number): string {
      if (dropped.size === 0) return '';
      forget(now);
      const all = dropped.get(keyOf(undefined, undefined))?.mark ?? '';
      const ofTenant = dropped.get(keyOf(tenant, undefined))?.mark ?? '';
      const ofSubject = dropped.get(keyOf(undefined, subject))?.mark ?? '';
      const ofBoth = dropped.get(keyOf(tenant, subject))?.mark ?? '';
      const marks = `${all}#${ofTenant}#${ofSubject}#${ofBoth}`;
      return marks === '###' ? '' : `#${marks}`;
    },
  };
};
