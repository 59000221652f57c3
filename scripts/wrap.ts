// node scripts/wrap.ts: wraps the long lines of pages at 120 characters, a part of `npm run format` (`--check`: names those
// that have any). Code, tables and headings stay as they are, and so does what was wrapped by hand.
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const most = 120;
/** What Markdown would read at the beginning of a line: a list, a quotation, a heading. */
const isMark = /^\s*([-*+>#|]|\d+[.)])(\s|$)/;

/** One line as several; alone where it cannot be broken without meaning something else. */
const wrapped = (line: string): readonly string[] => {
  const [begin = '', indent = ''] = /^(\s*)(?:[-*] |\d+\. )?/.exec(line) ?? [];
  const margin = ' '.repeat(begin.length);
  const lines: string[] = [];
  let current = indent;
  // Code is not broken: a space in it means something. Where its end is on another line, its words are as all others.
  for (const word of line.trim().match(/(?:`[^`]*`|\S)+/g) ?? []) {
    const longer = current.trim() === '' ? `${current}${word}` : `${current} ${word}`;
    if (longer.length <= most || current.trim() === '') current = longer;
    else {
      lines.push(current);
      current = `${margin}${word}`;
    }
  }
  lines.push(current);
  return lines.slice(1).some((one) => isMark.test(one)) ? [line] : lines;
};

export const wrapPage = (page: string): string => {
  const lines: string[] = [];
  let isCode = false;
  /** Whether the last line is the rest of one that was too long: the next line of the same paragraph goes on there. */
  let isRest = false;
  for (const line of page.split('\n')) {
    if (/^\s*```/.test(line)) isCode = !isCode;
    const goesOn: boolean = isRest && !isCode && line.trim() !== '' && !isMark.test(line) && !/^\s*```/.test(line);
    const whole: string = goesOn ? `${lines.pop()} ${line.trim()}` : line;
    const isKept = isCode || whole.length <= most || /^\s*\||^#/.test(whole);
    const several: readonly string[] = isKept ? [whole] : wrapped(whole);
    isRest = several.length > 1;
    lines.push(...several);
  }
  return lines.join('\n');
};

/** Pages that people write. */
export const pagesToWrap = (): readonly string[] => [
  ...['README.md', 'SECURITY.md', 'CHANGELOG.md'].map((name) => join(root, name)),
  ...readdirSync(join(root, 'docs'), {recursive: true, encoding: 'utf8'})
    .filter((name) => name.endsWith('.md') && !name.startsWith('reference'))
    .map((name) => join(root, 'docs', name)),
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const path of pagesToWrap()) {
    const page = readFileSync(path, 'utf8');
    const next = wrapPage(page);
    if (next === page) continue;
    if (!process.argv.includes('--check')) writeFileSync(path, next);
    else {
      console.error(`${path} has lines of more than ${most} characters: npm run format`);
      process.exitCode = 1;
    }
  }
}
