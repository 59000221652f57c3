// Cached entitlements to be fetched anew, as instances tell one another. What may have been missed is "all", never nothing.
import type {Drop} from '../core/revocation/revocation.ts';
import type {Change, Changes} from './changes.ts';

/**
 * What is told of a drop. `mark` names it the same on every instance; one that is told again must not mind. `live`: false
 * for those that were there before this process.
 */
export interface DropEvent {
  readonly drop: Drop;
  readonly mark: string;
  readonly live: boolean;
}
export type DropListener = (event: DropEvent) => void;

export interface DropsParts {
  /** Milliseconds for which something that was cached before a drop may be in use. */
  readonly matters: number;
  /** The drop in a packed text; undefined: not ours. */
  readonly open: (packed: string) => unknown;
  readonly newMark: () => string;
}

export interface Drops {
  onDrop(listener: DropListener): () => void;
  /** One of this process; it will be met again in the stream under the same mark. */
  tell(drop: Drop, mark: string): void;
  /** The id of the last entry that was read. */
  readonly at: string;
  /** All that there is, at the start or after a gap. `time`: the clock of Redis, milliseconds since the epoch. */
  begin(all: Changes, time: number): void;
  /** What follows; false: there is a gap, and `begin` is to be called. */
  follow(next: Changes): boolean;
}

const start = '0-0';

export const makeDrops = ({matters, open, newMark}: DropsParts): Drops => {
  const listeners = new Set<DropListener>();
  let at = start;
  let mark: string | undefined;
  /** Told already, and about to be met again. */
  const own = new Set<string>();

  const tell = (drop: Drop, named: string, live = true) => {
    for (const listener of listeners) listener({drop, mark: named, live});
  };
  const take = (change: Change, live: boolean) => {
    mark = change.after;
    if (own.delete(mark)) return;
    // One that cannot be read may have been any.
    tell(dropOf(change.drop === undefined ? undefined : open(change.drop)) ?? {}, change.after, live);
  };
  return {
    onDrop(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell(drop, named) {
      if (own.size > 1_000) own.clear();
      own.add(named);
      tell(drop, named);
    },
    get at() {
      return at;
    },
    begin({changes, last}, time) {
      const from = changes.findIndex(({before}) => before === mark);
      if (mark !== undefined && (from >= 0 || changes.at(-1)?.after === mark)) {
        if (from >= 0) for (const change of changes.slice(from)) take(change, true);
      } else {
        const isFirst = mark === undefined;
        for (const change of changes) take(change, false);
        // What was trimmed before the first that is there may matter still, if that one is young.
        const first = changes[0];
        const lacks = first !== undefined && first.before !== '' && first.at > time - matters;
        if (!isFirst || lacks) tell({}, `after ${changes.at(-1)?.after ?? newMark()}`, !isFirst);
        mark = changes.at(-1)?.after ?? '';
      }
      at = last ?? start;
    },
    follow({changes, last}) {
      for (const change of changes) {
        if (change.before !== mark) return false;
        take(change, true);
      }
      at = last ?? at;
      return true;
    },
  };
};

const isName = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= 512;

const dropOf = (raw: unknown): Drop | undefined => {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const {tenant, subject} = raw as Record<string, unknown>;
  // A drop that is misread as wider costs a fetch; one that is misread as narrower would leave what was to go.
  return {...(isName(tenant) && {tenant}), ...(isName(subject) && {subject})};
};
