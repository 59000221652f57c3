// The words that settings are written in. Every folder's settings.ts may import this file, and only this one, of config.
import {z} from 'zod';
import {isInsecureUrl} from '../core/insecureUrl.ts';

// A number where such a text belongs is told what the text looks like; what is missing or null is told so elsewhere.
const formed = (fault: string) =>
  z.string({error: ({input}) => (input === undefined || input === null ? undefined : fault)});

const durationFault = 'is not a duration: write a whole number and a unit, such as 200ms, 30s, 5m or 1h';
const longestDuration = 8_760 * 3_600_000; // a year: more is a mistake
const durationUnits = {ms: 1, s: 1_000, m: 60_000, h: 3_600_000} as const;

const milliseconds = (text: string): number => {
  const [, count, unit] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  return Number(count) * (durationUnits[unit as keyof typeof durationUnits] ?? Number.NaN);
};

/** `200ms 30s 5m 1h` -> milliseconds. */
export const duration = formed(durationFault)
  .regex(/^\d+(ms|s|m|h)$/, durationFault)
  .refine((text) => !(milliseconds(text) > longestDuration), 'is longer than a year (8760h)')
  .transform(milliseconds)
  .meta({title: 'duration'});

const sizeFault = 'is not a size: write a whole number and a unit, such as 256KiB or 4MiB';
const sizeUnits = {KiB: 1_024, MiB: 1_048_576} as const;

/** `256KiB 4MiB` -> bytes. */
export const size = formed(sizeFault)
  .regex(/^\d{1,9}(KiB|MiB)$/, sizeFault)
  .transform((text) => Number.parseInt(text, 10) * sizeUnits[text.slice(-3) as keyof typeof sizeUnits])
  .meta({title: 'size'});

/** Where a server listens. */
export type ListenAddress =
  | {readonly kind: 'tcp'; readonly host: string; readonly port: number}
  | {readonly kind: 'unix'; readonly path: string};

const listenFault = 'is not a listen address: write host:port, such as 127.0.0.1:9191, or unix:///path/to.sock';

// sockaddr_un holds 108 bytes with the closing NUL (unix(7)); a longer path would be cut short without a word.
const longestSocketPath = 107;

/** Where the servers listen unless somebody says otherwise. */
export const defaultListen = {server: '127.0.0.1:9191', admin: '127.0.0.1:9190'} as const;

/** `127.0.0.1:9191`, `[::1]:9191` or `unix:///run/postern/check.sock`. Port 0 takes any free one. */
export const listenAddress = formed(listenFault)
  .regex(/^(unix:\/\/\/.+|(\[[0-9a-fA-F:.]+\]|[^\s:/]+):\d{1,5})$/, listenFault)
  .refine((text) => text.startsWith('unix:') || Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, {
    message: 'has a port above 65535',
  })
  .refine((text) => !text.startsWith('unix://') || Buffer.byteLength(text.slice(7)) <= longestSocketPath, {
    message: `has a socket path of more than ${longestSocketPath} bytes, which is the most that Unix can`,
  })
  .transform((text): ListenAddress => {
    if (text.startsWith('unix://')) return {kind: 'unix', path: text.slice('unix://'.length)};
    const colon = text.lastIndexOf(':');
    return {
      kind: 'tcp',
      host: text.slice(0, colon).replace(/^\[|\]$/g, ''),
      port: Number(text.slice(colon + 1)),
    };
  })
  .meta({title: 'address'});

/** A name that appears in metrics and messages: letters, digits, `-`, `_`, `.`. */
export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'is not a name: use letters, digits, - _ and . (63 at most)');

/** A string that is not empty. */
export const text = z.string().min(1, 'is empty');

/** One or more strings, none of them empty: an empty list in a requirement would be a requirement that says nothing. */
export const texts = z.array(text).min(1, 'is an empty list: name at least one, or leave the setting out');

/** A value that must not be printed: comes as `${NAME}` or `${file:/path}`, or as it is. */
export const secret = z.string().min(1, 'is empty').meta({title: 'secret', writeOnly: true});

const bearerToken = secret.refine(
  (value) => value.length >= 16,
  'is shorter than 16 characters: use a random one, such as 32 bytes in base64',
);

/** What callers of ours send as `Authorization: Bearer`: one, or several while it is changed. */
export const bearerTokens = z.union([
  bearerToken.transform((one): readonly string[] => [one]),
  z
    .array(bearerToken)
    .min(1, 'is an empty list: name at least one')
    .max(4, 'has more than 4: take out those that nobody sends any more')
    .readonly(),
]);

const sealKey = z.string().min(16, 'is shorter than 16 characters: use a random key, such as 32 bytes in base64');
/** Each costs a try for what none of them opens. */
const mostSealKeys = 4;

/** A secret that seals what is stored, or several while it is changed: the first seals, each opens. */
export const sealKeys = z
  .union([sealKey, z.array(sealKey).min(1, 'is an empty list').max(mostSealKeys)])
  .meta({writeOnly: true});

/** The path of a file, which is read again when it changes; a relative one starts at the folder of the configuration. */
export const filePath = z.string().min(1, 'is empty').meta({title: 'file'});

/** Whom calls of a provider or source trust besides the public authorities, and what they show of themselves. */
export const certificates = {
  ca: filePath
    .describe('PEM file with authorities that these calls trust besides the public ones and those of `remote.ca`.')
    .optional(),
  clientCertificate: z
    .strictObject({
      cert: filePath.describe('PEM file with the certificate, and those that lead to its authority.'),
      key: filePath.describe('PEM file with its key, without a passphrase.'),
    })
    .describe('Shown where the other side asks for one (mutual TLS). No other provider or source shows it.')
    .optional(),
} as const;

/** An http: or https: URL without credentials and fragment. Whether `http:` is allowed is said by `insecureUrls`. */
export const httpUrl = z
  .string()
  .refine((text) => !/\s/.test(text.trim()), {message: 'has white space, which no URL has: take it out', abort: true})
  .refine((text) => !/^[\w-]+(\.[\w-]+)+(:\d+)?(\/|$)/.test(text), {
    message: 'is no URL: begin it with https://',
    abort: true,
  })
  .refine((text) => {
    const url = URL.parse(text);
    return (
      url !== null &&
      (url.protocol === 'https:' || url.protocol === 'http:') &&
      url.username === '' &&
      url.password === '' &&
      url.hash === ''
    );
  }, 'is not an http: or https: URL without user name and fragment')
  .meta({title: 'URL'});

/** Scheme, host and port alone: `https://acme.example`. A slash at the end is dropped. */
export const origin = httpUrl
  .refine((text) => {
    const url = URL.parse(text);
    return url === null || (url.pathname === '/' && url.search === '');
  }, 'has more than scheme, host and port: take the path out')
  .transform((text) => new URL(text).origin);

/** For a check between settings: runs although one of them is wrong or missing, so that no mistake hides another. */
export const besideMistakes = {
  when: ({value}: {value: unknown}): boolean => typeof value === 'object' && value !== null,
};

/**
 * For an object of settings with an `insecure` flag: an error on each of `keys` that holds an `http:` URL beyond loopback
 * while `insecure` is not true.
 */
export const insecureUrls =
  (...keys: readonly string[]) =>
  (settings: object, context: z.RefinementCtx): void => {
    const own = settings as Record<string, unknown>;
    if (own.insecure === true) return;
    for (const key of keys) {
      const url = own[key];
      if (typeof url !== 'string' || !isInsecureUrl(url)) continue;
      context.addIssue({
        code: 'custom',
        path: [key],
        message:
          'is http: to another machine, where anyone on the way can read and forge: use https:, or set insecure: true',
      });
    }
  };
