// What is wrong with a text that is no YAML, in words that name the mistake and not where the parser stumbled over it.
import {makePlaceAt, type Place} from './place.ts';

/** The place, if it is another than where the parser noticed, and what is wrong there. */
export interface NamedFault {
  readonly place?: Place;
  readonly message: string;
}

/**
 * Names the first error of a parse. What follows it is seldom a mistake of its own: a parser that has lost its way stumbles
 * on every line. Text of the file is repeated only where it is a path of a rule: a secret may stand anywhere else.
 *
 * @param code and `message`: the library's
 * @param lines the text
 * @param line where it was noticed, from 1
 * @param what is read, and how it is told that it cannot be
 */
export const nameFault = (
  {code, message}: {readonly code: string; readonly message: string},
  lines: readonly string[],
  line: number,
  {what, broken}: {readonly what: string; readonly broken: string},
): NamedFault => {
  if (code === 'MULTIPLE_DOCS') {
    return {message: `begins a second document (---): ${what} are one document, take it out`};
  }
  if (code === 'TAB_AS_INDENT') return {message: 'a tab cannot indent: use spaces'};
  const said = knownSlip(code, lines, line);
  if (said !== undefined) return {...said, message: `${broken}: ${said.message}`};
  return {message: `${broken}: ${wordsOf[code] ?? firstLine(message)}`};
};

/** A line that no person wrote is not looked at: the patterns here would take minutes for it. */
const longestLine = 1_000;
const lookedAt = (line: string): string => (line.length > longestLine ? '' : line);

const knownSlip = (code: string, lines: readonly string[], line: number): NamedFault | undefined => {
  const at = (number: number): string => lookedAt(lines[number - 1] ?? '');
  const here = at(line);
  let last = line - 1;
  while (last > 1 && at(last).trim() === '') last -= 1;

  // Inside { and [ a plain text ends at a brace, so neither ${NAME} nor {org} can stand there without quotes.
  if (/[[{].*\$\{/.test(here)) {
    return {message: "a value with ${ } cannot stand here as it is; within { } or [ ] write '${NAME}' in quotes"};
  }
  const braces = /[[{,].*?:\s+([^\s'"{[,]*\{\w+\}[^\s,}\]]*)/.exec(here)?.[1];
  if (braces !== undefined) {
    const shown = braces.startsWith('/') ? `'${braces}'` : "'{name}'";
    return {message: `a value with { } cannot stand here as it is; write ${shown} in quotes`};
  }
  for (const number of [line, last]) {
    if (/^\s*-[A-Za-z]/.test(at(number))) return slipAt(number, at(number), 'a list item needs a space after its dash');
    if (/^\s*(- )?[A-Za-z]\w*:[^\s/]/.test(at(number))) {
      return slipAt(number, at(number), 'a key needs a space after its colon');
    }
  }
  if (code === 'BLOCK_AS_IMPLICIT_KEY' && /^\s*(- )?\w+: [^'"#]*: /.test(here)) {
    return {message: 'a value with a colon and a space must be in quotes'};
  }
  const below = at(line + 1);
  if (code === 'BLOCK_AS_IMPLICIT_KEY' && indentOf(below) > (columnsOf(here).at(-1) ?? 0)) {
    return slipAt(line + 1, below, 'the indentation does not fit the lines above: it is deeper than its neighbours');
  }
  const opened = code === 'BAD_INDENT' ? [last, line].find((number) => balance(at(number)) > 0) : undefined;
  if (opened !== undefined) return slipAt(opened, at(opened), 'a { or [ that is opened on this line is not closed');
  if (code === 'MISSING_CHAR') {
    const opened = lines.findIndex((one) => /^[^#]*[:[{,-]\s+(["'])(?:(?!\1).)*$/.test(lookedAt(one)));
    if (opened >= 0 && line >= opened + 1)
      return slipAt(opened + 1, at(opened + 1), 'a quote that is opened on this line is not closed');
    if (!fits(lines, line)) return {message: 'the indentation does not fit the lines above'};
  }
  return undefined;
};

/** The same of an error at an offset, with the place at which it is told. */
export const placedFault = (
  error: {readonly code: string; readonly message: string; readonly pos: readonly [number, number]},
  text: string,
  words: {readonly what: string; readonly broken: string},
): Place & {readonly message: string} => {
  const noticed = makePlaceAt(text)(error.pos[0]);
  const {place = noticed, message} = nameFault(error, text.split('\n'), noticed.line, words);
  return {...place, message};
};

const slipAt = (line: number, text: string, message: string): NamedFault => ({
  place: {line, column: indentOf(text) + 1},
  message,
});

const indentOf = (line: string): number => /^ */.exec(line)?.[0].length ?? 0;

/** Where the contents of a line begin: after its indentation, and after each dash of a list. */
const columnsOf = (line: string): readonly number[] => {
  const columns = [indentOf(line)];
  const dashes = /^ *((?:- +)+)/.exec(line)?.[1] ?? '';
  for (const dash of dashes.matchAll(/- +/g)) columns.push((columns.at(-1) ?? 0) + dash[0].length);
  return columns;
};

/** Whether some line above begins where this one does. */
const fits = (lines: readonly string[], line: number): boolean => {
  const indent = indentOf(lines[line - 1] ?? '');
  return indent === 0 || lines.slice(0, line - 1).some((one) => one.trim() !== '' && columnsOf(one).includes(indent));
};

const balance = (line: string): number =>
  [...line.replace(/(["']).*?\1|#.*$/g, '')].reduce(
    (open, character) => open + ('[{'.includes(character) ? 1 : ']}'.includes(character) ? -1 : 0),
    0,
  );

// The library's own sentences may quote the text, and a secret may stand there: only known sentences are repeated.
const wordsOf: Readonly<Record<string, string>> = {
  BAD_INDENT: 'the indentation does not fit the lines above',
  BAD_ALIAS: 'there is an alias (*) here; put a value that begins with * in quotes',
  BAD_SCALAR_START: 'a value cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping cannot begin on this line; is a colon too much, or are quotes missing?',
  BLOCK_IN_FLOW: 'lines of a list or mapping cannot stand within { } or [ ]',
  MISSING_CHAR: 'a character is missing here: a quote, a comma, a colon or a closing } or ]',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line; is a colon missing?',
  UNEXPECTED_TOKEN: 'this was not expected here; are quotes missing?',
  DUPLICATE_KEY: 'a key is given twice; keep one',
  IMPOSSIBLE: 'this was not expected here',
};

const firstLine = (message: string): string => (/["'`:]/.test(message) ? 'this was not expected here' : message);
