// CognitoJwtVerifier of aws-jwt-verify beside ours: the same verdict on generated tokens; where they differ, by name.
import assert from 'node:assert/strict';
import {CognitoJwtVerifier} from 'aws-jwt-verify';
import type {Jwks} from 'aws-jwt-verify/jwk';
import fc from 'fast-check';
import {issuerOf, makeCognitoProvider} from '../../src/vendors/cognito/provider.ts';
import {cognitoSettings} from '../../src/vendors/cognito/settings.ts';
import {type Cognito, issuer, keysPath, startCognito, userPoolId} from '../support/vendors/cognito.ts';
import {isTakenBy, makeMostly} from '../support/vendors/oracles.ts';
import {authenticateAs, makeTestParts, type TestParts} from '../support/vendors/parts.ts';
import {makeSigningKey, type SigningKey} from '../support/vendors/signing.ts';

const seconds = Math.floor(Date.now() / 1_000);
const runs = 400;
const clients = ['web', 'robot'];

const mostly = makeMostly(9);

describe('cognito beside aws-jwt-verify', () => {
  let cognito: Cognito;
  let rig: TestParts;
  let impostor: SigningKey;
  let stranger: SigningKey;
  let jwks: Jwks;
  before(async () => {
    cognito = await startCognito();
    rig = makeTestParts();
    impostor = await makeSigningKey('access1');
    stranger = await makeSigningKey('access2');
    jwks = (await (await fetch(`${cognito.endpoint}${keysPath}`)).json()) as Jwks;
  });
  after(async () => {
    await rig.close();
    await cognito.close();
  });

  const ours = async (token: string, more: object = {}) => {
    const given = {type: 'cognito', name: 'co', userPoolId, clients, endpoint: cognito.endpoint, ...more};
    const provider = makeCognitoProvider(cognitoSettings.parse(given), rig.parts);
    const answer = await authenticateAs(provider, {authorization: `Bearer ${token}`});
    return typeof answer === 'object' ? answer.verified : undefined;
  };
  const theirs = (token: string, more: {clientId?: null; groups?: string[]; scope?: string[]} = {}): boolean => {
    const verifier = CognitoJwtVerifier.create({userPoolId, tokenUse: 'access', clientId: clients, ...more});
    return isTakenBy(verifier, jwks, token);
  };

  it(`agrees on ${runs} generated tokens`, async () => {
    let accepted = 0;
    const claim = fc.record({
      iss: mostly(issuer, `${issuer}/`, `${issuer}4`, issuer.replaceAll('eu-west-1', 'eu-west-2')),
      client_id: mostly<unknown>('web', 'robot', 'other', 'web2', '', null, ['web'], undefined),
      token_use: mostly<unknown>('access', 'id', 'ACCESS', 'refresh', '', null, ['access'], undefined),
      exp: mostly<unknown>(seconds + 600, seconds - 60, '9999999999'),
      nbf: mostly<unknown>(undefined, seconds - 60, seconds + 600, 'x'),
      sub: fc.constantFrom('u1', 'u2', 'web', 'robot'),
    });
    const signer = mostly('pool', 'impostor', 'stranger');
    const damage = mostly('none', 'signature', 'claims', 'cut');
    await fc.assert(
      fc.asyncProperty(claim, signer, damage, async (claims, by, how) => {
        const key = {pool: undefined, impostor, stranger}[by];
        const token = damaged(await cognito.token(claims, {}, key), how);
        const verified = (await ours(token)) !== undefined;
        assert.equal(verified, theirs(token), JSON.stringify({...claims, by, how}));
        if (verified) accepted++;
      }),
      {numRuns: runs},
    );
    assert.ok(accepted > runs / 10 && accepted < runs, `${accepted} are good`);
  });

  it('agrees on id tokens, whatever they say besides', async () => {
    for (const claims of [{}, {at_hash: undefined}, {client_id: 'web'}, {aud: 'other'}, {aud: undefined}]) {
      const token = await cognito.idToken(claims);
      assert.equal(theirs(token), false);
      assert.equal(await ours(token), undefined, JSON.stringify(claims));
    }
  });

  it(`agrees on groups and scopes, on ${runs} generated tokens`, async () => {
    const groups = ['admins', 'Admins', 'constructor', 'admins '];
    const scopes = ['orders/read', 'orders/write', 'orders', 'openid'];
    await fc.assert(
      fc.asyncProperty(
        fc.option(fc.uniqueArray(fc.constantFrom(...groups)), {nil: undefined}),
        fc.option(fc.uniqueArray(fc.constantFrom(...scopes)), {nil: undefined}),
        fc.constantFrom(...groups),
        fc.constantFrom(...scopes),
        async (held, granted, group, scope) => {
          const token = await cognito.token({'cognito:groups': held, scope: granted?.join(' ')});
          const principal = await ours(token);
          assert.ok(principal);
          assert.equal(principal.roles.includes(group), theirs(token, {groups: [group]}));
          assert.equal(principal.scopes.includes(scope), theirs(token, {scope: [scope]}));
        },
      ),
      {numRuns: runs},
    );
  });

  it('agrees on any client, on purpose', async () => {
    const token = await cognito.token({client_id: 'other'});
    assert.equal(theirs(token, {clientId: null}), true);
    assert.ok(await ours(token, {clients: 'any'}));
  });

  const quirks: [name: string, claims: object, header: object][] = [
    [
      'a token of the updated issuer passes for one of the original',
      {iss: issuerOf({userPoolId, issuer: 'updated'})},
      {},
    ],
    ['a token that is bound to a resource passes for one to none', {aud: 'https://billing.acme.example'}, {}],
    ['a token without an end is good for ever', {exp: undefined}, {}],
    ['a token issued in the future is good now', {iat: seconds + 600}, {}],
    ['a token of another kind (typ) passes', {}, {typ: 'logout+jwt'}],
    ['a token that is bound to a key passes without proof', {cnf: {jkt: 'x'}}, {}],
  ];
  for (const [name, claims, header] of quirks) {
    it(`differs: ${name}`, async () => {
      const token = await cognito.token(claims, header);
      assert.equal(theirs(token), true);
      assert.equal(await ours(token), undefined);
    });
  }
  it('differs: padding after the signature makes another token of the same worth', async () => {
    const token = `${await cognito.token()}==`;
    assert.equal(theirs(token), true);
    assert.equal(await ours(token), undefined);
  });
  it('differs: a token without a client passes where any client may', async () => {
    const token = await cognito.token({client_id: undefined});
    assert.equal(theirs(token, {clientId: null}), true);
    assert.equal(await ours(token, {clients: 'any'}), undefined);
  });
  it('differs: a pool in China is looked for outside of it', () => {
    const china = 'cn-north-1_AbCdEf123';
    const {hostname} = new URL(issuerOf({userPoolId: china, issuer: 'original'}));
    assert.equal(
      new URL(CognitoJwtVerifier.parseUserPoolId(china).issuer).hostname,
      'cognito-idp.cn-north-1.amazonaws.com',
    );
    assert.equal(hostname, 'cognito-idp.cn-north-1.amazonaws.com.cn');
  });

  it('agrees on where the issuer and its keys are, by region', () => {
    for (const pool of [
      'eu-west-1_A1',
      'us-gov-west-1_A1',
      'ap-southeast-2_A1',
      'eusc-de-east-1_A1',
      'mx-central-1_A1',
    ])
      assert.equal(issuerOf({userPoolId: pool, issuer: 'original'}), CognitoJwtVerifier.parseUserPoolId(pool).issuer);
  });
  it('agrees on what a user pool id is', () => {
    for (const id of [
      'customers',
      'eu-west-1',
      'eu-west-1_',
      '_A1',
      'eu-west-1:A1',
      'EU-WEST-1_A1',
      'eu-west-1_A-1',
      'a_b/c',
    ]) {
      assert.throws(() => CognitoJwtVerifier.parseUserPoolId(id), id);
      assert.ok(!cognitoSettings.safeParse({type: 'cognito', name: 'co', userPoolId: id, clients}).success, id);
    }
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
