// The scene of `npm run demo`: examples/postern.yaml before a real OpenID provider.
import {type IdentityProvider, startIdentityProvider, tokenRequest} from '../../test/support/identityProvider.ts';
import {freePort} from '../../test/support/ports.ts';
import {startRateLimits} from '../../test/support/rateLimits.ts';
import type {Row} from './rows.ts';
import type {Scene} from './scene.ts';

const usualPort = 9180;

export const own: Scene = {
  file: 'postern.yaml',
  about: 'An identity provider (oidc-provider), a service that counts for Envoy',
  issuer: 'An identity provider (oidc-provider)',
  async begin() {
    const identityProvider = await startIdentityProvider({
      people,
      audience: 'orders-api',
      port: await freePort(usualPort),
    });
    const limits = await startRateLimits();
    const {issuer} = identityProvider;
    return {
      env: {},
      settings: issuer.endsWith(`:${usualPort}`) ? [] : [[['providers', 0, 'issuer'], issuer]],
      rows: await makeRows(identityProvider),
      where: `identity provider      ${issuer}   people: ${Object.keys(people).join(', ')}`,
      token: `TOKEN=$(curl -s ${tokenRequest(issuer, 'alice')} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
      header: 'Authorization: Bearer $TOKEN',
      init: `postern init gate --provider oidc --issuer ${issuer} --audience orders-api`,
      path: '/orgs/acme/orders',
      opens: '/orgs/acme/orders/1',
      counting: {limits, paths: '/orgs/[^/]+/calls/.*'},
      stop: async () => {
        await limits.stop();
        await identityProvider.stop();
      },
    };
  },
};

/** Who may sign in at the demo's identity provider, with the claims of their tokens. */
const people = {
  alice: {org_id: 'acme', roles: ['admin'], amr: ['pwd']},
  bob: {org_id: 'acme', roles: ['viewer'], amr: ['pwd']},
  carol: {org_id: 'tiny', roles: ['admin'], amr: ['pwd']},
  walter: {org_id: 'widgets', roles: ['owner'], amr: ['pwd']},
};

/** The token with other roles in it, under its old signature. */
const tampered = (token: string): string => {
  const [head, claims = '', signature] = token.split('.');
  const changed = {...JSON.parse(Buffer.from(claims, 'base64url').toString()), roles: ['owner']};
  return `${head}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}.${signature}`;
};

/** Issues the tokens and lays out the requests. */
const makeRows = async (identityProvider: IdentityProvider): Promise<Row[]> => {
  const now = Math.floor(Date.now() / 1_000);
  const tokenOf = (person: keyof typeof people) => identityProvider.token(person);
  const [alice, bob, carol, walter] = [
    await tokenOf('alice'),
    await tokenOf('bob'),
    await tokenOf('carol'),
    await tokenOf('walter'),
  ];
  const expired = await identityProvider.sign({sub: 'alice', iat: now - 7_200, exp: now - 3_600});
  const elsewhere = await identityProvider.sign({sub: 'alice', aud: 'another-api'});
  const withSecondFactor = await identityProvider.sign({sub: 'alice', auth_time: now - 10, amr: ['pwd', 'otp']});
  const asAlice = 'alice of acme (admin)';
  const orders = '/orgs/acme/orders';

  return [
    {title: 'public path', path: '/healthz', status: 200},
    {title: 'no token', path: orders, status: 401, reason: 'no_credential'},
    {title: 'not a token', path: orders, token: 'let-me-in', status: 401, reason: 'malformed_credential'},
    {title: 'roles changed by hand', path: orders, token: tampered(alice), status: 401, reason: 'bad_signature'},
    {title: 'expired token', path: orders, token: expired, status: 401, reason: 'token_expired'},
    {title: 'token for another service', path: orders, token: elsewhere, status: 401, reason: 'wrong_audience'},
    {title: 'alice reads orders', path: orders, token: alice, status: 200, identity: asAlice, bought: 'pro: 60 seats'},
    {
      title: 'alice, and forged headers',
      path: `${orders}/42?as=root`,
      token: alice,
      headers: [
        ['x-auth-subject', 'root'],
        ['X_Auth_Roles', 'owner'],
      ],
      status: 200,
      identity: asAlice,
    },
    {title: "carol reads acme's orders", path: orders, token: carol, status: 403, reason: 'wrong_tenant'},
    {title: 'bob changes an order', method: 'POST', path: orders, token: bob, status: 403, reason: 'missing_role'},
    {title: 'report, bought', path: '/orgs/acme/reports/q3', token: alice, status: 200, identity: asAlice},
    {
      title: 'report, not bought',
      path: '/orgs/tiny/reports/q3',
      token: carol,
      status: 403,
      reason: 'missing_feature',
      bought: 'opened by: pro',
    },
    {
      title: 'report, plan ran out',
      path: '/orgs/widgets/reports',
      token: walter,
      status: 403,
      reason: 'feature_expired',
      bought: 'opened by: pro',
    },
    {
      title: 'a call, plan pro',
      path: '/orgs/acme/calls/1',
      token: alice,
      byEnvoy: true,
      status: 200,
      identity: asAlice,
      bought: 'Envoy counts to 600 a minute',
    },
    {
      title: 'a call, plan free',
      path: '/orgs/tiny/calls/1',
      token: carol,
      byEnvoy: true,
      status: 200,
      identity: 'carol of tiny (admin)',
      bought: 'Envoy counts to 3 a minute',
    },
    {
      title: 'and three calls more',
      path: '/orgs/tiny/calls/1',
      token: carol,
      times: 3,
      byEnvoy: true,
      status: 429,
      bought: 'Envoy counts to 3 a minute',
    },
    {...question('seats'), title: 'how many seats? (alice)', token: alice, bought: 'seats = 60 (pro)'},
    {...question('seats'), title: 'how many seats? (carol)', token: carol, bought: 'seats = 2 (free)'},
    {...question('reports'), title: 'reports? (carol)', token: carol, bought: 'reports = false (off)'},
    {
      title: 'payout',
      method: 'POST',
      path: '/orgs/acme/payouts',
      token: alice,
      status: 401,
      reason: 'step_up_required',
    },
    {
      title: 'payout, second factor',
      method: 'POST',
      path: '/orgs/acme/payouts',
      token: withSecondFactor,
      status: 200,
      identity: asAlice,
    },
    {title: 'double slash', path: '//orgs/acme/orders', token: alice, status: 400, reason: 'ambiguous_path'},
    {title: 'hidden slash', path: '/healthz/..%2forgs/acme/orders', status: 400, reason: 'ambiguous_path'},
    {title: 'nothing opens this', path: '/admin', token: alice, status: 403, reason: 'no_rule'},
  ];
};

/** What the application asks by itself, with the token of whom it works for. */
const question = (flag: string) => ({
  method: 'POST',
  path: `/ofrep/v1/evaluate/flags/${flag}`,
  flag,
  status: 200,
  identity: 'the application asks',
});
