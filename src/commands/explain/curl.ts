// A curl command as a browser or a terminal gives it, as the request that it would send.
import {CommandError} from '../settings.ts';

/** What is asked about. Header names as they were written. */
export interface AskedRequest {
  readonly method: string;
  readonly host: string;
  readonly scheme: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** Options of curl (1) that take a value and change nothing here, so that their values are not taken for the address. */
const skipped = new Set(
  '-o --output -m --max-time --connect-timeout -w --write-out --retry -c --cookie-jar --cacert --cert --key -x --proxy --resolve --limit-rate -T --upload-file -D --dump-header -K --config -E --ciphers --interface'.split(
    ' ',
  ),
);
const bodies = new Set('-d --data --data-raw --data-binary --data-urlencode --data-ascii --json -F --form'.split(' '));

/** Reads it; what curl does beyond a request (files, redirects) does not matter. Throws CommandError with a remedy. */
export const readCurl = (command: string): AskedRequest => {
  const words = wordsOf(command);
  if (words[0] !== 'curl') throw new CommandError('--curl: is not a curl command; it must begin with curl');
  let method: string | undefined;
  let url: string | undefined;
  let body = false;
  let get = false;
  const headers: [string, string][] = [];
  const rest = words.slice(1);
  const value = (option: string): string => {
    const next = rest.shift();
    if (next === undefined) throw new CommandError(`--curl: ${option} has no value; was the command cut off?`);
    return next;
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    // -XPOST and -H'a: b' are -X POST and -H 'a: b'.
    const glued = /^-([XHbuAed])(.+)$/s.exec(word);
    if (glued !== null) {
      rest.unshift(glued[2] as string);
      word = `-${glued[1]}`;
    }
    const [option = '', ...parts] = word.startsWith('--') ? word.split('=') : [word];
    if (parts.length > 0) rest.unshift(parts.join('='));
    if (option === '-X' || option === '--request') method = value(option);
    else if (option === '-H' || option === '--header') headers.push(headerOf(value(option)));
    else if (option === '-b' || option === '--cookie') headers.push(['cookie', value(option)]);
    else if (option === '-A' || option === '--user-agent') headers.push(['user-agent', value(option)]);
    else if (option === '-e' || option === '--referer') headers.push(['referer', value(option)]);
    else if (option === '--oauth2-bearer') headers.push(['authorization', `Bearer ${value(option)}`]);
    else if (option === '-u' || option === '--user') {
      headers.push(['authorization', `Basic ${Buffer.from(value(option)).toString('base64')}`]);
    } else if (bodies.has(option)) {
      value(option);
      body = true;
    } else if (option === '-I' || option === '--head') method ??= 'HEAD';
    else if (option === '-G' || option === '--get') get = true;
    else if (option === '--url') url = value(option);
    else if (skipped.has(option)) value(option);
    else if (!option.startsWith('-')) url ??= option;
  }
  if (url === undefined) throw new CommandError('--curl: names no address; add the URL');
  return {...placeOf(url, '--curl'), method: method ?? (body && !get ? 'POST' : 'GET'), headers};
};

/** Where a URL leads: host, scheme and target, the target as it was written. `what`: for the message. */
export const placeOf = (url: string, what: string): Pick<AskedRequest, 'host' | 'scheme' | 'target'> => {
  const found = /^(?:(https?):\/\/)?([^/?#\s]+)([^#\s]*)/i.exec(url);
  if (found === null)
    throw new CommandError(`${what}: "${url.slice(0, 80)}" is not an address such as https://api.acme.example/orders`);
  const [, scheme = 'http', host = '', rest = ''] = found;
  return {
    scheme: scheme.toLowerCase(),
    host: host.replace(/^[^@]*@/, ''),
    target: rest.startsWith('/') ? rest : `/${rest}`,
  };
};

/** `name: value`; without a colon it is no header. */
export const headerOf = (text: string): [string, string] => {
  const colon = text.indexOf(':');
  if (colon < 1) throw new CommandError(`the header "${text.slice(0, 40)}" has no colon: write 'name: value'`);
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
};

/** Words as a POSIX shell splits them: quotes, backslashes, and lines that go on. Nothing is expanded. */
const wordsOf = (text: string): string[] => {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < text.length) {
    const character = text[at] as string;
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
    } else if (character === '\\') {
      // A line that goes on, in a Unix or a Windows text.
      const next = text.slice(at + 1, at + 3);
      if (next.startsWith('\n')) at += 2;
      else if (next === '\r\n') at += 3;
      else {
        word = (word ?? '') + (text[at + 1] ?? '');
        at += 2;
      }
    } else if (character === "'" || character === '"' || text.startsWith("$'", at)) {
      const begin = character === '$' ? at + 2 : at + 1;
      const [inside, end] = quotedAt(text, begin, character === '"' ? '"' : "'", character !== "'");
      word = (word ?? '') + inside;
      at = end;
    } else {
      word = (word ?? '') + character;
      at += 1;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
};

/** The text up to the closing quote, and where it goes on. */
const quotedAt = (text: string, begin: number, quote: string, escapes: boolean): [string, number] => {
  let inside = '';
  for (let at = begin; at < text.length; at++) {
    const character = text[at] as string;
    if (character === quote) return [inside, at + 1];
    if (escapes && character === '\\' && at + 1 < text.length) {
      at += 1;
      if (text[at] !== '\n') inside += text[at];
    } else inside += character;
  }
  throw new CommandError(`--curl: a quote ${quote} is not closed; was the command cut off?`);
};
