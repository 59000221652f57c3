// postern validate: what it says of files that the settings name.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {temporaryFolder} from '../support/ports.ts';
import {runPostern, writeFiles} from '../support/postern.ts';

describe('postern validate', () => {
  it('is content, and says which files serve will need and are not there', async () => {
    const folder = temporaryFolder();
    writeFiles(folder, {
      'postern.yaml': {
        server: {tls: {cert: 'tls.crt', key: 'tls.key'}},
        entitlements: {source: {type: 'file', path: 'grants.yaml'}},
        rules: [{name: 'all', match: {}, public: true}],
      },
      'tls.crt': 'a certificate',
    });
    const {code, output} = await runPostern(['validate', '-c', join(folder, 'postern.yaml')]);
    assert.equal(code, 0, output);
    assert.match(output, /server\.tls\.key: \S+tls\.key is not there; serve will need it/);
    assert.match(output, /entitlements\.source\.path: \S+grants\.yaml is not there/);
    assert.doesNotMatch(output, /tls\.crt/);
    assert.match(output, /good: 1 rule, 0 providers/);
  });

  it('says that what the state is to stand in is no folder, and warns where it has no key; one that is not there is made later', async () => {
    const tried = async (state: object) => {
      const folder = temporaryFolder();
      const rules = [{name: 'all', match: {}, public: true}];
      writeFiles(folder, {'postern.yaml': {state, rules}, 'a-file': ''});
      return runPostern(['validate', '-c', join(folder, 'postern.yaml')]);
    };
    const sealKey = 'a key of thirty-two characters..';
    assert.equal((await tried({dir: 'nowhere', sealKey})).code, 0);
    const file = await tried({dir: 'a-file', sealKey});
    assert.equal(file.code, 1);
    assert.match(file.output, /state\.dir: \S+a-file is no folder: name one, or move it out of the way/);
    const unsealed = await tried({dir: 'nowhere'});
    assert.equal(unsealed.code, 0);
    assert.match(unsealed.output, /warning: state: has no sealKey.*set sealKey/);
    assert.match((await tried({dir: 'nowhere', sealKey: 'short'})).output, /shorter than 16 characters/);
  });

  const provider = {name: 'acme', type: 'oidc', issuer: 'https://id.example', audience: ['api']};
  const validated = async (settings: object | string, files: Record<string, string | object>, ...flags: string[]) => {
    const folder = temporaryFolder();
    const text = typeof settings === 'string' ? settings : {providers: [provider], ...settings};
    writeFiles(folder, {'postern.yaml': text, ...files});
    const {code, output} = await runPostern(['validate', '-c', join(folder, 'postern.yaml'), ...flags]);
    return {code, output: output.replaceAll(`${folder}/`, '')};
  };
  const sold = (feature: string) => ({
    rules: [{name: 'sold', match: {path: '/sold'}, require: {features: [feature]}}],
    entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
  });
  const bought = {features: {reports: {}}, plans: {pro: {features: ['reports']}}, grants: [{plan: 'pro', tenant: 't'}]};

  const bank = {name: 'bank', type: 'introspection', endpoint: 'https://b', clientId: 'a', clientSecret: 's'};
  const rows: [about: string, settings: object, files: Record<string, string | object>, code: number, said: RegExp][] =
    [
      [
        'entitlements that are good',
        sold('reports'),
        {'entitlements.yaml': bought},
        0,
        /^postern\.yaml: good: 1 rule, 1 provider\n$/,
      ],
      [
        'a feature that the file does not have',
        sold('reprots'),
        {'entitlements.yaml': bought},
        1,
        /error: rules\[0\]\.require\.features: asks for "reprots", which entitlements\.yaml lacks; did you mean "reports"\?/,
      ],
      [
        'a condition over a value that the file does not have',
        {
          rules: [{name: 'sold', match: {path: '/sold'}, require: {when: 'value.seets > 1'}}],
          entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
        },
        {'entitlements.yaml': {...bought, features: {...bought.features, seats: {value: 'number'}}}},
        1,
        /error: rules\[0\]\.require\.when: asks for "seets", which .* lacks; did you mean "seats"\?/,
      ],
      [
        'a limit that no plan and no grant has any of',
        {...sold('reports'), rules: [{name: 'sold', match: {path: '/sold'}, require: {}, limits: ['api']}]},
        {'entitlements.yaml': {...bought, features: {...bought.features, api: {limit: {per: 'minute'}}}}},
        0,
        /warning: rules\[0\]\.limits: asks for an amount of "api", of which no plan and no grant in entitlements\.yaml has any, so it lets nobody in/,
      ],
      [
        'a header of an amount that no plan and no grant has any of',
        {...sold('reports'), responses: {identity: {'x-seats': 'value.seats'}}},
        {'entitlements.yaml': {...bought, features: {...bought.features, seats: {value: 'number'}}}},
        0,
        /warning: responses\.identity: asks for an amount of "seats", of which no plan and no grant .* has any, so it never comes/,
      ],
      [
        'a condition over a value that the source does not know',
        {
          rules: [{name: 'sold', match: {path: '/sold'}, require: {when: 'value.seats > 1'}}],
          entitlements: {
            source: {type: 'frontier', url: 'https://f.example', clientId: 'a', clientSecret: 'sssssssssssssss'},
          },
        },
        {},
        0,
        /warning: rules\[0\]\.require\.when: looks at value\.seats, which entitlements of type frontier do not know, so nobody has it/,
      ],
      [
        'a plan with a feature that is not there',
        sold('reports'),
        {'entitlements.yaml': {...bought, plans: {pro: {features: ['reprots']}}}},
        1,
        /error: entitlements\.source\.path: entitlements\.yaml.*reprots/,
      ],
      [
        'a key file with a slip',
        {providers: [{name: 'k', type: 'apiKeys', file: 'keys.yaml', credentials: [{header: 'x-api-key'}]}], rules: []},
        {'keys.yaml': {keys: [{id: 'x'}]}},
        1,
        /error: rules: is an empty list/,
      ],
      [
        'a key file with a slip, in a good configuration',
        {
          providers: [{name: 'k', type: 'apiKeys', file: 'keys.yaml', credentials: [{header: 'x-api-key'}]}],
          rules: [{name: 'all', match: {path: '/a'}, require: {}}],
        },
        {'keys.yaml': {keys: [{id: 'x'}]}},
        1,
        /error: providers\[0\]\.file: keys\.yaml:\d+:\d+: keys\[0\]\.hash: is required/,
      ],
      [
        'a certificate that is none',
        {server: {tls: {cert: 'tls.crt', key: 'tls.key'}}, rules: [{name: 'a', match: {path: '/a'}, public: true}]},
        {'tls.crt': 'no certificate', 'tls.key': 'no key'},
        1,
        /error: server\.tls\.cert: tls\.crt and tls\.key are no certificate and its key/,
      ],
      [
        'authorities of all calls that are none',
        {remote: {ca: 'ca.pem'}, rules: [{name: 'a', match: {path: '/a'}, public: true}]},
        {'ca.pem': 'no certificate'},
        1,
        /error: remote\.ca: ca\.pem is no certificate: it must be PEM/,
      ],
      [
        'authorities and a certificate of one provider that are none',
        {
          providers: [{...bank, ca: 'ca.pem', clientCertificate: {cert: 'tls.crt', key: 'tls.key'}}],
          rules: [{name: 'a', match: {path: '/a'}, public: true}],
        },
        {'ca.pem': '', 'tls.crt': 'no certificate', 'tls.key': 'no key'},
        1,
        /error: providers\[0\]\.ca: ca\.pem is no [\s\S]*providers\[0\]\.clientCertificate\.cert: tls\.crt and tls\.key are no/,
      ],
      [
        'a client certificate of the source that is not there',
        {
          providers: [bank],
          entitlements: {
            source: {type: 'http', url: 'https://a', clientCertificate: {cert: 'tls.crt', key: 'tls.key'}},
          },
          rules: [{name: 'a', match: {path: '/a'}, public: true}],
        },
        {},
        0,
        /warning: entitlements\.source\.clientCertificate\.key: tls\.key is not there; serve will need it/,
      ],
    ];
  for (const [about, settings, files, code, said] of rows) {
    it(about, async () => {
      const answer = await validated(settings, files);
      assert.equal(answer.code, code, answer.output);
      assert.match(answer.output, said);
    });
  }

  const slip = `admin: {token: hunter2-hunter2-hunter2, lsten: 'a'}
providers: [{name: acme, type: oidc, issuer: https://id.example, audience: [api]}]
rules: [{name: all, match: {}, public: true}]
`;
  it('shows the line with a caret, and no value that may be secret', async () => {
    const {code, output} = await validated(slip, {});
    assert.equal(code, 1);
    assert.ok(!output.includes('hunter2'), output);
    assert.equal(
      output,
      `postern.yaml:1:41: error: admin.lsten: is not a setting; did you mean "listen"?
    1 | admin: {token: ***********************, lsten: 'a'}
      |                                         ^
postern.yaml: 1 error
`,
    );
  });
  const open = slip.replace(/^admin.*\n/, '');
  it('conditions that reckon with decimals and whole numbers are told, and no others', async () => {
    const rule = (name: string, when: string) => ({name, match: {path: `/${name}`}, require: {when}});
    const {code, output} = await validated(
      {
        rules: [
          rule('mixed', 'claims.level + 5 > 10 || claims.l.exists(x, x[0] * 2 > 3)'),
          rule('rest', 'claims.level % 2 == 0'),
          rule('decimal', 'claims.a + 5.0 > 10 || claims.c + claims.d > 1 || claims.l.exists(x, x * 2.0 == 4)'),
          rule('whole', 'int(claims.b) % 2 == 0 || 1 + 1 == 2 || principal.roles.size() - 1 > 0'),
          rule('either', '(has(claims.a) ? claims.a : 1) + 1 > 2'),
        ],
      },
      {},
    );
    assert.equal(code, 0, output);
    assert.deepEqual(output.match(/rules\[\d\]\.require\.when: .*/g), [
      'rules[0].require.when: reckons with a whole number: numbers of claims and of what was bought are decimals, so this can never be worked out; write 5.0 for 5, or int(...) around the other (character 14, at "+ 5 > 10 || claims.l.exi")',
      'rules[0].require.when: reckons with a whole number: numbers of claims and of what was bought are decimals, so this can never be worked out; write 5.0 for 5, or int(...) around the other (character 49, at " * 2 > 3)")',
      'rules[1].require.when: asks for the remainder of a decimal: numbers of claims and of what was bought are decimals, so this can never be worked out; write int(...) around it (character 14, at "% 2 == 0")',
    ]);
  });
  it('a warning is no error', async () => {
    const {code, output} = await validated(open, {});
    assert.equal(code, 0);
    assert.match(output, /^postern\.yaml:2:9: warning: rules\[0\]: opens everything/);
    assert.match(output, /good: 1 rule, 1 provider \(1 warning\)/);
  });
  it('a secret that is written out is one, and is not shown; one from outside is none', async () => {
    const text = `admin: {token: '\${TOKEN}'}
providers:
  - {name: in, type: introspection, endpoint: https://i, clientId: c, clientSecret: hunter2, audience: any}
redis: {url: redis://:hunter3@r, sealKey: hunter4-hunter4-hunter4}
remote: {proxy: http://proxy:3128}
rules: [{name: all, match: {path: /a}, require: {}}]
`;
    const folder = temporaryFolder();
    writeFiles(folder, {'postern.yaml': text});
    const {code, output} = await runPostern(['validate', '-c', join(folder, 'postern.yaml')], {TOKEN: 'x'.repeat(40)});
    assert.equal(code, 0, output);
    const said = [...output.matchAll(/warning: (\S+): is a secret that is written out/g)].map(([, path]) => path);
    assert.deepEqual(said, ['providers[0].clientSecret', 'redis.url', 'redis.sealKey']);
    assert.ok(!output.includes('hunter'), output);
  });
  it('a variable as others write it is text, and said to be', async () => {
    const text = `providers:
  - {name: a, type: oidc, issuer: https://i, audience: [$AUDIENCE, b], claims: {tenant: $(TENANT)}}
rules: [{name: all, match: {path: /a}, require: {roles: ['%ROLE%', $role, x$Y]}}]
`;
    const folder = temporaryFolder();
    writeFiles(folder, {'postern.yaml': text});
    const {code, output} = await runPostern(['validate', '-c', join(folder, 'postern.yaml')]);
    assert.equal(code, 0, output);
    const said = [...output.matchAll(/warning: (\S+): is taken as it stands; a variable is written (\S+)/g)];
    assert.deepEqual(
      said.map(([, path, variable]) => `${path} ${variable}`),
      [
        'providers[0].audience[0] ${AUDIENCE}',
        'providers[0].claims.tenant ${TENANT}',
        'rules[0].require.roles[0] ${ROLE}',
      ],
    );
  });
  it('--strict: it is one', async () => assert.equal((await validated(open, {}, '--strict')).code, 1));
  it('--json is for programs', async () => {
    const {good, problems} = JSON.parse((await validated(open, {}, '--json')).output);
    assert.deepEqual([good, problems.length, problems[0].severity, problems[0].line], [true, 1, 'warning', 2]);
  });
  it('--sarif is for the annotations of a CI system', async () => {
    const [run] = JSON.parse((await validated(open, {}, '--sarif')).output).runs;
    assert.equal(run.results[0].level, 'warning');
    assert.equal(run.results[0].locations[0].physicalLocation.region.startLine, 2);
  });
});
