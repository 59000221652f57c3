// Kinde's own SDK, and aws-jwt-verify, beside ours: the same verdict on generated tokens; where they differ, by name.
import assert from 'node:assert/strict';
import {JwtVerifier} from 'aws-jwt-verify';
import type {Jwks} from 'aws-jwt-verify/jwk';
import fc from 'fast-check';
import {isFlagOn} from '../../src/vendors/kinde/flags.ts';
import {makeKindeProvider} from '../../src/vendors/kinde/provider.ts';
import {kindeSettings} from '../../src/vendors/kinde/settings.ts';
import {type Kinde, startKinde} from '../support/vendors/kinde.ts';
import {kindeSdk} from '../support/vendors/kindeSdk.ts';
import {isTakenBy, makeMostly} from '../support/vendors/oracles.ts';
import {authenticateAs, makeTestParts, type TestParts} from '../support/vendors/parts.ts';
import {makeSigningKey, type SigningKey} from '../support/vendors/signing.ts';

const seconds = Math.floor(Date.now() / 1_000);
const runs = 300;

const mostly = makeMostly(4);

describe('kinde beside the oracles', () => {
  let kinde: Kinde;
  let rig: TestParts;
  let impostor: SigningKey;
  let stranger: SigningKey;
  let jwks: Jwks;
  before(async () => {
    kinde = await startKinde();
    rig = makeTestParts();
    impostor = await makeSigningKey('k1');
    stranger = await makeSigningKey('k2');
    jwks = (await (await fetch(`${kinde.domain}/.well-known/jwks`)).json()) as Jwks;
  });
  after(async () => {
    await rig.close();
    await kinde.close();
  });

  const ours = async (token: string, audience: string[] | 'any' = ['orders-api']) => {
    const settings = kindeSettings.parse({type: 'kinde', name: 'ki', domain: kinde.domain, audience});
    const answer = await authenticateAs(makeKindeProvider(settings, rig.parts), {authorization: `Bearer ${token}`});
    return typeof answer === 'object' ? answer.verified : undefined;
  };

  describe('aws-jwt-verify: signature, issuer, audience, times', () => {
    const theirs = (token: string): boolean => {
      const verifier = JwtVerifier.create({
        issuer: kinde.domain,
        audience: ['orders-api'],
        jwksUri: `${kinde.domain}/.well-known/jwks`,
      });
      return isTakenBy(verifier, jwks, token);
    };

    it('differs: padding after the signature makes another token of the same worth', async () => {
      const token = `${await kinde.token()}==`;
      assert.equal(theirs(token), true);
      assert.equal(await ours(token), undefined);
    });

    it(`agrees on ${runs} generated tokens`, async () => {
      let accepted = 0;
      const claim = fc.record(
        {
          iss: mostly('', '/', '.evil.example'),
          aud: mostly<unknown>(['orders-api'], 'orders-api', ['x', 'orders-api'], [], ['x'], 'x', undefined),
          exp: mostly<unknown>(seconds + 600, seconds - 60, '9999999999'),
          nbf: mostly<unknown>(undefined, seconds - 60, seconds + 600, 'x'),
          sub: fc.constantFrom('kp_1', 'kp_2'),
        },
        {requiredKeys: ['iss', 'aud', 'exp', 'nbf', 'sub']},
      );
      const signer = mostly('kinde', 'impostor', 'stranger');
      const damage = mostly('none', 'signature', 'claims', 'cut');
      await fc.assert(
        fc.asyncProperty(claim, signer, damage, async ({iss, ...claims}, by, how) => {
          const key = {kinde: undefined, impostor, stranger}[by];
          const token = damaged(await kinde.token({...claims, iss: kinde.domain + iss}, {}, key), how);
          const verified = (await ours(token)) !== undefined;
          assert.equal(verified, theirs(token), JSON.stringify({iss, ...claims, by, how}));
          if (verified) accepted++;
        }),
        {numRuns: runs},
      );
      assert.ok(accepted > 10, 'some are good');
    });

    const quirks: [name: string, claims: object, header: object][] = [
      ['a token without an end is good for ever', {exp: undefined}, {}],
      ['a token issued in the future is good now', {iat: seconds + 600}, {}],
      ['an id token passes for an access token', {at_hash: 'x'}, {}],
      ['a token of another kind (typ) passes', {}, {typ: 'logout+jwt'}],
      ['a token about nobody is good', {sub: undefined, azp: undefined}, {}],
    ];
    for (const [name, claims, header] of quirks) {
      it(`differs: ${name}`, async () => {
        const token = await kinde.token(claims, header);
        assert.equal(theirs(token), true);
        assert.equal(await ours(token), undefined);
      });
    }
  });

  describe('the SDK: permissions, organisation, flags', () => {
    const names = ['orders.read', 'orders.write', 'Orders.read', 'orders', 'constructor', ''];
    const flags = ['beta', 'Beta', 'theme', 'limit'];
    const flag = fc.oneof(
      fc.record({t: fc.constant('b'), v: fc.boolean()}),
      fc.record({t: fc.constant('i'), v: fc.integer()}),
      fc.record({t: fc.constant('s'), v: fc.constantFrom('true', 'on', '')}),
    );

    it(`agrees on ${runs} generated tokens`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.constantFrom(...names)),
          fc.dictionary(fc.constantFrom(...flags), flag),
          fc.constantFrom('org_1', 'org_2', undefined),
          fc.constantFrom(...names),
          fc.constantFrom(...flags),
          async (permissions, feature_flags, org_code, wanted, feature) => {
            const token = await kinde.token({permissions, feature_flags, org_code});
            const {client, session} = kindeSdk(kinde.domain, token);
            const principal = await ours(token);
            assert.ok(principal);
            assert.deepEqual(
              {isGranted: principal.permissions.includes(wanted), orgCode: principal.tenant ?? null},
              await client.getPermission(session, wanted),
            );
            const theirs = await client.getBooleanFlag(session, feature, false).catch(() => false);
            assert.equal(isFlagOn(principal.claims, feature), theirs);
          },
        ),
        {numRuns: runs},
      );
    });

    const grants = async (token: string): Promise<boolean> => {
      const {client, session} = kindeSdk(kinde.domain, token);
      return (await client.getPermission(session, 'orders.read')).isGranted;
    };
    const weak: [name: string, claims: () => object][] = [
      ['a token for another audience grants', () => ({aud: ['billing-api']})],
      ['a token for no audience grants', () => ({aud: []})],
      ['a token of another issuer grants', () => ({iss: 'https://evil.example'})],
      ['a token from the future grants', () => ({nbf: seconds + 600})],
    ];
    for (const [name, claims] of weak) {
      it(`differs: ${name}`, async () => {
        const token = await kinde.token({permissions: ['orders.read'], ...claims()});
        assert.equal(await grants(token), true);
        assert.equal(await ours(token), undefined);
      });
    }
    it('differs: a flag that every object has is found', async () => {
      const token = await kinde.token({feature_flags: {}});
      const {client, session} = kindeSdk(kinde.domain, token);
      await assert.rejects(client.getFlag(session, 'beta'), /not found/);
      assert.equal((await client.getFlag(session, 'constructor')).code, 'constructor');
      assert.equal(isFlagOn((await ours(token))?.claims ?? {}, 'constructor'), false);
    });
    it('differs: a flag without a type, or whose value is of another type, is taken at its word', async () => {
      for (const stated of [{v: true}, {t: 'b', v: 'yes'}]) {
        const token = await kinde.token({feature_flags: {beta: stated}});
        const {client, session} = kindeSdk(kinde.domain, token);
        assert.equal(await client.getBooleanFlag(session, 'beta', false), stated.v);
        assert.equal(isFlagOn((await ours(token))?.claims ?? {}, 'beta'), false);
      }
    });
  });
});

const damaged = (token: string, how: string): string => {
  const [header = '', claims = '', signature = ''] = token.split('.');
  switch (how) {
    case 'signature':
      return `${header}.${claims}.${signature.slice(0, 10)}${signature[10] === 'A' ? 'B' : 'A'}${signature.slice(11)}`;
    case 'claims':
      return `${header}.${Buffer.from('{"sub":"root"}').toString('base64url')}.${signature}`;
    case 'cut':
      return `${header}.${claims}`;
    default:
      return token;
  }
};
