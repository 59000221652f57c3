// Where a credential stands (header, cookie, query): one is found only where the standards' own readers find it too.
import {openGate, textOf} from '../gate.ts';
import {must, type Target} from '../target.ts';

/** In an input it stands for a good token: `sid={token}`. */
const token = '{token}';

/** RFC 6265 section 5.2 on its own: white space is space and tab, names count as written. */
const valuesOfCookie = (header: string, name: string): readonly string[] =>
  header
    .split(';')
    .map((pair) => pair.split(/=(.*)/s, 2).map((part) => part.replaceAll(/^[ \t]+|[ \t]+$/g, '')))
    .filter(([written]) => written === name)
    .map(([, value = '']) => value.replace(/^"(.*)"$/s, '$1'));

/** Every one of these is the token, and there is one at least. */
const areAll = (values: readonly string[], wanted: string): boolean =>
  values.length > 0 && values.every((value) => value === wanted);

const words = [
  token,
  'sid',
  '__Host-sid',
  'access_token',
  'Bearer ',
  'sid=',
  '; ',
  '%2e',
  '%3D',
  '\u00a0',
  '\u2003',
  '\x1f',
  '\x0b',
  '"',
];

export const cookies: Target = {
  name: 'cookies',
  seeds: [
    `sid=${token}`,
    `a=b; sid=${token}; c="d"`,
    `__Host-sid=${token}`,
    `sid="${token}"`,
    'sid=x; sid=y',
    `x=1; \u2003sid=${token}`,
  ],
  words,
  longest: 60_000,
  async open() {
    const gate = await openGate();
    return {
      async run(input) {
        const cookie = textOf(input).replaceAll(token, gate.token);
        const {allowed} = await gate.ask({path: '/private/x', headers: {cookie}});
        if (!allowed) return undefined;
        return () => {
          const [plain, host] = ['sid', '__Host-sid'].map((name) => valuesOfCookie(cookie, name));
          const counts = (plain?.some((value) => value !== '') ? plain : host) ?? [];
          must(
            areAll(
              counts.filter((value) => value !== ''),
              gate.token,
            ),
            'let in',
          );
        };
      },
      close: gate.close,
    };
  },
};

export const query: Target = {
  name: 'query',
  seeds: [
    `a=1&access_token=${token}`,
    `access_token=${token}&access_token=x`,
    `%61ccess_token=${token}`,
    '%&%&%',
    'a=%ff&b=+',
    `access+token=${token}`,
  ],
  words,
  longest: 60_000,
  async open() {
    const gate = await openGate();
    return {
      async run(input) {
        const asked = textOf(input).replaceAll(token, gate.token);
        const {allowed} = await gate.ask({path: `/private/x?${asked}`});
        if (!allowed) return undefined;
        return () => must(areAll(new URLSearchParams(asked).getAll('access_token'), gate.token), 'let in');
      },
      close: gate.close,
    };
  },
};

export const authorization: Target = {
  name: 'authorization',
  seeds: [
    `Bearer ${token}`,
    `bearer  ${token}`,
    `Basic eDp5`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer: ${token}`,
    token,
  ],
  words: [...words, 'Basic ', 'DPoP '],
  longest: 60_000,
  async open() {
    const gate = await openGate();
    return {
      async run(input) {
        const header = textOf(input).replaceAll(token, gate.token);
        const {allowed} = await gate.ask({path: '/private/x', headers: {authorization: header}});
        if (!allowed) return undefined;
        // RFC 9110 section 11.4: a scheme in any case, spaces, the token.
        const [scheme, value, ...more] = header.trim().split(/ +/);
        return () => must(scheme?.toLowerCase() === 'bearer' && value === gate.token && more.length === 0, 'let in');
      },
      close: gate.close,
    };
  },
};
