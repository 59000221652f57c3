// The files that `postern init` writes, as texts.
import type {Answers, Choice} from '../../vendors/choice.ts';

/** Where nobody says: what everybody has. */
const base = (choice: Choice): string => (choice.tenants ? '/orgs/{org}' : '');
const inTenant = (choice: Choice, rest = ''): string => {
  const parts = [...(choice.tenants ? ["tenant: '{org}'"] : []), ...(rest === '' ? [] : [rest])];
  return `{${parts.join(', ')}}`;
};

export const configurationOf = (choice: Choice, answers: Answers): string => `\
# yaml-language-server: $schema=./postern.schema.json
# Who may do what. postern validate checks this file, postern test cases.yaml tries it, and a change counts within
# two seconds where postern serve runs. postern schema > postern.schema.json lets an editor complete it.

server:
  listen: 127.0.0.1:9191 # where Envoy asks (envoy.yaml)
admin:
  listen: 127.0.0.1:9190 # /metrics, /livez, /readyz
  # Whoever has it may look and revoke: postern explain --decision, postern revoke, and http://127.0.0.1:9190/explorer
  token: \${file:secrets/admin-token}

# Who vouches for a credential. The first provider that accepts it decides; nobody else is asked.
providers:
${choice.provider(answers)}
# Who has bought what. A change of the file counts within two seconds.
entitlements:
  source: {type: file, path: entitlements.yaml}
${choice.source === undefined ? '' : commented(`  # Or as ${choice.title} keeps it, in place of the line above:`, choice.source(answers))}
# The first rule that matches decides, and what no rule matches is refused.
# {org} captures a segment of the path, * stands for one, ** for all the rest.
rules:
  - name: health # open to everyone
    match: {path: /healthz}
    public: true

  - name: me # everyone who is signed in
    match: {path: '/me/**'}
    require: {}

  - name: read-orders # ${choice.tenants ? 'everyone of the tenant in the path' : 'everyone who is signed in'}
    match: {methods: [GET, HEAD], path: '${base(choice)}/orders/**'}
    require: ${inTenant(choice)}

  - name: change-orders # ${choice.change.about}
    match: {path: '${base(choice)}/orders/**'}
    require: ${inTenant(choice, choice.change.require)}

  - name: reports # only those who have bought them
    match: {methods: [GET, HEAD], path: '${base(choice)}/reports/**'}
    require: ${inTenant(choice, 'features: [reports]')}

# What your service is told. Clients cannot forge these: whatever they send under these names is removed.
responses:
  identity:
    x-auth-subject: subject
    x-auth-tenant: tenant
    x-auth-roles: roles

# One line for every refusal, as JSON on standard output; never a token or a cookie.
log: {decisions: denied}
`;

const commented = (title: string, source: string): string =>
  `${title}\n${['  source:', ...source.split('\n')].map((line) => `  # ${line.slice(2)}`).join('\n')}\n`;

export const entitlementsOf = ({tenants}: Choice): string => `\
# Who has bought what: tenants are granted plans, and plans hold features.
features:
  orders: {permissions: [orders.read, orders.write]}
  reports: {permissions: [reports.read]}

plans:
  free:
    features: [orders]
    default: true # everyone has it, granted or not
  pro:
    features: [orders, reports]
${
  tenants
    ? `
grants:
  - {plan: pro, tenant: acme} # for ever
  - {plan: pro, tenant: late, expires: 2026-01-31} # it has not been renewed
`
    : `    rules: # there are no tenants to grant it to: whose token says so has it
      - {conditions: [{attribute: jwt.plan, op: in_list, value: {list: [pro]}}], treatment: true}
`
}`;

export const casesOf = (choice: Choice, answers: Answers): string => {
  const {as, tenants, change} = choice;
  const path = (tenant: string, rest: string) => (tenants ? `/orgs/${tenant}${rest}` : rest);
  const lines = [
    ['health is open to everyone', 'path: /healthz', 'outcome: allow, rule: health'],
    ['a path without a rule is refused', `path: /else, ${as}: alice`, 'outcome: deny, reason: no_rule, status: 403'],
    [
      'orders ask for a credential',
      `path: ${path('acme', '/orders/1')}`,
      'outcome: deny, reason: no_credential, status: 401',
    ],
    ['bob sees himself', `path: /me, ${as}: bob`, 'outcome: allow, identity: {x-auth-subject: bob}'],
    ['bob reads orders', `path: ${path('acme', '/orders/1')}, ${as}: bob`, 'outcome: allow, rule: read-orders'],
    ...(tenants
      ? [
          [
            'bob reads no orders elsewhere',
            `path: ${path('tiny', '/orders/1')}, ${as}: bob`,
            'outcome: deny, reason: wrong_tenant',
          ],
        ]
      : []),
    [
      'bob cannot change orders',
      `method: POST, path: ${path('acme', '/orders')}, ${as}: bob`,
      `outcome: deny, reason: ${change.reason}`,
    ],
    [
      'alice can change orders',
      `method: POST, path: ${path('acme', '/orders')}, ${as}: alice`,
      'outcome: allow, rule: change-orders',
    ],
    ...(tenants
      ? [
          [
            'alice cannot elsewhere',
            `method: POST, path: ${path('tiny', '/orders')}, ${as}: alice`,
            'outcome: deny, reason: wrong_tenant',
          ],
          [
            'alice reads no reports elsewhere',
            `path: ${path('tiny', '/reports')}, ${as}: alice`,
            'outcome: deny, reason: wrong_tenant',
          ],
        ]
      : []),
    [
      'bob reads reports that were bought',
      `path: ${path('acme', '/reports')}, ${as}: bob`,
      'outcome: allow, rule: reports',
    ],
    [
      'carol has not bought reports',
      `path: ${path('tiny', '/reports')}, ${as}: carol`,
      'outcome: deny, reason: missing_feature',
    ],
    ...(as === 'token'
      ? [['an expired token is refused', 'path: /me, token: late', 'outcome: deny, reason: token_expired, status: 401']]
      : []),
  ];
  const late = as === 'token' ? `\n${lateOf(choice.people(answers))}` : '';
  return `\
# Requests, and what should become of them: postern test cases.yaml
title: what our rules say

# ${as === 'token' ? 'Claims: each becomes a token of the provider, as it would issue it' : 'Taken as verified by the provider'}. docs/guides/ask.md says what may stand here.
${as}s:
${choice.people(answers)}${late}

cases:
${lines.map(([it, request, expect]) => `  - {it: ${it}, ${request}, expect: {${expect}}}`).join('\n')}
`;
};

/** Bob, an hour too late. */
const lateOf = (people: string): string => {
  const bob = people.split('\n').find((line) => line.startsWith('  bob:')) ?? '';
  return bob.replace('bob:', 'late:').replace(/\}$/, ', exp: now-3600}');
};
