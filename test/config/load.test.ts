// The configuration as an operator meets it: what is accepted, and what is said about what is not.
import assert from 'node:assert/strict';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import fc from 'fast-check';
import {formatErrors, loadSettings} from '../../src/config/load.ts';
import {errorsOf, folder, good, load} from './support.ts';

const provider = 'providers: [{name: acme, type: oidc, issuer: https://id.example, audience: any}]\n';
const rules = 'rules: [{name: all, match: {}, require: {}}]\n';
const withRule = (rule: string): string => `${provider}rules:\n  - ${rule}\n`;

describe('config/load: what is accepted', () => {
  it('takes every setting of this version', async () => {
    const loaded = await load(good, {ADMIN_TOKEN: 't0ken-of-sixteen-characters'});
    assert.deepEqual(loaded.errors ?? [], []);
    const {settings} = loaded;
    assert.ok(settings);
    assert.deepEqual(settings.admin.token, ['t0ken-of-sixteen-characters']);
    assert.equal(settings.server.tls?.cert, `${folder}/tls.crt`);
    assert.deepEqual(settings.entitlements?.source, {type: 'file', path: `${folder}/entitlements.yaml`});
    assert.deepEqual(settings.paths, {caseSensitive: false, allow: new Set(['semicolon'])});
    assert.deepEqual(
      settings.rules.map(({name, access}) => [name, access.access]),
      [
        ['health', 'public'],
        ['read-orders', 'require'],
        ['me', 'identify'],
        ['signed-in', 'require'],
        ['old', 'deny'],
        ['raw', 'deny'],
      ],
    );
    assert.deepEqual(settings.rules[1], {
      name: 'read-orders',
      match: {hosts: ['api.acme.example', '*.acme.example'], methods: ['GET', 'HEAD'], path: '/orgs/{org}/orders/**'},
      access: {
        access: 'require',
        require: {
          providers: ['acme'],
          kind: 'user',
          tenant: '{org}',
          roles: {any: ['admin', 'owner']},
          permissions: {all: ['orders.read']},
          scopes: {any: ['orders'], all: ['openid']},
          stepUp: {maxAge: 300_000, acr: ['gold'], amr: [['mfa'], ['otp', 'hwk']]},
          features: {any: ['orders']},
          entitledPermissions: {any: ['orders.read']},
        },
      },
      shadow: false,
    });
    assert.deepEqual(settings.rules[2]?.access, {access: 'identify', require: {}});
    assert.equal(settings.rules[2]?.match.path, '/me');
    assert.equal(settings.rules[5]?.shadow, true);
  });

  it('gives the defaults of the documentation', async () => {
    const {settings} = await load(provider + rules);
    assert.deepEqual(settings?.server.listen, [{kind: 'tcp', host: '127.0.0.1', port: 9191}]);
    assert.deepEqual(settings?.admin, {
      listen: {kind: 'tcp', host: '127.0.0.1', port: 9190},
      decisions: 1000,
      hosts: [],
    });
    assert.deepEqual(settings?.paths, {caseSensitive: true, allow: new Set()});
    assert.deepEqual(settings?.revocation.onFeedLost, 'keep');
    assert.equal(settings?.redis, undefined);
    assert.equal(settings?.entitlements, undefined);
    assert.deepEqual(settings?.log, {level: 'info', decisions: 'denied'});
  });

  it('lowers hosts, and drops a trailing dot', async () => {
    const {settings} = await load(withRule('{name: a, match: {hosts: [API.Example., "*.EXAMPLE"]}, deny: true}'));
    assert.deepEqual(settings?.rules[0]?.match.hosts, ['api.example', '*.example']);
  });
  it('writes every host as requests are compared with it', async () => {
    const hosts = '["[2001:DB8:0::1]", 192.0.2.1, "*.Shop_1.example."]';
    const {settings} = await load(withRule(`{name: a, match: {hosts: ${hosts}}, deny: true}`));
    assert.deepEqual(settings?.rules[0]?.match.hosts, ['[2001:db8::1]', '192.0.2.1', '*.shop_1.example']);
  });
});

describe('config/load: what is said', () => {
  const sayings: readonly [text: string, ...errors: string[]][] = [
    ['', '1:1: is empty: it needs at least providers and rules'],
    ['# nothing\n', '1:1: is empty: it needs at least providers and rules'],
    ['- a\n', '1:1: is not a mapping: write settings as "name: value" lines'],
    ['just words\n', '1:1: is not a mapping: write settings as "name: value" lines'],
    [`${provider}${rules}---\na: 1\n`, '3:1: begins a second document (---): settings are one document, take it out'],
    [
      `${provider}${rules}log: &a {level: info}\nadmin: *a\n`,
      '3:9: log: has an anchor (&): take it out; settings have no anchors and aliases',
      '4:8: admin: is an alias (*): write the value out; settings have no anchors and aliases',
    ],
    [
      `${provider}${rules}log: {<<: {level: info}}\n`,
      '3:7: log."<<": is a merge key: write the values out; settings have no anchors and aliases',
    ],
    [`${provider}${rules}log: !!set {}\n`, '3:12: log: has a tag (!): take it out; write the plain value'],
    [`${provider}${rules}log: {}\nlog: {}\n`, '4:1: log: is given twice; keep one'],
    [`${provider}${rules}__proto__: {a: 1}\n`, '3:1: __proto__: is not a setting'],
    [`${provider}${rules}constructor: {a: 1}\n`, '3:1: constructor: is not a setting; known here: '],
    [`${provider}${rules}\tlog: {}\n`, '3:1: '],
    [`${provider}${rules}log: {level: \${L}}\n`, "within { } or [ ] write '${NAME}' in quotes"],
    [
      `${provider}${rules}admin: {token: '\${NOPE}'}\n`,
      '3:16: admin.token: needs the environment variable NOPE, which is not set; set it',
    ],
    [
      `${provider}${rules}admin: {token: '\${file:/no}'}\n`,
      '3:16: admin.token: needs the file /no, which cannot be read: there is no such file',
    ],
    [
      `${provider}${rules}admin: {token: '\${a b}'}\n`,
      '3:16: admin.token: has a ${ that cannot be read: write ${NAME} or ${file:/path}, or $${ for a literal ${',
    ],
    [`${provider}${rules}serve: {}\n`, '3:1: serve: is not a setting; did you mean "server"?'],
    [`${provider}${rules}log: {levle: info}\n`, '3:7: log.levle: is not a setting; did you mean "level"?'],
    [`${provider}${rules}log: {colour: red}\n`, '3:7: log.colour: is not a setting; known here: level, decisions'],
    [
      `${provider}${rules}log: {level: wran}\n`,
      '3:14: log.level: must be trace, debug, info, warn, error, fatal or silent; did you mean "warn"?',
    ],
    [
      `${provider}${rules}server: {drain: 10}\n`,
      '3:17: server.drain: is not a duration: write a whole number and a unit, such as 200ms, 30s, 5m or 1h',
    ],
    [`${provider}${rules}server: {drain: 9999h}\n`, '3:17: server.drain: is longer than a year (8760h)'],
    [`${provider}${rules}server: {listen: 127.0.0.1:99999}\n`, '3:18: server.listen: '],
    [`${provider}${rules}log:\n`, '3:1: log: has no value: it must be a mapping; give one, or take the line out'],
    [`${provider}${rules}log: [a]\n`, '3:6: log: must be a mapping, not a list'],
    [provider, '1:1: rules: is required; add it'],
    [`${provider}rules: []\n`, '2:8: rules: is an empty list: without a rule everything is refused; add one'],
    [`${rules}providers: [{name: fe, type: frontgg}]\n`, '2:30: providers[0].type: is not a type that is known here; '],
    [`${rules}providers: [{name: fe}]\n`, '2:13: providers[0].type: is required; available: '],
    [`${rules}providers: [fe]\n`, '2:13: providers[0]: must be a mapping, not a text'],
    [
      `${rules}providers: [{name: a, type: oidc, isuer: https://a, audience: any, jwksUri: http://far.example/keys}]\n`,
      '2:35: providers[0].isuer: is not a setting; did you mean "issuer"?',
      '2:77: providers[0].jwksUri: is http: to another machine',
    ],
    [
      `${rules}providers: [{name: k, type: kinde, domain: http://far.example}, {name: a, type: oidc, issuer: 5}]\n`,
      '2:13: providers[0].audience: is required; add it',
      '2:44: providers[0].domain: is http: to another machine',
      '2:65: providers[1].audience: is required; add it',
      '2:95: providers[1].issuer: must be a text, not a whole number; put it in quotes',
    ],
    [
      `${rules}providers: [{name: a, type: oidc, issuer: https://a, audience: 5}]\n`,
      '2:64: providers[0].audience: must be any, a list or a text, not a whole number',
    ],
    [
      `${rules}providers:\n  - {name: a, type: oidc, issuer: https://a, audience: any}\n  - {name: a, type: oidc, issuer: https://b, audience: any}\n`,
      '4:12: providers[1].name: is a name that another of providers has; give each its own',
    ],
    [
      withRule('{name: a, match: {path: /a}}'),
      '3:5: rules[0]: does not say who is allowed: give exactly one of public, deny, require',
    ],
    [
      withRule('{name: a, match: {}, public: true, deny: true}'),
      '3:5: rules[0]: has public and deny: keep exactly one of public, deny, require',
    ],
    [withRule('{name: a, match: {}, public: maybe}'), '3:34: rules[0].public: must be true, identify or lenient'],
    [withRule('{name: a, match: {}, public: false}'), '3:34: rules[0].public: must be true, identify or lenient'],
    [withRule('{name: a, require: {}}'), '3:5: rules[0].match: is required; add it'],
    [
      withRule('{name: "a b", match: {}, require: {}}'),
      '3:12: rules[0].name: is not a name: use letters, digits, - _ and . (63 at most)',
    ],
    [
      withRule('{name: a, match: {connection: tcp, path: /a}, deny: true}'),
      '3:46: rules[0].match.path: cannot go with connection: tcp, where there is no HTTP request; take one of the two out',
    ],
    [
      withRule('{name: a, match: {methods: []}, deny: true}'),
      '3:32: rules[0].match.methods: is an empty list: name at least one, or leave the setting out',
    ],
    [
      withRule('{name: a, match: {}, require: {roles: []}}'),
      '3:43: rules[0].require.roles: is an empty list: name at least one, or leave the setting out',
    ],
    [
      withRule('{name: a, match: {}, require: {roles: {all: []}}}'),
      '3:49: rules[0].require.roles.all: is an empty list: name at least one, or leave the setting out',
    ],
    [
      withRule('{name: a, match: {}, require: {roles: {}}}'),
      '3:43: rules[0].require.roles: is empty: write [a, b], {all: [...]} or {any: [...], all: [...]}',
    ],
    [
      withRule('{name: a, match: {}, require: {roles: null}}'),
      '3:43: rules[0].require.roles: has no value: it must be a list or a mapping; give one, or take the line out',
    ],
    [
      withRule('{name: a, match: {}, require: {roles: admin}}'),
      '3:43: rules[0].require.roles: must be a list or a mapping, not a text',
    ],
    [
      withRule('{name: a, match: {}, require: {roles: [1]}}'),
      '3:44: rules[0].require.roles[0]: must be a text, not a whole number; put it in quotes',
    ],
    [
      withRule('{name: a, match: {}, require: {providers: [acne]}}'),
      '3:48: rules[0].require.providers[0]: names a provider that does not exist; did you mean "acme"?',
    ],
    [
      withRule('{name: a, match: {path: "/o/{org}"}, require: {tenant: "{orgs}"}}'),
      '3:60: rules[0].require.tenant: uses {orgs}, which is not in match.path (it captures org); add it there',
    ],
    [
      withRule('{name: a, match: {}, require: {tenant: "{org"}}'),
      '3:44: rules[0].require.tenant: has a { or } that is no capture: write {name}, with the name of a capture in match.path',
    ],
    [
      withRule('{name: a, match: {}, require: {features: [f]}}'),
      '3:46: rules[0].require.features: needs the setting entitlements, which says where grants come from; add it',
    ],
    [
      withRule('{name: a, match: {hosts: [0x7f.1]}, deny: true}'),
      '3:31: rules[0].match.hosts[0]: is not an IPv4 address: write four decimal numbers, 192.0.2.1',
    ],
    [
      withRule('{name: a, match: {hosts: ["[1]"]}, deny: true}'),
      '3:31: rules[0].match.hosts[0]: is not an IPv6 address: write [2001:db8::1]',
    ],
    [
      withRule('{name: a, match: {path: "/a\uff0fb"}, deny: true}'),
      '3:29: rules[0].match.path: holds "\uff0f", which no accepted request can have: use * there',
    ],
    [
      withRule('{name: a, match: {}, require: {stepUp: {}}}'),
      '3:44: rules[0].require.stepUp: is empty: give maxAge, acr or amr, or take it out',
    ],
    ...(
      [
        ['refresh: 99ms', 'refresh: is below 100ms: the issuer would be flooded'],
        ['refresh: 25h', 'refresh: is above 24h: a key that the issuer has taken back would count for so long'],
        ['cooldown: 0s', 'cooldown: is below 100ms: anyone could make Postern flood the issuer with unknown key ids'],
        ['cooldown: 61m', 'cooldown: is above 1h: a new key of the issuer could be refused for so long'],
      ] as const
    ).map(([setting, words]): [string, string] => [
      `${rules}providers: [{name: a, type: oidc, issuer: 'https://a', audience: any, jwks: {${setting}}}]\n`,
      `providers[0].jwks.${words}`,
    ]),
    [
      `${provider}${rules}entitlements: {source: {type: redis}}\n`,
      '3:31: entitlements.source.type: needs the setting redis, which says where it is; add it',
    ],
  ];
  for (const [text, ...expected] of sayings) {
    it(expected[0] ?? '', async () => {
      const said = await errorsOf(text);
      assert.equal(said.length, expected.length, said.join('\n'));
      for (const [index, words] of expected.entries()) assert.ok(said[index]?.includes(words), said.join('\n'));
      for (const line of said) assert.match(line, /^postern\.yaml:\d+:\d+: /);
    });
  }

  it('tells every error at once, in the order of the file, and none that only follows from another', async () => {
    const said = await errorsOf(`admin: {token: '\${NOPE}'}
providers:
  - {name: acme, type: oidc, issuer: http://id.example, audience: any, jwks: {coldown: 1s}}
rules:
  - {name: a, match: {path: '/{o}//x'}, require: {tenant: '{p}', roles: []}}
  - {name: a, match: {path: /b}, public: 1}
  - {name: c, match: {path: /c}}
log: {level: 5}
`);
    assert.deepEqual(
      said.map((line) => line.replace(/^postern\.yaml:/, '').replace(/: .*/, '')),
      ['1:16', '3:38', '3:79', '5:29', '5:59', '5:73', '6:12', '6:42', '7:5', '8:14'],
      said.join('\n'),
    );
  });

  it('warns of a rule that is never reached, and of methods in lower case', async () => {
    const loaded = await load(`${provider.replace('any', 'api')}rules:
  - {name: wide, match: {path: '/a/**'}, deny: true}
  - {name: narrow, match: {path: '/a/{b}/c', methods: [get]}, deny: true}
`);
    assert.deepEqual(formatErrors(loaded.settings ? loaded.warnings : []).split('\n'), [
      'postern.yaml:4:5: rules[1]: is never reached: the rule "wide" above it takes every such request; move it up or take it out (an Envoy route may still name it)',
      'postern.yaml:4:56: rules[1].match.methods[0]: is not upper case, and methods are compared as sent; write GET',
    ]);
  });
});

describe('config/load: what comes from outside', () => {
  it('fills variables and files once, and leaves $${ as ${', async () => {
    const {settings} = await load(
      `${provider}${rules}admin: {token: 'a-\${A}-\${file:/f}-$\${A}'}\n`,
      {A: '${B}', B: 'never'},
      {'/f': 'from-file'},
    );
    assert.deepEqual(settings?.admin.token, ['a-${B}-from-file-${A}']);
  });

  const switched = (setting: string, where = ''): string =>
    `${provider}rules: [{name: all, match: {}, require: {}${where}}]\n${setting}\n`;
  const fills: readonly [setting: string, rule: string, value: string, said: string | undefined][] = [
    ['', ", shadow: '${V}'", 'true', undefined],
    ['', ", shadow: '${V}'", 'false', undefined],
    ['', ", shadow: '${file:/v}'", 'true', undefined],
    ["responses: {status: {missing_feature: '${V}'}}", '', '402', undefined],
    // As YAML has them, and no more.
    ['', ", shadow: '${V}'", 'TRUE', 'shadow: must be true or false, not a text (its value is that of ${V})'],
    ['', ", shadow: '${V}'", ' true', 'shadow: must be true or false, not a text (its value is that of ${V})'],
    ['', ", shadow: '${V}'", 'true\n', 'shadow: must be true or false, not a text (its value is that of ${V})'],
    ['', ", shadow: '${V}'", '1', 'shadow: must be true or false, not a text (its value is that of ${V})'],
    ['', ", shadow: '${V}'", '', 'shadow: must be true or false, not a text (its value is that of ${V})'],
    ['', ", shadow: '${V}${W}'", 'true', 'shadow: must be true or false, not a text'],
    ["responses: {status: {missing_feature: '${V}'}}", '', '0x192', 'missing_feature: must be a number, not a text'],
    ["responses: {status: {missing_feature: '${V}'}}", '', '4.02e2', 'missing_feature: must be a number, not a text'],
    ["responses: {status: {missing_feature: '${V}'}}", '', '0402', 'missing_feature: must be a number, not a text'],
    ["responses: {status: {missing_feature: '${V}'}}", '', '402.5', 'missing_feature: must be a whole number'],
    ["responses: {status: {missing_feature: '${V}'}}", '', 'many', 'missing_feature: must be a number, not a text'],
    // A text that looks like another thing stays a text, also where it is a bad one.
    ["admin: {token: '${V}'}", '', '1234567890123456', undefined],
    [
      "admin: {token: '${V}'}",
      '',
      '12345',
      'admin.token: is shorter than 16 characters: use a random one, such as 32 bytes in base64 (its value is that of ${V})',
    ],
  ];
  for (const [setting, rule, value, said] of fills) {
    it(`${setting}${rule} with "${value}" -> ${said ?? 'good'}`, async () => {
      const loaded = await load(switched(setting, rule), {V: value, W: ''}, {'/v': value});
      const lines = loaded.errors === undefined ? '' : formatErrors(loaded.errors);
      if (said === undefined) assert.equal(lines, '');
      else assert.ok(lines.includes(said), lines);
      if (said === undefined && rule !== '') assert.equal(loaded.settings?.rules[0]?.shadow, value === 'true');
    });
  }
  it('words of our own sentences are not taken for values from outside', async () => {
    const text = switched('log: 1').replace('https:', 'http:').replace('}]', ", insecure: '${V}'}]");
    for (const word of [
      'true',
      ' true',
      'text',
      'mapping',
      'number',
      'https',
      'false',
      'another machine',
      '4xx',
      'name',
    ]) {
      const lines = formatErrors((await load(text, {V: word})).errors ?? []);
      assert.ok(!/(must be|not|set insecure:|use) ?(a )?\$\{/.test(lines), lines);
      assert.ok(lines.includes('must be a mapping, not a whole number'), lines);
    }
    const name = formatErrors((await load(`${provider}rules: [{nmae: '\${V}', match: {}}]`, {V: 'name'})).errors ?? []);
    assert.ok(name.includes('nmae: is not a setting; did you mean "name"?'), name);
  });
  it('a word from outside is hidden where it is repeated', async () => {
    const text = `${provider}rules: [{name: all, match: {path: '/{\${V}}'}, require: {providers: ['\${V}'], tenant: '\${V}'}}]`;
    const {errors = []} = await load(text.replace('name: acme', "name: '${V}x'"), {V: 'acmeword'});
    assert.ok(!formatErrors(errors).includes('acmeword'), formatErrors(errors));
  });
  it('public, which is true or a word, from outside', async () => {
    for (const value of ['true', 'identify', 'lenient']) {
      const {settings} = await load(`${provider}rules: [{name: all, match: {}, public: '\${V}'}]`, {V: value});
      const access = settings?.rules[0]?.access ?? {};
      assert.deepEqual(access, value === 'true' ? {access: 'public'} : {access: value, require: {}});
    }
    const {errors = []} = await load(`${provider}rules: [{name: all, match: {}, public: '\${V}'}]`, {V: 'false'});
    assert.match(formatErrors(errors), /public: must be true, identify or lenient \(its value is that of \$\{V\}\)$/);
  });

  it('what is meant is told as it is, also where another switch from outside has just that value', async () => {
    const rules = "rules: [{name: a, match: {}, public: '${V}'}, {name: b, match: {}, deny: '${W}'}]";
    const lines = formatErrors((await load(provider + rules, {V: 'TRUE', W: 'true'})).errors ?? []);
    assert.match(lines, /public: must be true, identify or lenient; did you mean "true"\?/);
  });

  it('never repeats a value from outside, wherever it stands and whatever is wrong', async () => {
    const canary = 'canary-7f3a';
    const places = good.split('\n').flatMap((line, index) => {
      const found = /^(\s*(?:- )?[\w-]+: )([^\s{['][^{}]*)$/.exec(line);
      return found === null ? [] : [[index, `${found[1]}'\${CANARY}'`] as const];
    });
    assert.ok(places.length > 10);
    for (const [index, line] of places) {
      const text = good.split('\n').with(index, line).join('\n');
      const said = (await errorsOf(text, {ADMIN_TOKEN: canary, CANARY: canary})).join('\n');
      assert.ok(!said.includes(canary), said);
    }
    const names = await errorsOf(
      withRule(
        "{name: '${CANARY}', match: {path: '${CANARY}'}, require: {providers: ['${CANARY}'], kind: '${CANARY}'}}",
      ),
      {CANARY: canary},
    );
    assert.equal(names.length, 3, names.join('\n'));
    assert.ok(!names.join('\n').includes(canary), names.join('\n'));
  });

  it('hashes the settings without secrets', async () => {
    const hash = async (text: string, token: string): Promise<string> => {
      const loaded = await load(text, {ADMIN_TOKEN: token});
      assert.ok(loaded.settings);
      return loaded.settingsHash;
    };
    const plain = await hash(good, 'one-of-sixteen-characters');
    assert.equal(await hash(good, 'two-of-sixteen-characters'), plain);
    assert.equal(await hash(good.replace("'${ADMIN_TOKEN}'", 'in-the-file-of-sixteen'), ''), plain);
    assert.notEqual(await hash(good.replace('drain: 10s', 'drain: 11s'), 'one-of-sixteen-characters'), plain);
    assert.match(plain, /^[0-9a-f]{64}$/);
  });
});

describe('config/load: files', () => {
  let place = '';
  before(async () => {
    place = await mkdtemp(join(tmpdir(), 'postern-load-'));
  });
  after(() => rm(place, {recursive: true}));

  it('reads the file, secrets beside it, and cuts their last newline', async () => {
    const file = join(place, 'postern.yaml');
    await writeFile(join(place, 'token'), 'sekret-of-sixteen-characters\n');
    await writeFile(file, `${provider}${rules}admin: {token: '\${file:token}'}\nserver: {tls: {cert: a, key: /b}}\n`);
    const {settings} = await loadSettings(file, {});
    assert.deepEqual(settings?.admin.token, ['sekret-of-sixteen-characters']);
    assert.deepEqual(settings?.server.tls, {cert: join(place, 'a'), key: '/b'});
  });

  it('says what is wrong with a file that is not there, a folder, or not text', async () => {
    const missing = join(place, 'missing.yaml');
    await writeFile(join(place, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
    const said = async (file: string): Promise<string> => formatErrors((await loadSettings(file, {})).errors ?? []);
    assert.equal(
      await said(missing),
      `${missing}:1:1: cannot be read: there is no such file; name the configuration with -c or POSTERN_CONFIG, or have one written: postern init`,
    );
    assert.match(await said(place), /it is a folder/);
    assert.match(await said(join(place, 'latin1.yaml')), /is not UTF-8 text/);
  });
});

describe('config/load: any text', () => {
  const mutation = fc.record({
    at: fc.nat(good.length - 1),
    remove: fc.nat(12),
    insert: fc.oneof(
      fc.string({maxLength: 6}),
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ':',
        ' ',
        '\n',
        '- ',
        '${',
        '*a',
        '&a',
        '!!x ',
        'null',
        '"',
        "'",
        '\t',
        '---\n',
        '<<: ',
      ),
    ),
  });
  it('gives settings, or errors within the file; never throws', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, {minLength: 1, maxLength: 4}), async (mutations) => {
        let text = good;
        for (const {at, remove, insert} of mutations) text = text.slice(0, at) + insert + text.slice(at + remove);
        const loaded = await load(text, {ADMIN_TOKEN: 'canary-7f3a'});
        if (loaded.settings !== undefined) return;
        const lines = text.split('\n');
        assert.ok(loaded.errors.length > 0);
        for (const {line, column, message} of loaded.errors) {
          assert.ok(line >= 1 && line <= lines.length, `line ${line}`);
          assert.ok(column >= 1 && column <= (lines[line - 1] ?? '').length + 1, `column ${column}`);
          assert.ok(
            message.length > 0 && !message.includes('canary-7f3a') && !message.includes('Invalid input'),
            message,
          );
        }
      }),
      {numRuns: 300},
    );
  });

  it('reads hostile YAML without falling over', async () => {
    const rows = [
      '['.repeat(2_000),
      `a: ${'{a: '.repeat(500)}`,
      `${'a: &x [*x, *x]\n'}`,
      '\0',
      '%YAML 9.9\n---\na: 1',
      '? [a]\n: b\n',
      'x'.repeat(2_000_000),
    ];
    for (const text of rows) assert.notEqual((await load(text)).errors, undefined);
  });
});
