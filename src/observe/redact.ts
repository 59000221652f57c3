// What must never reach a log line, and how it is taken out. A caller that logs a secret is a bug; this is the second lock.

const hidden = '[redacted]';

/** Longest string in a line, in characters: what comes from outside must not fill the disk. */
const longest = 2_048;
const deepest = 5;
const widest = 50;

/** Names of fields whose values are not shown, whatever they hold. Compared without case, `-` and `_`. */
const secretNames = new Set([
  'accesskey',
  'accesstoken',
  'apikey',
  'authorization',
  'blockkey',
  'body',
  'claims',
  'clientsecret',
  'cookie',
  'cookies',
  'credential',
  'credentials',
  'hashkey',
  'headers',
  'idtoken',
  'jwt',
  'password',
  'principal',
  'privatekey',
  'proxyauthorization',
  'query',
  'refreshtoken',
  'sealkey',
  'secret',
  'session',
  'sessionid',
  'setcookie',
  'target',
  'token',
]);

/** Names seen so far: those of fields are few, and those from outside must not fill the memory. */
const seenNames = new Map<string, boolean>();
const mostNames = 1_000;

const isSecretName = (name: string): boolean => {
  const seen = seenNames.get(name);
  if (seen !== undefined) return seen;
  const secret = secretNames.has(name.toLowerCase().replace(/[-_]/g, ''));
  if (seenNames.size < mostNames) seenNames.set(name, secret);
  return secret;
};

/** `eyJ` is how every JSON object begins in base64url: a JWT, signed or encrypted. Runs are taken whole, so it is linear. */
export const withoutJwts = (text: string): string => {
  if (!text.includes('eyJ')) return text;
  return text.replace(/[\w.-]{16,}/g, (run) => {
    const start = run.indexOf('eyJ');
    return start < 0 || !run.includes('.', start) ? run : `${run.slice(0, start)}${hidden}`;
  });
};

/**
 * The text without what looks like a secret: JWTs, values of Authorization schemes, user names in URLs, queries of URLs.
 * Works on plain strings and on lines of JSON alike (it never takes out a quote or a backslash).
 */
export const redacted = (text: string): string =>
  withoutJwts(text)
    .replace(/(bearer|basic|dpop) +[\w.~+/=-]{8,}/gi, `$1 ${hidden}`)
    .replace(/:\/\/[^\s"'\\/@]+@/g, `://${hidden}@`)
    .replace(/([a-z]:\/\/[^\s"'\\?#]*)\?[^\s"'\\]+/g, `$1?${hidden}`);

/** The same for one line of JSON, and without the exact secrets of the configuration in force; none under 6 characters. */
export const makeRedaction =
  (secrets: () => readonly string[]) =>
  (line: string): string => {
    let safe = redacted(line);
    for (const secret of secrets()) {
      const written = JSON.stringify(secret).slice(1, -1);
      if (secret.length >= 6 && safe.includes(written)) safe = safe.replaceAll(written, hidden);
    }
    return safe;
  };

/** The fields of a line, made safe: no secret names, no long strings, no deep trees, errors as plain fields. */
export const safeFields = (fields: object): Record<string, unknown> => {
  const safe: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    safe[name] = isSecretName(name) ? hidden : safeValue(value, 1);
  }
  return safe;
};

/** Values whose makers vouch for them: bounded, and without secrets by name. What looks like one is still taken out. */
const vouched = new WeakSet<object>();

/** Has the fields of a value told as they are, with every item. */
export const sound = <T extends object>(value: T): T => {
  vouched.add(value);
  return value;
};

const safeValue = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return shortened(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (vouched.has(value)) return value;
  if (depth > deepest) return '[deeper]';
  if (value instanceof Error) return safeError(value, depth);
  if (value instanceof Date) return value;
  if (value instanceof Map) return safeValue(Object.fromEntries(value), depth);
  if (ArrayBuffer.isView(value)) return hidden;
  if (Symbol.iterator in value)
    return Array.from(value as Iterable<unknown>)
      .slice(0, widest)
      .map((item) => safeValue(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, widest)
      .map(([name, inner]) => [name, isSecretName(name) ? hidden : safeValue(inner, depth + 1)]),
  );
};

/** Only what every error has: libraries hang whole requests, with their headers, on theirs. */
const safeError = (error: Error, depth: number): Record<string, unknown> => {
  const {code, dependency} = error as {code?: unknown; dependency?: unknown};
  return {
    type: error.name,
    message: shortened(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? {code} : {}),
    ...(typeof dependency === 'string' ? {dependency} : {}),
    ...(error.stack === undefined ? {} : {stack: shortened(error.stack)}),
    ...(error.cause === undefined ? {} : {cause: safeValue(error.cause, depth + 1)}),
  };
};

const shortened = (text: string) => (text.length > longest ? `${text.slice(0, longest)}…` : text);

/**
 * Text from outside on one line for a person: at most `most` characters, and control, format and lone surrogate
 * characters (which move a terminal's cursor or turn its writing around) become U+FFFD.
 */
export const printable = (text: string, most: number): string => {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return /^[\x20-\x7e]*$/.test(cut) ? cut : cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
};
