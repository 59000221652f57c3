// JSON that names something twice in one object: JSON.parse takes the last without a word, another reader the first.

export interface NamedTwice {
  readonly name: string;
  /** Where the second stands, counted from 1. */
  readonly line: number;
  readonly column: number;
}

/** The first name that stands twice in one object. The text must be JSON. One pass over it, whatever stands there. */
export const namedTwice = (text: string): NamedTwice | undefined => {
  const at = secondName(text);
  if (at === undefined) return undefined;
  const before = text.slice(0, at).split('\n');
  return {
    name: JSON.parse(text.slice(at, endOfString(text, at) + 1)),
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
  };
};

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBrace = 0x7b;
const openBracket = 0x5b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;

/** Names of an object that are compared one by one; a set is dearer for so few. */
const few = 16;

const secondName = (text: string): number | undefined => {
  /** Of each object around, the names so far; undefined: a list. */
  const around: (Names | undefined)[] = [];
  let names: Names | undefined;
  /** The next text is a name. */
  let isName = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote: {
        const end = endOfString(text, at);
        if (isName && names !== undefined && !add(names, text.slice(at + 1, end))) return at;
        isName = false;
        at = end;
        break;
      }
      case comma:
        isName = names !== undefined;
        break;
      case openBrace:
        around.push(names);
        names = {listed: [], all: undefined};
        isName = true;
        break;
      case openBracket:
        around.push(names);
        names = undefined;
        isName = false;
        break;
      case closeBrace:
      case closeBracket:
        names = around.pop();
        isName = false;
        break;
    }
  }
  return undefined;
};

interface Names {
  readonly listed: string[];
  all: Set<string> | undefined;
}

/** False: it is there already. The same name may be written in several ways. */
const add = (names: Names, written: string): boolean => {
  const name = written.includes('\\') ? (JSON.parse(`"${written}"`) as string) : written;
  if (names.all !== undefined) {
    const before = names.all.size;
    return names.all.add(name).size > before;
  }
  if (names.listed.includes(name)) return false;
  names.listed.push(name);
  if (names.listed.length > few) names.all = new Set(names.listed);
  return true;
};

/** Where the quote stands that ends the text whose first one is at `from`. */
const endOfString = (text: string, from: number): number => {
  for (let end = text.indexOf('"', from + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
};
