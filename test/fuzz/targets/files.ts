// The files that people write: the configuration, entitlements, API keys. What is wrong is said with its place.
import {checkText} from '../../../src/config/load.ts';
import {readText} from '../../../src/entitlements/text.ts';
import {readKeyFile} from '../../../src/providers/keyFile.ts';
import {must, type Target} from '../target.ts';

const canary = 'canary-of-the-environment';
const outside = {
  variable: (name: string) => (name === 'SECRET' ? canary : undefined),
  readFile: async (path: string) => (path === 'secret' ? {text: canary} : {fault: 'is not there'}),
  resolve: (path: string) => path,
};

const goodConfiguration = `providers:
  - {name: acme, type: oidc, issuer: 'https://id.acme.example', audience: [api], claims: {tenant: org_id}}
  - name: in
    type: introspection
    endpoint: https://id.acme.example/introspect
    clientId: c
    clientSecret: \${SECRET}
redis: {url: 'redis://localhost:6379/0', sealKey: '\${file:secret}'}
rules:
  - {name: health, match: {path: /healthz}, public: true}
  - name: orders
    match: {hosts: ['*.acme.example'], methods: [GET], path: '/orgs/{org}/**'}
    require: {tenant: '{org}', roles: {all: [a]}, scopes: [s], stepUp: {maxAge: 5m, amr: [[mfa]]}}
responses: {identity: {x-auth-subject: subject}, status: {missing_role: 404}}
`;

/** Read in a worker, or when the program starts: no request waits for it. */
const elsewhere = {step: undefined};

export const configuration: Target = {
  name: 'configuration',
  ...elsewhere,
  seeds: [goodConfiguration, goodConfiguration.slice(goodConfiguration.indexOf('redis:')), 'a: *b', '{a: {b: [1, 2]}}'],
  words: ['providers', 'rules', 'match', 'require', 'public: true', 'deny: true', 'hosts', 'path', '${SECRET}', '${file:secret}', '${', '&a ', '*a', '!!js', '<<: ', '---\n', '? ', '|\n', '>-\n', '\n  - ', ': ', '{', '}', '5m', '**', '{org}', '%TAG'], // biome-ignore format: a table
  longest: 20_000,
  async open() {
    return {
      async run(input) {
        const text = input.toString('utf8');
        const {settings, errors} = await checkText(text, 'postern.yaml', outside as never);
        must((settings === undefined) !== (errors === undefined), 'neither settings nor errors, or both');
        if (settings !== undefined) must(settings.rules.length > 0, 'settings without a rule');
        must(errors === undefined || errors.length > 0, 'bad, and nothing is said');
        for (const {line, column, message, path} of errors ?? []) {
          must(line >= 1 && column >= 1, `${message} stands nowhere`);
          must(line <= text.split('\n').length + 1, `${message} stands behind the end`);
          must(!`${message}${path}`.includes(canary), 'a secret is quoted');
        }
      },
    };
  },
};

const goodEntitlements = {
  features: {orders: {permissions: ['orders.read']}, reports: {}},
  plans: {pro: {features: ['orders'], default: false, rules: []}, free: {features: ['reports']}},
  grants: [{plan: 'pro', tenant: 't1', user: null, expires: null}, {plan: 'free', tenant: 't2', user: 'u1', expires: '2027-01-31T00:00:00Z'}],
  flags: {beta: {on: true, default: false, off: false, rules: [{conditions: [{attribute: 'email', op: 'ends_with', value: {string: '@acme.example'}}], treatment: true}]}},
}; // biome-ignore format: a document

export const entitlements: Target = {
  name: 'entitlements',
  ...elsewhere,
  seeds: [
    `.json\n${JSON.stringify(goodEntitlements)}`,
    `.yaml\nfeatures: {orders: {permissions: [orders.read]}}\nplans: {pro: {features: [orders]}}\ngrants:\n  - {plan: pro, tenant: t1}\n`,
    '.jsonl\n{"feature": "orders"}\n{"plan": "pro", "features": ["orders"]}\n{"grant": "pro", "tenant": "t1", "expires": null}\n',
  ],
  words: ['features', 'plans', 'grants', 'flags', 'tenant', 'user', 'expires', 'plan', 'orders', 'pro', 't1', '\n{"grant": "pro", "tenant": "t2"}', '.yaml\n', '.jsonl\n', '.json\n', '&a ', '*a'], // biome-ignore format: a table
  longest: 30_000,
  async open() {
    return {
      async run(input) {
        const end = input.indexOf(10);
        const name = input.toString('utf8', 0, Math.max(0, end));
        const read = await readText(`entitlements${name}`, input.subarray(end + 1));
        if (!('snapshot' in read)) {
          must(read.faults.length > 0, 'bad, and nothing is said');
          for (const {message} of read.faults) must(message !== '', 'a fault without words');
          return undefined;
        }
        const {plans, features, grants} = read.snapshot;
        for (const {plan, tenant} of grants) must(plans.has(plan) && tenant !== '', `a grant of ${plan} to ${tenant}`);
        for (const [name, plan] of plans)
          for (const feature of plan.features) must(features.has(feature), `${name} holds ${feature}, which is none`);
      },
    };
  },
};

const hash = `sha256:${'A'.repeat(43)}`;

export const keyFile: Target = {
  name: 'keyFile',
  ...elsewhere,
  seeds: [
    `keys:\n  - {id: k1, hash: '${hash}', subject: s, tenant: t1, roles: [a], created: 2026-01-01}\n  - {id: k2, hash: 'sha256:${'B'.repeat(43)}', subject: s2, expires: 2027-01-31T12:00:00Z, disabled: true}\n`,
    'keys: []', 'keys:', '',
  ], // biome-ignore format: a table
  words: ['keys', 'id', 'hash', hash, 'subject', 'tenant', 'roles', 'kind', 'user', 'service', 'created', 'expires', 'disabled', 'true', '2027-01-31', '&a ', '*a', '<<: '], // biome-ignore format: a table
  longest: 20_000,
  async open() {
    return {
      run(input) {
        const {keys, faults} = readKeyFile(input.toString('utf8'), 'keys');
        must((keys === undefined) !== (faults === undefined), 'neither keys nor faults, or both');
        must(faults === undefined || faults.length > 0, 'bad, and nothing is said');
        for (const [name, {principal, expires}] of keys ?? []) {
          must(/^sha256:[\w-]{43}$/.test(name), 'a key without a hash');
          must(principal.subject !== '' && !Number.isNaN(expires), 'a key of nobody, or without an end');
        }
      },
    };
  },
};
