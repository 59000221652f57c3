// Sees that the configuration file changed, and loads it anew.
import {type FSWatcher, watch} from 'node:fs';
import {dirname} from 'node:path';
import {haveChanged, type Sources} from './sources.ts';

/** The clock's part that is needed; times in milliseconds. */
export interface Timers {
  /** Calls back once after `ms`; returns what takes it back. Does not keep the program alive. */
  after(ms: number, callback: () => void): () => void;
}

export interface ConfigWatcherParts<Result extends {readonly sources: Sources}> {
  /** The configuration file; may be a symlink, and may stand in a folder that is one. */
  readonly path: string;
  load(path: string): Promise<Result>;
  /** What the settings in force were made of when they were loaded: files that they name are looked at too. */
  readonly sources: Sources;
  /**
   * Told of every load after the content changed, good or broken; never twice at once. What is broken is to be reported,
   * and the settings that were in force stay.
   */
  changed(result: Result): void | Promise<void>;
  /** Told of what `load` or `changed` threw: a bug of theirs; watching goes on. */
  failed(error: unknown): void;
  readonly timers?: Timers;
  /** How long to wait after a sign of change, so that a writer can finish. */
  readonly settle?: number;
  /** How often to look without a sign: not every file system tells. */
  readonly poll?: number;
}

export interface ConfigWatcher {
  /** Looks now (SIGHUP), and resolves when what was found is dealt with. */
  look(): Promise<void>;
  close(): void;
}

const realTimers: Timers = {
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Watches the file's folder, not the file: editors replace files, and Kubernetes swaps the symlink `..data` beside a
 * ConfigMap's files. A sign only leads to a look; what counts is whether the content differs from the last. A file that
 * is gone is a change too: loading it reports that.
 */
export const makeConfigWatcher = <Result extends {readonly sources: Sources}>(
  parts: ConfigWatcherParts<Result>,
): ConfigWatcher => {
  const {path, load, changed, failed, timers = realTimers, settle = 100, poll = 2_000} = parts;
  let closed = false;
  let cancelSettle: (() => void) | undefined;
  let cancelPoll: (() => void) | undefined;
  let folder: FSWatcher | undefined;
  /** What was loaded last, good or bad. */
  let {sources} = parts;

  const look = async (): Promise<void> => {
    if (closed || !(await haveChanged(sources))) return;
    const result = await load(path);
    sources = result.sources;
    if (!closed) await changed(result);
  };

  // One look after another, so that no older content overtakes a newer one.
  let queue: Promise<void> = Promise.resolve();
  const enqueue = (): Promise<void> => {
    queue = queue.then(look).catch(failed);
    return queue;
  };
  const sign = (): void => {
    cancelSettle?.();
    if (!closed) cancelSettle = timers.after(settle, enqueue);
  };
  const watchFolder = (): void => {
    if (folder !== undefined) return;
    try {
      folder = watch(dirname(path), {persistent: false}, sign);
      folder.on('error', () => {
        folder?.close();
        folder = undefined;
      });
    } catch {
      folder = undefined; // polling sees to it, and tries again
    }
  };
  const pollAgain = (): void => {
    cancelPoll = timers.after(poll, () => {
      if (closed) return;
      watchFolder();
      void enqueue().then(() => {
        if (!closed) pollAgain();
      });
    });
  };
  watchFolder();
  pollAgain();

  return {
    look: enqueue,
    close() {
      closed = true;
      cancelSettle?.();
      cancelPoll?.();
      folder?.close();
    },
  };
};
