// aws-jwt-verify beside ours on Authgear's tokens: the same verdict; where they differ, by name.
import assert from 'node:assert/strict';
import {JwtVerifier} from 'aws-jwt-verify';
import type {Jwks} from 'aws-jwt-verify/jwk';
import fc from 'fast-check';
import {makeAuthgearProvider} from '../../src/vendors/authgear/provider.ts';
import {authgearSettings} from '../../src/vendors/authgear/settings.ts';
import {type Authgear, startAuthgear} from '../support/vendors/authgear.ts';
import {isTakenBy, makeMostly} from '../support/vendors/oracles.ts';
import {authenticateAs, makeTestParts, type TestParts} from '../support/vendors/parts.ts';
import {makeSigningKey, type SigningKey} from '../support/vendors/signing.ts';

const seconds = Math.floor(Date.now() / 1_000);
const runs = 300;

const mostly = makeMostly(4);

describe('authgear beside aws-jwt-verify', () => {
  let authgear: Authgear;
  let rig: TestParts;
  let impostor: SigningKey;
  let stranger: SigningKey;
  let jwks: Jwks;
  before(async () => {
    authgear = await startAuthgear();
    rig = makeTestParts();
    impostor = await makeSigningKey('k1');
    stranger = await makeSigningKey('k2');
    jwks = (await (await fetch(`${authgear.endpoint}/oauth2/jwks`)).json()) as Jwks;
  });
  after(async () => {
    await rig.close();
    await authgear.close();
  });

  const ours = async (token: string): Promise<boolean> => {
    const settings = authgearSettings.parse({type: 'authgear', name: 'ag', endpoint: authgear.endpoint});
    const answer = await authenticateAs(makeAuthgearProvider(settings, rig.parts), {authorization: `Bearer ${token}`});
    return typeof answer === 'object' && answer.verified !== undefined;
  };
  const theirs = (token: string): boolean => {
    const {endpoint} = authgear;
    const verifier = JwtVerifier.create({issuer: endpoint, audience: endpoint, jwksUri: `${endpoint}/oauth2/jwks`});
    return isTakenBy(verifier, jwks, token);
  };

  it(`agrees on ${runs} generated tokens`, async () => {
    let accepted = 0;
    const audience = mostly<unknown>(
      ['ORIGIN'],
      'ORIGIN',
      ['spa', 'ORIGIN'],
      [],
      ['spa'],
      'spa',
      ['ORIGIN/'],
      undefined,
    );
    await fc.assert(
      fc.asyncProperty(
        mostly('', '/', '.evil.example'),
        audience,
        mostly<unknown>(seconds + 600, seconds - 60, '9999999999'),
        mostly<unknown>(undefined, seconds - 60, seconds + 600),
        mostly('authgear', 'impostor', 'stranger'),
        async (more, aud, exp, nbf, by) => {
          const named =
            JSON.parse((JSON.stringify(aud) ?? 'null').replaceAll('ORIGIN', authgear.endpoint)) ?? undefined;
          const key = {authgear: undefined, impostor, stranger}[by];
          const token = await authgear.token({iss: authgear.endpoint + more, aud: named, exp, nbf}, {}, key);
          const verified = await ours(token);
          assert.equal(verified, theirs(token), JSON.stringify({more, aud, exp, nbf, by}));
          if (verified) accepted++;
        },
      ),
      {numRuns: runs},
    );
    assert.ok(accepted > 10, 'some are good');
  });

  const quirks: [name: string, claims: object, header: object][] = [
    ['a token of type JWT, as id tokens are, passes', {}, {typ: 'JWT'}],
    ['a token without a type passes', {}, {typ: undefined}],
    ['a token without an end is good for ever', {exp: undefined}, {}],
    ['a token issued in the future is good now', {iat: seconds + 600}, {}],
  ];
  for (const [name, claims, header] of quirks) {
    it(`differs: ${name}`, async () => {
      const token = await authgear.token(claims, header);
      assert.equal(theirs(token), true);
      assert.equal(await ours(token), false);
    });
  }
});
