// What was once seen to differ from the vendors, input by input: as the vendor does, or a quirk that docs/parity.md names.
// "theirs" is what the vendor's own SDK says where there is one, else what the stand-in of test/support/vendors says.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {EntitlementsClient} from '@frontegg/client';
import {JwtVerifier} from 'aws-jwt-verify';
import {makeCheck} from '../../src/check.ts';
import {makeEntitlementIndex} from '../../src/core/entitlement/entitlementIndex.ts';
import {refusals} from '../../src/core/refusals.ts';
import {makeRevocationSet} from '../../src/core/revocation/revocationSet.ts';
import type {Requirement} from '../../src/core/rule/rules.ts';
import {compilePattern} from '../../src/entitlements/pattern.ts';
import {makeOidcProvider} from '../../src/providers/oidc.ts';
import {oidcSettings} from '../../src/providers/oidcSettings.ts';
import type {Provider} from '../../src/providers/provider.ts';
import {makeAuthgearProvider} from '../../src/vendors/authgear/provider.ts';
import {authgearSettings} from '../../src/vendors/authgear/settings.ts';
import {makeFronteggSource} from '../../src/vendors/frontegg/entitlements.ts';
import {makeFronteggProvider} from '../../src/vendors/frontegg/provider.ts';
import {fronteggSettings, fronteggSourceSettings} from '../../src/vendors/frontegg/settings.ts';
import {makeReadFrontegg} from '../../src/vendors/frontegg/tokens.ts';
import {makeFrontierProvider} from '../../src/vendors/frontier/provider.ts';
import {frontierSettings} from '../../src/vendors/frontier/settings.ts';
import {isFlagOn} from '../../src/vendors/kinde/flags.ts';
import {makeKindeProvider} from '../../src/vendors/kinde/provider.ts';
import {kindeSettings} from '../../src/vendors/kinde/settings.ts';
import {testRemote} from '../remote/servers.ts';
import {request} from '../support/requests.ts';
import {type Authgear, resolverPath, startAuthgear} from '../support/vendors/authgear.ts';
import {apiKey, claimsOf, clientId, type Frontegg, startFrontegg} from '../support/vendors/frontegg.ts';
import {
  cookieKeys,
  type Frontier,
  type Generation,
  own,
  paths,
  type Subject,
  startFrontier,
} from '../support/vendors/frontier.ts';
import {type Kinde, startKinde} from '../support/vendors/kinde.ts';
import {kindeSdk} from '../support/vendors/kindeSdk.ts';
import {isTakenBy} from '../support/vendors/oracles.ts';
import {makeTestParts, type TestParts} from '../support/vendors/parts.ts';
import {makeSigningKey} from '../support/vendors/signing.ts';
import {type Asks, direct, forget, sdkDecides} from './fronteggSdk.ts';

const seconds = Math.floor(Date.now() / 1_000);
const parity = readFileSync(new URL('../../docs/parity.md', import.meta.url), 'utf8');

/** `quirk`: how docs/parity.md calls it; absent where ours is as theirs. */
const says = (quirk: string | undefined, theirs: unknown, ours: unknown): void => {
  if (quirk === undefined) assert.deepEqual(ours, theirs);
  else assert.notDeepEqual(ours, theirs);
  if (quirk !== undefined) assert.ok(parity.includes(`| ${quirk} |`), `docs/parity.md names it: ${quirk}`);
};

/** `allow SUBJECT`, or the reason of the refusal: as check.ts decides, with one rule. */
const decide = async (
  providers: readonly Provider[],
  headers: Record<string, string>,
  wanted: Requirement = {},
): Promise<string> => {
  const check = makeCheck({
    rules: [{name: 'r', match: {}, access: {access: 'require', require: wanted}, shadow: false}],
    paths: {caseSensitive: true, allow: []} as never,
    providers,
    revocations: makeRevocationSet(),
    entitlements: {
      entitled: () => ({entitled: true}),
      holdings: () => assert.fail('nobody asked'),
      catalog: () => undefined,
    },
  });
  const decision = await check(request('/', {headers}), {id: 'd', now: Date.now(), deadline: Number.POSITIVE_INFINITY});
  return decision.outcome === 'allow' ? `allow ${decision.principal?.subject}` : decision.reason;
};

const bearer = (token: string) => ({authorization: `Bearer ${token}`});

describe('differences from the vendors: Frontegg', () => {
  let frontegg: Frontegg;
  let rig: TestParts;
  before(async () => {
    frontegg = await startFrontegg();
    rig = makeTestParts();
    direct(frontegg.url);
  });
  afterEach(() => forget());
  after(async () => {
    await rig.close();
    await frontegg.stop();
  });

  const provider = () =>
    makeFronteggProvider(
      fronteggSettings.parse({type: 'frontegg', name: 'fe', baseUrl: frontegg.url, clientId, apiKey}),
      rig.parts,
    );
  const acr = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor';
  const hour: Asks = {stepUp: {maxAge: 3_600}};
  const stepUp: Requirement = {stepUp: {acr: [acr], amr: [['mfa'], ['otp', 'sms', 'hwk', 'sso']], maxAge: 3_600_000}};
  const stepped = {acr, amr: ['mfa', 'otp'], auth_time: seconds - 60};

  interface Row {
    readonly what: string;
    readonly claims?: object;
    readonly header?: object;
    readonly scheme?: string;
    readonly asks?: Asks;
    readonly wanted?: Requirement;
    readonly theirs: 'allow u1' | 'refused';
    readonly ours: string;
    readonly quirk?: string;
  }
  const other = 'a token of another kind passes';
  const rows: readonly Row[] = [
    {what: 'a token as it should be', theirs: 'allow u1', ours: 'allow u1'},
    {
      what: 'the scheme in lower case',
      scheme: 'bearer',
      theirs: 'refused',
      ours: 'allow u1',
      quirk: 'the scheme is Bearer, in this case alone',
    },
    {what: 'typ JWS', header: {typ: 'JWS'}, theirs: 'allow u1', ours: 'wrong_token_type', quirk: other},
    {what: 'typ foo', header: {typ: 'foo'}, theirs: 'allow u1', ours: 'wrong_token_type', quirk: other},
    {
      what: 'at_hash, as in id tokens',
      claims: {at_hash: 'x'},
      theirs: 'allow u1',
      ours: 'wrong_token_type',
      quirk: other,
    },
    {what: 'typ: ID among the claims', claims: {typ: 'ID'}, theirs: 'allow u1', ours: 'wrong_token_type', quirk: other},
    {
      what: 'cnf, bound to a key',
      claims: {cnf: {jkt: 'x'}},
      theirs: 'allow u1',
      ours: 'wrong_token_type',
      quirk: other,
    },
    {what: 'step-up', claims: stepped, asks: hour, wanted: stepUp, theirs: 'allow u1', ours: 'allow u1'},
    {
      what: 'step-up, auth_time far ahead',
      claims: {...stepped, auth_time: seconds + 86_400},
      asks: hour,
      wanted: stepUp,
      theirs: 'allow u1',
      ours: 'step_up_required',
      quirk: 'a sign-in in the future never grows old',
    },
    {
      what: 'step-up, auth_time as a text',
      claims: {...stepped, auth_time: `${seconds - 60}`},
      asks: hour,
      wanted: stepUp,
      theirs: 'allow u1',
      ours: 'allow u1',
    },
    {
      what: 'step-up, amr as a text',
      claims: {...stepped, amr: 'mfa otp'},
      asks: hour,
      wanted: stepUp,
      theirs: 'allow u1',
      ours: 'step_up_required',
      quirk: 'a text holds every role that is a part of it',
    },
  ];
  for (const {what, claims, header = {}, scheme = 'Bearer', asks = {}, wanted, theirs, ours, quirk} of rows) {
    it(`${what}: theirs ${theirs}, ours ${ours}`, async () => {
      const token = await frontegg.sign(claimsOf('userToken', {...claims}), {header});
      const headers = {authorization: `${scheme} ${token}`};
      const said = await sdkDecides(headers, asks);
      const decided = await decide([provider()], headers, wanted);
      assert.deepEqual(['allow' in said ? `allow ${said.allow}` : 'refused', decided], [theirs, ours]);
      says(quirk, theirs, ours);
    });
  }

  it('F1 a rule of targeting goes by the address whether or not it is verified, as theirs; F2 by forUser it knows none', async () => {
    const banned = {
      attribute: 'frontegg.email',
      attributeType: 'custom',
      negate: false,
      op: 'ends_with',
      value: {list: ['@banned.example']},
    };
    const rule = {description: 'd', conditionLogic: 'and', conditions: [banned], treatment: 'false'};
    frontegg.entitlements = {
      data: {
        features: [['i1', 'chat', []]],
        featureBundles: [],
        entitlements: [],
        featureFlags: [['chat', true, 'boolean', 'true', 'false', [rule]]],
      },
      snapshotOffset: 1,
    };
    const claims = claimsOf('userToken', {email: 'a@banned.example', email_verified: false});
    const client = await EntitlementsClient.init(undefined, {
      initializationDelayMs: 0,
      refreshTimeoutMs: 3_600_000,
      retry: {numberOfTries: 1, secondsDelayRange: {min: 0, max: 0}},
    });
    await client.ready();
    const byToken = await (await client.forFronteggToken(await frontegg.sign(claims))).isEntitledTo({
      featureKey: 'chat',
    });
    const byUser = await client.forUser(claims as never).isEntitledTo({featureKey: 'chat'});
    client.destroy();
    await (
      client as unknown as {httpClient: {authenticator: {shutdown(): Promise<void>}}}
    ).httpClient.authenticator.shutdown();

    const source = makeFronteggSource(
      fronteggSourceSettings.parse({type: 'frontegg', baseUrl: frontegg.url, clientId, apiKey}),
      {call: rig.parts.call, now: rig.parts.now},
    );
    const loaded = await source.load(undefined);
    assert.ok(loaded !== 'unchanged');
    const caller = makeReadFrontegg('fe')(claims);
    assert.ok(caller);
    const ours = makeEntitlementIndex(loaded.snapshot, {compilePattern}).entitled(
      caller,
      {feature: 'chat'},
      new Map(),
      Date.now(),
    );
    assert.deepEqual([byToken.result, ours.entitled], [false, false], 'as by the token');
    assert.equal(byUser.result, true, 'by forUser the rule never matches: docs/guides/frontegg.md says so');
    assert.match(
      readFileSync(new URL('../../docs/guides/frontegg.md', import.meta.url), 'utf8'),
      /forUser\(userOrTenantEntity\).*never do by `forUser`/,
    );
  });
});

describe('differences from the vendors: Kinde', () => {
  let kinde: Kinde;
  let rig: TestParts;
  before(async () => {
    kinde = await startKinde();
    rig = makeTestParts();
  });
  after(async () => {
    await rig.close();
    await kinde.close();
  });
  const provider = () =>
    makeKindeProvider(
      kindeSettings.parse({type: 'kinde', name: 'ki', domain: kinde.domain, audience: ['orders-api']}),
      rig.parts,
    );
  const claimsBy = async (token: string) => {
    const asked = request('/', {headers: bearer(token)});
    const [place] = provider().places;
    assert.ok(place);
    const answer = await provider().authenticate(
      {place, value: token},
      {request: asked, now: Date.now(), deadline: Number.POSITIVE_INFINITY},
    );
    assert.ok(answer.verified);
    return answer.verified;
  };
  const sdk = (token: string) => kindeSdk(kinde.domain, token);

  it('a refused token is 401 here, 403 in its library for Express', async () => {
    const reason = await decide([provider()], bearer(await kinde.token({aud: []})));
    assert.equal(reason, 'wrong_audience');
    assert.equal(refusals[reason].status, 401);
    says('a refused token is 403', 403, 401);
  });

  const verified: [what: string, claims: object, header: object, quirk: string][] = [
    [
      'no kid, with one key published',
      {},
      {kid: undefined},
      'a token without `kid` is refused, also where one key is published',
    ],
    ['a number beside the audience', {aud: [7, 'orders-api']}, {}, 'an audience beside something else is none'],
  ];
  for (const [what, claims, header, quirk] of verified) {
    it(`${what}: theirs refused, ours allow`, async () => {
      const token = await kinde.token(claims, header);
      const jwks = (await (await fetch(`${kinde.domain}/.well-known/jwks`)).json()) as never;
      const verifier = JwtVerifier.create({
        issuer: kinde.domain,
        audience: ['orders-api'],
        jwksUri: `${kinde.domain}/.well-known/jwks`,
      });
      const theirs = isTakenBy(verifier, jwks, token);
      const ours = await decide([provider()], bearer(token));
      assert.deepEqual([theirs, ours], [false, 'allow kp_1']);
      says(quirk, false, true);
    });
  }

  it('has({featureFlags}) of a flag that is off: theirs true, ours false', async () => {
    const token = await kinde.token({feature_flags: {off: {t: 'b', v: false}, on: {t: 'b', v: true}}});
    const utilities = createRequire(createRequire(import.meta.url).resolve('@kinde-oss/kinde-typescript-sdk'))(
      '@kinde/js-utils',
    );
    const storage = new utilities.MemoryStorage();
    utilities.setActiveStorage(storage);
    await storage.setSessionItem(utilities.StorageKeys.accessToken, token);
    const {claims} = await claimsBy(token);
    const flags = ['on', 'off', 'none'];
    const theirs = await Promise.all(flags.map((flag) => utilities.has({featureFlags: [flag]})));
    utilities.clearActiveStorage();
    assert.deepEqual(theirs, [true, true, false]);
    assert.deepEqual(
      flags.map((flag) => isFlagOn(claims, flag)),
      [true, false, false],
    );
    says('`has` finds a flag that is off', true, false);
  });

  it('getStringFlag of a number: theirs throws, ours passes on what the token says', async () => {
    const token = await kinde.token({feature_flags: {limit: {t: 'i', v: 7}}});
    const {client, session} = sdk(token);
    await assert.rejects(async () => client.getStringFlag(session, 'limit', 'none'));
    const {claims} = await claimsBy(token);
    assert.equal((claims.feature_flags as {limit: {v: unknown}}).limit.v, 7);
    says('a flag of another type is a fault', 'throws', 7);
  });

  it('roles as texts give none, as theirs; half a list of permissions gives none, a quirk', async () => {
    const token = await kinde.token({roles: ['admin'], permissions: ['read:books', 7]});
    const {roles, permissions} = await claimsBy(token);
    assert.deepEqual([roles, permissions], [[], []]);
    const {client, session} = sdk(token);
    assert.equal((await client.getPermission(session, 'read:books')).isGranted, true);
    says('half a list of permissions grants (`kinde.test.ts`: half a list)', true, false);
  });
});

describe('differences from the vendors: Authgear', () => {
  let authgear: Authgear;
  let rig: TestParts;
  let otherProvider: Provider;
  let otherKinde: Kinde;
  const opaque = 'abcdefghijklmnopqrstuvwxyz012345';
  before(async () => {
    authgear = await startAuthgear();
    rig = makeTestParts();
    otherKinde = await startKinde();
    const settings = {type: 'oidc', name: 'other', issuer: otherKinde.domain, audience: ['orders-api']};
    otherProvider = makeOidcProvider(oidcSettings.parse(settings), rig.parts);
  });
  beforeEach(() => {
    authgear.sessions.clear();
    authgear.sessions.set('s', {userId: 'of-session'});
    authgear.sessions.set('t', {userId: 'of-second'});
    authgear.sessions.set('a', {userId: 'of-app'});
    authgear.sessions.set(opaque, {userId: 'of-bearer'});
  });
  after(async () => {
    await rig.close();
    await authgear.close();
    await otherKinde.close();
  });
  const provider = (mode: string) =>
    makeAuthgearProvider(
      authgearSettings.parse({type: 'authgear', name: 'ag', endpoint: authgear.endpoint, mode}),
      rig.parts,
    );
  /** The resolver itself, sent everything. */
  const resolves = async (headers: Record<string, string>): Promise<string> => {
    const answer = await fetch(`${authgear.endpoint}${resolverPath}`, {headers});
    const user = answer.headers.get('x-authgear-user-id');
    return answer.headers.get('x-authgear-session-valid') === 'true' ? `allow ${user}` : 'refused';
  };

  type Row = [
    what: string,
    headers: () => Promise<Record<string, string>> | Record<string, string>,
    theirs: string,
    ours: string,
    quirk?: string,
  ];
  const session = {cookie: 'session=s'};
  const first = 'several `session` cookies that differ';
  const rows: readonly Row[] = [
    ['A1 one session cookie twice', () => ({cookie: 'session=s; session=s'}), 'allow of-session', 'allow of-session'],
    ['A1 two that differ', () => ({cookie: 'session=s; session=t'}), 'allow of-session', 'duplicate_credential', first],
    [
      'A2 garbage as a bearer beside a session',
      () => ({...session, authorization: 'Bearer garbage'}),
      'allow of-session',
      'allow of-session',
    ],
    [
      'A2 a JWT of another issuer beside a session',
      async () => ({...session, ...bearer(await authgear.token({iss: 'https://other.example'}))}),
      'allow of-session',
      'allow of-session',
    ],
    [
      'A2 the same in app_access_token',
      async () => ({cookie: `app_access_token=${await authgear.token({iss: 'https://other.example'})}; session=s`}),
      'allow of-session',
      'allow of-session',
    ],
    [
      'A2 the same in app_session',
      async () => ({cookie: `app_session=${await authgear.token({iss: 'https://other.example'})}; session=s`}),
      'allow of-session',
      'allow of-session',
    ],
    [
      'garbage as a bearer beside another cookie than the session',
      () => ({cookie: 'app_session=a', authorization: 'Bearer garbage'}),
      'refused',
      'unsupported_credential',
    ],
    [
      'garbage beside a session that is over',
      () => ({cookie: 'session=gone', authorization: 'Bearer garbage'}),
      'refused',
      'session_invalid',
    ],
    ['garbage alone', () => ({authorization: 'Bearer garbage'}), 'refused', 'unsupported_credential'],
    [
      'Bearer and nothing beside a session',
      () => ({...session, authorization: 'Bearer'}),
      'allow of-session',
      'allow of-session',
    ],
    [
      'Bearer and a space beside a session',
      () => ({...session, authorization: 'Bearer '}),
      'allow of-session',
      'allow of-session',
    ],
    ['Bearer and nothing, alone', () => ({authorization: 'Bearer'}), 'refused', 'malformed_credential'],
    [
      'two spaces behind Bearer',
      () => ({authorization: `Bearer  ${opaque}`}),
      'refused',
      'allow of-bearer',
      'one space, and `Bearer` in this case alone',
    ],
    [
      'the scheme in lower case',
      () => ({authorization: `bearer ${opaque}`}),
      'refused',
      'allow of-bearer',
      'one space, and `Bearer` in this case alone',
    ],
  ];
  for (const mode of ['resolver', 'both']) {
    for (const [what, headers, theirs, ours, quirk] of rows) {
      it(`${what}, mode ${mode}: theirs ${theirs}, ours ${ours}`, async () => {
        const sent = await headers();
        assert.deepEqual([await resolves(sent), await decide([provider(mode)], sent)], [theirs, ours]);
        if (quirk !== undefined || theirs.startsWith('allow')) says(quirk, theirs, ours);
      });
    }

    it(`a bearer that another provider vouches for is that one's, whatever session is beside it, mode ${mode}`, async () => {
      const sent = {...session, ...bearer(await otherKinde.token())};
      for (const providers of [
        [provider(mode), otherProvider],
        [otherProvider, provider(mode)],
      ])
        assert.equal(await decide(providers, sent), 'allow kp_1');
      const spoilt = {...session, ...bearer(`${await otherKinde.token()}AAAA`)};
      assert.equal(await decide([provider(mode), otherProvider], spoilt), 'bad_signature');
    });
  }

  for (const typ of ['application/at+jwt', 'AT+JWT']) {
    it(`typ ${typ}: theirs refused, ours allow`, async () => {
      assert.equal(await decide([provider('jwt')], bearer(await authgear.token({}, {typ}))), 'allow user-1');
      says('`typ` is `at+jwt`, to the letter', 'refused', 'allow');
    });
  }

  it('a token of its own that does not hold has the last word, as docs/guides/authgear.md says', async () => {
    const sent = {...session, ...bearer(`${await authgear.token()}AAAA`)};
    assert.equal(await decide([provider('both')], sent), 'bad_signature');
  });
});

for (const api of ['connect', 'rest'] as const satisfies readonly Generation[]) {
  describe(`differences from the vendors: Frontier, ${api}`, () => {
    let frontier: Frontier;
    let rig: TestParts;
    const ada: Subject = {id: randomUUID(), type: 'app/user', organizations: ['org-1']};
    const robot: Subject = {id: randomUUID(), type: 'app/serviceuser', organizations: ['org-1']};
    const secret = 'cred-1:canary-secret';
    const session = randomUUID();
    beforeEach(async () => {
      frontier = await startFrontier(api);
      rig = makeTestParts();
      frontier.sessions.set(session, ada);
      frontier.secrets.set(secret, robot);
      frontier.personalTokens.set('fpt_known', {id: 'pat-1', type: 'app/pat', owner: ada.id});
    });
    afterEach(async () => {
      await rig.close();
      await frontier.close();
    });
    const provider = (call = rig.parts.call) =>
      makeFrontierProvider(
        frontierSettings.parse({
          type: 'frontier',
          name: 'fr',
          url: frontier.url,
          api,
          session: cookieKeys,
          ...(api === 'connect' && own),
        }),
        {...rig.parts, call},
      );
    const basic = {authorization: `Basic ${Buffer.from(secret).toString('base64')}`};
    /** Frontier itself, sent these headers. */
    const takes = async (headers: Record<string, string>): Promise<string> => {
      const answer = await fetch(frontier.url + paths[api].token, {
        method: 'POST',
        headers: {'content-type': 'application/json', ...headers},
        body: '{"grant_type": "client_credentials"}',
      });
      if (!answer.ok) return 'refused';
      const {access_token: token} = (await answer.json()) as {access_token: string};
      return `allow ${JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sub}`;
    };
    type Row = [
      what: string,
      headers: () => Promise<Record<string, string>> | Record<string, string>,
      theirs: string,
      ours: string,
      quirk?: string,
    ];
    const assertion = async (claims: object) => {
      const key = await makeSigningKey('cred-3');
      frontier.assertionKeys.set('cred-3', {subject: robot, key});
      return key.sign({kid: 'cred-3', jti: 'j', ...claims}, {kid: 'cred-3'});
    };
    const rows: readonly Row[] = [
      ['an assertion as a bearer', async () => bearer(await assertion({})), `allow ${robot.id}`, `allow ${robot.id}`],
      [
        'an assertion without exp as a bearer',
        async () => bearer(await assertion({exp: undefined})),
        'refused',
        'missing_claim',
      ],
      [
        'Bearer and nothing beside x-user-token',
        async () => ({authorization: 'Bearer', 'x-user-token': await frontier.token(ada)}),
        `allow ${ada.id}`,
        `allow ${ada.id}`,
      ],
      [
        'Bearer and a space beside x-user-token',
        async () => ({authorization: 'Bearer ', 'x-user-token': 'fpt_known'}),
        'allow pat-1',
        'allow pat-1',
      ],
      ['Bearer and nothing, alone', () => ({authorization: 'Bearer'}), 'refused', 'malformed_credential'],
      ['an unknown personal token is final', () => ({'x-user-token': 'fpt_unknown', ...basic}), 'refused', 'inactive'],
      [
        'a user who is disabled',
        () => {
          frontier.sessions.set(session, {...ada, disabled: true});
          return {cookie: `sid=${frontier.cookie(session)}`};
        },
        'refused',
        'unknown_subject',
      ],
    ];
    const old: readonly Row[] = [
      [
        'the scheme Bearer in lower case',
        async () => ({authorization: `bearer ${await frontier.token(ada)}`}),
        'refused',
        `allow ${ada.id}`,
        'schemes in lower case are none (v0.90.0)',
      ],
      [
        'the scheme Basic in lower case',
        () => ({authorization: basic.authorization.replace('Basic', 'basic')}),
        'refused',
        `allow ${robot.id}`,
        'schemes in lower case are none (v0.90.0)',
      ],
      [
        'garbage in x-user-token beside good Basic',
        () => ({'x-user-token': 'garbage', ...basic}),
        'refused',
        `allow ${robot.id}`,
        'garbage in `x-user-token` is final (v0.90.0)',
      ],
      [
        'a bare JWT in Authorization',
        async () => ({authorization: await frontier.token(ada)}),
        `allow ${ada.id}`,
        'no_credential',
        'a JWT in `Authorization` needs no scheme (v0.90.0)',
      ],
    ];
    for (const [what, headers, theirs, ours, quirk] of [...rows, ...(api === 'rest' ? old : [])]) {
      it(`${what}: theirs ${theirs.replace(/-.*/, '')}, ours ${ours.replace(/-.*/, '')}`, async () => {
        const sent = await headers();
        assert.deepEqual([await takes(sent), await decide([provider()], sent)], [theirs, ours]);
        if (quirk !== undefined || theirs.startsWith('allow')) says(quirk, theirs, ours);
      });
    }

    it('R1 a 500 that one credential provokes is unavailable for that one, and is no failure of the service', async () => {
      const key = `urn:uuid:${randomUUID()}`;
      // A circuit as it is by default.
      const remote = testRemote();
      const odd = await (await makeSigningKey(key)).sign({kid: key, jti: 'j'}, {kid: key});
      const good = paths[api].token;
      const one = provider(remote.call);
      assert.equal(await decide([one], basic), `allow ${robot.id}`);
      frontier.faults.set(good, {status: 500});
      for (let times = 0; times < 6; times++) assert.equal(await decide([one], bearer(odd)), 'unavailable');
      frontier.faults.clear();
      const fresh = `cred-2:${randomUUID()}`;
      frontier.secrets.set(fresh, robot);
      const another = {authorization: `Basic ${Buffer.from(fresh).toString('base64')}`};
      assert.equal(await decide([one], another), `allow ${robot.id}`);
      await remote.close();
    });

    it('R2 a blank id is not asked about: nobody is related to nothing', async () => {
      const related = (resource: string) =>
        decide(
          [provider()],
          {cookie: `sid=${frontier.cookie(session)}`},
          {relation: {provider: 'fr', permission: 'get', resource}},
        );
      frontier.faults.set(paths[api].check, {status: 500});
      for (const resource of ['app/project: ', 'app/project:']) assert.equal(await related(resource), 'not_related');
      assert.equal(await related('app/project:p1'), 'unavailable');
    });

    if (api === 'rest') {
      it('R3 a service user of a disabled organisation: 500, code 13 there, disabled here', async () => {
        frontier.faults.set(paths.rest.token, {
          status: 500,
          body: JSON.stringify({code: 13, message: 'org is disabled', details: []}),
        });
        assert.equal(await decide([provider()], basic), 'disabled');
      });
    }
  });
}

it('every guide that names headers for the service says how their values are written', () => {
  const folder = new URL('../../docs/guides/', import.meta.url);
  for (const file of readdirSync(folder)) {
    const text = readFileSync(new URL(file, folder), 'utf8');
    if (/identity: ?[{\n]|x-auth-[a-z]+: |responses\.identity/.test(text)) assert.match(text, /percent-encoded/, file);
  }
});
