// postern init: what it writes holds at once, whatever was chosen; it overwrites nothing, and leaves nothing half written.
import assert from 'node:assert/strict';
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {PassThrough} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import {parse} from 'yaml';
import {makeAsking} from '../../src/commands/init/ask.ts';
import {envoyOf, upstreamOf} from '../../src/commands/init/envoy.ts';
import {filesOf, made} from '../../src/commands/init/files.ts';
import {makeAside} from '../../src/commands/init/write.ts';
import {CommandError} from '../../src/commands/settings.ts';
import {readCaseFile} from '../../src/commands/test/caseFile.ts';
import {givenEntitlements} from '../../src/commands/test/entitlements.ts';
import {runCases} from '../../src/commands/test/run.ts';
import {loadSettings} from '../../src/config/load.ts';
import {choices} from '../../src/vendors/choices.ts';
import {temporaryFolder} from '../support/ports.ts';
import {mainFile, runPostern} from '../support/postern.ts';
import {start} from '../support/processes.ts';
import {tool} from '../support/tools.ts';

const written = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, {recursive: true, withFileTypes: true})
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]),
  );

/** What is answered beside the examples, to see that any answer stays what it is. */
const odd: Record<string, Record<string, string>> = {
  oidc: {
    issuer: 'https://id.acme.example/realms/a-b/',
    audience: '0123 "quoted": #x',
    'tenant-claim': 'org.id',
    'roles-claim': 'https://x/roles',
  },
  frontegg: {'base-url': 'https://acme.frontegg.com', 'client-id': '0e1'},
  kinde: {domain: 'https://acme.kinde.com', audience: 'any'},
  authgear: {endpoint: 'https://id.acme.example', upstream: 'app.shop.svc.cluster.local:80'},
  frontier: {url: 'https://frontier.acme.example'},
  cognito: {'user-pool-id': 'us-gov-west-1_aB3', clients: 'web, 7robot'},
  introspection: {
    'introspection-endpoint': 'https://id.acme.example/introspect?a=b',
    'client-id': 'a: b',
    'tenant-claim': 'org.id',
    'roles-claim': 'realm_access.roles',
  },
  apiKeys: {upstream: '[::1]:8080'},
};

describe('postern init', function () {
  this.timeout(60_000);
  for (const {type} of choices) {
    for (const [title, answers] of [
      ['examples', {}],
      ['answers', odd[type] ?? {}],
    ] as const) {
      it(`${type}, ${title}: what it writes is valid without a warning, and its cases pass and try everything`, async () => {
        const folder = join(temporaryFolder(), 'new');
        const options = Object.entries(answers).flatMap(([name, value]) => [`--${name}`, value]);
        const made = await runPostern(['init', folder, '--provider', type, ...options]);
        assert.equal(made.code, 0, made.output);
        for (const name of Object.keys(written(folder))) assert.ok(made.output.includes(name), name);
        for (const args of [
          ['validate', '--strict'],
          ['test', 'cases.yaml', '--min-coverage', '100'],
        ]) {
          const ran = await runPostern(args, {}, mainFile, folder);
          assert.equal(ran.code, 0, ran.output);
        }
        assert.deepEqual(
          readdirSync(folder).filter((name) => name.startsWith('.')),
          [],
        );
        for (const [name, content] of Object.entries(written(folder))) {
          for (const line of content.split('\n')) assert.ok(line.length <= 140, `${name}: ${line}`);
        }
      });
    }
  }

  it('answers stay what they are, and keys and secrets are kept apart', async () => {
    const folder = temporaryFolder();
    await runPostern([
      'init',
      folder,
      '--provider',
      'oidc',
      ...Object.entries(odd.oidc ?? {}).flatMap(([name, value]) => [`--${name}`, value]),
    ]);
    const {providers} = parse(readFileSync(join(folder, 'postern.yaml'), 'utf8'));
    assert.deepEqual(providers, [
      {
        name: 'issuer',
        type: 'oidc',
        issuer: 'https://id.acme.example/realms/a-b/',
        audience: ['0123 "quoted": #x'],
        claims: {tenant: 'org.id', roles: 'https://x/roles'},
      },
    ]);
    const other = temporaryFolder();
    await runPostern(['init', other, '--provider', 'frontegg']);
    assert.equal(statSync(join(other, 'secrets/frontegg-api-key')).mode & 0o077, 0);
    assert.equal(readFileSync(join(other, 'secrets/.gitignore'), 'utf8'), '*\n');

    const keys = temporaryFolder();
    const {output} = await runPostern(['init', keys, '--provider', 'apiKeys']);
    const [key = ''] = /pk_first_[\w-]{43}/.exec(output) ?? [];
    assert.notEqual(key, '');
    assert.ok(!Object.values(written(keys)).some((content) => content.includes(key)), 'the key itself is in a file');
    const asked = await runPostern(
      ['explain', 'GET', '/orgs/acme/orders/1', '-H', `x-api-key: ${key}`],
      {},
      mainFile,
      keys,
    );
    assert.equal(asked.code, 0, asked.output);
  });

  it('writes the Envoy of deploy/envoy/envoy.yaml, before the application that was named', () => {
    const own = readFileSync(join(import.meta.dirname, '../../deploy/envoy/envoy.yaml'), 'utf8');
    assert.equal(envoyOf({host: '127.0.0.1', port: 8080}), own);
    assert.deepEqual(upstreamOf('[::1]:80'), {host: '"::1"', port: 80});
    assert.match(
      envoyOf({host: 'app', port: 80}),
      /name: app\n {6}type: STRICT_DNS\n[\s\S]*address: app, port_value: 80\}/,
    );
    for (const wrong of [
      '',
      'app',
      'app:',
      'app:0',
      'app:65536',
      ':80',
      'http://app:80',
      'a b:80',
      '[app]:80',
      'app:80}}',
      '[1.2.3.4]:80',
    ]) {
      assert.equal(upstreamOf(wrong), undefined, wrong);
    }
  });

  const refusals: [args: string[], said: RegExp][] = [
    [
      [],
      /^--provider: is needed where nobody can be asked: one of oidc, frontegg, kinde, authgear, frontier, cognito, introspection, apiKeys\n$/,
    ],
    [['--provider', 'frontgg'], /^--provider: frontgg is none of .*; did you mean "frontegg"\?\n$/],
    [
      ['--provider', 'oidc', '--issuer', 'id.acme', '--upstream', 'x'],
      /^--issuer: id\.acme is no URL: .*\n--upstream: x is not host:port.*\n$/,
    ],
    [['--provider', 'oidc', '--issuer', 'http://id.acme.example'], /^--issuer: http:\/\/id\.acme\.example .*https/],
    [['--provider', 'oidc', '--audience', 'a\nrules: []'], /^--audience: a\ufffdrules: \[\] is more than one line\n$/],
    [['--provider', 'kinde', '--domain', ''], /^--domain: {2}/],
    // What \`validate\` would warn of.
    [
      ['--provider', 'oidc', '--issuer', 'https://id.acme.example/.well-known/openid-configuration'],
      /^--issuer: \S+ is the address of its discovery document, not the issuer; write https:\/\/id\.acme\.example\n$/,
    ],
    [['--provider', 'oidc', '--audience', '*'], /^--audience: \* /],
    [
      ['--provider', 'oidc', '--audience', '$AUDIENCE'],
      /^--audience: \$AUDIENCE is taken as it stands; a variable is written \$\{AUDIENCE\}\n$/,
    ],
    [['--provider', 'oidc', '--issuer', 'https://id/{realm}'], /^--issuer: \S+ stands for a family of issuers: begin/],
    [['--provider', 'oidc', '--issuer', 'a'.repeat(10_000)], /^--issuer: a{80}… is not an http: or https: URL/],
    [
      ['--provider', 'kinde', '--issuer', 'x'],
      /^--issuer: is nothing that kinde asks for; it asks for --domain, --audience, --upstream\n$/,
    ],
  ];
  for (const [args, said] of refusals) {
    it(`init ${args.join(' ').replaceAll('\n', '\\n').slice(0, 100)}: refused, and nothing is written`, async () => {
      const folder = join(temporaryFolder(), 'new');
      const {code, output} = await runPostern(['init', folder, ...args]);
      assert.match(output, said);
      assert.equal(code, 1);
      assert.ok(!existsSync(folder));
    });
  }

  for (const [folder, said] of [
    ['', /^the name of the folder is empty: leave it out for this one\n$/],
    // Node's own way to make folders never ends there.
    ['/proc/postern', /^\/proc\/postern: cannot be written: .*; nothing was written\n$/],
    ['/proc/postern/deeper', /^\/proc\/postern\/deeper: cannot be written: .*; nothing was written\n$/],
    ['/dev/null', /^\/dev\/null: cannot be written: there is something else of that name already/],
    ['/dev/null/x', /^\/dev\/null\/x: cannot be written: a part of its path is no folder/],
  ] as const) {
    it(`a folder that cannot be: ${folder}`, async () => {
      const {code, output} = await runPostern(['init', folder, '--yes']);
      assert.match(output, said);
      assert.equal(code, 1);
    });
  }

  it('a folder of secrets that is there keeps its .gitignore', async () => {
    for (const more of [[], ['--force']]) {
      const folder = temporaryFolder();
      mkdirSync(join(folder, 'secrets'));
      writeFileSync(join(folder, 'secrets/.gitignore'), 'mine\n');
      const {code, output} = await runPostern(['init', '--provider', 'kinde', ...more], {}, mainFile, folder);
      assert.equal(code, 0, output);
      assert.equal(readFileSync(join(folder, 'secrets/.gitignore'), 'utf8'), 'mine\n');
    }
  });

  it('says which of the answers are examples, where nobody was asked', async () => {
    const rows: [args: string[], said: RegExp][] = [
      [
        ['--provider', 'kinde', '--audience', 'a'],
        /^examples, to be replaced in postern\.yaml: domain https:\/\/acme\.kinde\.com$/m,
      ],
      [
        ['-y'],
        /^examples, .*: issuer https:\/\/id\.acme\.example, audience orders-api, tenant-claim org_id, roles-claim roles$/m,
      ],
    ];
    for (const [args, said] of rows) {
      const {code, output} = await runPostern(['init', temporaryFolder(), ...args]);
      assert.equal(code, 0, output);
      assert.match(output, said);
    }
    const none = await runPostern(['init', temporaryFolder(), '--provider', 'apiKeys']);
    assert.doesNotMatch(none.output, /examples/);
  });

  it('takes a placeholder of the environment as it is', async () => {
    const folder = temporaryFolder();
    const made = await runPostern(['init', folder, '--provider', 'oidc', '--issuer', '${ISSUER}']);
    assert.equal(made.code, 0, made.output);
    const {code, output} = await runPostern(
      ['validate', '--strict'],
      {ISSUER: 'https://id.acme.example'},
      mainFile,
      folder,
    );
    assert.equal(code, 0, output);
  });

  it('overwrites nothing, and says which files are there', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'cases.yaml'), 'mine');
    mkdirSync(join(folder, 'secrets'));
    writeFileSync(join(folder, 'secrets/frontegg-api-key'), 'mine');
    const before = written(folder);
    const {code, output} = await runPostern(['init', '--provider', 'frontegg'], {}, mainFile, folder);
    assert.equal(code, 1);
    assert.match(output, /^cases\.yaml is there already, and is not overwritten: name another folder .*--force\n$/);
    writeFileSync(join(folder, 'cases.yaml'), 'mine');
    assert.deepEqual(written(folder), before);

    const forced = await runPostern(['init', '--provider', 'frontegg', '--force'], {}, mainFile, folder);
    assert.equal(forced.code, 0, forced.output);
    assert.match(written(folder)['cases.yaml'] ?? '', /^# Requests/);
    assert.deepEqual(Object.keys(written(folder)).sort(), [
      'cases.yaml',
      'entitlements.yaml',
      'envoy.yaml',
      'postern.yaml',
      'secrets/.gitignore',
      'secrets/admin-token',
      'secrets/frontegg-api-key',
    ]);
  });

  it('what cannot be moved leaves all as it was', () => {
    for (const force of [false, true]) {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'there'), 'mine');
      const aside = makeAside(folder, {
        new: {content: 'new'},
        'deep/er/new': {content: 'new'},
        there: {content: 'other'},
        ...(force && {lost: {content: 'gone before it is moved'}}),
      });
      rmSync(join(aside.folder, 'lost'), {force: true});
      assert.throws(
        () => aside.moveIntoPlace(force),
        (error: Error) => {
          assert.ok(error instanceof CommandError);
          assert.match(error.message, /(there|lost): cannot be written: .+ \((EEXIST|ENOENT)\); nothing was changed/);
          return true;
        },
      );
      assert.deepEqual(
        readdirSync(folder).filter((name) => !name.startsWith('.')),
        ['there'],
      );
      assert.equal(readFileSync(join(folder, 'there'), 'utf8'), 'mine');
    }
  });
});

describe('postern init, all combinations of answers', function () {
  this.timeout(120_000);
  /** For each question the example, and what a YAML writer could stumble over. */
  const values: Record<string, readonly string[]> = {
    issuer: ['https://id.acme.example/', 'https://id.acme.example/a?b=c&d', 'http://127.0.0.1:9180'],
    audience: ['any', 'orders-api', 'api://a, b:c, "d", 0x1F, true', "it's #1"],
    'tenant-claim': ['org_id', 'https://acme.example/org', 'o.id', '~'],
    'roles-claim': ['roles', 'realm_access.roles', 'ü.* &a !b'],
    'base-url': ['https://api.us.frontegg.com', 'https://auth.acme.example'],
    'client-id': ['0123', 'null', '- a', '${CLIENT_ID}'],
    domain: ['https://acme.kinde.com', 'https://login.acme.example'],
    endpoint: ['https://acme.authgear.cloud', 'https://id.acme.example'],
    url: ['https://frontier.acme.example', 'http://127.0.0.1:8080'],
    'user-pool-id': ['eu-west-1_AbCdEf123'],
    clients: ['any', 'web', 'web,robot, 1e3'],
    'introspection-endpoint': ['https://id.acme.example/introspect', 'https://id.acme.example/i?x=%7B'],
    upstream: ['127.0.0.1:8080', '[::1]:1', 'app.shop.svc:65535', '0:80'],
  };
  /** At most so many of each choice, spread over all. */
  const most = 60;

  for (const choice of choices) {
    it(`${choice.type}: each is a good configuration whose cases pass`, async () => {
      const own = choice.questions.map(({name, otherwise}) => [name, [otherwise, ...(values[name] ?? [])]] as const);
      let all: Record<string, string>[] = [{}];
      for (const [name, of] of own) all = of.flatMap((value) => all.map((one) => ({...one, [name]: value})));
      const step = Math.max(1, Math.floor(all.length / most));
      for (const [at, answers] of all.filter((_, place) => place % step === 0).entries()) {
        const upstream = values.upstream?.[at % 4] ?? '';
        const said = JSON.stringify({...answers, upstream});
        const files = filesOf(choice, {...answers, upstream, ...made()});
        const folder = temporaryFolder();
        const aside = makeAside(folder, files);
        aside.moveIntoPlace(false);
        aside.clear();
        const loaded = await loadSettings(join(folder, 'postern.yaml'), {CLIENT_ID: 'from outside'});
        assert.deepEqual(loaded.errors, undefined, said);
        assert.ok(loaded.settings !== undefined);
        if (answers.audience !== 'any' && answers.clients !== 'any') assert.deepEqual(loaded.warnings, [], said);
        const named = JSON.stringify(loaded.settings.providers);
        for (const [question, given] of Object.entries(answers)) {
          if (given.includes('${') || question === 'audience' || question === 'clients') continue;
          assert.ok(
            named.includes(JSON.stringify(given).slice(1, -1)) || named.includes(given.replace(/\/$/, '')),
            said,
          );
        }
        const read = readCaseFile(readFileSync(join(folder, 'cases.yaml'), 'utf8'), 'cases.yaml');
        if (!('cases' in read)) assert.fail(`${said}: ${read.faults}`);
        const snapshot = await givenEntitlements(loaded.settings);
        const results = await runCases(loaded, read.cases, {now: Date.now(), snapshot});
        assert.deepEqual(
          results.filter(({differences}) => differences.length > 0),
          [],
          said,
        );
      }
    });
  }

  it('each Envoy is one that Envoy itself takes', async () => {
    const envoy = await tool('envoy');
    for (const upstream of values.upstream ?? []) {
      const file = join(temporaryFolder(), 'envoy.yaml');
      writeFileSync(file, envoyOf(upstreamOf(upstream) ?? assert.fail(upstream)));
      const args = ['--mode', 'validate', '-c', file];
      const ran = await start({name: 'envoy', command: envoy, args, env: process.env});
      assert.equal(await ran.ended, 0, ran.output());
    }
  });
});

describe('postern init, asking', () => {
  const conversation = () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    let said = '';
    output.on('data', (text) => {
      said += text;
    });
    return {input, asking: makeAsking(input, output), said: () => said};
  };

  it('takes numbers and names, and asks again', async () => {
    const {input, asking, said} = conversation();
    const chosen = asking.one(
      'Who?',
      choices.map(({type, title}) => ({name: type, title})),
    );
    for (const line of ['9', 'nobody', 'KINDE']) {
      input.write(`${line}\n`);
      await sleep(5);
    }
    assert.equal(await chosen, 'kinde');
    assert.match(said(), /1\) oidc: .*[\s\S]*9 is none of them: give a number from 1 to 8[\s\S]*nobody is none/);
    const answer = asking.text('Domain?', 'https://a', async (one) => (one === 'bad' ? 'is bad' : undefined));
    input.write('bad\n');
    await sleep(5);
    input.write('\n');
    assert.equal(await answer, 'https://a');
    assert.match(said(), /Domain\? \[https:\/\/a\]: {3}bad is bad\n/);
    asking.close();
  });

  it('the end of the input ends it', async () => {
    const {input, asking} = conversation();
    const answer = asking.text('Domain?', 'x', async () => undefined);
    input.end();
    await assert.rejects(answer, /nothing was written/);
  });

  it('on a terminal asks, and Ctrl-C leaves nothing', async function () {
    if (!existsSync('/usr/bin/script')) return this.skip();
    for (const [keys, code, files] of [
      ['4\r\rapp:80\r', 0, ['cases.yaml', 'entitlements.yaml', 'envoy.yaml', 'postern.yaml', 'secrets']],
      ['4\r\u0003', 130, []],
      ['4\r\u0004', 130, []],
    ] as const) {
      const folder = temporaryFolder();
      const step = `(sleep 4; printf ${JSON.stringify(keys).replaceAll('\\u000', '\\00')}; sleep 3)`;
      const program = await start({
        name: 'script',
        command: 'sh',
        args: ['-c', `${step} | script -qec '${process.execPath} ${mainFile} init' /dev/null`],
        cwd: folder,
        env: process.env,
      });
      assert.equal(await program.ended, code, program.output());
      assert.match(program.output(), /Who signs your users in\?/);
      assert.deepEqual(readdirSync(folder).sort(), files);
    }
  }).timeout(60_000);
});
