// The headers of a request as they stand in its bytes: a value becomes a string when somebody asks for it.

/** Where a header stands. Filled in by the reader, which has one of these for all. */
export interface Line {
  name: string;
  from: number;
  end: number;
}

/** More are put into a Map by others (parse.ts): to look through a list takes as many steps as it is long. */
export const mostLines = 64;

/** As a Map of them would be; and can be added to while it is made. */
export interface HeaderLines extends ReadonlyMap<string, string> {
  /** False, and nothing is added: the name stands there already, or must not. */
  add(line: Line): boolean;
}

/** None yet, of a message of these bytes. */
export const makeHeaderLines = (bytes: Buffer): HeaderLines => new Lines(bytes);

/** About how many bytes are kept from being freed by these headers: of those that were not copied, the whole message. */
export const bytesHeldBy = (headers: ReadonlyMap<string, string>): number => {
  if (headers instanceof Lines) return headers.held;
  let characters = 0;
  for (const [name, value] of headers) characters += name.length + value.length;
  return 2 * characters;
};

/** A class, for one is made for each request: closures would be as many as it has methods. */
class Lines implements HeaderLines {
  readonly #bytes: Buffer;
  readonly #names: string[] = [];
  /** Where each value begins and ends. */
  readonly #spans: number[] = [];
  /** Those that somebody has asked for. */
  readonly #texts: string[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  add({name, from, end}: Line): boolean {
    // `__proto__` is no name that protobufjs would keep.
    if (this.#names.includes(name) || name === '__proto__') return false;
    this.#names.push(name);
    this.#spans.push(from, end);
    return true;
  }

  #valueAt(index: number): string {
    this.#texts[index] ??= this.#bytes.toString('utf8', this.#spans[2 * index], this.#spans[2 * index + 1]);
    return this.#texts[index] as string;
  }

  get held(): number {
    return this.#bytes.length;
  }

  get size(): number {
    return this.#names.length;
  }

  get(name: string): string | undefined {
    const index = this.#names.indexOf(name);
    return index < 0 ? undefined : this.#valueAt(index);
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }

  forEach(tell: (value: string, name: string, headers: ReadonlyMap<string, string>) => void, self?: unknown): void {
    for (const [name, value] of this) tell.call(self, value, name, this);
  }

  keys(): MapIterator<string> {
    return this.#names.values() as MapIterator<string>;
  }

  *values(): MapIterator<string> {
    for (let index = 0; index < this.#names.length; index++) yield this.#valueAt(index);
  }

  *entries(): MapIterator<[string, string]> {
    for (let index = 0; index < this.#names.length; index++) yield [this.#names[index] as string, this.#valueAt(index)];
  }

  [Symbol.iterator](): MapIterator<[string, string]> {
    return this.entries();
  }
}
