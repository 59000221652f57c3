// What a reviewer says of rules and settings that are good by their form: each set with all that is said of it.
import assert from 'node:assert/strict';
import {formatErrors} from '../../src/config/load.ts';
import {load} from './support.ts';

const acme =
  'providers: [{name: acme, type: oidc, issuer: https://id.example, audience: [api], claims: {tenant: org}}]\n';
const provider = (settings: string) =>
  `providers: [{name: acme, type: oidc, issuer: https://id.example, ${settings}}]\n`;
const admin = "{name: admin, match: {path: '/admin/**'}, require: {roles: [admin]}}";
const rules = (...lines: readonly string[]): string => `rules:\n${lines.map((line) => `  - ${line}\n`).join('')}`;
const open = '{name: all, match: {path: /healthz}, public: true}';

/** What it is about, the file, and every line that is said, from the setting on. */
const sets: readonly [about: string, text: string, ...said: string[]][] = [
  ['nothing to say', acme + rules(admin, open)],
  [
    'a public method above a private prefix',
    acme + rules("{name: read, match: {methods: [GET, HEAD], path: '/**'}, public: true}", admin),
    'rules[0]: opens what "admin" below it closes: GET /admin is open; move "admin" above it',
  ],
  [
    'the same on one host',
    acme +
      rules(
        "{name: read, match: {hosts: [a.example], path: '/**'}, public: true}",
        admin.replace('{path', '{hosts: [a.example, b.example], path'),
      ),
    'rules[0]: opens what "admin" below it closes: GET a.example/admin is open; move "admin" above it',
  ],
  [
    'a public path below a private prefix, above it on purpose',
    acme + rules('{name: login, match: {path: /admin/login}, public: true}', admin),
  ],
  [
    'a public method of the same path, above it on purpose',
    acme + rules("{name: read, match: {methods: [GET, HEAD], path: '/admin/**'}, public: true}", admin),
  ],
  [
    'methods forgotten',
    acme +
      rules(
        "{name: orders, match: {methods: [GET, HEAD], path: '/orders/**'}, require: {roles: [admin]}}",
        "{name: rest, match: {path: '/**'}, public: true}",
      ),
    'rules[0].match.methods: leaves POST, PUT, PATCH, DELETE open: POST /orders is allowed by "rest"; add them here, or leave methods out',
    'rules[1]: opens everything that no rule above it names: what you forget is open, and would be refused without this rule',
  ],
  [
    'deny by default switched off',
    acme + rules(admin, '{name: rest, match: {}, public: true}'),
    'rules[1]: opens everything that no rule above it names: what you forget is open, and would be refused without this rule',
  ],
  [
    'a capture that nothing is compared with',
    acme + rules("{name: orders, match: {path: '/orgs/{org}/orders/**'}, require: {}}"),
    "rules[0].match.path: captures {org} and compares it with nothing, so whoever passes here passes for any; ask tenant: '{org}', or write * for it",
  ],
  [
    'a second capture beside the one that is compared',
    acme + rules("{name: a, match: {path: '/orgs/{org}/{id}'}, require: {tenant: '{org}'}}"),
  ],
  [
    'a capture that a condition compares',
    acme +
      rules("{name: a, match: {path: '/orgs/{org}'}, require: {when: 'request.captures.org == principal.tenant'}}"),
  ],
  [
    'a capture as Express writes it',
    acme + rules("{name: a, match: {path: '/x/:org/**'}, require: {tenant: ':org'}}"),
    'rules[0].match.path: has the text :org, taken as it stands; a capture is {org}',
    "rules[0].require.tenant: is the text :org, taken as it stands; a capture is '{org}'",
  ],
  [
    'a tenant without braces',
    acme + rules("{name: a, match: {path: '/x/{org}/**'}, require: {tenant: org}}"),
    "rules[0].match.path: captures {org} and compares it with nothing, so whoever passes here passes for any; ask tenant: '{org}', or write * for it",
    "rules[0].require.tenant: is the text org, not what match.path captures; write '{org}'",
  ],
  [
    'a tenant that nobody has',
    provider('audience: [api]') + rules("{name: a, match: {path: '/x/{org}/**'}, require: {tenant: '{org}'}}"),
    'rules[0].require.tenant: allows nobody: no principal of "acme" has a tenant; say by claims.tenant which claim it is',
  ],
  [
    'a tenant that the issuer names',
    `providers: [{name: acme, type: oidc, issuer: 'https://login.example/{t}/v2.0', audience: [api]}]\n${rules(
      "{name: a, match: {path: '/x/{org}/**'}, require: {tenant: '{org}'}}",
    )}`,
  ],
  [
    'a method that is mistyped',
    acme + rules('{name: a, match: {methods: [GTE], path: /a}, require: {}}'),
    'rules[0].match.methods[0]: is a method that HTTP does not define; did you mean "GET"?',
  ],
  [
    'a star for methods and roles, a space behind a role',
    acme + rules("{name: a, match: {methods: ['*'], path: /a}, require: {roles: ['*', 'admin ']}}"),
    'rules[0].match.methods[0]: is the method named *, which nobody sends; leave methods out',
    'rules[0].require.roles: has *, which is taken as it stands; leave roles out for any',
    'rules[0].require.roles: has "admin ", with a space at an end, which is taken as it stands',
  ],
  [
    'GET without HEAD',
    acme + rules('{name: a, match: {methods: [GET], path: /a}, require: {}}'),
    'rules[0].match.methods: has GET and not HEAD: HEAD /a is refused (no_rule); add HEAD',
  ],
  [
    'a preflight that needs a credential',
    acme + rules('{name: a, match: {methods: [OPTIONS], path: /a}, require: {}}'),
    'rules[0].match.methods[0]: asks for a credential of OPTIONS, and the preflight of a browser never carries one; make a public rule of it',
  ],
  [
    'two rules that cover a third',
    acme +
      rules(
        '{name: a, match: {methods: [GET, HEAD], path: /a}, require: {}}',
        '{name: b, match: {methods: [POST], path: /a}, require: {}}',
        '{name: c, match: {methods: [POST, GET], path: /a}, deny: true}',
      ),
    'rules[2]: is never reached: the rules "b" and "a" above it take every such request between them; move it up or take it out (an Envoy route may still name it)',
  ],
  [
    'paths of every length that cover the rest',
    acme +
      rules(
        "{name: a, match: {path: '/a'}, require: {}}",
        "{name: b, match: {path: '/a/*/**'}, require: {}}",
        "{name: c, match: {path: '/a/**'}, deny: true}",
      ),
    'rules[2]: is never reached: the rules "a" and "b" above it take every such request between them; move it up or take it out (an Envoy route may still name it)',
  ],
  [
    'a shadow of a public rule',
    acme + rules('{name: a, match: {path: /a}, public: true, shadow: true}'),
    'rules[0].shadow: means nothing in a public rule, which refuses nobody; take it out',
  ],
  [
    'a rule named none',
    acme + rules('{name: none, match: {path: /a}, public: true}'),
    'rules[0].name: is the word of the metrics for what has no rule; give it another name',
  ],
  [
    'the discovery document as issuer',
    acme.replace('https://id.example', 'https://id.example/.well-known/openid-configuration') + rules(open),
    'providers[0].issuer: is the address of its discovery document, not the issuer; write https://id.example',
  ],
  [
    'audience any',
    provider('audience: any') + rules(open),
    'providers[0].audience: takes tokens that the issuer made for anybody; name your own, or the clients that may ask',
  ],
  ['audience any of clients that are named', provider('audience: any, clients: [web]') + rules(open)],
  [
    'a star for an audience',
    provider("audience: ['*']") + rules(open),
    'providers[0].audience: has *, which is taken as it stands; `any` says that none is checked',
  ],
  [
    'an identity header over the token',
    `${acme}${rules(open)}responses: {identity: {authorization: subject}}\n`,
    'responses.identity.authorization: overwrites the token, which the service may read itself; name another header',
  ],
  [
    'what Frontier does not know',
    acme +
      rules('{name: a, match: {path: /a}, require: {}, limits: [api]}') +
      'entitlements: {source: {type: frontier, url: https://f.example, clientId: a, clientSecret: b}}\n' +
      "responses: {identity: {x-a: plan, x-b: value.a, x-c: grace, x-d: subject}, metadata: [plan, value.b], upgrade: {link: 'https://a.example/{plan}'}}\n",
    'rules[0].limits: are not known to entitlements of type frontier, so this rule lets nobody in; take them out: a file, Redis, or a service behind `http` can keep them',
    'responses.identity.x-a: is not known to entitlements of type frontier, so this header never comes; a file, Redis, or a service behind `http` can keep them',
    'responses.identity.x-b: is an amount, which is not known to entitlements of type frontier, so this header never comes; a file, Redis, or a service behind `http` can keep them',
    'responses.identity.x-c: is not known to entitlements of type frontier, so this header never comes; a file, Redis, or a service behind `http` can keep them',
    'responses.metadata[0]: is not known to entitlements of type frontier, so it is never told; a file, Redis, or a service behind `http` can keep them',
    'responses.metadata[1]: is an amount, which is not known to entitlements of type frontier, so it is never told; a file, Redis, or a service behind `http` can keep them',
    'responses.upgrade: names no plan, and no link with {plan}: entitlements of type frontier do not tell what is for sale; a file, Redis, or a service behind `http` can keep them',
  ],
  [
    'what Kinde does not know',
    acme +
      rules('{name: a, match: {path: /a}, require: {}, limits: [api]}') +
      'entitlements: {source: {type: kinde, domain: https://k.example}}\n' +
      'responses: {identity: {x-a: plan, x-b: value.a, x-c: grace}, upgrade: {}}\n',
    'rules[0].limits: are not known to entitlements of type kinde, so this rule lets nobody in; take them out: a file, Redis, or a service behind `http` can keep them',
    'responses.identity.x-c: is not known to entitlements of type kinde, so this header never comes; a file, Redis, or a service behind `http` can keep them',
    'responses.upgrade: names no plan: entitlements of type kinde do not tell what is for sale; a file, Redis, or a service behind `http` can keep them',
  ],
  [
    'what Frontegg does not know',
    acme +
      rules('{name: a, match: {path: /a}, require: {}, limits: [api]}') +
      'entitlements: {source: {type: frontegg, region: eu, clientId: a, apiKey: b}}\n' +
      'responses: {identity: {x-a: plan}, metadata: [value.a], upgrade: {}}\n',
    'rules[0].limits: are not known to entitlements of type frontegg, so this rule lets nobody in; take them out: a file, Redis, or a service behind `http` can keep them',
    'responses.metadata[0]: is an amount, which is not known to entitlements of type frontegg, so it is never told; a file, Redis, or a service behind `http` can keep them',
  ],
  [
    'a source that knows everything',
    acme +
      rules('{name: a, match: {path: /a}, require: {}, limits: [api]}') +
      'entitlements: {source: {type: http, url: https://b.example}}\n' +
      'responses: {identity: {x-a: plan, x-b: value.a, x-c: grace}, upgrade: {}}\n',
  ],
  [
    'a regular expression',
    acme + rules("{name: a, match: {path: '/v[12]/x'}, public: true}"),
    'rules[0].match.path: has v[12], taken as it stands: rules are no regular expressions; use *, ** or {name}',
  ],
];

describe('config/review: what a reviewer says', () => {
  for (const [about, text, ...expected] of sets) {
    it(about, async () => {
      const loaded = await load(text);
      assert.deepEqual(loaded.errors ?? [], []);
      const said = formatErrors(loaded.settings ? loaded.warnings : []).split('\n');
      const short = said.filter((line) => line !== '').map((line) => line.replace(/^postern\.yaml:\d+:\d+: /, ''));
      assert.deepEqual(short.sort(), [...expected].sort());
    });
  }

  it('5,000 rules are looked at in a few seconds', async function () {
    this.timeout(60_000);
    const many = Array.from(
      {length: 5_000},
      (_, at) =>
        `{name: r${at}, match: {methods: [GET, HEAD], path: '/orgs/{org}/a${at}/**'}, require: {tenant: '{org}'}}`,
    );
    const loaded = await load(acme + rules(...many));
    assert.deepEqual(loaded.settings && loaded.warnings, []);
  });
});
