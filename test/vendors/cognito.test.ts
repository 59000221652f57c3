// Cognito's tokens: whom they prove, what is refused with which reason, and what an outage does.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {Unavailable} from '../../src/core/unavailable.ts';
import type {Provider} from '../../src/providers/provider.ts';
import {issuerOf, makeCognitoProvider} from '../../src/vendors/cognito/provider.ts';
import {cognitoSettings} from '../../src/vendors/cognito/settings.ts';
import {type Cognito, issuer, keysPath, startCognito, userPoolId} from '../support/vendors/cognito.ts';
import {outages} from '../support/vendors/faults.ts';
import {authenticateAs, makeTestParts, type TestParts} from '../support/vendors/parts.ts';
import {makeSigningKey} from '../support/vendors/signing.ts';

const seconds = Math.floor(Date.now() / 1_000);
const base = {type: 'cognito', name: 'co', userPoolId, clients: ['web', 'robot']};

describe('cognito', () => {
  let cognito: Cognito;
  let rig: TestParts;
  before(async () => {
    cognito = await startCognito();
  });
  beforeEach(() => {
    rig = makeTestParts();
  });
  afterEach(async () => {
    cognito.faults.clear();
    await rig.close();
  });
  after(() => cognito.close());

  const make = (settings: object = {}): Provider =>
    makeCognitoProvider(cognitoSettings.parse({...base, endpoint: cognito.endpoint, ...settings}), rig.parts);
  const ask = (provider: Provider, token: string) =>
    authenticateAs(provider, {authorization: `Bearer ${token}`}, rig.now());
  const principalOf = async (token: string, settings: object = {}) => {
    const answer = await ask(make(settings), token);
    assert.ok(typeof answer === 'object' && answer.verified, JSON.stringify(answer));
    return answer.verified;
  };
  const refusalOf = async (token: string, settings: object = {}) => {
    const answer = await ask(make(settings), token);
    return typeof answer === 'string' ? answer : (answer.rejected ?? 'verified');
  };

  describe('whom a token proves', () => {
    it('a user: groups are roles, scopes keep their resource server, the sign-in is the session', async () => {
      const {claims, issuedAt, expiresAt, authTime, ...user} = await principalOf(
        await cognito.token({'cognito:groups': ['admins', 'eu-west-1_AbCdEf123_Google']}),
      );
      assert.deepEqual(user, {
        provider: 'co',
        kind: 'user',
        subject: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
        roles: ['admins', 'eu-west-1_AbCdEf123_Google'],
        permissions: [],
        scopes: ['openid', 'orders/read'],
        sessionId: 'session-1',
        tokenId: 'token-1',
        amr: [],
      });
      assert.ok(issuedAt !== undefined && expiresAt !== undefined && authTime !== undefined);
      assert.equal(claims.username, 'janedoe');
      assert.ok(!Object.hasOwn(claims, 'sid'), 'claims stay as sent');
    });

    it('a machine: its client is its subject, and it has no session', async () => {
      const {kind, subject, scopes, roles, sessionId} = await principalOf(await cognito.machineToken());
      assert.deepEqual(
        {kind, subject, scopes, roles, sessionId},
        {kind: 'service', subject: 'robot', scopes: ['orders/write'], roles: [], sessionId: undefined},
      );
    });

    it('what a trigger adds: tenant and permissions, where the settings say', async () => {
      const token = await cognito.token({'custom:tenant': 't1', may: ['orders.read'], permissions: ['refund']});
      const plain = await principalOf(token);
      assert.deepEqual([plain.tenant, plain.permissions], [undefined, ['refund']]);
      const {tenant, permissions} = await principalOf(token, {claims: {tenant: 'custom:tenant', permissions: 'may'}});
      assert.deepEqual([tenant, permissions], ['t1', ['orders.read']]);
    });

    it('a session by the sign-in alone: what a trigger calls sid is no session', async () => {
      assert.equal((await principalOf(await cognito.token({sid: 'x'}))).sessionId, 'session-1');
      assert.equal((await principalOf(await cognito.token({sid: 'x', origin_jti: undefined}))).sessionId, undefined);
    });

    const oddGroups: unknown[] = ['admins', ['admins', 1], {admins: true}, null, [['admins']]];
    for (const groups of oddGroups) {
      it(`groups ${JSON.stringify(groups)} are no roles`, async () => {
        assert.deepEqual((await principalOf(await cognito.token({'cognito:groups': groups}))).roles, []);
      });
    }

    it('whatever its claims hold: a principal of texts, or a refusal, and never a bug', async () => {
      const names = ['cognito:groups', 'scope', 'aud', 'origin_jti', 'sid', 'username', 'permissions', 'custom:tenant'];
      const claims = fc.dictionary(fc.constantFrom(...names, 'token_use', 'client_id'), fc.jsonValue());
      const provider = make({claims: {tenant: 'custom:tenant'}});
      await fc.assert(
        fc.asyncProperty(claims, async (given) => {
          const answer = await ask(provider, await cognito.token(given));
          assert.ok(typeof answer === 'object');
          if (answer.verified === undefined) return;
          const {subject, tenant = '', sessionId = '', roles, permissions, scopes} = answer.verified;
          for (const text of [subject, tenant, sessionId, ...roles, ...permissions, ...scopes])
            assert.equal(typeof text, 'string');
        }),
        {numRuns: 150},
      );
    });
  });

  describe('what is refused', () => {
    const rows: [what: string, claims: object, settings: object, answer: string][] = [
      ['an access token of the client', {}, {}, 'verified'],
      ['of another client of the pool', {client_id: 'other'}, {}, 'wrong_client'],
      ['of another client, any on purpose', {client_id: 'other'}, {clients: 'any'}, 'verified'],
      ['a client whose id only begins so', {client_id: 'web2'}, {}, 'wrong_client'],
      ['a list of clients', {client_id: ['web']}, {}, 'wrong_client'],
      ['a list of clients, any on purpose', {client_id: ['web']}, {clients: 'any'}, 'missing_claim'],
      ['no client', {client_id: undefined}, {}, 'missing_claim'],
      ['no client, any on purpose', {client_id: undefined}, {clients: 'any'}, 'missing_claim'],
      ['azp instead of the client', {client_id: undefined, azp: 'web'}, {}, 'missing_claim'],
      ['the client as audience only', {client_id: undefined, aud: 'web'}, {}, 'missing_claim'],
      ['token_use id', {token_use: 'id'}, {}, 'wrong_token_type'],
      ['token_use in capitals', {token_use: 'ACCESS'}, {}, 'wrong_token_type'],
      ['token_use as a list', {token_use: ['access']}, {}, 'wrong_token_type'],
      ['no token_use', {token_use: undefined}, {}, 'wrong_token_type'],
      ['no token_use, any client', {token_use: undefined}, {clients: 'any'}, 'wrong_token_type'],
      ['bound to a resource, none named here', {aud: 'https://orders.acme.example'}, {}, 'wrong_audience'],
      ['bound to resources, none named here', {aud: ['web', 'x']}, {clients: 'any'}, 'wrong_audience'],
      ['its own client as audience, from a trigger', {aud: 'web'}, {}, 'verified'],
      [
        'bound to our resource',
        {aud: 'https://orders.acme.example'},
        {audience: ['https://orders.acme.example']},
        'verified',
      ],
      [
        'bound to another resource',
        {aud: 'https://x.example'},
        {audience: ['https://orders.acme.example']},
        'wrong_audience',
      ],
      ['bound to none, where one is named here', {}, {audience: ['https://orders.acme.example']}, 'missing_claim'],
      ['the updated issuer', {iss: issuerOf({userPoolId, issuer: 'updated'})}, {}, 'unsupported'],
      ['the updated issuer, as set', {iss: issuerOf({userPoolId, issuer: 'updated'})}, {issuer: 'updated'}, 'verified'],
      ['the original issuer, where updated is set', {}, {issuer: 'updated'}, 'unsupported'],
      ['another pool', {iss: `${issuer}4`}, {}, 'unsupported'],
      ['another region', {iss: issuer.replace('cognito-idp.eu', 'cognito-idp.us')}, {}, 'unsupported'],
      ['an issuer with a slash', {iss: `${issuer}/`}, {}, 'unsupported'],
      ['expired', {exp: seconds - 10}, {}, 'token_expired'],
      ['expired, within the tolerance', {exp: seconds - 1}, {clockTolerance: '10m'}, 'verified'],
      ['no end', {exp: undefined}, {}, 'missing_claim'],
      ['from the future', {iat: seconds + 600}, {}, 'token_not_yet_valid'],
    ];
    for (const [what, claims, settings, answer] of rows) {
      it(`${what}: ${answer}`, async () => {
        assert.equal(await refusalOf(await cognito.token(claims), settings), answer);
      });
    }

    it('what wider settings have verified does not count for narrower ones, with the same cache', async () => {
      const bound = {audience: ['https://orders.acme.example']};
      const wide: [claims: object, settings: object, answer: string][] = [
        [{client_id: 'other'}, {clients: 'any'}, 'wrong_client'],
        [{client_id: 'other'}, {clients: ['other']}, 'wrong_client'],
        [{aud: 'https://orders.acme.example'}, bound, 'wrong_audience'],
      ];
      for (const [claims, settings, answer] of wide) {
        const token = await cognito.token(claims);
        assert.equal(await refusalOf(token, settings), 'verified');
        assert.equal(await refusalOf(token), answer);
        assert.equal(await refusalOf(token, settings), 'verified');
      }
    });

    for (const settings of [{}, {clients: 'any'}]) {
      it(`id tokens, with ${JSON.stringify(settings)}: wrong_token_type`, async () => {
        assert.equal(await refusalOf(await cognito.idToken(), settings), 'wrong_token_type');
        assert.equal(await refusalOf(await cognito.idToken({at_hash: undefined}), settings), 'wrong_token_type');
      });
    }

    it('a machine of another client', async () => {
      const token = await cognito.machineToken({sub: 'intruder', client_id: 'intruder'});
      assert.equal(await refusalOf(token), 'wrong_client');
    });

    it('another algorithm, no signature, an unknown key, a changed token', async () => {
      const token = await cognito.token();
      const [header = '', claims = '', signature = ''] = token.split('.');
      const headed = (head: object) => Buffer.from(JSON.stringify(head)).toString('base64url');
      assert.equal(await refusalOf(`${headed({alg: 'none'})}.${claims}.`), 'bad_signature');
      assert.equal(
        await refusalOf(`${headed({alg: 'HS256', kid: 'access1'})}.${claims}.${signature}`),
        'bad_signature',
      );
      assert.equal(
        await refusalOf(`${headed({alg: 'RS512', kid: 'access1'})}.${claims}.${signature}`),
        'bad_signature',
      );
      const more = Buffer.from(claims, 'base64url').toString().replace('"web"', '"robot"');
      const changed = `${header}.${Buffer.from(more).toString('base64url')}.${signature}`;
      assert.equal(await refusalOf(changed), 'bad_signature');
      assert.equal(await refusalOf(await cognito.token({}, {}, await makeSigningKey('access1'))), 'bad_signature');
      assert.equal(await refusalOf(await cognito.token({}, {}, await makeSigningKey('other'))), 'unknown_key');
    });
  });

  describe('keys', () => {
    it('are fetched from the endpoint, below the pool, and nothing else is asked', async () => {
      const before = cognito.asked.length;
      await principalOf(await cognito.token());
      assert.deepEqual(cognito.asked.slice(before), [`GET ${keysPath}`]);
    });

    for (const fault of outages) {
      it(`out of reach (${JSON.stringify(fault)}) are an outage, not a bad token`, async () => {
        cognito.faults.set(keysPath, fault);
        await assert.rejects(ask(make(), await cognito.token()), Unavailable);
      });
    }

    it('a rotated key is found at once', async () => {
      const provider = make();
      assert.ok(await ask(provider, await cognito.token()));
      await cognito.rotate();
      const answer = await ask(provider, await cognito.token());
      assert.ok(typeof answer === 'object' && answer.verified);
    });
  });

  describe('the issuer', () => {
    const rows: [pool: string, kind: 'original' | 'updated', issuer: string][] = [
      ['eu-west-1_AbC', 'original', 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC'],
      ['eu-west-1_AbC', 'updated', 'https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC'],
      ['us-gov-west-1_AbC', 'original', 'https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_AbC'],
      ['cn-north-1_AbC', 'original', 'https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbC'],
    ];
    for (const [pool, kind, expected] of rows) {
      it(`of ${pool}, ${kind}: ${expected}`, () => {
        const settings = cognitoSettings.parse({...base, userPoolId: pool, issuer: kind});
        assert.equal(issuerOf(settings), expected);
      });
    }
  });

  describe('settings', () => {
    const rows: [what: string, more: object, fault: RegExp | undefined][] = [
      ['the least', {}, undefined],
      ['any client, on purpose', {clients: 'any'}, undefined],
      ['a private endpoint', {endpoint: 'https://vpce-1.cognito-idp.eu-west-1.vpce.amazonaws.com/'}, undefined],
      ['no clients', {clients: undefined}, /clients/],
      ['an empty list of clients', {clients: []}, /clients/],
      ['a client that is no list', {clients: 'web'}, /clients/],
      ['no pool', {userPoolId: undefined}, /userPoolId/],
      ['the name of a pool', {userPoolId: 'customers'}, /userPoolId is not a user pool id: .*eu-west-1_AbCdEf123/],
      ['an identity pool', {userPoolId: 'eu-west-1:1234-abcd'}, /userPoolId is not a user pool id/],
      ['an ARN', {userPoolId: `arn:aws:cognito-idp:eu-west-1:1:userpool/${userPoolId}`}, /userPoolId is not/],
      ['an issuer', {userPoolId: issuer}, /userPoolId is not/],
      ['another host behind the pool', {userPoolId: 'eu-west-1_a@evil.example'}, /userPoolId is not/],
      ['another host before the pool', {userPoolId: 'evil.example/eu-west-1_a'}, /userPoolId is not/],
      ['a line break', {userPoolId: `${userPoolId}\n`}, /userPoolId is not/],
      ['an endpoint with a path', {endpoint: 'https://vpce-1.example/pool'}, /endpoint .*path/],
      ['plain http', {endpoint: 'http://vpce-1.example'}, /endpoint .*http:/],
      ['an issuer of its own', {issuer: 'https://id.acme.example'}, /issuer/],
      ['an unknown key', {clientIds: ['web']}, /clientIds/],
    ];
    for (const [what, more, fault] of rows) {
      it(`${what}: ${fault === undefined ? 'good' : 'refused'}`, () => {
        const read = cognitoSettings.safeParse({...base, ...more});
        const told = (read.error?.issues ?? []).map(({path, message}) => `${path.join('.')} ${message}`).join('; ');
        if (fault === undefined) assert.equal(read.data?.userPoolId, userPoolId, told);
        else assert.match(told, fault);
      });
    }
  });
});
