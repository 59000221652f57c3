// The oidc provider as a whole: what it accepts, whom it verifies, what it keeps, and what it never asks for.
import assert from 'node:assert/strict';
import type {Cache} from '../../src/core/cache.ts';
import type {Principal} from '../../src/core/principal.ts';
import type {Reason} from '../../src/core/refusals.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {claimReader, scopesOf, stringsOf} from '../../src/providers/claims.ts';
import {makeOidcProvider} from '../../src/providers/oidc.ts';
import {oidcSettings} from '../../src/providers/oidcSettings.ts';
import type {Provider} from '../../src/providers/provider.ts';
import type {KeptPrincipal} from '../../src/providers/verifiedCache.ts';
import {json, startServer, type TestServer, testRemote} from '../remote/servers.ts';
import {startIdentityProvider} from '../support/identityProvider.ts';
import {request} from '../support/requests.ts';
import {forged, goodClaims, issuer, makeSigner, now, type Signer, seconds} from './tokens.ts';

const never = Number.POSITIVE_INFINITY;

/** A cache that tells what it keeps and for how long; `remote` answers by promises, as Redis does. */
const openCache = (
  remote = false,
): Cache<KeptPrincipal> & {kept: Map<string, {value: KeptPrincipal; ttl: number}>; gets: number} => {
  const kept = new Map<string, {value: KeptPrincipal; ttl: number}>();
  return {
    kept,
    gets: 0,
    get(key) {
      this.gets += 1;
      const value = kept.get(key)?.value;
      return remote ? Promise.resolve(value && (JSON.parse(JSON.stringify(value)) as KeptPrincipal)) : value;
    },
    set(key, value, ttl) {
      kept.set(key, {value, ttl});
      return remote ? Promise.resolve() : undefined;
    },
  };
};

describe('the oidc provider', () => {
  let signer: Signer;
  let server: TestServer;
  let broken = false;
  const remote = testRemote({circuit: {failures: 1_000, shortest: 1, longest: 1}});
  const providers: Provider[] = [];

  before(async () => {
    signer = await makeSigner('EdDSA', 'k1');
    server = await startServer((_, response) =>
      broken ? response.writeHead(500).end() : json(response, {keys: [signer.jwk]}),
    );
  });
  afterEach(async () => {
    broken = false;
    for (const provider of providers.splice(0)) await provider.close?.();
  });
  after(async () => {
    await remote.close();
    await server.close();
  });

  const make = (settings: object = {}, cache: Cache<KeptPrincipal> = openCache()): Provider => {
    const provider = makeOidcProvider(
      oidcSettings.parse({
        type: 'oidc',
        name: 'acme',
        issuer,
        audience: ['orders-api'],
        jwksUri: `${server.url}/jwks`,
        ...settings,
      }),
      {call: remote.call, cache, now: () => now, random: () => 0.5, after: () => () => {}},
    );
    providers.push(provider);
    return provider;
  };
  const accepted = (provider: Provider, value: string) => {
    const [place] = provider.places;
    assert.ok(place);
    return provider.accepts({place, value}, request('/'));
  };
  const ask = async (provider: Provider, value: string, at = now, deadline = never) => {
    const credential = accepted(provider, value);
    assert.ok(credential, 'it is accepted');
    return provider.authenticate(credential, {request: request('/'), now: at, deadline});
  };
  const principalOf = async (claims: object, settings: object = {}): Promise<Principal> => {
    const {verified, rejected} = await ask(make(settings), await signer.token(claims));
    assert.ok(verified, `rejected: ${rejected}`);
    return verified;
  };

  it('makes a principal of a token', async () => {
    const claims = {
      org_id: 't1',
      realm_access: {roles: ['admin']},
      permissions: ['orders.read'],
      scope: 'orders profile',
      email: 'u1@acme.example',
      sid: 's1',
      jti: 'j1',
      auth_time: seconds - 60,
      acr: 'urn:mfa',
      amr: ['pwd', 'otp'],
    };
    const principal = await principalOf(claims, {claims: {tenant: 'org_id', roles: 'realm_access.roles'}});
    assert.deepEqual(principal, {
      provider: 'acme',
      kind: 'user',
      subject: 'u1',
      tenant: 't1',
      roles: ['admin'],
      permissions: ['orders.read'],
      scopes: ['orders', 'profile'],
      claims: {...goodClaims, ...claims},
      email: 'u1@acme.example',
      sessionId: 's1',
      tokenId: 'j1',
      issuedAt: seconds - 10,
      expiresAt: seconds + 300,
      authTime: seconds - 60,
      acr: 'urn:mfa',
      amr: ['pwd', 'otp'],
    });
  });

  describe('kind and subject', () => {
    const rows: [string, object, string | Reason, object?][] = [
      ['a user', {}, 'user u1'],
      ['a user of a client', {client_id: 'c1', azp: 'c1'}, 'user u1'],
      ['client credentials', {gty: 'client-credentials'}, 'service u1'],
      ['client credentials, other spelling, in a list', {gty: ['client_credentials']}, 'service u1'],
      ['another grant', {gty: 'password'}, 'user u1'],
      ['a client that is its own subject', {sub: 'c1', client_id: 'c1'}, 'service c1'],
      ['an azp that is its own subject', {sub: 'c1', azp: 'c1'}, 'service c1'],
      ['a service without sub', {sub: undefined, azp: 'c1', gty: ['client_credentials']}, 'service c1'],
      ['a client without sub', {sub: undefined, client_id: 'c1', azp: 'c2'}, 'service c1'],
      ['no subject', {sub: undefined}, 'missing_claim'],
      ['an empty subject', {sub: '', client_id: 'c1'}, 'missing_claim'],
      ['a subject of another type', {sub: 7, client_id: 'c1'}, 'missing_claim'],
      ['stated: service', {k: 'service'}, 'service u1', {claims: {kind: 'k'}}],
      ['stated: user', {k: 'user', gty: 'client-credentials'}, 'user u1', {claims: {kind: 'k'}}],
      ['stated: user, without sub', {k: 'user', sub: undefined, azp: 'c1'}, 'missing_claim', {claims: {kind: 'k'}}],
      ['stated: nonsense', {k: 'admin'}, 'user u1', {claims: {kind: 'k'}}],
      ['stated: nonsense, and signs of a machine', {k: 'admin', cid: 'u1'}, 'service u1', {claims: {kind: 'k'}}],
      ['stated: app', {idtyp: 'app'}, 'service u1', {claims: {kind: 'idtyp'}}],
      ['stated by a listed value', {k: 'robot'}, 'service u1', {claims: {kind: {claim: 'k', service: ['robot']}}}],
      [
        'stated by one of a list',
        {k: ['x', 'robot']},
        'service u1',
        {claims: {kind: {claim: 'k', service: ['robot']}}},
      ],
      ['stated by true', {k: true}, 'service u1', {claims: {kind: {claim: 'k', service: ['true']}}}],
      [
        'stated by another value',
        {k: 'x', gty: 'client-credentials'},
        'user u1',
        {claims: {kind: {claim: 'k', service: ['robot']}}},
      ],
      ...[{toString: 1}, {toString: 1, valueOf: 1}, [{toString: 1, valueOf: 1}], [['robot']], {robot: true}].map(
        (k): [string, object, string, object] => [
          `stated by an object: ${JSON.stringify(k)}`,
          {k},
          'user u1',
          {claims: {kind: {claim: 'k', service: ['robot', '1']}}},
        ],
      ),
      ['not stated, with listed values', {cid: 'u1'}, 'service u1', {claims: {kind: {claim: 'k', service: ['robot']}}}],
      ['Okta: its own subject', {sub: '0oa1', cid: '0oa1', scp: ['orders']}, 'service 0oa1'],
      ['Okta: a person', {sub: 'a@acme.example', cid: '0oa1', uid: '00u1', scp: ['orders']}, 'user a@acme.example'],
      ['Okta: no subject', {sub: undefined, cid: '0oa1'}, 'service 0oa1'],
      ['Entra ID: application, by idtyp', {sub: 'sp', oid: 'sp', azp: 'app', azpacr: '1', idtyp: 'app'}, 'service sp'],
      ['Entra ID v2: application', {sub: 'sp', oid: 'sp', azp: 'app', azpacr: '1', roles: ['R']}, 'service sp'],
      ['Entra ID v1: application', {sub: 'sp', oid: 'sp', appid: 'app', appidacr: '2'}, 'service sp'],
      [
        'Entra ID: a person at a web application',
        {sub: 'p', oid: 'o', azp: 'app', azpacr: '1', scp: 'access'},
        'user p',
      ],
      [
        'Entra ID: a person, by idtyp',
        {sub: 'p', oid: 'o', azp: 'app', azpacr: '1', idtyp: 'user', scp: 'access'},
        'user p',
      ],
      [
        'Entra ID: a person at a public client',
        {sub: 'p', oid: 'o', appid: 'app', appidacr: '0', scp: 'access'},
        'user p',
      ],
      [
        'Keycloak: service account',
        {sub: 'f3', azp: 'Orders', client_id: 'Orders', preferred_username: 'service-account-orders', typ: 'Bearer'},
        'service f3',
      ],
      [
        'Keycloak: service account, older',
        {azp: 'o', clientId: 'o', preferred_username: 'service-account-o'},
        'service u1',
      ],
      ['Keycloak: service account, nothing else', {azp: 'o', preferred_username: 'service-account-o'}, 'service u1'],
      [
        'Keycloak: a person who registered under such a name',
        {azp: 'web', sid: 's1', preferred_username: 'service-account-web', typ: 'Bearer'},
        'user u1',
      ],
      ['a person named after a service account', {azp: 'web', preferred_username: 'service-account-x'}, 'user u1'],
      ['Authentik: service account', {azp: 'c', preferred_username: 'ak-orders-client_credentials'}, 'service u1'],
      [
        'a person who took the name of one of Authentik',
        {azp: 'web', sid: 's1', preferred_username: 'ak-orders-client_credentials'},
        'user u1',
      ],
      [
        'the same, without a session but with a sign-in',
        {amr: ['pwd'], preferred_username: 'ak-orders-client_credentials'},
        'user u1',
      ],
      [
        'Authentik: service account, as it is written now',
        {
          azp: 'c',
          auth_time: 1,
          acr: 'goauthentik.io/providers/oauth2/default',
          preferred_username: 'ak-o-client_credentials',
        },
        'service u1',
      ],
      ['a person whose subject is a name like that of a machine of Clerk', {sub: 'mch_ann', sid: 's1'}, 'user mch_ann'],
      ['a machine of Clerk', {sub: 'mch_1'}, 'service mch_1'],
      ['a machine of Stytch', {sub: 'm2m-client-live-1'}, 'service m2m-client-live-1'],
      ['WSO2: application', {azp: 'c', aut: 'APPLICATION'}, 'service u1'],
      ['WSO2: a person at an application', {azp: 'c', aut: 'APPLICATION_USER'}, 'user u1'],
      ['UAA, ForgeRock: client credentials', {client_id: 'c', grant_type: 'client_credentials'}, 'service u1'],
      ['UAA, ForgeRock: a person', {client_id: 'c', grant_type: 'authorization_code'}, 'user u1'],
      [
        'Buildkite',
        {sub: 'organization:acme:pipeline:web:ref:main'},
        'service organization:acme:pipeline:web:ref:main',
      ],
      [
        'HCP Terraform',
        {sub: 'organization:acme:project:p:workspace:w'},
        'service organization:acme:project:p:workspace:w',
      ],
      [
        'Vercel',
        {sub: 'owner:acme:project:web:environment:production'},
        'service owner:acme:project:web:environment:production',
      ],
      ['CircleCI', {sub: 'org/1/project/2/user/3'}, 'service org/1/project/2/user/3'],
      ['a person of an organization', {sub: 'organization:acme:ann'}, 'user organization:acme:ann'],
      [
        'a person with claims like those of a job',
        {repository: 'a/b', run_id: '1', workflow: 'CI', amr: ['pwd']},
        'user u1',
      ],
      ['Google: service account', {sub: '1029', azp: '1029', email: 'x@p.iam.gserviceaccount.com'}, 'service 1029'],
      [
        'Google: service account, by its address',
        {azp: 'c', email: 'x@p.iam.gserviceaccount.com', email_verified: true},
        'service u1',
      ],
      ['a person who writes such an address', {email: 'x@p.iam.gserviceaccount.com', email_verified: false}, 'user u1'],
      ['an address that looks like one', {email: 'x@evilgserviceaccount.com', email_verified: true}, 'user u1'],
      ['its own issuer', {sub: issuer}, `service ${issuer}`],
      [
        'Kubernetes: service account',
        {sub: 'system:serviceaccount:shop:cart'},
        'service system:serviceaccount:shop:cart',
      ],
      ['SPIFFE', {sub: 'spiffe://acme.example/cart'}, 'service spiffe://acme.example/cart'],
      [
        'GitHub Actions',
        {sub: 'custom', repository: 'acme/shop', run_id: '1', workflow: 'CI', actor: 'ann'},
        'service custom',
      ],
      ['a person with a repository', {repository: 'acme/shop'}, 'user u1'],
      [
        'GitLab CI',
        {sub: 'project_path:a/b:ref_type:branch:ref:main'},
        'service project_path:a/b:ref_type:branch:ref:main',
      ],
    ];
    for (const [what, claims, expected, settings] of rows) {
      it(`${what}: ${expected}`, async () => {
        const {verified, rejected} = await ask(make(settings), await signer.token(claims));
        assert.equal(verified ? `${verified.kind} ${verified.subject}` : rejected, expected);
      });
    }
  });

  describe('an e-mail address', () => {
    const absent = Symbol('absent');
    const rows: [unknown, 'optional' | 'required' | undefined, boolean][] = [
      [true, undefined, true],
      ['true', undefined, true],
      [absent, undefined, true],
      [absent, 'optional', true],
      [absent, 'required', false],
      [true, 'required', true],
      ['true', 'required', true],
      ...[false, 'false', 'False', 'TRUE', 'True', '', 0, 1, '1', null, [], [true], {}].map(
        (value): [unknown, undefined, boolean] => [value, undefined, false],
      ),
    ];
    for (const [said, emailVerified, counts] of rows) {
      const what = said === absent ? 'absent' : JSON.stringify(said);
      it(`email_verified ${what}${emailVerified === undefined ? '' : `, ${emailVerified}`}: ${counts ? 'counts' : 'is left out'}`, async () => {
        const settings = emailVerified === undefined ? {} : {claims: {emailVerified}};
        const more = said === absent ? {} : {email_verified: said};
        const {email} = await principalOf({email: 'u1@acme.example', ...more}, settings);
        assert.equal(email, counts ? 'u1@acme.example' : undefined);
      });
    }
  });

  describe('lists of claims', () => {
    const keysOf = {claims: {roles: {keysOf: 'urn:zitadel:iam:org:project:roles'}}};
    const rows: [string, object, string[], object?][] = [
      ['a list', {roles: ['a', 'b']}, ['a', 'b']],
      ['one as a text', {roles: 'admin'}, ['admin']],
      ['one as a text with spaces and commas: one all the same', {roles: 'admin, staff'}, ['admin, staff']],
      ['an empty text', {roles: ''}, []],
      ['a number', {roles: 7}, []],
      ['half a list', {roles: ['admin', 7]}, []],
      ['an object, where no keys are asked for', {roles: {admin: {}}}, []],
      [
        'the keys of an object',
        {'urn:zitadel:iam:org:project:roles': {admin: {1: 'a'}, staff: {}}},
        ['admin', 'staff'],
        keysOf,
      ],
      ['the keys of no object', {'urn:zitadel:iam:org:project:roles': ['admin']}, [], keysOf],
      ['the keys of a text', {'urn:zitadel:iam:org:project:roles': 'admin'}, [], keysOf],
      ['the keys of nothing', {}, [], keysOf],
      ['by a URL', {'https://acme.example/roles': ['r']}, ['r'], {claims: {roles: 'https://acme.example/roles'}}],
    ];
    for (const [what, claims, roles, settings] of rows) {
      it(`${what}: ${JSON.stringify(roles)}`, async () => {
        assert.deepEqual((await principalOf(claims, settings)).roles, roles);
      });
    }
    it('scopes by keys, too, and a sign-in time written as a text', async () => {
      const {scopes, authTime, amr} = await principalOf(
        {s: {a: true}, auth_time: `${seconds}`, amr: 'mfa'},
        {claims: {scopes: {keysOf: 's'}}},
      );
      assert.deepEqual([scopes, authTime, amr], [['a'], seconds, ['mfa']]);
    });
  });

  describe('refusals', () => {
    const rows: [string, object, Reason | 'verified', object?, object?][] = [
      ['an id token with at_hash', {at_hash: 'x'}, 'wrong_token_type'],
      ['an id token with c_hash', {c_hash: 'x'}, 'wrong_token_type'],
      ['nonce alone', {nonce: 'x'}, 'verified'],
      ['a token bound to a key', {cnf: {jkt: 'x'}}, 'wrong_token_type'],
      ['a typ claim that says ID', {typ: 'ID'}, 'wrong_token_type'],
      ['a typ claim that says Refresh', {typ: 'Refresh'}, 'wrong_token_type'],
      ['a typ claim that says Bearer', {typ: 'Bearer'}, 'verified'],
      ['token_use id', {token_use: 'id'}, 'wrong_token_type'],
      ['token_use access', {token_use: 'access'}, 'verified'],
      ['a logout token', {events: {'http://schemas.openid.net/event/backchannel-logout': {}}}, 'wrong_token_type'],
      ['a header typ of an id token', {}, 'wrong_token_type', {}, {typ: 'id_token+jwt'}],
      ['at+jwt asked for, not sent', {}, 'wrong_token_type', {tokenType: 'at+jwt'}],
      ['another audience', {aud: 'x'}, 'wrong_audience'],
      ['no audience asked for', {aud: 'x'}, 'verified', {audience: 'any'}],
      ['a listed client', {azp: 'c1'}, 'verified', {clients: ['c1']}],
      ['an unlisted client', {azp: 'c2'}, 'wrong_client', {clients: ['c1']}],
      ['a listed azp and an unlisted client_id', {azp: 'c1', client_id: 'c2'}, 'wrong_client', {clients: ['c1']}],
      ['a listed cid', {cid: 'c1'}, 'verified', {clients: ['c1']}],
      ['an unlisted cid', {cid: 'c2'}, 'wrong_client', {clients: ['c1']}],
      ['a listed appid', {appid: 'c1'}, 'verified', {clients: ['c1']}],
      ['an unlisted appid beside a listed azp', {azp: 'c1', appid: 'c2'}, 'wrong_client', {clients: ['c1']}],
      ['a client that is null', {azp: null}, 'missing_claim', {clients: ['c1']}],
      ['a client that is a list', {azp: ['c1']}, 'wrong_client', {clients: ['c1']}],
      ['an id token on purpose', {at_hash: 'x', nonce: 'n'}, 'verified', {tokenType: 'id'}],
      ['an id token on purpose, which says so', {typ: 'ID', token_use: 'id'}, 'verified', {tokenType: 'id'}],
      ['an access token, where id tokens are wanted', {typ: 'Bearer'}, 'wrong_token_type', {tokenType: 'id'}],
      ['one of Cognito', {token_use: 'access'}, 'wrong_token_type', {tokenType: 'id'}],
      ['at+jwt, where id tokens are wanted', {}, 'wrong_token_type', {tokenType: 'id'}, {typ: 'at+jwt'}],
      ['a refresh token, where id tokens are wanted', {typ: 'Refresh'}, 'wrong_token_type', {tokenType: 'id'}],
      [
        'a logout token, where id tokens are wanted',
        {events: {'http://schemas.openid.net/event/backchannel-logout': {}}},
        'wrong_token_type',
        {tokenType: 'id'},
      ],
      ['a bound token, where id tokens are wanted', {cnf: {jkt: 'x'}}, 'wrong_token_type', {tokenType: 'id'}],
      [
        'an id token for several clients, issued to another',
        {at_hash: 'x', aud: ['orders-api', 'web2'], azp: 'web2'},
        'wrong_client',
        {tokenType: 'id'},
      ],
      [
        'the same, and the other is one of those that are accepted',
        {at_hash: 'x', aud: ['orders-api', 'web2'], azp: 'web2'},
        'verified',
        {tokenType: 'id', clients: ['web2']},
      ],
      [
        'an id token for several clients, issued to us',
        {at_hash: 'x', aud: ['web2', 'orders-api'], azp: 'orders-api'},
        'verified',
        {tokenType: 'id'},
      ],
      [
        'an id token for us, asked for by another client',
        {at_hash: 'x', aud: ['orders-api'], azp: 'android'},
        'verified',
        {tokenType: 'id'},
      ],
      [
        'an access token for several audiences, issued to a client',
        {aud: ['orders-api', 'web2'], azp: 'web2'},
        'verified',
      ],
      ['an id token for another client', {at_hash: 'x', aud: 'web2'}, 'wrong_audience', {tokenType: 'id'}],
      ['no client where one is asked for', {}, 'missing_claim', {clients: ['c1']}],
      ['an algorithm that is not listed', {}, 'bad_signature', {algorithms: ['RS256']}],
      ['expired', {exp: seconds - 5}, 'token_expired'],
      ['expired within the usual tolerance', {exp: seconds - 4}, 'verified'],
      ['a little from the future', {iat: seconds + 5}, 'verified'],
      ['from the future', {iat: seconds + 6}, 'token_not_yet_valid'],
      ['expired, without tolerance', {exp: seconds}, 'token_expired', {clockTolerance: '0s'}],
      ['expired within the tolerance', {exp: seconds - 1}, 'verified', {clockTolerance: '2s'}],
    ];
    for (const [what, claims, expected, settings, header] of rows) {
      it(`${what}: ${expected}`, async () => {
        const {verified, rejected} = await ask(make(settings), await signer.token(claims, header));
        assert.equal(verified ? 'verified' : rejected, expected);
      });
    }
  });

  it('accepts its own issuer only, and opens no socket for another', async () => {
    const provider = make();
    const before = server.asked.length;
    const others = [
      'http://169.254.169.254/latest/meta-data',
      `${issuer}/`,
      issuer.toUpperCase(),
      server.url,
      [issuer],
      null,
      undefined,
    ];
    for (const iss of others) assert.equal(accepted(provider, await signer.token({iss})), undefined, `${iss}`);
    for (const value of ['', 'x', 'a.b.c', `${await signer.token()}.x`, 'x'.repeat(1_000_000)])
      assert.equal(accepted(provider, value), undefined);
    assert.equal(server.asked.length, before);
    assert.ok(
      accepted(
        provider,
        forged({alg: 'none'}, {iss: issuer}, () => Buffer.alloc(0)),
      ),
      'it is asked, and refuses',
    );
  });

  const long: [what: string, length: number, answer: string][] = [
    ['as 1,200 permissions make it', 20_000, 'verified'],
    ['of 30,000 characters', 30_000, 'verified'],
    ['of 34,000 characters', 34_000, 'malformed_credential'],
    ['of a million characters', 1_000_000, 'malformed_credential'],
  ];
  for (const [what, length, answer] of long) {
    it(`a token ${what}: ${answer}`, async () => {
      // Three quarters, for base64url makes four characters of three; the rest is 300 or so.
      const token = await signer.token({x: 'x'.repeat(Math.floor((length * 3) / 4) - 400)});
      assert.ok(Math.abs(token.length - length) < 500, `${token.length}`);
      const {verified, rejected} = await ask(make(), token);
      assert.equal(verified ? 'verified' : rejected, answer);
    });
  }

  for (const far of [false, true]) {
    it(`keeps a verified principal, in a ${far ? 'remote' : 'local'} cache, until exp at most`, async () => {
      const cache = openCache(far);
      const provider = make({}, cache);
      const token = await signer.token();
      const fresh = (await ask(provider, token)).verified;
      assert.deepEqual(
        [...cache.kept.values()].map(({ttl}) => ttl),
        [300_000],
      );
      const [key = ''] = cache.kept.keys();
      assert.ok(!token.includes(key) && !key.includes(token.slice(-20)));
      assert.deepEqual((await ask(provider, token)).verified, fresh);
      assert.equal(cache.kept.size, 1);
      assert.equal((await ask(provider, token, now + 305_000)).rejected, 'token_expired', 'exp is checked on a hit');
      assert.equal((await ask(provider, token, now - 16_000)).rejected, 'token_not_yet_valid', 'and so is iat');
    });
  }

  it('uses what it keeps: a hit needs no key and no signature', async () => {
    const cache = openCache();
    const token = await signer.token();
    await ask(make({}, cache), token);
    broken = true;
    const other = make({}, cache);
    assert.equal((await ask(other, token)).verified?.subject, 'u1', 'another process with the same settings');
    await assert.rejects(ask(other, await signer.token({sub: 'u2'})), Unavailable);
  });

  it('keeps nothing that was refused, nor what is only within the tolerance', async () => {
    const cache = openCache();
    const provider = make({clockTolerance: '5s'}, cache);
    assert.ok((await ask(provider, await signer.token({exp: seconds - 1}))).verified);
    assert.ok((await ask(provider, await signer.token({aud: 'x'}))).rejected);
    assert.equal(cache.kept.size, 0);
  });

  it('shares nothing between settings: what one verified, the other verifies anew', async () => {
    const cache = openCache();
    const token = await signer.token();
    assert.ok((await ask(make({}, cache), token)).verified);
    assert.equal((await ask(make({audience: ['billing']}, cache), token)).rejected, 'wrong_audience');
    assert.equal((await ask(make({tokenType: 'at+jwt'}, cache), token)).rejected, 'wrong_token_type');
    assert.equal((await ask(make({name: 'other'}, cache), token)).verified?.provider, 'other');
  });

  it('does not count a principal any more once the issuer has taken back the key, and counts on while it cannot be asked', async () => {
    let published = [signer.jwk];
    const rotating = await startServer((_, response) =>
      published.length === 0 ? response.writeHead(500).end() : json(response, {keys: published}),
    );
    const provider = make({jwksUri: `${rotating.url}/jwks`});
    try {
      const next = await makeSigner('EdDSA', 'k2');
      const token = await signer.token();
      assert.ok((await ask(provider, token)).verified);

      published = [];
      await provider.start?.();
      assert.ok((await ask(provider, token)).verified, 'an outage takes nothing back');

      published = [signer.jwk, next.jwk];
      await provider.start?.();
      assert.ok((await ask(provider, token)).verified, 'a key beside it takes nothing back');

      published = [next.jwk];
      await provider.start?.();
      assert.equal((await ask(provider, token)).rejected, 'unknown_key');
      assert.ok((await ask(provider, await next.token())).verified);

      published = [{...next.jwk, kid: 'k1'}];
      await provider.start?.();
      assert.equal(
        (await ask(provider, token)).rejected,
        'bad_signature',
        'another key under the same id is another key',
      );
    } finally {
      await rotating.close();
    }
  });

  it('verifies anew what does not look like its own in a shared cache', async () => {
    for (const odd of [
      null,
      {},
      7,
      'x',
      [],
      {principal: null},
      {provider: 'acme', claims: goodClaims},
      {principal: {provider: 'acme'}},
      {principal: {provider: 'acme', claims: null}},
      {principal: {provider: 'x', claims: goodClaims}},
      {principal: {provider: 'acme', claims: goodClaims}, signedBy: 'a key that is not published'},
    ]) {
      const cache = openCache();
      cache.get = () => odd as unknown as KeptPrincipal;
      const provider = make({}, cache);
      await provider.start?.();
      assert.equal((await ask(provider, await signer.token())).verified?.subject, 'u1', JSON.stringify(odd));
    }
  });

  it('is unavailable, and unready, while there are no keys', async () => {
    broken = true;
    const provider = make();
    await provider.start?.();
    assert.deepEqual(
      provider.health().map(({part, state}) => [part, state]),
      [['keys acme', 'unready']],
    );
    assert.equal(provider.keysAge?.(now), undefined);
    await assert.rejects(
      ask(provider, await signer.token()),
      (error) => error instanceof Unavailable && error.dependency === 'keys:acme',
    );
  });

  it('verifies tokens of a certified provider, found by discovery', async () => {
    const people = {alice: {roles: ['admin'], org_id: 't1'}};
    const idp = await startIdentityProvider({people, audience: 'orders-api', scopes: 'orders.read'});
    try {
      const provider = make({issuer: idp.issuer, jwksUri: undefined, tokenType: 'at+jwt', claims: {tenant: 'org_id'}});
      await provider.start?.();
      assert.deepEqual(provider.health(), [{part: 'keys acme', state: 'ready'}]);
      const alice = (await ask(provider, await idp.token('alice'), Date.now())).verified;
      assert.deepEqual([alice?.kind, alice?.subject, alice?.tenant, alice?.roles], ['user', 'alice', 't1', ['admin']]);
      const robot = (await ask(provider, await idp.serviceToken(), Date.now())).verified;
      assert.deepEqual([robot?.kind, robot?.subject, robot?.scopes], ['service', 'robot', ['orders.read']]);
    } finally {
      await idp.stop();
    }
  });
});

describe('reading claims', () => {
  const claims = JSON.parse(
    '{"a":{"b":{"c":["x"]}},"a.b":"dotted","https://acme.example/roles":["r"],"list":["x"],"__proto__":{"p":1},"n":null,"deep":{"kubernetes.io":{"namespace":"shop"},"kubernetes":{"io":{"namespace":"no","x":1}}}}',
  );
  const rows: [string | string[], unknown][] = [
    ['a.b.c', ['x']],
    [['a', 'b', 'c'], ['x']],
    [['a.b'], 'dotted'],
    [['https://acme.example/roles'], ['r']],
    ['https://acme.example/roles', ['r']],
    ['a.b', 'dotted'],
    ['deep.kubernetes.io.namespace', 'shop'],
    ['deep.kubernetes.io.x', 1],
    ['deep.kubernetes.x', undefined],
    ['.a', undefined],
    ['a.', undefined],
    ['', undefined],
    ['a.x', undefined],
    ['n.x', undefined],
    ['list.0', undefined],
    ['list.length', undefined],
    ['constructor', undefined],
    ['constructor.name', undefined],
    ['a.constructor', undefined],
    ['toString', undefined],
    ['__proto__.p', 1],
    ['__proto__.constructor', undefined],
    ['a.__proto__', undefined],
  ];
  for (const [path, value] of rows) {
    it(`${JSON.stringify(path)}: ${JSON.stringify(value)}`, () => assert.deepEqual(claimReader(path)(claims), value));
  }

  it('a list is a list of strings or nothing', () => {
    for (const value of ['admin', {0: 'admin', length: 1}, ['admin', 7], [['admin']], 7, null, undefined, true])
      assert.deepEqual(stringsOf(value), []);
    assert.deepEqual(stringsOf(['admin']), ['admin']);
  });
  it('scopes may be one string with spaces', () => {
    assert.deepEqual(scopesOf('a  b '), ['a', 'b']);
    assert.deepEqual(scopesOf(['a', 'b']), ['a', 'b']);
    assert.deepEqual(scopesOf({a: 1}), []);
  });
});

describe('settings of the oidc provider', () => {
  const base = {type: 'oidc', name: 'acme', issuer, audience: ['a']};
  const faults = (more: object): string[] =>
    (oidcSettings.safeParse({...base, ...more}).error?.issues ?? []).map(
      ({path, message}) => `${path.join('.')} ${message}`,
    );
  const rows: [string, object, RegExp | undefined][] = [
    ['the least', {}, undefined],
    ['no audience', {audience: undefined}, /^audience /],
    ['empty audience', {audience: []}, /^audience .*empty/],
    ['any audience', {audience: 'any'}, undefined],
    ['any audience of id tokens', {audience: 'any', tokenType: 'id'}, /^audience .*one client each/],
    ['an audience of id tokens', {tokenType: 'id'}, undefined],
    ['one audience as a text', {audience: 'orders'}, undefined],
    ['HMAC', {algorithms: ['HS256']}, /^algorithms.0 /],
    ['none', {algorithms: ['none']}, /^algorithms.0 /],
    ['no algorithm', {algorithms: []}, /^algorithms .*empty/],
    ['an unknown key', {audiences: []}, /audiences/],
    ['plain http', {issuer: 'http://id.acme.example'}, /^issuer .*http:/],
    ['plain http on purpose', {issuer: 'http://id.acme.example', insecure: true}, undefined],
    ['plain http on loopback', {issuer: 'http://127.0.0.1:1'}, undefined],
    ['plain http for keys', {jwksUri: 'http://id.acme.example/keys'}, /^jwksUri .*http:/],
    ['an issuer that is no URL', {issuer: 'frontier'}, /^issuer .*set jwksUri/],
    ['the same with keys', {issuer: 'frontier', jwksUri: 'https://x.example/keys'}, undefined],
    ['a place of two kinds', {credentials: [{cookie: 'a', query: 'b'}]}, /^credentials.0 .*not a place/],
    ['no place', {credentials: []}, /^credentials .*empty/],
    ['the cookie header', {credentials: [{header: 'Cookie'}]}, /^credentials\.0\.header .*cookie header/],
    ['a tolerance of hours', {clockTolerance: '1h'}, /^clockTolerance .*10m/],
  ];
  for (const [what, more, words] of rows) {
    it(`${what}: ${words === undefined ? 'good' : 'refused'}`, () => {
      const found = faults(more);
      if (words === undefined) assert.deepEqual(found, []);
      else assert.ok(found.length === 1 && words.test(found[0] ?? ''), JSON.stringify(found));
    });
  }
});
