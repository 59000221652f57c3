// Slips of the hand, one each, and all that is said: one mistake is one line, which names it and what to write instead.
import assert from 'node:assert/strict';
import {errorsOf} from './support.ts';

const good = `providers:
  - name: acme
    type: oidc
    issuer: https://id.example
    audience: [a]
rules:
  - name: a
    match: {path: /a}
    require: {}
  - name: b
    match: {path: '/b/{org}'}
    require: {tenant: '{org}'}
`;
const more = (text: string): string => good + text;

/** What is written, what is written instead (in the file above), and the line that is said. */
const slips: readonly [from: string, to: string, said: string][] = [
  ["'{org}'}\n", '{org}}\n', "12:23: rules[1].require.tenant: must be a text, not a mapping: write '{org}', in quotes"],
  [
    'path: /a',
    'path: **',
    "8:19: rules[0].match.path: begins with *, which has a meaning of its own in YAML: put it in quotes, '**'",
  ],
  [
    'path: /a',
    'hosts: [*.acme.io]',
    "8:21: rules[0].match.hosts[0]: begins with *, which has a meaning of its own in YAML: put it in quotes, '*.acme.io'",
  ],
  [
    'require: {}',
    "public: 'true'",
    '9:13: rules[0].public: must be true, identify or lenient; write it without quotes',
  ],
  ['require: {}', 'public: yes', '9:13: rules[0].public: must be true, identify or lenient; write true'],
  ['require: {}', 'public: on', '9:13: rules[0].public: must be true, identify or lenient; write true'],
  ['require: {}', 'deny: yes', '9:11: rules[0].deny: must be true; write true'],
  [
    '[a]',
    '[]',
    '5:15: providers[0].audience: is an empty list: name at least one, or write any, which on purpose checks none',
  ],
  [
    '    audience: [a]\n',
    '',
    '2:5: providers[0].audience: is required; add it: the audiences of which a token must name one (aud), or any, which checks none',
  ],
  [
    'https://id.example',
    'id.example',
    '4:13: providers[0].issuer: is no URL: begin it with https://, if that is how tokens name it (iss), or set jwksUri',
  ],
  [
    'path: /a',
    "path: '^/health.*$'",
    '8:19: rules[0].match.path: must start with /: rules are no regular expressions; use *, ** and {name}',
  ],
  ['path: /a', 'path: a', '8:19: rules[0].match.path: must start with /'],
  [
    'path: /a',
    'path: /a?b=c',
    '8:19: rules[0].match.path: holds ?: rules do not look at the query, end the path before it',
  ],
  [
    'path: /a',
    "path: '/**/a'",
    '8:19: rules[0].match.path: has ** before its end: ** takes the rest, use * for one segment',
  ],
  [
    'path: /a',
    "path: '/a*'",
    '8:19: rules[0].match.path: has a segment that mixes text with * or { }: each takes a segment of its own, as in /orgs/{org}/*',
  ],
  [
    'path: /a',
    'hosts: [https://a.example]',
    '8:21: rules[0].match.hosts[0]: must be a host name alone, without scheme and path',
  ],
  [
    'path: /a',
    "hosts: ['a.example:443']",
    '8:21: rules[0].match.hosts[0]: must be without a port: rules compare hosts without it',
  ],
  ['path: /a', 'pth: /a', '8:13: rules[0].match.pth: is not a setting; did you mean "path"?'],
  ['path: /a', 'method: [GET]', '8:13: rules[0].match.method: is not a setting; did you mean "methods"?'],
  ['path: /a', 'methods: GET', '8:22: rules[0].match.methods: must be a list, not a text'],
  ['issuer: https', 'isuer: https', '4:5: providers[0].isuer: is not a setting; did you mean "issuer"?'],
  ['type: oidc', 'type: odic', '3:11: providers[0].type: is not a type that is known here; did you mean "oidc"?'],
  [
    "{org}'}\n    require",
    "{orgs}'}\n    require",
    '12:23: rules[1].require.tenant: uses {org}, which is not in match.path (it captures orgs); add it there',
  ],
  ['name: b', 'name: a', '10:11: rules[1].name: is a name that another of rules has; give each its own'],
  [
    'require: {}',
    'require: {roles: []}',
    '9:22: rules[0].require.roles: is an empty list: name at least one, or leave the setting out',
  ],
  [
    'require: {}',
    'require: {features: [f]}',
    '9:25: rules[0].require.features: needs the setting entitlements, which says where grants come from; add it',
  ],
  ['require: {}', 'require: {kind: person}', '9:21: rules[0].require.kind: must be user or service'],
  ['    require: {}\n', '', '7:5: rules[0]: does not say who is allowed: give exactly one of public, deny, require'],
  [
    'require: {}',
    'require:',
    '9:5: rules[0].require: has no value: it must be a mapping; give one, or take the line out',
  ],
  [
    'https://id.example',
    "'${ISSUER:-http://x}'",
    '4:13: providers[0].issuer: has a default within ${ }, which is not supported: write ${NAME}, and set it where it runs',
  ],
  [
    'https://id.example',
    "'${ISSUER}'",
    '4:13: providers[0].issuer: needs the environment variable ISSUER, which is not set; set it',
  ],
  ['https://id.example', 'http://id.example', '4:13: providers[0].issuer: is http: to another machine'],
  ['    audience', '   audience', '5:1: cannot be read as YAML: the indentation does not fit the lines above'],
  [
    '    issuer',
    '     issuer',
    '4:6: cannot be read as YAML: the indentation does not fit the lines above: it is deeper than its neighbours',
  ],
  ['    audience', '\taudience', '5:1: a tab cannot indent: use spaces'],
  [
    'path: /a}',
    'path: /orgs/{org}/notes/**}',
    "8:25: cannot be read as YAML: a value with { } cannot stand here as it is; write '/orgs/{org}/notes/**' in quotes",
  ],
  ['issuer: ', 'issuer ', '4:5: cannot be read as YAML: a key must be on one line; is a colon missing?'],
  ['issuer: https://id.example', 'issuer:id', '4:5: cannot be read as YAML: a key needs a space after its colon'],
  ['issuer: https', 'issuer: "https', '4:5: cannot be read as YAML: a quote that is opened on this line is not closed'],
  ['{path: /a}', '{path: [}', '8:5: cannot be read as YAML: a { or [ that is opened on this line is not closed'],
  ['[a]', '[a', '5:5: cannot be read as YAML: a { or [ that is opened on this line is not closed'],
  ['{path: /a}', '{path: /a', '8:5: cannot be read as YAML: a { or [ that is opened on this line is not closed'],
  ['- name: a\n', '-name: a\n', '7:3: cannot be read as YAML: a list item needs a space after its dash'],
  [
    'https://id.example',
    '@id',
    '4:13: cannot be read as YAML: a value cannot begin with this character; put it in quotes',
  ],
  ['name: acme', 'name: acme: b', '2:11: cannot be read as YAML: a value with a colon and a space must be in quotes'],
  [
    'name: acme',
    'name: #acme',
    '2:5: providers[0].name: has no value: it must be a text; give one, or take the line out',
  ],
  ['name: acme', 'name: 5', '2:11: providers[0].name: must be a text, not a whole number; put it in quotes'],
  [
    'name: acme',
    'name: my issuer',
    '2:11: providers[0].name: is not a name: use letters, digits, - _ and . (63 at most)',
  ],
  ['audience: [a]', 'audience: [a]\n    audience: [b]', '6:5: providers[0].audience: is given twice; keep one'],
  ['rules:', 'ruls:', '6:1: ruls: is not a setting; did you mean "rules"?'],
  [
    '[a]',
    '[a]\n    clockTolerance: 5sec',
    '6:21: providers[0].clockTolerance: is not a duration: write a whole number and a unit, such as 200ms, 30s, 5m or 1h',
  ],
  [
    '[a]',
    '[a]\n    algorithms: [RS265]',
    '6:18: providers[0].algorithms[0]: must be RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 or EdDSA; did you mean "RS256"?',
  ],
  ['[a]', '[a]\n    algorithms: RS256', '6:17: providers[0].algorithms: must be a list, not a text: put it in [ ]'],
  [
    '[a]',
    '[a]\n    credentials: {cookie: sid}',
    '6:18: providers[0].credentials: must be a list, not a mapping: each item begins with a dash, or all stand in [ ]',
  ],
  [
    '[a]',
    '[a]\n    credentials: [{bearer: true}]',
    '6:19: providers[0].credentials[0]: is not a place: write {header: name, scheme: Bearer} (scheme is optional), {cookie: name} or {query: name}',
  ],
  [
    '[a]',
    '[a]\n    credentials: [authorization]',
    '6:19: providers[0].credentials[0]: is not a place: write {header: name, scheme: Bearer}',
  ],
  [
    '[a]',
    '[a]\n    credentials: [{cookie: "sid=1"}]',
    '6:28: providers[0].credentials[0].cookie: is not a cookie name',
  ],
  [
    '[a]',
    '[a]\n    credentials: [{header: Authorization, schema: Bearer}]',
    '6:43: providers[0].credentials[0].schema: is not a setting; did you mean "scheme"?',
  ],
  ['[a]', '[a]\n    claims: {tenat: org}', '6:14: providers[0].claims.tenat: is not a setting; did you mean "tenant"?'],
  ['type: oidc', 'type: auth0', '3:11: providers[0].type: is not a type that is known here; did you mean "oidc"?'],
  [
    'https://id.example',
    '"https://id.example "',
    '4:13: providers[0].issuer: has white space, which no issuer has: take it out',
  ],
  ['path: /a', 'paths: [/a]', '8:13: rules[0].match.paths: is not a setting here, but at the top'],
  [
    'path: /a',
    "path: '/a/{my-id}'",
    '8:19: rules[0].match.path: has a capture without a proper name: use letters, digits and _, as in {org}',
  ],
  [
    'path: /a',
    "path: '/a/../b'",
    '8:19: rules[0].match.path: has the segment .., which no accepted request can have: write the path it leads to',
  ],
  ['path: /a', "hosts: ['*']", '8:21: rules[0].match.hosts[0]: matches every host: leave hosts out instead'],
  [
    'require: {}',
    'require: {stepUp: {maxage: 5m}}',
    '9:24: rules[0].require.stepUp.maxage: is not a setting; did you mean "maxAge"?',
  ],
  [
    'require: {}',
    'require: {roles: {al: [a]}}',
    '9:23: rules[0].require.roles.al: is not a setting; did you mean "all"?',
  ],
  [
    'require: {}',
    'require: {providers: [acmee]}',
    '9:27: rules[0].require.providers[0]: names a provider that does not exist; did you mean "acme"?',
  ],
  ['require: {}', 'allow: true', '9:5: rules[0].allow: is not a setting; did you mean "public"?'],
  [
    'require: {}',
    'require: {}\n    shadow: yes',
    '10:13: rules[0].shadow: must be true or false, not a text; write true',
  ],
  [
    'require: {}',
    'require: {}\n    public: true',
    '7:5: rules[0]: has public and require: keep exactly one of public, deny, require',
  ],
  ['[a]', '12', '5:15: providers[0].audience: must be any, a list or a text, not a whole number; put it in quotes'],
  [
    'https://id.example',
    '[https://id.example]',
    '4:13: providers[0].issuer: must be a text, not a list: take the [ ] away',
  ],
  [
    'require: {}',
    'require: {roles: a}',
    '9:22: rules[0].require.roles: must be a list or a mapping, not a text: put it in [ ]',
  ],
  [
    '{path: /a}',
    '/a',
    '8:12: rules[0].match: must be a mapping, not a text: its settings are connection, hosts, methods, path',
  ],
  [
    'path: /a',
    "path: 'https://a.example/a'",
    '8:19: rules[0].match.path: must start with /: the host stands in match.hosts',
  ],
  // A path that is wrong captures nothing: that is no second mistake.
  [
    "'/b/{org}'",
    "'/b/{{org}}'",
    '11:19: rules[1].match.path: has a segment that mixes text with * or { }: each takes a segment of its own',
  ],
  ["'/b/{org}'", "'/b/{}'", '11:19: rules[1].match.path: has a capture without a proper name'],
  ["'/b/{org}'", "'/b/**/{org}'", '11:19: rules[1].match.path: has ** before its end'],
  [
    'require: {}',
    `require: {when: "principal.subject = 'a'"}`,
    '9:21: rules[0].require.when: cannot be read as CEL: = compares nothing: write == (character 19, at "= \'a\'")',
  ],
  [
    'require: {}',
    `require: {when: "principal.subject == 'a' and true"}`,
    '9:21: rules[0].require.when: cannot be read as CEL: and is no operator: write && (character 26, at "and true")',
  ],
  [
    'require: {}',
    `require: {when: "not claims.a"}`,
    '9:21: rules[0].require.when: cannot be read as CEL: not is no operator: write ! (character 1, at "not claims.a")',
  ],
  [
    'https://id.example',
    '$ISSUER',
    '4:13: providers[0].issuer: is not an http: or https: URL, so its keys cannot be discovered: set jwksUri; a variable is written ${ISSUER}',
  ],
  [
    'https://id.example',
    '$(ISSUER)',
    '4:13: providers[0].issuer: is not an http: or https: URL, so its keys cannot be discovered: set jwksUri; a variable is written ${ISSUER}',
  ],
];

/** What is added to the file, and the line that is said. */
const additions: readonly [text: string, said: string][] = [
  [
    'entitlements: {source: {type: file, path: e}, cache: {fresh: 30 s}}\n',
    '13:62: entitlements.cache.fresh: is not a duration: write a whole number and a unit, such as 200ms, 30s, 5m or 1h',
  ],
  [
    'entitlements: {source: {type: file, path: e}, cache: {fresh: 1m30s}}\n',
    '13:62: entitlements.cache.fresh: is not a duration: write a whole number and a unit',
  ],
  [
    'entitlements: {source: {type: file, path: e}, cache: {fresh: 1h}}\n',
    '13:47: entitlements.cache.stale: is shorter than fresh: entitlements would be unavailable before they are fetched again',
  ],
  [
    'responses: {status: {missing_featur: 402}}\n',
    '13:22: responses.status.missing_featur: is not a setting; did you mean "missing_feature"?',
  ],
  ['responses: {status: {missing_feature: 200}}\n', '13:39: responses.status.missing_feature: '],
  [
    'responses: {status: {missing_feature: "402"}}\n',
    '13:39: responses.status.missing_feature: must be a number, not a text; write it without quotes',
  ],
  [
    'entitlements:\n  source: {type: file, path: e}\n  redis: {url: redis://r}\n',
    '15:3: entitlements.redis: is not a setting here, but at the top: is it indented too far?',
  ],
  ['redis: {url: http://r}\n', '13:14: redis.url: '],
  [
    'server: {listen: 9191}\n',
    '13:18: server.listen: must be a text or a list, not a whole number: write host:port, such as 127.0.0.1:9191',
  ],
  ['admin: {listen: 9190}\n', '13:17: admin.listen: is not a listen address: write host:port, such as 127.0.0.1:9191'],
  [
    'admin: {listen: 127.0.0.1:9191}\n',
    '13:17: admin.listen: is where server.listen is, too, by default (127.0.0.1:9191): give each its own',
  ],
  [
    'server: {listen: [127.0.0.1:9191, unix:///a, unix:///a]}\n',
    '13:46: server.listen[2]: is where server.listen[1] is, too: take one out',
  ],
  [
    'server: {listen: 0.0.0.0:9191}\nadmin: {listen: 127.0.0.1:9191}\n',
    '14:17: admin.listen: is where server.listen is, too: give each its own',
  ],
  ['server: {listen: localhost}\n', '13:18: server.listen: is not a listen address'],
  ['log: {level: verbose}\n', '13:14: log.level: must be trace, debug, info, warn, error, fatal or silent'],
  ['log: info\n', '13:6: log: must be a mapping, not a text'],
  [
    'entitlements: {source: {type: redis}}\n',
    '13:31: entitlements.source.type: needs the setting redis, which says where it is; add it',
  ],
  [
    'paths: {allow: [semicolons]}\n',
    '13:17: paths.allow[0]: must be semicolon, encodedSlash, emptySegment or doubleEncoding; did you mean "semicolon"?',
  ],
  ['responses: {login: https://app.example}\n', '13:20: responses.login: must be a mapping, not a text'],
  ['redis: {host: redis}\n', '13:9: redis.host: is not a setting; did you mean "url"?'],
  [
    'redis: {url: localhost:6379}\n',
    '13:14: redis.url: is not a Redis URL: write redis://host:6379/0, or rediss:// for TLS',
  ],
  [
    'redis: {url: redis://h, tls: {}}\n',
    '13:14: redis.url: has TLS settings, and the URL begins with redis://: write rediss://',
  ],
  [
    'redis: {cluster: [a]}\n',
    '13:19: redis.cluster[0]: is not host:port: write a host name or address and a port, such as redis-0:6379',
  ],
  ['admin: {port: 9190}\n', '13:9: admin.port: is not a setting; did you mean "listen"?'],
  [
    'admin: {token: short}\n',
    '13:16: admin.token: is shorter than 16 characters: use a random one, such as 32 bytes in base64',
  ],
  ['paths: {caseSensitive: no}\n', '13:24: paths.caseSensitive: must be true or false, not a text; write false'],
  [
    'responses: {identity: {X-User: subject, x-user: tenant}}\n',
    '13:49: responses.identity.x-user: is the same header as X-User: keep one of them',
  ],
  [
    'responses: {identity: {x-user: sub}}\n',
    '13:32: responses.identity.x-user: is nothing that a principal has: write one of provider, kind, subject',
  ],
  [
    'remote: {noProxy: ["http://a"]}\n',
    '13:20: remote.noProxy[0]: is neither a host name nor an address or network: write it without scheme',
  ],
  [
    'entitlements: {path: e.yaml}\n',
    '13:16: entitlements.path: is not a setting; is it "source", which is required here?',
  ],
  [
    'entitlements: {source: {type: file, file: e}}\n',
    '13:37: entitlements.source.file: is not a setting; did you mean "path"?',
  ],
  [
    'entitlements: {source: {type: file, path: e}, cache: {ttl: 30s}}\n',
    '13:55: entitlements.cache.ttl: is not a setting; did you mean "fresh"?',
  ],
  ['server: {tls: {cert: a}}\n', '13:10: server.tls.key: is required; add it'],
  ['---\nlog: {}\n', '13:1: begins a second document (---): settings are one document, take it out'],
];

/** Providers, each beside the one that is good. */
const others: readonly [provider: string, said: string][] = [
  [
    'name: f, type: frontegg, region: de, clientId: a, apiKey: b',
    '6:39: providers[1].region: must be eu, us, ca, au or uk',
  ],
  [
    'name: k, type: kinde, domain: acme.kinde.com, audience: any',
    '6:36: providers[1].domain: is no URL: begin it with https://',
  ],
  [
    'name: a, type: authgear, endpoint: https://a, mode: JWT',
    '6:58: providers[1].mode: must be jwt, resolver or both; did you mean "jwt"?',
  ],
  [
    'name: fr, type: frontier, url: https://f, clientId: a',
    '6:58: providers[1].clientId: needs clientSecret beside it',
  ],
  [
    'name: c, type: cognito, userPoolId: AbCdEf, clients: any',
    '6:42: providers[1].userPoolId: is not a user pool id: write it as Cognito shows it, such as eu-west-1_AbCdEf123',
  ],
  [
    'name: y, type: apikeys, file: k.yaml',
    '6:21: providers[1].type: is not a type that is known here; did you mean "apiKeys"?',
  ],
];

describe('config: slips of the hand', () => {
  const isSaid = async (text: string, said: string): Promise<void> => {
    const lines = await errorsOf(text);
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.ok(lines[0]?.startsWith(`postern.yaml:${said}`), lines[0]);
  };
  it('the file itself is good', async () => assert.deepEqual(await errorsOf(good), []));
  it('one audience may be a text', async () => assert.deepEqual(await errorsOf(good.replace('[a]', 'a')), []));
  for (const [from, to, said] of slips) {
    it(`${to.trim()} -> ${said}`, async () => {
      assert.ok(good.includes(from), from);
      await isSaid(
        good.replace(from, () => to),
        said,
      );
    });
  }
  for (const [provider, said] of others) {
    it(`${provider} -> ${said}`, () => isSaid(good.replace('rules:\n', `  - {${provider}}\nrules:\n`), said));
  }
  for (const [text, said] of additions) it(`${text.trim()} -> ${said}`, () => isSaid(more(text), said));
  for (const apart of [
    'server: {listen: 0.0.0.0:9191}\nadmin: {listen: "[::1]:9191"}\n',
    'server: {listen: 10.0.0.1:9191}\nadmin: {listen: 127.0.0.1:9191}\n',
    'server: {listen: [127.0.0.1:0, 127.0.0.1:0]}\n',
    'server: {listen: unix:///a}\nadmin: {listen: 127.0.0.1:9191}\n',
  ])
    it(`addresses of their own: ${apart.trim()}`, async () => assert.deepEqual(await errorsOf(more(apart)), []));
  it('rules indented under another setting are one mistake', async () => {
    const text = good
      .replace('rules:\n', 'log:\n  level: info\n  rules:\n')
      .replace(/^ {2}(?=- name: [ab]$)/gm, '    ');
    const [said, ...others] = await errorsOf(text.replace(/^ {4}(?=match|require)/gm, '      '));
    assert.deepEqual(
      [said, others],
      ['postern.yaml:8:3: log.rules: is not a setting here, but at the top: is it indented too far?', []],
    );
  });
});
