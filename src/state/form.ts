// How a file of the state directory is written: a first line for people, then sealed lines, each bound to its place.

/** The seal of what stands in Redis, with a key of its own (store/seal.ts). */
export interface Seal {
  pack(key: string, text: string, expires: number): string;
  open(key: string, packed: string, now: number): string | undefined;
}

/** Another way of writing, or another meaning of what is written, needs another number. */
export const formVersion = 1;

/** What the file says of itself, under the seal. */
export interface Head {
  /** Of this one writing: no line of it fits into another. */
  readonly id: string;
  /** What it depends on: an issuer, a URL, a Redis. */
  readonly identity: string;
  /** Milliseconds since the epoch for which it is known to hold. */
  readonly asOf: number;
  /** Of the machine, as it was written: its start, and the milliseconds from there to `asOf`. */
  readonly boot?: string | undefined;
  readonly uptime: number;
}

export interface Form {
  readonly seal: Seal;
  /** What is kept: `entitlements`, `keys acme`. Part of each seal. */
  readonly name: string;
}

/** Its age is looked at by whoever reads it, by what the head says; the seal ends never. */
const endless = Number.MAX_SAFE_INTEGER;

const firstLine = (name: string): string => `postern-state ${formVersion} ${name}`;
const headName = (name: string): string => `${name}\nhead`;
const textName = (name: string, id: string, at: number): string => `${name}\n${id}\n${at}`;
const footName = (name: string, id: string, count: number): string => `${name}\n${id}\n${count} in all`;

/** The first lines of a file. */
export const opening = ({seal, name}: Form, head: Head): string =>
  `${firstLine(name)}\n${seal.pack(headName(name), JSON.stringify(head), endless)}\n`;

/** The line of the text number `at`. */
export const lineOf = ({seal, name}: Form, id: string, at: number, text: string): string =>
  `${seal.pack(textName(name, id, at), text, endless)}\n`;

/** All lines of a file that is written whole: the last says how many there were, so that one that is cut off shows. */
export function* wholeFile(form: Form, head: Head, texts: Iterable<string>): Generator<string> {
  yield opening(form, head);
  let count = 0;
  for (const text of texts) yield lineOf(form, head.id, count++, text);
  yield `${form.seal.pack(footName(form.name, head.id, count), 'end', endless)}\n`;
}

/** Why a file is not read, in words for whoever has to do something about it. */
export interface Unreadable {
  readonly fault: string;
}

/** Takes a file line by line. */
export interface Reader {
  /** False: nothing more need be read, for `fault` says what is wrong. */
  take(line: string): boolean;
  /** There is a last line without an end. */
  cut(): void;
  /** What is kept there, as it says. */
  readonly name: string;
  /** The head, once it was read. */
  readonly head: Head | undefined;
  /** The head is sealed with a key that is known, and is not the one that seals now. */
  readonly isOfAnotherKey: boolean;
  readonly texts: readonly string[];
  /** Lines that could not be opened, where each counts by itself. */
  readonly spoilt: number;
  /** To be asked when all lines were taken; undefined: nothing is wrong. */
  fault(): string | undefined;
}

const notOurs = 'it is no file of Postern';
const changed =
  'its seal does not hold: it was changed, or sealed with another key. If state.sealKey is another one now, there is nothing to do';
const cutOff = 'it is cut off';

/**
 * `each`: each text counts by itself, and there may be a last one that was never written to its end. Absent name and
 * identity: whatever the file says that they are.
 */
export const makeReader = (
  {seal, name: wanted}: {readonly seal: Seal; readonly name: string | undefined},
  identity: string | undefined,
  each = false,
): Reader => {
  let name = wanted ?? '';
  const texts: string[] = [];
  let stage: 'first' | 'head' | 'texts' | 'over' = 'first';
  let head: Head | undefined;
  let isOfAnotherKey = false;
  let fault: string | undefined;
  let at = 0;
  let spoilt = 0;
  const open = (key: string, line: string) => seal.open(key, line, 0);
  const refuse = (why: string): false => {
    fault ??= why;
    return false;
  };

  const take = (line: string): boolean => {
    switch (stage) {
      case 'first': {
        stage = 'head';
        const [, version, named] = /^postern-state (\d{1,6}) ([ -~]{1,200})$/.exec(line) ?? [];
        if (wanted === undefined && named !== undefined) name = named;
        if (line === firstLine(name)) return true;
        if (version === undefined) return refuse(notOurs);
        if (Number(version) > formVersion)
          return refuse(`a newer version of Postern has written it (form ${version}; this one reads ${formVersion})`);
        return refuse(changed);
      }
      case 'head': {
        stage = 'texts';
        const text = open(headName(name), line);
        head = text === undefined ? undefined : headOf(text);
        if (text === undefined || head === undefined) return refuse(changed);
        isOfAnotherKey = seal.pack(headName(name), text, endless) !== line;
        if (identity === undefined || head.identity === identity) return true;
        return refuse(`it was kept for ${head.identity}, and the settings say ${identity}`);
      }
      case 'texts': {
        const id = (head as Head).id;
        const text = open(textName(name, id, at), line);
        if (text !== undefined) texts.push(text);
        at += 1;
        if (text !== undefined) return true;
        if (each) {
          spoilt += 1;
          return true;
        }
        stage = 'over';
        return open(footName(name, id, at - 1), line) === undefined ? refuse(changed) : true;
      }
      case 'over':
        return refuse(changed);
    }
  };

  return {
    take: (line) => fault === undefined && take(line),
    cut() {
      // Whoever was killed while adding one has told nobody that it was there.
      if (!each) refuse(cutOff);
    },
    get name() {
      return name;
    },
    get head() {
      return head;
    },
    get isOfAnotherKey() {
      return isOfAnotherKey;
    },
    texts,
    get spoilt() {
      return spoilt;
    },
    fault: () => fault ?? (stage === 'over' || (each && stage === 'texts') ? undefined : cutOff),
  };
};

const headOf = (text: string): Head | undefined => {
  try {
    const {id, identity, asOf, boot, uptime} = JSON.parse(text) as Record<string, unknown>;
    if (typeof id !== 'string' || typeof identity !== 'string') return undefined;
    if (!Number.isFinite(asOf) || !Number.isFinite(uptime)) return undefined;
    if (boot !== undefined && typeof boot !== 'string') return undefined;
    return {id, identity, asOf: asOf as number, uptime: uptime as number, ...(boot !== undefined && {boot})};
  } catch {
    return undefined;
  }
};
