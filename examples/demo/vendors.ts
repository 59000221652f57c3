// The scenes of `npm run demo -- VENDOR`: the example of a vendor before a small server that answers as the vendor does (built
// from its published API), so that no account is needed.
import {randomUUID} from 'node:crypto';
import {authgearPrefix, startAuthgear} from '../../test/support/vendors/authgear.ts';
import {apiKey, claimsOf, clientId, startFrontegg} from '../../test/support/vendors/frontegg.ts';
import {cookieKeys, own as frontierOwn, type Subject, startFrontier} from '../../test/support/vendors/frontier.ts';
import {startKinde} from '../../test/support/vendors/kinde.ts';
import type {Row} from './rows.ts';
import type {Scene} from './scene.ts';

const hour = (): number => Math.floor(Date.now() / 1_000) + 3_600;
const now = (): number => Math.floor(Date.now() / 1_000);
const bearer = {header: 'Authorization: Bearer $TOKEN'};

const frontegg: Scene = {
  file: 'frontegg.yaml',
  about: "A stand-in for Frontegg's cloud",
  async begin() {
    const cloud = await startFrontegg();
    cloud.entitlements.data = {
      features: [['f1', 'reports', []]],
      featureBundles: [['pro', ['f1'], 'false', []]],
      entitlements: [['pro', 'acme', null, null]],
      featureFlags: [],
    };
    cloud.accessTokens.tenants.set('ci', {id: 'ci', tenantId: 'acme', roles: ['admin'], permissions: ['uploadFile']});
    const token = (claims: object = {}) =>
      cloud.sign(
        claimsOf('userToken', {sub: 'ada', tenantId: 'acme', exp: hour(), roles: [], permissions: [], ...claims}),
      );
    const [ada, admin] = [await token(), await token({sub: 'root', roles: ['admin']})];
    const factor = {acr: 'http://schemas.openid.net/pape/policies/2007/06/multi-factor', amr: ['mfa', 'otp']};
    const machine = await cloud.sign(claimsOf('tenantAccessToken', {sub: 'ci', tenantId: 'acme', exp: hour()}));
    const rows: Row[] = [
      {title: 'public path', path: '/healthz', status: 200},
      {title: 'no token', path: '/shift', status: 401, reason: 'no_credential'},
      {title: 'withAuthentication()', path: '/shift', token: ada, status: 200, identity: 'ada of acme'},
      {title: "roles: ['admin']", path: '/admin/x', token: ada, status: 403, reason: 'missing_role'},
      {
        title: "roles: ['admin'], an admin",
        path: '/admin/x',
        token: admin,
        status: 200,
        identity: 'root of acme (admin)',
      },
      {title: 'the same, as Express takes it', path: '/ADMIN/x', token: ada, status: 403, reason: 'missing_role'},
      {
        title: "roles: ['admin', 'read-only']",
        path: '/home',
        token: await token({roles: ['read-only']}),
        status: 200,
        identity: 'ada of acme (read-only)',
      },
      {title: "permissions: ['uploadFile']", path: '/uploads', token: ada, status: 403, reason: 'missing_permission'},
      {
        title: 'an access token of a machine',
        path: '/uploads',
        headers: [['x-api-key', machine]],
        status: 200,
        identity: 'ci of acme (admin)',
      },
      {title: 'stepUp', path: '/payouts', token: ada, status: 401, reason: 'step_up_required'},
      {
        title: 'stepUp, second factor',
        path: '/payouts',
        token: await token({...factor, auth_time: now() - 60}),
        status: 200,
        identity: 'ada of acme',
      },
      {title: 'isEntitledToFeature', path: '/reports', token: ada, status: 200, identity: 'ada of acme'},
      {
        title: 'not bought',
        path: '/reports',
        token: await token({sub: 'eve', tenantId: 'tiny'}),
        status: 403,
        reason: 'missing_feature',
      },
      {
        title: 'expired token',
        path: '/shift',
        token: await token({exp: now() - 60}),
        status: 401,
        reason: 'token_expired',
      },
      {title: 'nothing opens this', path: '/else', token: admin, status: 403, reason: 'no_rule'},
    ];
    return {
      env: {FRONTEGG_API_GATEWAY_URL: cloud.url, FRONTEGG_CLIENT_ID: clientId, FRONTEGG_API_KEY: apiKey},
      settings: [],
      rows,
      token: `TOKEN=${ada}`,
      ...bearer,
      init: `postern init gate --provider frontegg --base-url ${cloud.url} --client-id ${clientId} && printf %s '${apiKey}' > gate/secrets/frontegg-api-key`,
      path: '/shift',
      opens: '/orgs/acme/orders/1',
      stop: cloud.stop,
    };
  },
};

const kinde: Scene = {
  file: 'kinde.yaml',
  about: 'A stand-in for Kinde',
  async begin() {
    const cloud = await startKinde();
    const aud = ['orders-api'];
    const token = (claims: object = {}) =>
      cloud.token({aud, sub: 'kp_ada', org_code: 'org_acme', exp: hour(), ...claims});
    cloud.bought.set('org_acme', ['reports']);
    const ada = await token({permissions: ['read:books']});
    const admin = await token({roles: [{id: 'r1', name: 'Admin', key: 'admin'}]});
    const books = '/orgs/org_acme/books';
    const rows: Row[] = [
      {title: 'public path', path: '/healthz', status: 200},
      {title: 'no token', path: '/me', status: 401, reason: 'no_credential'},
      {title: 'signed in', path: '/me', token: ada, status: 200, identity: 'kp_ada of org_acme'},
      {
        title: 'a token for another API',
        path: '/me',
        token: await token({aud: ['billing-api']}),
        status: 401,
        reason: 'wrong_audience',
      },
      {title: 'with the permission', path: `${books}/7`, token: ada, status: 200, identity: 'kp_ada of org_acme'},
      {title: 'without it', path: `${books}/7`, token: admin, status: 403, reason: 'missing_permission'},
      {
        title: "another organisation's",
        path: '/orgs/org_tiny/books/7',
        token: ada,
        status: 403,
        reason: 'wrong_tenant',
      },
      {
        title: 'with the role',
        method: 'POST',
        path: books,
        token: admin,
        status: 200,
        identity: 'kp_ada of org_acme',
      },
      {title: 'without it', method: 'POST', path: books, token: ada, status: 403, reason: 'missing_role'},
      {title: 'reports, in the plan', path: '/reports/q3', token: ada, status: 200, identity: 'kp_ada of org_acme'},
      {
        title: 'reports, by a flag',
        path: '/reports/q3',
        token: await token({org_code: 'org_tiny', feature_flags: {reports: {t: 'b', v: true}}}),
        status: 200,
        identity: 'kp_ada of org_tiny',
      },
      {
        title: 'reports, by neither',
        path: '/reports/q3',
        token: await token({org_code: 'org_tiny'}),
        status: 403,
        reason: 'missing_feature',
      },
      {title: 'for programs only', method: 'POST', path: '/import/x', token: ada, status: 403, reason: 'wrong_kind'},
      {title: 'nothing opens this', path: '/else', token: admin, status: 403, reason: 'no_rule'},
    ];
    return {
      env: {KINDE_DOMAIN: cloud.domain, KINDE_AUDIENCE: 'orders-api'},
      settings: [],
      rows,
      token: `TOKEN=${ada}`,
      ...bearer,
      init: `postern init gate --provider kinde --domain ${cloud.domain} --audience orders-api`,
      path: `${books}/7`,
      opens: '/orgs/org_acme/orders/1',
      stop: cloud.close,
    };
  },
};

const authgear: Scene = {
  file: 'authgear.yaml',
  about: 'A stand-in for Authgear',
  async begin() {
    const cloud = await startAuthgear();
    cloud.sessions.set('live', {userId: 'ada', roles: ['admin'], amr: ['pwd', 'mfa'], authenticatedAt: now() - 60});
    cloud.sessions.set('anonymous', {userId: 'anna', anonymous: true});
    cloud.sessions.set('disabled', {userId: 'eve', disabled: true});
    const token = (claims: object = {}) => cloud.token({sub: 'bob', exp: hour(), ...claims});
    const bob = await token();
    const session = (value: string) => ({headers: [['cookie', `session=${value}`]] as const});
    const rows: Row[] = [
      {title: 'public path', path: '/healthz', status: 200},
      {title: 'nobody', path: '/me', status: 401, reason: 'no_credential'},
      {title: 'an access token', path: '/me', token: bob, status: 200, identity: 'bob'},
      {title: 'a session cookie', path: '/me', ...session('live'), status: 200, identity: 'ada (admin)'},
      {title: 'a session that is over', path: '/me', ...session('gone'), status: 401, reason: 'session_invalid'},
      {title: 'a disabled user', path: '/me', ...session('disabled'), status: 401, reason: 'session_invalid'},
      {title: 'an id token', path: '/me', token: await cloud.idToken(), status: 401, reason: 'wrong_token_type'},
      {title: 'an administrator', path: '/admin/x', ...session('live'), status: 200, identity: 'ada (admin)'},
      {title: 'somebody else', path: '/admin/x', token: bob, status: 403, reason: 'missing_role'},
      {
        title: 'by a role in the token',
        path: '/admin/x',
        token: await token({[`${authgearPrefix}/roles`]: ['admin']}),
        status: 200,
        identity: 'bob (admin)',
      },
      {
        title: 'an anonymous user',
        path: '/account',
        ...session('anonymous'),
        status: 403,
        reason: 'missing_permission',
      },
      {title: 'a second factor just now', path: '/payouts', ...session('live'), status: 200, identity: 'ada (admin)'},
      {
        title: 'no second factor',
        path: '/payouts',
        token: await token({amr: ['pwd']}),
        status: 401,
        reason: 'step_up_required',
      },
      {title: 'nothing opens this', path: '/else', token: bob, status: 403, reason: 'no_rule'},
    ];
    return {
      env: {AUTHGEAR_ENDPOINT: cloud.endpoint},
      settings: [],
      rows,
      token: `TOKEN=${bob}`,
      ...bearer,
      init: `postern init gate --provider authgear --endpoint ${cloud.endpoint}`,
      path: '/me',
      opens: '/orders/1',
      stop: cloud.close,
    };
  },
};

const frontier: Scene = {
  file: 'frontier.yaml',
  about: 'A stand-in for Raystack Frontier',
  async begin() {
    const cloud = await startFrontier('connect');
    const [session, disabled] = [randomUUID(), randomUUID()];
    const ada: Subject = {id: randomUUID(), type: 'app/user', organizations: ['acme']};
    const robot: Subject = {id: randomUUID(), type: 'app/serviceuser', organizations: ['acme']};
    cloud.sessions.set(session, ada).set(disabled, {...ada, disabled: true});
    cloud.secrets.set('ci:secret', robot);
    cloud.relations.add(`${ada.id} get app/project:p1`);
    cloud.features.add('acme reports');
    const basic = {headers: [['authorization', `Basic ${Buffer.from('ci:secret').toString('base64')}`]] as const};
    const sid = (value: string) => ({headers: [['cookie', `sid=${cloud.cookie(value)}`]] as const});
    const identity = `${ada.id} of acme`;
    const token = await cloud.token(ada, {exp: hour()});
    const rows: Row[] = [
      {title: 'public path', path: '/healthz', status: 200},
      {title: 'nobody', path: '/me', status: 401, reason: 'unauthenticated'},
      {title: 'a session', path: '/me', ...sid(session), status: 200, identity},
      {title: 'an access token', path: '/me', token, status: 200, identity},
      {title: 'a session that is over', path: '/me', ...sid(randomUUID()), status: 401, reason: 'unauthenticated'},
      {title: 'someone switched off', path: '/me', ...sid(disabled), status: 404, reason: 'not_found'},
      {title: 'Frontier says yes', path: '/projects/p1', ...sid(session), status: 200, identity},
      {title: 'Frontier says no', path: '/projects/p2', ...sid(session), status: 403, reason: 'permission_denied'},
      {
        title: 'read, but not changed',
        method: 'POST',
        path: '/projects/p1',
        ...sid(session),
        status: 403,
        reason: 'permission_denied',
      },
      {
        title: 'a service user by its secret',
        method: 'POST',
        path: '/orgs/acme/import',
        ...basic,
        status: 200,
        identity: `${robot.id} of acme`,
      },
      {
        title: 'a person in its place',
        method: 'POST',
        path: '/orgs/acme/import',
        ...sid(session),
        status: 403,
        reason: 'permission_denied',
      },
      {title: 'reports, bought', path: '/orgs/acme/reports', ...sid(session), status: 200, identity},
      {title: "another's", path: '/orgs/tiny/reports', ...sid(session), status: 403, reason: 'permission_denied'},
      {title: 'nothing opens this', path: '/else', ...sid(session), status: 403, reason: 'permission_denied'},
    ];
    return {
      env: {
        FRONTIER_URL: cloud.url,
        FRONTIER_API: 'connect',
        FRONTIER_HASH_KEY: cookieKeys.hashKey,
        FRONTIER_BLOCK_KEY: cookieKeys.blockKey,
        FRONTIER_CLIENT_ID: frontierOwn.clientId,
        FRONTIER_CLIENT_SECRET: frontierOwn.clientSecret,
      },
      settings: [],
      rows,
      token: `TOKEN=${token}`,
      ...bearer,
      init: `postern init gate --provider frontier --url ${cloud.url} --client-id ${frontierOwn.clientId} && printf %s '${frontierOwn.clientSecret}' > gate/secrets/frontier-client-secret`,
      path: '/projects/p1',
      opens: '/orgs/acme/orders/1',
      stop: cloud.close,
    };
  },
};

export const vendors: Readonly<Record<string, Scene>> = {frontegg, kinde, authgear, frontier};
