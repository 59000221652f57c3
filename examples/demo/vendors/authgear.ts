// examples/authgear.yaml before a small server that answers as the vendor does.
import {authgearPrefix, startAuthgear} from '../../../test/support/vendors/authgear.ts';
import type {Row} from '../rows.ts';
import type {Scene} from '../scene.ts';
import {bearer, hour, now} from './tokens.ts';

export const authgear: Scene = {
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
