// Things in the order in which they came, each of which leaves when it likes: calls that come and go by the thousand.

/** What stands in a list, and its neighbours there. Only the list changes them. */
export interface Placed<T> {
  before?: T | undefined;
  after?: T | undefined;
  placed?: boolean;
}

export interface InOrder<T extends Placed<T>> extends Iterable<T> {
  readonly size: number;
  /** At the end. What stands in a list already must not be added to another. */
  add(one: T): void;
  /** False if it does not stand there. */
  delete(one: T): boolean;
}

/**
 * By links, not as a Set or a Map: what stands in a table that one of those has outgrown is kept by V8 until it collects
 * everything, and they outgrow their table again with every few that come and go. A third of all calls outlived their answer so.
 */
export const makeInOrder = <T extends Placed<T>>(): InOrder<T> => {
  let first: T | undefined;
  let last: T | undefined;
  let size = 0;

  return {
    get size() {
      return size;
    },
    add(one) {
      one.placed = true;
      one.before = last;
      if (last === undefined) first = one;
      else last.after = one;
      last = one;
      size += 1;
    },
    delete(one) {
      if (one.placed !== true) return false;
      const {before, after} = one;
      if (before === undefined) first = after;
      else before.after = after;
      if (after === undefined) last = before;
      else after.before = before;
      // One that is gone keeps none of those that come after it from being collected.
      one.before = undefined;
      one.after = undefined;
      one.placed = false;
      size -= 1;
      return true;
    },
    /** The one that is being looked at may leave, and any before it. */
    *[Symbol.iterator]() {
      let one = first;
      while (one !== undefined) {
        const {after} = one;
        yield one;
        one = after;
      }
    },
  };
};
