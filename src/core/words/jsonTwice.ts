// JSON that names something twice in one object: JSON.parse takes the last without a word, another reader the first.
import {closingQuote} from './jsonText.ts';
import {makePlaceAt, type Place} from './place.ts';

/** At the place of the second. */
export interface NamedTwice extends Place {
  readonly name: string;
}

/** The first name that stands twice in one object. The text must be JSON. One pass over it, whatever stands there. */
export const namedTwice = (text: string): NamedTwice | undefined => {
  const at = secondName(text);
  return at === undefined
    ? undefined
    : {name: JSON.parse(text.slice(at, closingQuote(text, at) + 1)), ...makePlaceAt(text)(at)};
};

const quote = 0x22;
const comma = 0x2c;
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
        const end = closingQuote(text, at);
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
