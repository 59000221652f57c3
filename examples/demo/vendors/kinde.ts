// examples/kinde.yaml before a small server that answers as the vendor does.
import {startKinde} from '../../../test/support/vendors/kinde.ts';
import type {Row} from '../rows.ts';
import type {Scene} from '../scene.ts';
import {bearer, hour} from './tokens.ts';

export const kinde: Scene = {
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
