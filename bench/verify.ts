// What the verification of one token costs: ours beside jose's on the same tokens, and the way of a token that is kept.
// Read the ratios: both run in turn, in one process, so that a busy machine slows both.
import {createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT} from 'jose';
import {makeVerifyJwt} from '../src/providers/jwt.ts';
import {parseJwt} from '../src/providers/jwtForm.ts';
import {readKeySet} from '../src/providers/keys.ts';
import {makeOidcProvider} from '../src/providers/oidc.ts';
import {oidcSettings} from '../src/providers/oidcSettings.ts';
import type {KeptPrincipal} from '../src/providers/verifiedCache.ts';

const issuer = 'https://id.acme.example';
const audience = ['orders-api'];
const rounds = 7;
const never = Number.POSITIVE_INFINITY;

/** Median microseconds of wall clock and of CPU (all threads) a call, the subjects taking turns. */
const measure = async (calls: number, subjects: Record<string, () => Promise<unknown>>) => {
  const wall = new Map<string, number[]>();
  const cpu = new Map<string, number[]>();
  for (let round = -1; round < rounds; round++) {
    for (const [name, run] of Object.entries(subjects)) {
      const usage = process.cpuUsage();
      const begun = performance.now();
      for (let call = 0; call < calls; call++) await run();
      const took = ((performance.now() - begun) * 1000) / calls;
      const used = process.cpuUsage(usage);
      if (round < 0) continue;
      wall.set(name, [...(wall.get(name) ?? []), took]);
      cpu.set(name, [...(cpu.get(name) ?? []), (used.user + used.system) / calls]);
    }
  }
  const median = (values: number[] = []) =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  return Object.fromEntries(
    Object.keys(subjects).map((name) => [name, {us: median(wall.get(name)), cpu: median(cpu.get(name))}]),
  );
};

const table: Record<string, unknown>[] = [];
for (const alg of ['RS256', 'PS256', 'ES256', 'ES512', 'EdDSA'] as const) {
  const {publicKey, privateKey} = await generateKeyPair(alg, {extractable: true});
  const jwks = {keys: [{...(await exportJWK(publicKey)), kid: 'k', alg}]};
  const exp = Math.floor(Date.now() / 1000) + 3_600;
  const claims = {iss: issuer, aud: audience, sub: 'u1', exp, permissions: ['orders.read'], filler: 'x'.repeat(400)};
  const token = await new SignJWT(claims).setProtectedHeader({alg, kid: 'k'}).sign(privateKey);

  const keys = await readKeySet(jwks);
  if (keys === undefined) throw new Error('no usable key');
  const checks = {issuer, audience, algorithms: [alg], clockTolerance: 0, tokenType: undefined};
  const verify = makeVerifyJwt({find: (kid, algorithm) => keys.find(kid, algorithm)}, checks);
  const local = createLocalJWKSet(jwks);

  const cache = new Map<string, KeptPrincipal>();
  const provider = makeOidcProvider(
    oidcSettings.parse({type: 'oidc', name: 'acme', issuer, audience, jwksUri: 'https://id.acme.example/jwks'}),
    {
      call: async () => ({asked: 'GET /jwks', status: 200, headers: new Map(), body: JSON.stringify(jwks)}),
      cache: {get: (key) => cache.get(key), set: (key, value) => void cache.set(key, value)},
      now: Date.now,
      random: Math.random,
      after: () => () => {},
    },
  );
  const [place] = provider.places;
  if (place === undefined) throw new Error('no place');
  const context = {request: undefined as never, now: Date.now(), deadline: never};
  const whole = async () => {
    const credential = provider.accepts({place, value: token}, context.request);
    if (credential === undefined || (await provider.authenticate(credential, context)).verified === undefined)
      throw new Error('not verified');
  };

  const costs = await measure(alg === 'ES512' ? 60 : 400, {
    ours: async () => {
      const parsed = parseJwt(token);
      if (parsed === undefined || (await verify(parsed, Date.now(), never)).claims === undefined)
        throw new Error('not verified');
    },
    jose: () => jwtVerify(token, local, {issuer, audience, algorithms: [alg]}),
    kept: whole,
  });
  const shown = Object.entries(costs).map(([name, {us, cpu}]) => [name, `${us.toFixed(1)} us, ${cpu.toFixed(1)} CPU`]);
  const ratio = (costs.jose?.cpu ?? Number.NaN) / (costs.ours?.cpu ?? Number.NaN);
  table.push({alg, ...Object.fromEntries(shown), 'jose : ours': ratio.toFixed(2)});
  await provider.close?.();
}
console.table(table);
