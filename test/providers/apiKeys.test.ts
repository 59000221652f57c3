// API keys: their form, the file of hashes, the provider, the command that makes them, and the whole program.
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import fc from 'fast-check';
import {newKey} from '../../src/commands/keys.ts';
import {makePlace, type Where} from '../../src/core/credential/places.ts';
import {makeRevocationSet} from '../../src/core/revocation/revocationSet.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {makeApiKeysProvider} from '../../src/providers/apiKeys.ts';
import {apiKeyOf, hashOfKey, idOfKey, keyOfBasic} from '../../src/providers/apiKeysForm.ts';
import {apiKeysSettings} from '../../src/providers/apiKeysSettings.ts';
import {readKeyFile, type WrittenEntry, withEntry} from '../../src/providers/keyFile.ts';
import type {Provider} from '../../src/providers/provider.ts';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {temporaryFolder} from '../support/ports.ts';
import {type Postern, runPostern, startPostern} from '../support/postern.ts';
import {request} from '../support/requests.ts';
import {type Stage, startStage} from '../support/stage.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const keyOf = (id: string, fill = 7) => apiKeyOf(id, new Uint8Array(32).fill(fill));
const entryOf = (id: string, more: Partial<WrittenEntry> = {}): WrittenEntry => ({
  id,
  hash: hashOfKey(keyOf(id)),
  subject: `${id}-bot`,
  ...more,
});
const fileOf = (...entries: WrittenEntry[]) => JSON.stringify({keys: entries}, null, 1);
const basic = (id: string, secret: string) => Buffer.from(`${id}:${secret}`).toString('base64');
const secretOf = (key: string) => key.slice(-43);

describe('the form of an API key', () => {
  it('a key tells its id, and Basic carries the same key, whatever is in its secret', () => {
    const ids = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/);
    fc.assert(
      fc.property(ids, fc.uint8Array({minLength: 32, maxLength: 32}), (id, secret) => {
        const key = apiKeyOf(id, secret);
        assert.equal(idOfKey(key), id);
        assert.equal(keyOfBasic(basic(id, secretOf(key))), key);
        assert.match(hashOfKey(key), /^sha256:[\w-]{43}$/);
      }),
    );
  });
  const good = keyOf('ci');
  const others = ['', 'pk_', 'pk_ci_', 'ci', good.slice(1), `${good}x`, good.slice(0, -1), ` ${good}`, `${good}\n`];
  for (const value of [...others, good.replace('pk', 'PK'), good.replace('ci', ''), good.replace('ci', 'c i')]) {
    it(`${JSON.stringify(value)} is none`, () => assert.equal(idOfKey(value), undefined));
  }
});

describe('the file of API keys', () => {
  const lines = (...text: string[]) => text.join('\n');
  const hash = hashOfKey(keyOf('ci'));
  const rows: [string, string, RegExp[]][] = [
    ['nothing', '', [/^1:1: holds no keys: to revoke every key on purpose write `keys: \[\]`$/]],
    ['a comment', '# none yet\n', [/^1:1: holds no keys/]],
    ['a list that is not there', 'keys:\n', [/^1:1: holds no keys/]],
    ['an empty list', 'keys: []', []],
    ['one', lines('keys:', '  - id: ci', `    hash: ${hash}`, '    subject: bot'), []],
    ['a list in place of a mapping', '- id: ci', [/^1:1: must be a mapping$/]],
    ['another file', 'rules: []', [/^1:1: keys: /, /^1:1: rules: is not known here$/]],
    [
      'an unknown setting',
      lines('keys:', '  - id: ci', `    hash: ${hash}`, '    subject: b', '    role: [a]'),
      [/^5:5: keys\[0\]\.role: is not known here$/],
    ],
    [
      'no hash and no subject',
      lines('keys:', '  - id: ci'),
      [/^2:5: keys\[0\]\.hash: is required$/, /^2:5: keys\[0\]\.subject: /],
    ],
    [
      'a key in place of its hash',
      lines('keys:', '  - id: ci', `    hash: ${keyOf('ci')}`, '    subject: b'),
      [/^3:5: keys\[0\]\.hash: is not a hash: copy it/],
    ],
    ['an id with _', lines('keys:', `  - {id: c_i, subject: b, hash: ${hash}}`), [/^2:6: keys\[0\]\.id: is not an id/]],
    [
      'a role that is no text',
      lines('keys:', `  - {id: ci, subject: b, hash: ${hash}, roles: [7]}`),
      [/^2:\d+: keys\[0\]\.roles\[0\]: /],
    ],
    [
      'roles as a text',
      lines('keys:', `  - {id: ci, subject: b, hash: ${hash}, roles: admin}`),
      [/keys\[0\]\.roles: /],
    ],
    [
      'a date that is none',
      lines('keys:', `  - {id: ci, subject: b, hash: ${hash}, expires: soon}`),
      [/keys\[0\]\.expires: is not a date/],
    ],
    ['another kind', lines('keys:', `  - {id: ci, subject: b, hash: ${hash}, kind: admin}`), [/keys\[0\]\.kind: /]],
    [
      'disabled as a text',
      lines('keys:', `  - {id: ci, subject: b, hash: ${hash}, disabled: "yes"}`),
      [/keys\[0\]\.disabled: /],
    ],
    [
      'an id twice',
      fileOf(entryOf('ci'), entryOf('ci', {hash: hashOfKey(keyOf('ci', 8))})),
      [/^9:4: keys\[1\]\.id: is the id of another key/],
    ],
    [
      'a hash twice',
      fileOf(entryOf('ci'), entryOf('cd', {hash})),
      [/^10:4: keys\[1\]\.hash: is the hash of another key/],
    ],
    [
      'a setting twice',
      lines('keys:', '  - id: ci', '    id: cd'),
      [/^3:5: is not YAML: a key is given twice; keep one$/],
    ],
    ['a broken line', 'keys: [', [/^1:1: is not YAML: a { or \[ that is opened on this line is not closed$/]],
    ['two documents', 'keys: []\n---\nkeys: []', [/^2:1: begins a second document \(---\): keys are one document/]],
    ['an alias', 'keys: &a []\nmore: *a', [/1:1: /]],
    ['__proto__', 'keys: []\n__proto__: {}', [/^2:1: __proto__: is not known here/]],
  ];
  for (const [what, text, faults] of rows) {
    it(`${what}: ${faults.length === 0 ? 'good' : 'refused'}`, () => {
      const read = readKeyFile(text, 'keys');
      const found = read.faults ?? [];
      assert.equal(found.length, faults.length, found.join('\n'));
      for (const [at, words] of faults.entries()) assert.match(found[at] ?? '', words);
      assert.ok(!found.join().includes(secretOf(keyOf('ci'))), 'no value is repeated');
    });
  }

  it('takes one entry more and leaves the rest as it is', () => {
    const before = '# ours\nkeys:\n  # the builds\n  - {id: ci, hash: HASH, subject: b} # keep\n'.replace('HASH', hash);
    const after = withEntry(before, entryOf('cd', {roles: ['admin']}));
    assert.ok(after.startsWith(before.trimEnd().replace('{id', '{ id').replace('b}', 'b }')), after);
    assert.deepEqual(
      [...(readKeyFile(after, 'k').keys?.values() ?? [])].map(({principal}) => principal.subject),
      ['b', 'cd-bot'],
    );
    for (const empty of ['', '# none\n', 'keys:\n', 'keys: []\n']) {
      assert.equal(readKeyFile(withEntry(empty, entryOf('ci')), 'k').keys?.size, 1, empty);
    }
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({unit: fc.constantFrom(...'keys:-[]{}&*!|>\'"#\n \t_id')}), (text) => {
        const read = readKeyFile(text, 'k');
        assert.ok(read.keys !== undefined || read.faults.length > 0);
      }),
    );
    assert.ok(readKeyFile('['.repeat(100_000), 'k').faults);
    assert.match(readKeyFile(`# ${'x'.repeat(1_048_576)}`, 'k').faults?.join() ?? '', /longer than 1 MiB/);
  });
});

describe('the apiKeys provider', () => {
  const providers: Provider[] = [];
  const logged: string[] = [];
  afterEach(async () => {
    for (const provider of providers.splice(0)) await provider.close?.();
  });

  const make = async (file: string, settings: object = {}): Promise<Provider> => {
    const provider = makeApiKeysProvider(apiKeysSettings.parse({type: 'apiKeys', name: 'keys', file, ...settings}), {
      now: () => now,
      // Ten times as often as in production.
      after: (ms, run) => {
        const timer = setTimeout(run, ms / 10);
        return () => clearTimeout(timer);
      },
      log: {info: (...said) => logged.push(JSON.stringify(said)), warn: (...said) => logged.push(JSON.stringify(said))},
    });
    providers.push(provider);
    await provider.start?.();
    return provider;
  };
  const written = (text: string): string => {
    const file = join(temporaryFolder(), 'keys.yaml');
    writeFileSync(file, text);
    return file;
  };
  const ask = async (provider: Provider, value: string, where: Where = {header: 'x-api-key'}, at = now) => {
    const credential = provider.accepts({place: makePlace(where), value}, request('/'));
    if (credential === undefined) return 'not mine';
    const {verified, rejected} = await provider.authenticate(credential, {
      request: request('/'),
      now: at,
      deadline: at,
    });
    return verified?.subject ?? rejected;
  };
  /** Waits until it says so. */
  const becomes = async (provider: Provider, value: string, expected: string | undefined) => {
    for (let waited = 0; waited < 5_000; waited += 20) {
      if ((await ask(provider, value)) === expected) return;
      await sleep(20);
    }
    assert.equal(await ask(provider, value), expected);
  };
  const state = (provider: Provider) => provider.health()[0]?.state;

  it('makes a principal of an entry', async () => {
    const provider = await make(
      written(
        fileOf(
          entryOf('ci', {
            tenant: 't1',
            roles: ['deployer'],
            permissions: ['orders.read'],
            scopes: ['orders'],
            created: '2026-01-01T00:00:00Z',
            expires: '2027-01-31',
          }),
        ),
      ),
    );
    const place = makePlace({header: 'x-api-key'});
    const answer = await provider.authenticate(
      {place, value: keyOf('ci')},
      {request: request('/'), now, deadline: now},
    );
    assert.deepEqual(answer.verified, {
      provider: 'keys',
      kind: 'service',
      subject: 'ci-bot',
      tenant: 't1',
      roles: ['deployer'],
      permissions: ['orders.read'],
      scopes: ['orders'],
      claims: {},
      tokenId: 'ci',
      issuedAt: Date.parse('2026-01-01T00:00:00Z') / 1_000,
      expiresAt: Date.parse('2027-01-31') / 1_000,
      amr: [],
    });
  });

  describe('keys and places', () => {
    const end = Date.parse('2027-01-31');
    const key = keyOf('ci');
    const authorization = (scheme: string): Where => ({header: 'authorization', scheme});
    const rows: [string, string, Where, string, number?][] = [
      ['a key', key, {header: 'x-api-key'}, 'ci-bot'],
      ['Basic', basic('ci', secretOf(key)), authorization('Basic'), 'ci-bot'],
      ['Basic in another case', basic('ci', secretOf(key)), authorization('basic'), 'ci-bot'],
      ['Bearer', key, authorization('Bearer'), 'ci-bot'],
      ['a query parameter', key, {query: 'api_key'}, 'ci-bot'],
      ['a cookie', key, {cookie: 'api_key'}, 'ci-bot'],
      ['another provider’s token as Bearer', 'opaque', authorization('Bearer'), 'not mine'],
      ['another provider’s token in a query', 'opaque', {query: 'access_token'}, 'not mine'],
      ['a whole Authorization header of another scheme', 'Digest x', {header: 'authorization'}, 'not mine'],
      ['anything in a header of its own', 'opaque', {header: 'x-api-key'}, 'inactive'],
      ['another secret', keyOf('ci', 8), {header: 'x-api-key'}, 'inactive'],
      ['the secret under another id', keyOf('cd'), {header: 'x-api-key'}, 'inactive'],
      ['an id that is not there', keyOf('nobody'), {header: 'x-api-key'}, 'inactive'],
      ['the hash itself', hashOfKey(key), {header: 'x-api-key'}, 'inactive'],
      ['the id alone', 'ci', {header: 'x-api-key'}, 'inactive'],
      ['a disabled key', keyOf('off'), {header: 'x-api-key'}, 'inactive'],
      ['a hash under another id', keyOf('own'), {header: 'x-api-key'}, 'inactive'],
      ['a key until its end', keyOf('old'), {header: 'x-api-key'}, 'old-bot', end - 1],
      ['a key at its end', keyOf('old'), {header: 'x-api-key'}, 'token_expired', end],
      ['Basic with another secret', basic('ci', secretOf(keyOf('ci', 8))), authorization('Basic'), 'inactive'],
      ['Basic without secret', basic('ci', ''), authorization('Basic'), 'inactive'],
      ['Basic with the whole key as secret', basic('ci', key), authorization('Basic'), 'inactive'],
      ['Basic without colon', Buffer.from('ci').toString('base64'), authorization('Basic'), 'malformed_credential'],
      ['Basic that is not base64', '%%%', authorization('Basic'), 'malformed_credential'],
      ['far too long', 'x'.repeat(100_000), {header: 'x-api-key'}, 'malformed_credential'],
      ['__proto__', '__proto__', {header: 'x-api-key'}, 'inactive'],
    ];
    for (const [what, value, where, expected, at] of rows) {
      it(`${what}: ${expected}`, async () => {
        const text = fileOf(
          entryOf('ci'),
          entryOf('off', {disabled: true}),
          entryOf('old', {expires: '2027-01-31'}),
          entryOf('else', {hash: hashOfKey(keyOf('own'))}),
        );
        assert.equal(await ask(await make(written(text)), value, where, at), expected);
      });
    }
    it('its places are x-api-key and Basic unless told otherwise', async () => {
      const {places} = await make(written(fileOf()));
      assert.deepEqual(
        places.map(({label}) => label),
        ['header:x-api-key', 'header:authorization:basic'],
      );
    });
  });

  it('a changed file counts: keys added, disabled, removed', async () => {
    const file = written(fileOf(entryOf('ci')));
    const provider = await make(file);
    writeFileSync(file, fileOf(entryOf('ci'), entryOf('cd')));
    await becomes(provider, keyOf('cd'), 'cd-bot');
    writeFileSync(file, fileOf(entryOf('ci'), entryOf('cd', {disabled: true})));
    await becomes(provider, keyOf('cd'), 'inactive');
    writeFileSync(file, fileOf(entryOf('cd')));
    await becomes(provider, keyOf('ci'), 'inactive');
    assert.equal(state(provider), 'ready');
  });

  it('a symbolic link that is swapped counts, as Kubernetes swaps ..data', async () => {
    const folder = temporaryFolder();
    for (const [name, id] of [
      ['one', 'ci'],
      ['two', 'cd'],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'keys.yaml'), fileOf(entryOf(id)));
    }
    symlinkSync('one', join(folder, '..data'));
    symlinkSync('..data/keys.yaml', join(folder, 'keys.yaml'));
    const provider = await make(join(folder, 'keys.yaml'));
    assert.equal(await ask(provider, keyOf('ci')), 'ci-bot');
    symlinkSync('two', join(folder, '..new'));
    renameSync(join(folder, '..new'), join(folder, '..data'));
    await becomes(provider, keyOf('cd'), 'cd-bot');
    assert.equal(await ask(provider, keyOf('ci')), 'inactive');
  });

  it('a file that is emptied for a moment, or cut, revokes nothing; an empty list revokes every key', async () => {
    const whole = fileOf(entryOf('ci'));
    const file = written(whole);
    const provider = await make(file);
    for (const cut of ['', '\n', '# ours\n', 'keys:\n', whole.slice(0, whole.length - 4)]) {
      writeFileSync(file, cut);
      for (let waited = 0; waited < 5_000 && state(provider) !== 'degraded'; waited += 20) await sleep(20);
      assert.equal(state(provider), 'degraded', JSON.stringify(cut));
      assert.equal(await ask(provider, keyOf('ci')), 'ci-bot', JSON.stringify(cut));
      writeFileSync(file, whole);
      for (let waited = 0; waited < 5_000 && state(provider) !== 'ready'; waited += 20) await sleep(20);
      assert.equal(state(provider), 'ready');
    }
    writeFileSync(file, 'keys: []\n');
    await becomes(provider, keyOf('ci'), 'inactive');
    assert.equal(state(provider), 'ready');
  });

  it('a broken or missing file changes nothing but the health, and says where it is broken', async () => {
    const file = written(fileOf(entryOf('ci')));
    const provider = await make(file);
    const becomesState = async (expected: string) => {
      for (let waited = 0; waited < 5_000 && state(provider) !== expected; waited += 20) await sleep(20);
      assert.equal(state(provider), expected);
      assert.equal(await ask(provider, keyOf('ci')), 'ci-bot');
    };
    writeFileSync(file, 'keys:\n  - {id: cd}\n');
    // A look may fall between the moment when the file is emptied and that when it is written.
    const said = /keys\.yaml is broken since \d{4}-.*: 2:5: keys\[0\]\.hash: /;
    const detail = () => provider.health()[0]?.detail ?? '';
    for (let waited = 0; waited < 5_000 && !said.test(detail()); waited += 20) await sleep(20);
    await becomesState('degraded');
    assert.match(detail(), said);
    writeFileSync(file, fileOf(entryOf('ci')));
    await becomesState('ready');
    rmSync(file);
    await becomesState('degraded');
    assert.match(provider.health()[0]?.detail ?? '', /ENOENT/);
  });

  it('without a good file it is unready and unavailable, until there is one', async () => {
    const file = join(temporaryFolder(), 'keys.yaml');
    const provider = await make(file);
    assert.equal(state(provider), 'unready');
    await assert.rejects(ask(provider, keyOf('ci')), Unavailable);
    writeFileSync(file, 'keys: {}');
    await sleep(200);
    assert.equal(state(provider), 'unready');
    await assert.rejects(ask(provider, keyOf('ci')), Unavailable);
    writeFileSync(file, fileOf(entryOf('ci')));
    for (let waited = 0; waited < 5_000 && state(provider) !== 'ready'; waited += 20) await sleep(20);
    assert.equal(await ask(provider, keyOf('ci')), 'ci-bot');
  });

  it('a revocation by its id with a moment refuses it; a key made afterwards under the id is good', async () => {
    const entries = [entryOf('ci', {created: '2026-11-21T11:00:00Z'}), entryOf('cd')];
    const {keys} = readKeyFile(fileOf(...entries), 'keys');
    const [ci, cd] = [...(keys?.values() ?? [])].map(({principal}) => principal);
    const again = [
      ...(readKeyFile(fileOf(entryOf('ci', {created: '2026-11-21T12:00:00Z'})), 'keys').keys?.values() ?? []),
    ][0];
    assert.ok(ci && cd && again);
    const revocations = makeRevocationSet();
    const before = Date.parse('2026-11-21T12:00:00Z') / 1_000;
    revocations.add({id: 'r1', tokenId: 'ci', provider: 'keys', at: now, before, expires: now + 1_000});
    assert.deepEqual(
      [ci, cd, again.principal].map((one) => revocations.revoked(one)),
      [true, false, false],
    );
  });

  it('logs no key and no hash', () => {
    assert.ok(logged.length > 0);
    assert.doesNotMatch(logged.join(), /pk_\w+_|sha256:/);
  });
});

describe('postern keys new', () => {
  const lineOf = (output: string, words: RegExp) => output.split('\n').find((line) => words.test(line)) ?? '';

  it('prints a key and its entry, which go together', async () => {
    const args = ['--id', 'ci', '--subject', 'builder', '--tenant', 't1', '--role', 'a', '--role', 'b'];
    const more = ['--permission', 'orders.read', 'orders.write', '--expires', '2999-01-31'];
    const {code, output} = await runPostern(['keys', 'new', ...args, ...more]);
    assert.equal(code, 0, output);
    const key = lineOf(output, /^pk_/);
    assert.equal(idOfKey(key), 'ci');
    const text =
      output.slice(output.indexOf('keys:\n'), output.indexOf('The key')) || output.slice(output.indexOf('keys:\n'));
    const entry = readKeyFile(text, 'keys').keys?.get(hashOfKey(key));
    assert.ok(entry, output);
    const {subject, tenant, roles, permissions, expiresAt} = entry.principal;
    assert.deepEqual(
      [subject, tenant, roles, permissions, expiresAt],
      ['builder', 't1', ['a', 'b'], ['orders.read', 'orders.write'], Date.parse('2999-01-31') / 1_000],
    );
  });

  it('adds to a file, which holds hashes only and is readable for its owner only', async () => {
    const file = join(temporaryFolder(), 'keys.yaml');
    const keys: string[] = [];
    for (const id of ['ci', 'cd', undefined]) {
      const {code, output} = await runPostern([
        'keys',
        'new',
        '--file',
        file,
        ...(id === undefined ? [] : ['--id', id]),
      ]);
      assert.equal(code, 0, output);
      keys.push(lineOf(output, /^pk_/));
    }
    assert.equal(new Set(keys.map(secretOf)).size, 3, 'each has a secret of its own');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const text = readFileSync(file, 'utf8');
    const entries = readKeyFile(text, 'keys').keys;
    for (const key of keys) {
      assert.equal(entries?.get(hashOfKey(key))?.principal.tokenId, idOfKey(key));
      assert.ok(!text.includes(secretOf(key)));
    }
    assert.match(text, /^# API keys/);
  });

  const bad: [string, string, string[], RegExp][] = [
    ['an id that is there already', fileOf(entryOf('ci')), ['--id', 'ci'], /is the id of another key/],
    ['an id that is none', '', ['--id', 'c_i'], /--id c_i: is not an id/],
    ['a date that is none', '', ['--expires', 'soon'], /expires: is not a date/],
    ['a date that has passed', '', ['--expires', '2020-01-01'], /--expires 2020-01-01: is in the past/],
    ['an empty tenant', '', ['--tenant', ''], /tenant: is empty/],
    ['a file that is broken', 'keys: {}', ['--id', 'cd'], /is broken, mend it first: 1:/],
  ];
  for (const [what, text, args, words] of bad) {
    it(`${what}: nothing is printed, and the file stays as it is`, async () => {
      const file = join(temporaryFolder(), 'keys.yaml');
      writeFileSync(file, text);
      const {code, output} = await runPostern(['keys', 'new', '--file', file, ...args]);
      assert.equal(code, 1);
      assert.match(output, words);
      assert.doesNotMatch(output, /pk_/);
      assert.equal(readFileSync(file, 'utf8'), text);
    });
  }

  describe('a file of another user', () => {
    const owner = 12_345;
    const fileOfOwner = (): string => {
      const file = join(temporaryFolder(), 'keys.yaml');
      writeFileSync(file, fileOf(entryOf('ci')), {mode: 0o640});
      chownSync(file, owner, owner);
      return file;
    };
    const seen = (file: string) => {
      const {uid, gid, mode} = statSync(file);
      return [uid, gid, mode & 0o777];
    };
    before(function () {
      // Only root may give files away.
      if (process.getuid?.() !== 0) this.skip();
    });

    it('stays theirs when root adds a key, with its mode', async () => {
      const file = fileOfOwner();
      const {code, output} = await runPostern(['keys', 'new', '--file', file, '--id', 'cd']);
      assert.equal(code, 0, output);
      assert.deepEqual(seen(file), [owner, owner, 0o640]);
      assert.equal(readKeyFile(readFileSync(file, 'utf8'), 'keys').keys?.size, 2);
    });

    it('is not touched by one who could not give it back', async () => {
      const file = fileOfOwner();
      const [folder, before] = [dirname(file), readFileSync(file, 'utf8')];
      chmodSync(file, 0o644);
      chmodSync(folder, 0o777);
      const saved = {write: process.stderr.write, euid: process.geteuid?.() ?? 0};
      const said: string[] = [];
      process.stderr.write = (text: string | Uint8Array) => said.push(String(text)) > 0;
      process.seteuid?.(owner + 1);
      try {
        await newKey({file, id: 'cd'});
      } finally {
        process.seteuid?.(saved.euid);
        process.stderr.write = saved.write;
      }
      assert.equal(process.exitCode, 1);
      process.exitCode = undefined;
      assert.match(said.join(''), /cannot be given back to its owner \(12345:12345\), so it stays as it is: .*EPERM/);
      assert.equal(readFileSync(file, 'utf8'), before);
      assert.deepEqual(seen(file), [owner, owner, 0o644]);
      assert.deepEqual(readdirSync(folder), ['keys.yaml']);
    });
  });

  it('two at once: one of them at least adds its key, and the file stays whole', async () => {
    const file = join(temporaryFolder(), 'keys.yaml');
    const both = await Promise.all(['a', 'b'].map((id) => runPostern(['keys', 'new', '--file', file, '--id', id])));
    const good = both.filter(({code}) => code === 0).map(({output}) => lineOf(output, /^pk_/));
    assert.ok(good.length > 0);
    const {keys} = readKeyFile(readFileSync(file, 'utf8'), 'keys');
    assert.deepEqual([...(keys?.keys() ?? [])].sort(), good.map(hashOfKey).sort());
  });
});

describe('API keys: the whole program', () => {
  it('the example is a good configuration', async () => {
    const example = fileURLToPath(new URL('../../examples/apiKeys.yaml', import.meta.url));
    const {code, output} = await runPostern(['validate', '-c', example]);
    assert.equal(code, 0, output);
  });

  const rules = [
    {name: 'deploy', match: {path: '/deploy'}, require: {kind: 'service', tenant: 't1', roles: ['deployer']}},
    {name: 'any', match: {}, require: {}},
  ];
  const provider = {name: 'keys', type: 'apiKeys', file: 'keys.yaml'};
  const adminToken = 'a-token-for-the-admin-pages';
  const files = {'keys.yaml': fileOf(entryOf('ci', {tenant: 't1', roles: ['deployer']}), entryOf('cd'))};

  it('over gRPC: by header and Basic, added by the command, removed', async () => {
    let postern: Postern | undefined;
    let client: CheckClient | undefined;
    try {
      postern = await startPostern(
        {providers: [provider], rules, log: {decisions: 'all'}, admin: {token: adminToken}},
        {files},
      );
      const {folder} = postern;
      client = makeCheckClient(postern.address);
      const check = async (path: string, name = '', value = '') => {
        const headers: [string, string][] = name === '' ? [] : [[name, value]];
        const answer = await client?.check(checkRequestOf({path, headers}));
        return answer?.okResponse !== undefined ? 'allow' : JSON.parse(answer?.deniedResponse?.body ?? '{}').code;
      };
      const becomes = async (expected: string, key: string) => {
        for (let waited = 0; waited < 5_000; waited += 100) {
          if ((await check('/', 'x-api-key', key)) === expected) return;
          await sleep(100);
        }
        assert.equal(await check('/', 'x-api-key', key), expected);
      };
      assert.equal(await check('/deploy', 'x-api-key', keyOf('ci')), 'allow');
      assert.equal(await check('/deploy', 'authorization', `Basic ${basic('ci', secretOf(keyOf('ci')))}`), 'allow');
      assert.equal(await check('/deploy', 'x-api-key', keyOf('cd')), 'missing_tenant');
      assert.equal(await check('/deploy'), 'no_credential');
      assert.equal(await check('/deploy', 'x-api-key', keyOf('ci', 9)), 'inactive');
      assert.equal(await check('/deploy', 'x-api-key', `${keyOf('ci')},${keyOf('cd')}`), 'duplicate_credential');

      const made = await runPostern(['keys', 'new', '--file', join(folder, 'keys.yaml'), '--id', 'new']);
      const key = made.output.split('\n').find((line) => line.startsWith('pk_')) ?? '';
      await becomes('allow', key);
      const revoked = await fetch(`${postern.adminUrl}/revocations`, {
        method: 'POST',
        headers: {authorization: `Bearer ${adminToken}`, 'content-type': 'application/json'},
        body: JSON.stringify({tokenId: 'ci', provider: 'keys'}),
      });
      assert.ok(revoked.ok, await revoked.text());
      assert.equal(await check('/deploy', 'x-api-key', keyOf('ci')), 'revoked');
      assert.equal(await check('/', 'x-api-key', key), 'allow', 'only this one');
      writeFileSync(join(folder, 'keys.yaml'), fileOf(entryOf('cd')));
      await becomes('inactive', key);
      const logs = postern.logs();
      for (const secret of [key, keyOf('ci'), hashOfKey(key)]) assert.ok(!logs.includes(secretOf(secret)));
    } finally {
      client?.close();
      await postern?.stop();
    }
  });

  it('behind Envoy: the service learns who it is, and never sees the key', async () => {
    let stage: Stage | undefined;
    try {
      stage = await startStage({
        settings: (issuer) => ({
          providers: [
            {...provider, credentials: [{header: 'x-api-key'}, {header: 'authorization', scheme: 'Bearer'}]},
            {name: 'acme', type: 'oidc', issuer, audience: ['orders-api']},
          ],
          rules,
          responses: {identity: {'x-auth-subject': 'subject'}, removeCredential: true},
        }),
        postern: {files},
      });
      const told = async (headers: [string, string][]) => {
        const answer = await stage?.ask({path: '/', headers});
        if (answer?.status !== 200) return `${answer?.status} ${answer?.json().code}`;
        const seen: [string, string][] = answer.json().headers;
        assert.ok(!JSON.stringify(seen).includes(secretOf(keyOf('ci'))));
        return seen.find(([name]) => name === 'x-auth-subject')?.[1];
      };
      assert.equal(await told([['x-api-key', keyOf('ci')]]), 'ci-bot');
      assert.equal(await told([['authorization', `Bearer ${keyOf('ci')}`]]), 'ci-bot');
      const token = await stage.identityProvider.token('alice');
      assert.equal(
        await told([['authorization', `Bearer ${token}`]]),
        'alice',
        'a token of another provider is not swallowed',
      );
      assert.equal(await told([['x-api-key', keyOf('ci', 9)]]), '401 inactive');
    } finally {
      await stage?.stop();
    }
  });
});
