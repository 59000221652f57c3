// Keys of a gateway before: the file has their SHA-256, and whoever has one goes on with it; the commands that keep the file.
import assert from 'node:assert/strict';
import {hash} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {makeCredentialFinder} from '../../src/core/credential/credential.ts';
import {makeApiKeysProvider} from '../../src/providers/apiKeys.ts';
import {apiKeyOf, hashOfKey} from '../../src/providers/apiKeysForm.ts';
import {apiKeysSettings} from '../../src/providers/apiKeysSettings.ts';
import {temporaryFolder} from '../support/ports.ts';
import {runPostern} from '../support/postern.ts';
import {request} from '../support/requests.ts';

const old = 'sk_live_4eC39HqLyjWDarjtT1zdp7dc';
const ours = apiKeyOf('ci', Buffer.alloc(32, 7));
const hex = hash('sha256', old, 'hex');
const base64url = hash('sha256', old, 'base64url');
const basic = (pair: string) => ({authorization: `Basic ${Buffer.from(pair).toString('base64')}`});
const bearerPlaces = {credentials: [{header: 'authorization', scheme: 'Bearer'}]};

describe('API keys of before', () => {
  const ask = async (written: string, headers: Record<string, string>, settings: object = {}): Promise<string> => {
    const file = join(temporaryFolder(), 'keys.yaml');
    writeFileSync(
      file,
      `keys:\n  - {id: c1, hash: '${written}', subject: customer-1}\n  - {id: ci, hash: '${hashOfKey(ours)}', subject: ci}\n`,
    );
    const log = {info: () => {}, warn: () => {}};
    const parts = {now: Date.now, after: () => () => {}, log};
    const provider = makeApiKeysProvider(
      apiKeysSettings.parse({type: 'apiKeys', name: 'keys', file, ...settings}),
      parts,
    );
    await provider.start?.();
    const asked = request('/', {headers});
    const found = makeCredentialFinder([provider])(asked);
    if (found.found !== 'credential') return found.found;
    const context = {request: asked, now: Date.now(), deadline: Number.POSITIVE_INFINITY};
    const {verified, rejected} = await provider.authenticate(found.credential, context);
    await provider.close?.();
    return verified?.subject ?? rejected ?? '';
  };
  const rows: [string, string, Record<string, string>, string, object?][] = [
    ['by its hash in base64url', `sha256:${base64url}`, {'x-api-key': old}, 'customer-1'],
    ['by its hash in hex', `sha256:${hex}`, {'x-api-key': old}, 'customer-1'],
    ['by its hash in upper case', `sha256:${hex.toUpperCase()}`, {'x-api-key': old}, 'customer-1'],
    ['another one', `sha256:${hex}`, {'x-api-key': `${old}x`}, 'inactive'],
    ['the hash itself is no key', `sha256:${hex}`, {'x-api-key': hex}, 'inactive'],
    ['as the password of its id', `sha256:${hex}`, basic(`c1:${old}`), 'customer-1'],
    ['as the password of another id', `sha256:${hex}`, basic(`ci:${old}`), 'inactive'],
    ['as a user name without password', `sha256:${hex}`, basic(`${old}:`), 'customer-1'],
    ['nothing at all by Basic', `sha256:${hex}`, basic(':'), 'inactive'],
    ['one of ours beside it, by Basic', `sha256:${hex}`, basic(`ci:${ours.slice('pk_ci_'.length)}`), 'ci'],
    [
      'one of ours under the id of a key of before',
      hashOfKey(apiKeyOf('other', Buffer.alloc(32, 9))),
      {'x-api-key': apiKeyOf('other', Buffer.alloc(32, 9))},
      'inactive',
    ],
    ['as a bearer', `sha256:${hex}`, {authorization: `Bearer ${old}`}, 'customer-1', bearerPlaces],
    [
      'a stranger as a bearer is nobody',
      `sha256:${hex}`,
      {authorization: 'Bearer opaque'},
      'unsupported',
      bearerPlaces,
    ],
    [
      'what looks like a JWT is none',
      hashOfKey('eyJh.e30.AA'),
      {authorization: 'Bearer eyJh.e30.AA'},
      'unsupported',
      bearerPlaces,
    ],
  ];
  for (const [what, written, headers, answer, settings] of rows) {
    it(`${what}: ${answer}`, async () => assert.equal(await ask(written, headers, settings), answer));
  }
});

describe('postern keys add, disable, rotate, list', () => {
  const file = join(temporaryFolder(), 'keys.yaml');
  const run = async (...args: string[]) => runPostern(['keys', ...args, '--file', file]);

  it('add: by the hash of a key that exists', async () => {
    writeFileSync(file, '# ours\nkeys: []\n');
    const {code, output} = await run('add', '--hash', hex, '--id', 'c1', '--subject', 'customer-1', '--tenant', 't1');
    assert.equal(code, 0, output);
    assert.ok(readFileSync(file, 'utf8').includes(`sha256:${base64url}`));
  });
  const bad: [string[], RegExp][] = [
    [['add', '--hash', old], /never the key itself/],
    [['add', '--hash', hex, '--id', 'c2'], /is the hash of another key/],
    [['disable', 'c9'], /has no key "c9"; it has c1/],
    [['rotate', 'c1', '--overlap', 'soon'], /--overlap soon/],
  ];
  for (const [args, words] of bad) {
    it(`${args.join(' ').replace(hex, '<sha256>')}: nothing is changed`, async () => {
      const before = readFileSync(file, 'utf8');
      const {code, output} = await run(...args);
      assert.equal(code, 1);
      assert.match(output, words);
      assert.ok(!output.includes(old));
      assert.equal(readFileSync(file, 'utf8'), before);
    });
  }
  it('rotate: a new key beside the old one, which ends', async () => {
    const {output} = await run('rotate', 'c1');
    assert.match(output, /^pk_c1-2_/m);
    assert.match(output, /"c1" is good for 24 h more/);
  });
  it('disable', async () => assert.equal((await run('disable', 'c1-2')).code, 0));
  it('list: without hashes; comments are where they were', async () => {
    const {output} = await run('list');
    assert.match(output, /^c1 {2}good {2}subject=customer-1 {2}tenant=t1 {2}expires=/m);
    assert.match(output, /^c1-2 {2}disabled {2}subject=customer-1 {2}tenant=t1$/m);
    assert.doesNotMatch(output, /sha256/);
    assert.match(readFileSync(file, 'utf8'), /^# ours/);
  });
});
