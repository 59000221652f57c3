// Ours and Frontegg's own SDK decide the same generated requests the same, but for the named quirks, each of which is shown.
import assert from 'node:assert/strict';
import {KeyObject, sign as signBytes} from 'node:crypto';
import {IdentityClient} from '@frontegg/client';
import fc from 'fast-check';
import {makeCheck} from '../../src/check.ts';
import {refusals} from '../../src/core/refusals.ts';
import {makeRevocationSet} from '../../src/core/revocation/revocationSet.ts';
import type {Requirement} from '../../src/core/rule/rules.ts';
import {makeLayeredCache} from '../../src/store/layered.ts';
import {makeMemoryCache} from '../../src/store/memory.ts';
import {makeFronteggProvider} from '../../src/vendors/frontegg/provider.ts';
import {fronteggSettings} from '../../src/vendors/frontegg/settings.ts';
import {forged, hmac} from '../providers/tokens.ts';
import {testRemote} from '../remote/servers.ts';
import {request} from '../support/requests.ts';
import {
  apiKey,
  claimsOf,
  clientId,
  type Frontegg,
  makeSigningKey,
  type SigningKey,
  startFrontegg,
} from '../support/vendors/frontegg.ts';
import {type Asks, direct, forget, sdkDecides, type Verdict} from './fronteggSdk.ts';

const stepUpAcr = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor';

/** One request, and what Frontegg knows at that moment. */
interface Case {
  readonly header: 'authorization' | 'x-api-key' | 'both' | 'none';
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signature: 'good' | 'another key' | 'tampered' | 'RS384' | 'none' | 'HS256 with the PEM' | 'cut';
  readonly asks: Asks;
  readonly active: boolean;
  readonly rights: {readonly roles: string[]; readonly permissions: string[]};
  readonly disabled: boolean;
}

describe("Frontegg's SDK as oracle", () => {
  let frontegg: Frontegg;
  let stranger: SigningKey;
  const remote = testRemote({circuit: {failures: 1_000, shortest: 1, longest: 1}});

  before(async () => {
    frontegg = await startFrontegg();
    stranger = await makeSigningKey('first');
    direct(frontegg.url);
  });
  after(async () => {
    forget();
    await remote.close();
    await frontegg.stop();
  });

  // The SDK has no tolerance for clocks; ours is 5 s unless it is set.
  const exactly = {clockTolerance: '0s'};
  const make = (settings: object = {}) =>
    makeFronteggProvider(
      fronteggSettings.parse({
        type: 'frontegg',
        name: 'fe',
        baseUrl: frontegg.url,
        clientId,
        apiKey,
        ...exactly,
        ...settings,
      }),
      {
        call: remote.call,
        cache: makeMemoryCache({entries: 10}, Date.now),
        makeCache: (name) => makeLayeredCache({name, memory: makeMemoryCache({entries: 10}, Date.now)}),
        now: Date.now,
        random: () => 0.5,
        after: () => () => {},
        log: {info: () => {}, warn: () => {}},
      },
    );

  /** `stepUp` of the SDK in our words. */
  const requirementOf = ({roles, permissions, stepUp}: Asks): Requirement => ({
    ...(roles?.length && {roles: {any: roles}}),
    ...(permissions?.length && {permissions: {any: permissions}}),
    ...(stepUp && {
      stepUp: {
        acr: [stepUpAcr],
        amr: [['mfa'], ['otp', 'sms', 'hwk', 'sso']],
        ...(stepUp.maxAge !== undefined && {maxAge: stepUp.maxAge * 1_000}),
      },
    }),
  });

  const weDecide = async (headers: Record<string, string>, asks: Asks, settings?: object): Promise<Verdict> => {
    const provider = make(settings);
    const check = makeCheck({
      rules: [{name: 'r', match: {}, access: {access: 'require', require: requirementOf(asks)}, shadow: false}],
      paths: {caseSensitive: true, allow: []} as never,
      providers: [provider],
      revocations: makeRevocationSet(),
      entitlements: {
        entitled: () => ({entitled: true}),
        holdings: () => assert.fail('nobody asked'),
        catalog: () => undefined,
      },
    });
    const context = {id: 'd', now: Date.now(), deadline: Number.POSITIVE_INFINITY};
    const decision = await check(request('/', {headers}), context);
    await provider.close?.();
    if (decision.outcome === 'deny') return {refuse: refusals[decision.reason].status};
    // A service is nobody's user.
    return {allow: decision.principal?.kind === 'user' ? decision.principal.subject : undefined};
  };

  const tokenOf = async ({claims, signature}: Case): Promise<string> => {
    const [key] = frontegg.keys;
    assert.ok(key);
    const good = await frontegg.sign(claims);
    if (signature === 'another key') return frontegg.sign(claims, {key: stranger});
    if (signature === 'cut') return good.slice(0, -4);
    if (signature === 'tampered') {
      const [header, , mac] = good.split('.');
      return `${header}.${Buffer.from(JSON.stringify({...claims, sub: 'root'})).toString('base64url')}.${mac}`;
    }
    const head = {typ: 'JWT', kid: key.kid};
    if (signature === 'none') return forged({...head, alg: 'none'}, claims, () => Buffer.alloc(0));
    if (signature === 'HS256 with the PEM') return forged({...head, alg: 'HS256'}, claims, hmac(key.pem));
    if (signature === 'RS384') {
      return forged({...head, alg: 'RS384'}, claims, (signed) =>
        signBytes('sha384', Buffer.from(signed), KeyObject.from(key.privateKey)),
      );
    }
    return good;
  };

  const headersOf = async (given: Case): Promise<Record<string, string>> => {
    const token = await tokenOf(given);
    if (given.header === 'authorization') return {authorization: `Bearer ${token}`};
    if (given.header === 'x-api-key') return {'x-api-key': token};
    if (given.header === 'none') return {};
    return {authorization: `Bearer ${token}`, 'x-api-key': await frontegg.sign(claimsOf('tenantAccessToken'))};
  };

  /** Sets the scene, and has both decide. */
  const decideBoth = async (given: Case, settings?: object): Promise<{sdk: Verdict; ours: Verdict}> => {
    const {users, tenants} = frontegg.accessTokens;
    const {sub} = given.claims;
    for (const [holder, id] of [
      [users, `${sub}`],
      [tenants, `${sub}`],
    ] as const) {
      holder.clear();
      holder.set(id, {id, tenantId: 't1', ...given.rights});
      holder.set('other', {id: 'other', tenantId: 't1', roles: [], permissions: []});
    }
    frontegg.inactive.clear();
    if (!given.active) frontegg.inactive.add(`${sub}`);
    frontegg.apiTokensDisabled = given.disabled;
    forget();
    const headers = await headersOf(given);
    return {sdk: await sdkDecides(headers, given.asks), ours: await weDecide(headers, given.asks, settings)};
  };

  /** The SDK says 400 where the type is wrong, which is a matter of who it is: 401. */
  const alike = (verdict: Verdict): Verdict =>
    'refuse' in verdict && verdict.refuse === 400 ? {refuse: 401} : verdict;

  const isAccess = ({claims}: Case) => claims.type === 'userAccessToken' || claims.type === 'tenantAccessToken';
  const asksRights = ({asks}: Case) => Boolean(asks.roles?.length || asks.permissions?.length);
  const isLists = (value: unknown) => value === undefined || Array.isArray(value);

  const seconds = Math.floor(Date.now() / 1_000);
  const plain: Case = {
    header: 'authorization',
    claims: claimsOf('userToken'),
    signature: 'good',
    asks: {},
    active: true,
    rights: {roles: ['admin'], permissions: []},
    disabled: false,
  };
  const access: Case = {...plain, header: 'x-api-key', claims: claimsOf('tenantAccessToken')};

  /** The deliberate differences; names as in docs/parity.md. */
  const quirks: {
    name: string;
    touches: (given: Case) => boolean;
    shown: Case;
    sdk: Verdict;
    ours: Verdict;
    settings?: object;
  }[] = [
    {
      name: 'a token without exp is good for ever',
      touches: ({claims}) => claims.exp === undefined,
      shown: {...plain, claims: claimsOf('userToken', {exp: undefined})},
      sdk: {allow: 'u1'},
      ours: {refuse: 401},
    },
    {
      name: 'a token issued in the future is good',
      // By the clock of the moment, as the claims are: by that of the start, a late run would find nothing untouched, for ever.
      touches: ({claims}) => typeof claims.iat === 'number' && claims.iat > Date.now() / 1_000 + 60,
      shown: {...plain, claims: claimsOf('userToken', {iat: seconds + 3_600, exp: seconds + 7_200})},
      sdk: {allow: 'u1'},
      ours: {refuse: 401},
    },
    {
      name: 'a token without subject is good',
      touches: ({claims}) =>
        claims.sub === undefined ||
        (claims.type === 'userApiToken' && claims.createdByUserId === undefined) ||
        (claims.type === 'userAccessToken' && claims.userId === undefined),
      shown: {...plain, claims: claimsOf('userApiToken', {createdByUserId: undefined})},
      sdk: {allow: undefined},
      ours: {refuse: 401},
    },
    {
      name: 'a text holds every role that is a part of it',
      touches: ({claims}) => !isLists(claims.roles) || !isLists(claims.permissions) || !isLists(claims.amr),
      shown: {...plain, claims: claimsOf('userToken', {roles: 'superadmin'}), asks: {roles: ['admin']}},
      sdk: {allow: 'u1'},
      ours: {refuse: 403},
    },
    {
      name: 'with roles or permissions the active list is not asked',
      touches: (given) => isAccess(given) && asksRights(given) && !given.active,
      shown: {...access, asks: {roles: ['admin']}, active: false},
      sdk: {allow: undefined},
      ours: {refuse: 401},
    },
    {
      name: 'step-up is not looked at for access tokens',
      touches: (given) => isAccess(given) && given.asks.stepUp !== undefined,
      shown: {...access, asks: {stepUp: {maxAge: 60}}},
      sdk: {allow: undefined},
      ours: {refuse: 401},
    },
    {
      name: 'issuer and audience are never looked at',
      touches: () => false,
      shown: {...plain, claims: claimsOf('userToken', {iss: 'https://evil.example', aud: 'another'})},
      sdk: {allow: 'u1'},
      ours: {refuse: 401},
      settings: {audience: [clientId]},
    },
  ];

  const often = <T>(value: T, arbitrary: fc.Arbitrary<T>) =>
    fc.oneof({weight: 14, arbitrary: fc.constant(value)}, {weight: 1, arbitrary});
  const names = fc.subarray(['admin', 'viewer', 'Admin', 'superadmin', '*']);
  const rights = fc.subarray(['orders.read', 'orders.write', 'orders.*', 'Orders.read']);
  const types = ['userToken', 'userApiToken', 'tenantApiToken', 'userAccessToken', 'tenantAccessToken'];
  const anyType = fc.constantFrom(...types, ...types, ...types, 'vendorToken', undefined);
  const mfa = fc.record({
    acr: often<unknown>(stepUpAcr, fc.constantFrom(undefined, 'x', stepUpAcr.toUpperCase())),
    amr: often(['mfa', 'otp'], fc.subarray(['mfa', 'otp', 'sms', 'hwk', 'sso', 'pwd', 'MFA'])),
    auth_time: often<unknown>(seconds - 30, fc.constantFrom(undefined, seconds - 90_000)),
  });
  const cases: fc.Arbitrary<Case> = fc
    .record({
      type: anyType,
      misplaced: often(false, fc.constant(true)),
      extra: often<Case['header'] | undefined>(undefined, fc.constantFrom('both', 'none')),
      odd: often<object>(
        {},
        fc.constantFrom<object>(
          {exp: seconds - 5},
          {exp: seconds},
          {exp: undefined},
          {nbf: seconds + 600},
          {nbf: seconds - 600},
          {iat: seconds + 3_600, exp: seconds + 7_200},
          {sub: undefined},
          {createdByUserId: undefined, userId: undefined},
          {iss: 'https://other.example', aud: 'other'},
          {email_verified: false},
          {roles: 'superadmin', permissions: 'orders.read orders.write'},
          {roles: undefined, permissions: undefined},
        ),
      ),
      roles: names,
      permissions: rights,
      mfa,
      signature: often<Case['signature']>(
        'good',
        fc.constantFrom('another key', 'tampered', 'RS384', 'none', 'HS256 with the PEM', 'cut'),
      ),
      asks: fc.record(
        {
          roles: fc.oneof(fc.constant([]), names),
          permissions: fc.oneof(fc.constant([]), rights),
          stepUp: fc.record({maxAge: fc.constantFrom(undefined, 60, 3_600)}),
        },
        {requiredKeys: []},
      ),
      active: often(true, fc.constant(false)),
      rights: fc.record({roles: names, permissions: rights}),
      disabled: often(false, fc.boolean()),
    })
    .map(({type, misplaced, extra, odd, roles, permissions, mfa: stepped, ...rest}) => {
      const isKey = type?.endsWith('AccessToken') !== misplaced;
      const claims = {...claimsOf(type ?? 'userToken'), type, roles, permissions, ...stepped, ...odd};
      return {...rest, claims, header: extra ?? (isKey ? 'x-api-key' : 'authorization')};
    });

  it('decides four hundred generated requests as we do', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        cases.filter((given) => !quirks.some(({touches}) => touches(given))),
        async (given) => {
          const {sdk, ours} = await decideBoth(given);
          assert.deepEqual(ours, alike(sdk));
          const outcome = 'refuse' in ours ? `${ours.refuse}` : 'allow';
          seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
        },
      ),
      {numRuns: 400, seed: 2_026},
    );
    for (const outcome of ['allow', '401', '403']) assert.ok((seen.get(outcome) ?? 0) > 30, `${[...seen]}`);
  });

  for (const {name, touches, shown, sdk, ours, settings} of quirks) {
    it(`a quirk that is not copied: ${name}`, async () => {
      if (settings === undefined) assert.ok(touches(shown));
      assert.deepEqual(await decideBoth(shown, settings), {sdk, ours});
    });
  }

  it('a quirk that is not copied: the wrong type of token is 400', async () => {
    const given: Case = {...plain, claims: claimsOf('vendorToken')};
    assert.deepEqual(await decideBoth(given), {sdk: {refuse: 400}, ours: {refuse: 401}});
  });

  it('a quirk that is not copied: Authorization needs no scheme', async () => {
    const headers = {authorization: await frontegg.sign(plain.claims)};
    assert.deepEqual(await sdkDecides(headers, {}), {allow: 'u1'});
    assert.deepEqual(await weDecide(headers, {}), {refuse: 401});
  });

  it('a quirk that is not copied: an access token works in Authorization, by another method', async () => {
    forget();
    frontegg.inactive.clear();
    frontegg.apiTokensDisabled = false;
    frontegg.accessTokens.tenants.set('at2', {id: 'at2', tenantId: 't1', roles: [], permissions: []});
    const token = await frontegg.sign(access.claims);
    const entity = await IdentityClient.getInstance().validateIdentityOnToken(`Bearer ${token}`);
    assert.equal(entity.sub, 'at2');
    assert.deepEqual(await weDecide({authorization: `Bearer ${token}`}, {}), {refuse: 401});
  });

  it('a quirk that is not copied: the key id is not looked at', async () => {
    const headers = {authorization: `Bearer ${await frontegg.sign(plain.claims, {header: {kid: 'nobody knows it'}})}`};
    assert.deepEqual(await sdkDecides(headers, {}), {allow: 'u1'});
    assert.deepEqual(await weDecide(headers, {}, {issuer: 'https://acme.frontegg.com'}), {refuse: 401});
  });

  it('a quirk that is not copied: a deleted access token is a fault of the program', async () => {
    forget();
    frontegg.apiTokensDisabled = false;
    frontegg.accessTokens.tenants.clear();
    const headers = {'x-api-key': await frontegg.sign(access.claims)};
    assert.deepEqual(await sdkDecides(headers, {roles: ['admin']}), {refuse: 0});
    assert.deepEqual(await weDecide(headers, {roles: ['admin']}), {refuse: 401});
  });

  it('a quirk that is not copied: after a rotation nobody gets in', async () => {
    forget();
    const before = {authorization: `Bearer ${await frontegg.sign(plain.claims)}`};
    assert.deepEqual(await sdkDecides(before, {}), {allow: 'u1'});
    frontegg.keys = [await makeSigningKey('second')];
    const after = {authorization: `Bearer ${await frontegg.sign(plain.claims)}`};
    assert.deepEqual(await sdkDecides(after, {}), {refuse: 401});
    assert.deepEqual(await weDecide(after, {}), {allow: 'u1'});
  });
});
