// What a stranger's 60 kB cost, by shape: processor time of Postern beside that of a plain request of the same size, which
// holds it in a header that nobody looks at. Read the ratios: none may be above three. `node bench/shapes.ts [rounds]`

import {type CheckRequest, makeCheckClient} from '../test/support/checkClient.ts';
import {startIdentityProvider} from '../test/support/identityProvider.ts';
import {startPostern} from '../test/support/postern.ts';
import {endAll} from '../test/support/processes.ts';
import {exactCpuTime} from './support/usage.ts';

const size = 60_000;
const most = 3;
const rounds = Number(process.argv[2] ?? 5);
const calls = 60;

const bearer = {header: 'authorization', scheme: 'Bearer'};
const basic = {header: 'authorization', scheme: 'Basic'};
const settings = (issuer: string) => ({
  providers: [
    ...Array.from({length: 10}, (_, at) => ({
      name: `p${at}`,
      type: 'oidc',
      issuer: `https://id${at}.example`,
      jwksUri: `${issuer}/jwks`,
      audience: ['api'],
      credentials: [bearer, basic, {cookie: `c${at}`}, {query: `q${at}`}],
    })),
    {name: 'acme', type: 'oidc', issuer, audience: ['api'], credentials: [bearer, {cookie: 'sid'}, {query: 'token'}]},
    {name: 'keys', type: 'apiKeys', file: 'keys.yaml'},
  ],
  rules: [
    {name: 'open', match: {path: '/open/**'}, public: true},
    {name: 'all', match: {}, require: {}},
  ],
  responses: {removeCredential: true, identity: {'x-auth-subject': 'subject'}},
  log: {decisions: 'none'},
});

type Headers = Readonly<Record<string, string>>;
interface Shape {
  readonly path?: string;
  readonly host?: string;
  readonly headers?: Headers;
}

const filled = (piece: string): string => piece.repeat(Math.ceil(size / piece.length)).slice(0, size);
const part = (text: string): string => Buffer.from(text).toString('base64url');
/** As long as a token may be. */
const token = (claims: string): string => `${part('{"alg":"RS256","kid":"k"}')}.${part(claims)}.c2ln`;
const numbered = (prefix: string, end: string): string => {
  let text = '';
  for (let at = 0; text.length < size; at++) text += `${prefix}${at}${end}`;
  return text.slice(0, size);
};

const shapes: Readonly<Record<string, (issuer: string) => Shape>> = {
  'query of %': () => ({path: `/x?${filled('%')}`}),
  'query of %&': () => ({path: `/x?${filled('%&')}`}),
  'query of %=&': () => ({path: `/x?${filled('%=&')}`}),
  'query of &': () => ({path: `/x?${filled('&')}`}),
  'query of a=1&': () => ({path: `/x?${filled('a=1&')}`}),
  'query of %61=1&': () => ({path: `/x?${filled('%61=1&')}`}),
  'query of many names': () => ({path: `/x?${numbered('a', '=1&')}`}),
  'query of 990 escaped names': () => ({path: `/x?${filled(`${'%C3%A9'.repeat(10)}=&`)}`}),
  'query, one escaped name': () => ({path: `/x?${filled('%C3%A9')}`}),
  'query, one escaped value': () => ({path: `/x?q3=${filled('%C3%A9')}`}),
  'query of +': () => ({path: `/x?${filled('+')}`}),
  'query of a public rule': () => ({path: `/open/x?${filled('%&')}`}),
  'cookies of a=1;': () => ({headers: {cookie: filled('a=1;')}}),
  'cookies of many names': () => ({headers: {cookie: numbered('a', '=1;')}}),
  'cookies of ;': () => ({headers: {cookie: filled(';')}}),
  'cookies of a;': () => ({headers: {cookie: filled('a;')}}),
  '290 cookies': () => ({headers: {cookie: filled(`a=${'x'.repeat(205)};`)}}),
  'one cookie of blanks': () => ({headers: {cookie: `sid=${filled(' ')}x`}}),
  'one cookie': () => ({headers: {cookie: `sid=${filled('x')}`}}),
  'path, plain': () => ({path: `/${filled('a')}`}),
  'path of segments': () => ({path: filled('/a')}),
  'path of escapes': () => ({path: `/${filled('%61')}`}),
  'path of 16 kB, segments': () => ({path: filled('/a').slice(0, 16_000)}),
  'path of 16 kB, escaped segments': () => ({path: filled('/%61').slice(0, 16_000)}),
  'path of 16 kB, escapes': () => ({path: `/${filled('%C3%A9').slice(0, 16_002)}`}),
  'path of 16 kB, dots': () => ({path: filled('/.a').slice(0, 15_999)}),
  host: () => ({host: filled('a.')}),
  'Authorization of commas': () => ({headers: {authorization: filled('a,')}}),
  'Authorization of Bearer,': () => ({headers: {authorization: filled('Bearer,')}}),
  'Authorization of blanks': () => ({headers: {authorization: `Bearer ${filled(' ')}x`}}),
  'Authorization, one word': () => ({headers: {authorization: `Bearer ${filled('a')}`}}),
  'x-api-key of commas': () => ({headers: {'x-api-key': filled(',')}}),
  'x-api-key, one word': () => ({headers: {'x-api-key': filled('a')}}),
  'a hundred headers': () => ({
    headers: Object.fromEntries(Array.from({length: 100}, (_, at) => [`x_auth_${at}`, 'a'.repeat(590)])),
  }),
  'JWT, one long claim': () => ({
    headers: {authorization: `Bearer ${token(`{"iss":"x","a":"${'a'.repeat(24_000)}"}`)}`},
  }),
  'JWT of small members': () => ({
    headers: {
      authorization: `Bearer ${token(`{"iss":"x",${Array.from({length: 2_300}, (_, at) => `"k${at}":0`).join()}}`)}`,
    },
  }),
  'JWT, nested lists': () => ({
    headers: {authorization: `Bearer ${token(`{"iss":"x","a":${'['.repeat(11_500)}${']'.repeat(11_500)}}`)}`},
  }),
  'JWT, nested objects': () => ({
    headers: {authorization: `Bearer ${token(`{"iss":"x","a":${'{"a":'.repeat(3_900)}0${'}'.repeat(3_900)}}`)}`},
  }),
  'JWT of the issuer, forged': (issuer) => ({
    headers: {authorization: `Bearer ${token(`{"iss":"${issuer}","a":"${'a'.repeat(24_000)}"}`)}`},
  }),
};

const requestOf = ({path = '/x', host = 'api.example', headers = {}}: Shape): CheckRequest => {
  const length = path.length + host.length + Object.values(headers).join('').length;
  const filler = 'a'.repeat(Math.max(0, size - length));
  const peer = {address: {socketAddress: {address: '127.0.0.1', portValue: 1}}};
  const http = {id: '1', method: 'GET', path, host, scheme: 'https', headers: {...headers, 'x-filler': filler}};
  return {attributes: {source: peer, destination: peer, request: {http}}};
};

const bench = async (): Promise<boolean> => {
  const identityProvider = await startIdentityProvider({people: {}, audience: 'api'});
  const postern = await startPostern(JSON.parse(JSON.stringify(settings(identityProvider.issuer))), {
    files: {'keys.yaml': {keys: []}},
  });
  const client = makeCheckClient(postern.address);
  const {pid} = postern.process;
  const cost = async (request: CheckRequest): Promise<number> => {
    const before = exactCpuTime(pid);
    for (let call = 0; call < calls; call++) await client.check(request);
    return (exactCpuTime(pid) - before) / calls;
  };
  const plain = requestOf({});
  for (let warm = 0; warm < 5; warm++) await cost(plain);

  const median = (of: readonly number[]): number => [...of].sort((a, b) => a - b)[of.length >> 1] ?? Number.NaN;
  const rows: Record<string, object> = {};
  let worst = 0;
  for (const [title, shape] of Object.entries(shapes)) {
    const request = requestOf(shape(identityProvider.issuer));
    const ratios: number[] = [];
    const costs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const beside = await cost(plain);
      const own = await cost(request);
      costs.push(own);
      ratios.push(own / beside);
    }
    worst = Math.max(worst, median(ratios));
    rows[title] = {'CPU us': Math.round(median(costs)), 'times a plain one': Number(median(ratios).toFixed(2))};
  }
  console.table(rows);
  console.log(`worst: ${worst.toFixed(2)} times a plain request of ${size} bytes (at most ${most})`);
  client.close();
  await postern.stop();
  await identityProvider.stop();
  return worst <= most;
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  if (!(await bench())) process.exitCode = 1;
} finally {
  await endAll();
}
