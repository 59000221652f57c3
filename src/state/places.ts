// Whose a place on the disk is: a reload has two that keep a thing of one name for a while, perhaps of other identities.
import type {Kept} from '../core/kept.ts';
import type {KeptFile} from './kept.ts';

/** Everything that is kept under one name, which is one file on the disk. */
export interface Place {
  /** Another one that keeps it, in the file of its identity. */
  enter(identity: string): Kept;
  files(): readonly KeptFile[];
}

interface User {
  readonly identity: string;
  /** Offers that are not settled. */
  pending: number;
}

/** `make`: the file of an identity. `empty` is told when nobody keeps anything there any more. */
export const makePlace = (make: (identity: string) => KeptFile, empty: () => void): Place => {
  const files = new Map<string, KeptFile>();
  /** Oldest first. */
  const users = new Set<User>();
  /** Who has the place: the latest that has offered something, while it lives. */
  let holder: User | undefined;
  let wroteLast: User | undefined;

  const isLater = (one: User, other: User): boolean => {
    const order = [...users];
    return order.indexOf(one) > order.indexOf(other);
  };
  const yieldTo = (identity: string): void => {
    for (const [of, file] of files) if (of !== identity) file.yield();
  };

  return {
    files: () => [...files.values()],
    enter(identity) {
      const file = files.get(identity) ?? make(identity);
      files.set(identity, file);
      const user: User = {identity, pending: 0};
      users.add(user);
      return {
        ...file,
        async offer(asOf, texts) {
          if (holder !== undefined && isLater(holder, user)) return false;
          if (users.has(user)) holder = user;
          yieldTo(identity);
          user.pending += 1;
          const isWritten = await file.offer(asOf, texts);
          user.pending -= 1;
          if (isWritten) wroteLast = user;
          return isWritten;
        },
        async standing() {
          if (user.pending > 0) return 'to be written';
          if (holder !== undefined && holder !== user) return 'another';
          if (wroteLast !== user) return 'lost';
          const there = await file.there();
          return there === 'other' ? 'another process' : there === 'none' ? 'lost' : 'ours';
        },
        end() {
          if (!users.delete(user)) return;
          if (holder === user) holder = undefined;
          if ([...users].some((one) => one.identity === identity)) return;
          files.delete(identity);
          file.end();
          if (users.size > 0) return file.yield();
          empty();
          // Now, not when its turn comes: somebody else may have the place by then.
          void file.flush();
        },
      };
    },
  };
};
