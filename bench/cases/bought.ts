// What is bought beyond yes and no, and conditions: each added to the usual job.
import {beside} from '../support/beside.ts';
import type {Case} from '../support/case.ts';

const sold = {
  features: {orders: {permissions: ['orders.read']}, seats: {value: 'number'}, api: {limit: {per: 'minute'}}},
  plans: {pro: {features: ['orders', 'seats', 'api'], values: {seats: 50}, limits: {api: 600}}},
  grants: [{plan: 'pro', tenant: 'acme'}],
};

export const bought: Case = {
  what: 'a value in a header, a limit handed on, and conditions, each added to the usual job',
  async measure(stage) {
    const messages = await stage.checks(1_000);
    const {usual} = stage;
    const [health, admin, orders] = usual.rules;
    const contestant = async (rule: object, identity: object = {}) => ({
      server: await stage.postern(
        {
          ...usual,
          rules: [health, admin, {...orders, ...rule}],
          responses: {identity: {...usual.responses.identity, ...identity}},
        },
        {files: {'entitlements.yaml': sold}},
      ),
      messages,
    });
    const when = (condition: string) => contestant({require: {...orders.require, when: condition}});
    return beside(stage, {
      'the usual job': await contestant({}),
      'value.seats and plan in headers': await contestant({}, {'x-seats': 'value.seats', 'x-plan': 'plan'}),
      'a limit': await contestant({limits: ['api']}),
      'a condition on the request and roles': await when(
        'request.method == "GET" && principal.roles.exists(role, role.startsWith("adm"))',
      ),
      'a condition on what is bought': await when('value.seats >= 10'),
    });
  },
};
