// examples/frontegg.yaml before a small server that answers as the vendor does.
import {apiKey, claimsOf, clientId, startFrontegg} from '../../../test/support/vendors/frontegg.ts';
import type {Row} from '../rows.ts';
import type {Scene} from '../scene.ts';
import {bearer, hour, now} from './tokens.ts';

export const frontegg: Scene = {
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
