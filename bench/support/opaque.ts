// The usual job, as far as a token can do it that the tests' introspection issuer is asked about.
import {checker} from '../../test/providers/introspectionIssuer.ts';
import {identity} from './workload.ts';

export const opaquePath = '/orgs/t1/orders/4711';

export const opaqueFiles = {
  'entitlements.yaml': {
    features: {orders: {}},
    plans: {pro: {features: ['orders']}},
    grants: [{plan: 'pro', tenant: 't1'}],
  },
};

export const opaqueJob = {
  entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
  rules: [
    {
      name: 'orders',
      match: {path: '/orgs/{org}/orders/**'},
      require: {tenant: '{org}', roles: ['admin'], features: ['orders']},
    },
  ],
  responses: {identity},
};

/** A provider that keeps replies for as long as a run may take. */
export const introspectionAt = (endpoint: string) => ({
  name: 'in',
  type: 'introspection',
  endpoint,
  ...checker,
  audience: 'any',
  ttl: '1h',
  claims: {tenant: 'org_id'},
});
