// What was last good, kept where it outlives the process: read when there is nothing better, offered when there is.

/** What was read again. */
export interface Recalled {
  /** Milliseconds of the steady clock for which it is known to hold: of before the start, so perhaps below 0. */
  readonly asOf: number;
  /** Lines of JSON, as they were offered. */
  readonly texts: readonly string[];
  /** The file, for whoever has to look at it. */
  readonly where: string;
}

/**
 * - `another`: a reload has two of one name for a while, and the later one has the place: what the earlier offers then is
 *   not written.
 * - `lost`: it is not there any more, or is that of one that is gone.
 * - `another process`: one that shares the directory has written there.
 */
export type Standing = 'ours' | 'to be written' | 'another' | 'another process' | 'lost';

/** One thing that is kept. Nothing here rejects, and no request waits for it. */
export interface Kept {
  /** As in metrics and the log: `entitlements`, `keys acme`. */
  readonly name: string;
  /**
   * What was kept, if it is whole, ours, of these very settings and at most so old (milliseconds). Undefined: nothing of
   * use; why has been logged.
   */
  read(oldest: number): Promise<Recalled | undefined>;
  /**
   * To be kept from now on. It is written within seconds, unless something newer is offered first. `asOf` by the steady
   * clock; each text without a line feed. Resolves to whether it was written.
   */
  offer(asOf: number, texts: () => Iterable<string>): Promise<boolean>;
  /** Whether what this one has written last is what stands there. */
  standing(): Promise<Standing>;
  /** For how many milliseconds the file has been seen to be the same, whoever writes it; 0 at the first look. */
  unchangedFor(): Promise<number>;
  /** Whether decisions are made by what was read, for metrics. */
  used(isUsed: boolean): void;
  /**
   * Whoever asked for it is gone, and nothing in memory is held for it: what it has offered is still written, unless the
   * place is that of somebody with another identity.
   */
  end(): void;
}

/**
 * Finds the place of what is kept under a name. `identity`: what it depends on (an issuer, a URL), in words, for it
 * stands in the file and in the log; what was kept of another identity is not read. `pause`: milliseconds between
 * two writes.
 */
export type Keep = (name: string, identity: string, pause?: number) => Kept;

/** Texts that only become more, each of which counts by itself. Nothing here rejects. */
export interface Journal {
  /** Every text that can be read, of this process's forerunners and of others that share the directory. */
  read(): Promise<JournalRead>;
  /**
   * Writes all that there is, and from then on what is added. `asOf`: the moment of the steady clock for which all is
   * known to be here; undefined: not known.
   */
  begin(all: () => Iterable<string>, asOf: () => number | undefined): void;
  /** Is on its way at once. */
  add(text: string): void;
  /** Resolves when what was added is on the disk, or could not be brought there. */
  written(): Promise<void>;
}

export interface JournalRead {
  readonly texts: readonly string[];
  /** By the steady clock; undefined: nothing says so. */
  readonly asOf: number | undefined;
}
