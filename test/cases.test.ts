// Runs every file of test/cases three ways: in process, over gRPC, and behind a real Envoy.
import assert from 'node:assert/strict';
import {readdirSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {
  type Case,
  type Decide,
  makeEnvoyWay,
  makeGrpcWay,
  makeProcessWay,
  readCases,
  signTokens,
  type Way,
  ways,
} from './support/cases.ts';
import {type Echo, startEcho} from './support/echo.ts';
import {makeEndings} from './support/endings.ts';
import {type Envoy, startEnvoy} from './support/envoy.ts';
import {type IdentityProvider, startIdentityProvider} from './support/identityProvider.ts';
import {type Postern, startPostern} from './support/postern.ts';
import {acme} from './support/stage.ts';

const folder = fileURLToPath(new URL('./cases/', import.meta.url));

const hold = async ({expect: expected, ...asked}: Case, way: Way, decide: Decide): Promise<void> => {
  const decided = await decide({...asked, expect: expected});
  const label = `${way}: ${JSON.stringify(decided)}`;
  assert.equal(decided.outcome, expected.outcome, label);
  // A page load that is sent elsewhere has no problem to read.
  if (expected.status !== 302) assert.equal(decided.reason, expected.reason, label);
  if (expected.rule !== undefined && way === 'process') assert.equal(decided.rule, expected.rule);
  if (expected.status !== undefined && way === 'envoy') assert.equal(decided.status, expected.status);
  if (expected.detail !== undefined && way === 'process') assert.ok(decided.detail?.includes(expected.detail), label);
  if (way === 'process') return;
  for (const [name, value] of Object.entries(expected.identity ?? {}))
    assert.equal(decided.identity?.(name), value, name);
  for (const [name, value] of Object.entries(expected.body ?? {}))
    assert.deepEqual(decided.body?.[name] ?? null, value, name);
  for (const [name, part] of Object.entries(expected.headers ?? {})) {
    assert.ok(decided.headers?.get(name)?.includes(part), `${name}: ${decided.headers?.get(name)}`);
  }
};

for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
  // Read once to know the names of the cases; what they need is started before they run.
  const {title, cases} = readCases(folder + file, '');
  describe(`cases: ${title}`, () => {
    const deciders = new Map<Way, Decide>();
    const {keep, end} = makeEndings();
    before(async () => {
      const identityProvider: IdentityProvider = keep(
        await startIdentityProvider({people: {}, audience: 'orders-api'}),
      );
      const {issuer} = identityProvider;
      const given = readCases(folder + file, issuer);
      const settings = {providers: [acme(issuer)], ...given.settings};
      const files = given.entitlements === undefined ? {} : {'entitlements.yaml': given.entitlements};
      const tokens = await signTokens(given, identityProvider);
      deciders.set('process', keep(await makeProcessWay(settings, files, tokens)).decide);
      const postern: Postern = keep(await startPostern(settings, {files}));
      deciders.set('grpc', keep(makeGrpcWay(postern.address, tokens)).decide);
      const echo: Echo = keep(await startEcho());
      const envoy: Envoy = keep(await startEnvoy({checkAddress: postern.address, upstream: echo}));
      deciders.set('envoy', makeEnvoyWay(envoy.port, tokens));
    });
    after(end);
    for (const one of cases) {
      it(one.it, async () => {
        for (const way of one.via ?? ways) {
          const decide = deciders.get(way);
          assert.ok(decide);
          await hold(one, way, decide);
        }
      });
    }
  });
}
