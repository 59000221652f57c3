// Frontier's session cookie: made by the Go library that Frontier uses, read by ours; and every change of it refused.
import assert from 'node:assert/strict';
import {createCipheriv, createHmac} from 'node:crypto';
import {readFileSync} from 'node:fs';
import fc from 'fast-check';
import {isTooOld, makeOpenCookie, remembering} from '../../src/vendors/frontier/secureCookie.ts';

interface Made {
  readonly hashKey: string;
  readonly blockKey: string;
  readonly session: string;
  readonly cookie: string;
}

/** Made by the Go library with a fixed time and nonce. */
const fixed: Made = {
  hashKey: 'hash-secret-should-be-32-chars--',
  blockKey: 'block-secret-should-be-32-chars-',
  session: '5b3f2c1e-8d4a-4f6b-9c7e-0a1b2c3d4e5f',
  cookie:
    'MTcwMDAwMDAwMHxBQUVDQXdRRkJnY0lDUW9MREEwT0QtR3h3OFN3VnpXbi1jaUhaek0wZ1Y5Wm9EblllOVdUV25mNHEycHRYTjhyWnlHcDA4TjZONzg9fAzkVuB5O28xnRKr352a-OhMnlqrDeZ6cDSPOKLe5PLE',
};
const {cookies}: {readonly cookies: readonly Made[]} = JSON.parse(
  readFileSync(new URL('./frontierCookies.json', import.meta.url), 'utf8'),
);
const all = [fixed, ...cookies];
const open = makeOpenCookie(fixed);

/** Base64url with padding, as Go writes it. */
const written = (bytes: Buffer): string => bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');

/** A cookie with a good HMAC around whatever is inside. */
const sealedWith = (value: string, {seconds = '1700000000', name = 'sid', keys = fixed as Made} = {}): string => {
  const mac = createHmac('sha256', keys.hashKey).update(`${name}|${seconds}|${value}`).digest();
  return written(Buffer.concat([Buffer.from(`${seconds}|${value}|`), mac]));
};
const encrypted = (gob: Buffer, {keys = fixed as Made, iv = Buffer.alloc(16, 7)} = {}): string => {
  const cipher = createCipheriv('aes-256-ctr', keys.blockKey, iv);
  return written(Buffer.concat([iv, cipher.update(gob)]));
};
const gobOf = (text: string): Buffer =>
  Buffer.concat([Buffer.from([text.length + 3, 0x0c, 0x00, text.length]), Buffer.from(text)]);

describe("Frontier's session cookie", () => {
  it('the published vector', () => {
    assert.deepEqual(open(fixed.cookie), {opened: 'session', id: fixed.session, at: 1_700_000_000});
  });

  it('a hundred that the Go library made', () => {
    assert.equal(cookies.length, 100);
    for (const made of cookies) {
      const opened = makeOpenCookie(made)(made.cookie);
      assert.equal(opened.opened === 'session' && opened.id, made.session);
      assert.ok(opened.opened === 'session' && opened.at > 1_700_000_000);
    }
  });

  it('none of them with the keys of another', () => {
    for (const [index, made] of all.entries()) {
      const other = all[(index + 1) % all.length] as Made;
      assert.equal(makeOpenCookie(other)(made.cookie).opened, 'forged');
      assert.equal(makeOpenCookie({...made, hashKey: other.hashKey})(made.cookie).opened, 'forged');
      // The HMAC holds, and what is inside is noise.
      assert.equal(makeOpenCookie({...made, blockKey: other.blockKey})(made.cookie).opened, 'forged');
    }
  });

  it('every one-byte change of each is refused', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    let changes = 0;
    for (const made of all) {
      const reader = makeOpenCookie(made);
      for (let at = 0; at < made.cookie.length; at++) {
        const was = made.cookie[at] as string;
        const turned = alphabet[alphabet.indexOf(was) ^ 1] as string;
        const far = alphabet[(alphabet.indexOf(was) + 32) % 64] as string;
        for (const to of [turned, far, '=', '+', '|', '']) {
          const changed = made.cookie.slice(0, at) + to + made.cookie.slice(at + 1);
          if (changed === made.cookie) continue;
          changes += 1;
          assert.notEqual(reader(changed).opened, 'session', `${changed} at ${at}`);
        }
      }
    }
    assert.ok(changes > 90_000);
  });

  it('every other byte in every place of the vector is refused', () => {
    for (let at = 0; at < fixed.cookie.length; at++) {
      for (let code = 0; code < 256; code++) {
        const changed = fixed.cookie.slice(0, at) + String.fromCharCode(code) + fixed.cookie.slice(at + 1);
        if (changed !== fixed.cookie) assert.notEqual(open(changed).opened, 'session');
      }
    }
  });

  const rows: readonly [what: string, cookie: string, opened: 'foreign' | 'forged'][] = [
    ['nothing', '', 'foreign'],
    ['a word', 'hello', 'foreign'],
    ['a UUID', fixed.session, 'foreign'],
    ['a JWT', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2ln', 'foreign'],
    ['the standard alphabet', `+/${fixed.cookie.slice(2)}`, 'foreign'],
    ['no padding', written(Buffer.from('1700000000|x|m')).replace(/=+$/, ''), 'foreign'],
    ['padding at the end of a good one', `${fixed.cookie}=`, 'foreign'],
    ['a line break, which Go skips', `${fixed.cookie.slice(0, 76)}\n${fixed.cookie.slice(76)}`, 'foreign'],
    ['two bars only by chance', written(Buffer.from('12a|x|y')), 'foreign'],
    ['a time that is no number', sealedWith(encrypted(gobOf(fixed.session)), {seconds: '-1'}), 'foreign'],
    ['longer than 4096', sealedWith(encrypted(gobOf('x'.repeat(100) + fixed.session)).padEnd(4_096, 'A')), 'foreign'],
    ['no mac', written(Buffer.from('1700000000|AAAA|')), 'forged'],
    ['a short mac', written(Buffer.from('1700000000|AAAA|short')), 'forged'],
    ['another name', sealedWith(encrypted(gobOf(fixed.session)), {name: 'oid'}), 'forged'],
    ['a good mac around nothing', sealedWith(''), 'forged'],
    ['a good mac around a nonce alone', sealedWith(written(Buffer.alloc(16))), 'forged'],
    ['a good mac around text', sealedWith('plain text!'), 'forged'],
    ['a session that is no UUID', sealedWith(encrypted(gobOf('x'.repeat(36)))), 'forged'],
    ['a session of another length', sealedWith(encrypted(gobOf('5b3f2c1e'))), 'forged'],
    [
      'bytes after the session',
      sealedWith(encrypted(Buffer.concat([gobOf(fixed.session), Buffer.from('x')]))),
      'forged',
    ],
    [
      'another type of gob',
      sealedWith(encrypted(Buffer.concat([Buffer.from([39, 4, 0, 36]), Buffer.from(fixed.session)]))),
      'forged',
    ],
  ];
  for (const [what, cookie, opened] of rows) it(`${what}: ${opened}`, () => assert.equal(open(cookie).opened, opened));

  it('what the maker of these rows seals, opens', () => {
    const cookie = sealedWith(encrypted(gobOf(fixed.session.toUpperCase())));
    assert.deepEqual(open(cookie), {opened: 'session', id: fixed.session, at: 1_700_000_000});
  });

  it('text of any kind never throws, and never opens', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({unit: 'binary', maxLength: 300}), fc.base64String()), (text) => {
        assert.notEqual(open(text).opened, 'session');
      }),
    );
  });

  it('is opened once, and what is remembered is bounded; what is forged is not remembered', () => {
    const asked: string[] = [];
    const reader = remembering((cookie) => {
      asked.push(cookie);
      return cookie.startsWith('bad') ? {opened: 'forged'} : {opened: 'session', id: cookie, at: 1};
    });
    for (const cookie of ['first', 'first', 'bad', 'bad']) reader(cookie);
    assert.deepEqual(asked, ['first', 'bad', 'bad']);
    for (let of = 0; of < 9_999; of++) reader(`a${of}`);
    asked.length = 0;
    assert.deepEqual(reader('first'), {opened: 'session', id: 'first', at: 1});
    assert.deepEqual(asked, [], 'what is in use is kept');
    for (let of = 0; of < 25_000; of++) reader(`b${of}`);
    asked.length = 0;
    reader('first');
    assert.deepEqual(asked, ['first']);
  });

  it('is too old after thirty days, as for the library', () => {
    const at = 1_700_000_000;
    assert.equal(isTooOld(at, (at + 2_592_000) * 1_000), false);
    assert.equal(isTooOld(at, (at + 2_592_000) * 1_000 + 1), true);
  });
});
