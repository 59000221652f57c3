// Verification of tokens: what holds, what does not and why, and that jose is of the same opinion.
import assert from 'node:assert/strict';
import {constants, KeyObject, sign} from 'node:crypto';
import fc from 'fast-check';
import {createLocalJWKSet, jwtVerify} from 'jose';
import type {Reason} from '../../src/core/refusals.ts';
import {type JwtChecks, makeVerifyJwt, type VerifyJwt} from '../../src/providers/jwt.ts';
import {longestToken, parseJwt} from '../../src/providers/jwtForm.ts';
import {type KeySet, readKeySet} from '../../src/providers/keys.ts';
import {type Algorithm, asymmetric} from '../../src/providers/settings.ts';
import {byRsa, forged, goodClaims, hmac, issuer, makeSigner, now, type Signer, seconds} from './tokens.ts';

const checks: JwtChecks = {
  issuer,
  audience: ['orders-api'],
  algorithms: asymmetric,
  clockTolerance: 0,
  tokenType: undefined,
};

describe('JWT verification', () => {
  const signers = new Map<Algorithm, Signer>();
  let keys: KeySet;
  let verify: VerifyJwt;
  const signer = (alg: Algorithm): Signer => signers.get(alg) as Signer;

  const verifierOf = (set: KeySet, more: Partial<JwtChecks> = {}): VerifyJwt =>
    makeVerifyJwt({find: (kid, algorithm) => set.find(kid, algorithm)}, {...checks, ...more});

  const verdict = async (token: string, by: VerifyJwt = verify, at = now): Promise<Reason | 'verified'> => {
    const parsed = parseJwt(token);
    if (parsed === undefined) return 'malformed_credential';
    return (await by(parsed, at, Number.POSITIVE_INFINITY)).rejected ?? 'verified';
  };

  before(async () => {
    for (const alg of asymmetric) signers.set(alg, await makeSigner(alg, alg));
    const read = await readKeySet({keys: [...signers.values()].map(({jwk}) => jwk)});
    assert.ok(read);
    keys = read;
    verify = verifierOf(keys);
  });

  for (const alg of asymmetric) {
    it(`${alg}: a token of jose is verified, with another signature, algorithm or key it is not`, async () => {
      const token = await signer(alg).token();
      assert.equal(await verdict(token), 'verified');
      const [header, claims, signature] = token.split('.') as [string, string, string];
      assert.equal(await verdict(`${header}.${claims}.`), 'bad_signature');
      assert.equal(await verdict(`${header}.${claims}.${'A'.repeat(signature.length)}`), 'bad_signature');
      assert.equal(await verdict(`${header}.${claims}.AAAA`), 'bad_signature');
      const parsed = parseJwt(token);
      assert.ok(parsed);
      const twice = Buffer.concat([parsed.signature, parsed.signature]).toString('base64url');
      assert.equal(await verdict(`${header}.${claims}.${twice}`), 'bad_signature');
      for (const other of asymmetric.filter((one) => one !== alg)) {
        const relabelled = forged({alg: other, kid: alg}, goodClaims, () => parsed.signature);
        assert.equal(await verdict(relabelled), 'bad_signature', other);
      }
      const others = asymmetric.filter((one) => one !== alg);
      assert.equal(await verdict(token, verifierOf(keys, {algorithms: others})), 'bad_signature');
      const stranger = await makeSigner(alg, alg);
      assert.equal(await verdict(await stranger.token()), 'bad_signature');
      assert.equal(await verdict(await signer(alg).token({}, {kid: 'other'})), 'unknown_key');
    });
  }

  it('takes Ed25519, the name of RFC 9864, for EdDSA', async () => {
    assert.equal(await verdict(await signer('EdDSA').token({}, {alg: 'Ed25519'})), 'verified');
  });

  it('takes ECDSA signatures as r and s only, and PSS with a salt as long as the digest only', async () => {
    const es = {alg: 'ES256', kid: 'ES256'};
    const ps = {alg: 'PS256', kid: 'PS256'};
    const ecKey = KeyObject.from(signer('ES256').privateKey);
    const rsaKey = KeyObject.from(signer('PS256').privateKey);
    const ecdsa = (dsaEncoding: 'der' | 'ieee-p1363') =>
      forged(es, goodClaims, (signed) => sign('sha256', Buffer.from(signed), {key: ecKey, dsaEncoding}));
    const pss = (saltLength: number) =>
      forged(ps, goodClaims, (signed) =>
        sign('sha256', Buffer.from(signed), {key: rsaKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength}),
      );
    assert.equal(await verdict(ecdsa('ieee-p1363')), 'verified');
    assert.equal(await verdict(ecdsa('der')), 'bad_signature');
    assert.equal(await verdict(pss(32)), 'verified');
    for (const length of [0, 20, 64]) assert.equal(await verdict(pss(length)), 'bad_signature');
    const zero = forged(es, goodClaims, () => Buffer.alloc(64));
    assert.equal(await verdict(zero), 'bad_signature', 'r = s = 0 (CVE-2022-21449)');
  });

  describe('attacks', () => {
    const rows: [string, () => Promise<string> | string, Reason][] = [
      ['alg none', () => forged({alg: 'none', kid: 'RS256'}, goodClaims, () => Buffer.alloc(0)), 'bad_signature'],
      ['alg NoNe', () => forged({alg: 'NoNe', kid: 'RS256'}, goodClaims, () => Buffer.alloc(0)), 'bad_signature'],
      ['no alg', () => forged({kid: 'RS256'}, goodClaims, () => Buffer.alloc(0)), 'bad_signature'],
      ['alg of another type', () => forged({alg: ['RS256']}, goodClaims, () => Buffer.alloc(0)), 'bad_signature'],
      ['alg __proto__', () => forged('{"alg":"__proto__"}', goodClaims, () => Buffer.alloc(0)), 'bad_signature'],
      [
        'HS256 with the RSA key in PEM as secret',
        () => forged({alg: 'HS256', kid: 'RS256'}, goodClaims, hmac(signer('RS256').pem)),
        'bad_signature',
      ],
      [
        'HS256 with the modulus as secret',
        () => forged({alg: 'HS256', kid: 'RS256'}, goodClaims, hmac(signer('RS256').jwk.n ?? '')),
        'bad_signature',
      ],
      ['crit', () => signerToken({crit: ['exp'], exp: 1}), 'malformed_credential'],
      ['crit that is empty', () => rsaForged({crit: []}), 'malformed_credential'],
      ['crit null', () => rsaForged({crit: null}), 'malformed_credential'],
      ['b64 false', () => rsaForged({b64: false}), 'malformed_credential'],
      ['kid of another type', () => rsaForged({kid: 7}), 'malformed_credential'],
      ['kid null', () => rsaForged({kid: null}), 'malformed_credential'],
      ['kid __proto__', () => rsaForged({kid: '__proto__'}), 'unknown_key'],
      ['kid constructor', () => rsaForged({kid: 'constructor'}), 'unknown_key'],
      ['kid of a path', () => rsaForged({kid: '../../dev/null'}), 'unknown_key'],
      ['no kid, and a key that is not published', () => stranger(() => ({kid: undefined})), 'bad_signature'],
      ['a key of its own (jwk)', () => stranger((own) => ({jwk: own.jwk})), 'bad_signature'],
      ['a key of its own, by kid', () => stranger((own) => ({jwk: own.jwk, kid: 'own'})), 'unknown_key'],
      ['keys elsewhere (jku)', () => stranger(() => ({jku: 'http://127.0.0.1:1/jwks'})), 'bad_signature'],
      ['a certificate elsewhere (x5u)', () => stranger(() => ({x5u: 'http://127.0.0.1:1/x'})), 'bad_signature'],
      ['a certificate inside (x5c)', () => stranger(() => ({x5c: ['AAAA']})), 'bad_signature'],
      ['a certificate hash', () => stranger(() => ({x5t: 'AAAA', 'x5t#S256': 'AAAA'})), 'bad_signature'],
    ];
    const signerToken = (header: object) => rsaForged(header);
    const rsaForged = (header: object) =>
      forged({alg: 'RS256', kid: 'RS256', ...header}, goodClaims, byRsa(KeyObject.from(signer('RS256').privateKey)));
    const stranger = async (header: (own: Signer) => object) => {
      const own = await makeSigner('RS256', 'RS256');
      return own.token({}, header(own));
    };
    for (const [what, make, reason] of rows) {
      it(`${what}: ${reason}`, async () => assert.equal(await verdict(await make()), reason));
    }
    it('no kid, where several keys fit: each is tried', async () => {
      assert.equal(await verdict(rsaForged({kid: undefined})), 'verified');
    });
    it('the rows above are refused for their own sake: the same token without the trick is verified', async () => {
      assert.equal(await verdict(rsaForged({})), 'verified');
    });
  });

  describe('the form of a token', () => {
    const signature = () => Buffer.alloc(256, 7);
    const good = () => forged({alg: 'RS256'}, goodClaims, signature);
    const rows: [string, () => string][] = [
      ['empty', () => ''],
      ['one part', () => 'abc'],
      ['two parts', () => good().split('.').slice(0, 2).join('.')],
      ['four parts', () => `${good()}.AAAA`],
      ['five parts (a JWE)', () => 'e30.AA.AA.AA.AA'],
      ['padding', () => `${good()}==`],
      ['the other alphabet', () => good().replace(/.$/, '+')],
      ['a space', () => `${good()} `],
      ['a line break within', () => good().replace('.', '\n.')],
      ['bits after the end', () => good().replace(/.$/, 'x')],
      ['a header that is no JSON', () => forged('x', goodClaims, signature)],
      ['a header that is a list', () => forged([], goodClaims, signature)],
      ['a header that is null', () => forged(null, goodClaims, signature)],
      ['claims that are a string', () => forged({alg: 'RS256'}, '"x"', signature)],
      ['claims that are a number', () => forged({alg: 'RS256'}, '1', signature)],
      ['claims with a byte order mark', () => forged({alg: 'RS256'}, '\ufeff{}', signature)],
      [
        'claims that are not UTF-8',
        () => good().replace(/\.[^.]*\./, `.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.`),
      ],
      ['too long', () => forged({alg: 'RS256'}, {...goodClaims, x: 'x'.repeat(longestToken)}, signature)],
      ['nested too deep', () => forged({alg: 'RS256'}, `{"x":${'['.repeat(9_000)}`, signature)],
    ];
    for (const [what, make] of rows) it(`${what}: cannot be read`, () => assert.equal(parseJwt(make()), undefined));
    it('can be read without these', () => assert.deepEqual(parseJwt(good())?.claims, goodClaims));
    it('keeps __proto__ as a claim like any other', () => {
      const parsed = parseJwt(forged('{"alg":"RS256"}', '{"__proto__":{"sub":"x"}}', signature));
      assert.equal(parsed?.claims.sub, undefined);
    });
    it('never throws, whatever comes', () => {
      fc.assert(fc.property(fc.string(), (text) => parseJwt(text) === undefined));
      fc.assert(
        fc.property(fc.array(fc.base64String(), {minLength: 3, maxLength: 3}), (parts) => {
          parseJwt(parts.join('.'));
        }),
      );
    });
  });

  describe('claims and times', () => {
    const rows: [string, object, Reason | 'verified', Partial<JwtChecks>?, object?][] = [
      ['another issuer', {iss: 'https://id.acme.example/'}, 'wrong_issuer'],
      ['issuer of another type', {iss: [issuer]}, 'wrong_issuer'],
      ['no issuer', {iss: undefined}, 'missing_claim'],
      ['no issuer, none asked for', {iss: undefined}, 'verified', {issuer: undefined}],
      ['another audience', {aud: 'billing'}, 'wrong_audience'],
      ['audience among others', {aud: ['billing', 'orders-api']}, 'verified'],
      ['empty audience', {aud: []}, 'wrong_audience'],
      ['audience of another type', {aud: {0: 'orders-api'}}, 'wrong_audience'],
      ['audience as part of a string', {aud: 'orders-api billing'}, 'wrong_audience'],
      ['no audience', {aud: undefined}, 'missing_claim'],
      ['no audience, none asked for', {aud: undefined}, 'verified', {audience: 'any'}],
      ['the second of two audiences', {aud: 'b'}, 'verified', {audience: ['a', 'b']}],
      ['expiring in a second', {exp: seconds + 1}, 'verified'],
      ['expiring now', {exp: seconds}, 'token_expired'],
      ['expired a second ago', {exp: seconds - 1}, 'token_expired'],
      ['expired 4 s ago, tolerance 5 s', {exp: seconds - 4}, 'verified', {clockTolerance: 5_000}],
      ['expired 5 s ago, tolerance 5 s', {exp: seconds - 5}, 'token_expired', {clockTolerance: 5_000}],
      ['no exp', {exp: undefined}, 'missing_claim'],
      ['exp as a string', {exp: `${seconds + 9}`}, 'malformed_credential'],
      ['exp null', {exp: null}, 'malformed_credential'],
      ['exp with a fraction', {exp: seconds + 0.5}, 'verified'],
      ['good from now on', {nbf: seconds}, 'verified'],
      ['good in a second', {nbf: seconds + 1}, 'token_not_yet_valid'],
      ['good in 5 s, tolerance 5 s', {nbf: seconds + 5}, 'verified', {clockTolerance: 5_000}],
      ['good in 6 s, tolerance 5 s', {nbf: seconds + 6}, 'token_not_yet_valid', {clockTolerance: 5_000}],
      ['nbf as a string', {nbf: '1'}, 'malformed_credential'],
      ['issued now', {iat: seconds}, 'verified'],
      ['issued in a second', {iat: seconds + 1}, 'token_not_yet_valid'],
      ['issued in 5 s, tolerance 5 s', {iat: seconds + 5}, 'verified', {clockTolerance: 5_000}],
      ['issued in 6 s, tolerance 5 s', {iat: seconds + 6}, 'token_not_yet_valid', {clockTolerance: 5_000}],
      ['iat as a string', {iat: 'x'}, 'malformed_credential'],
      ['no iat', {iat: undefined}, 'verified'],
      ['typ JWT', {}, 'verified', {}, {typ: 'JWT'}],
      ['typ at+jwt', {}, 'verified', {}, {typ: 'at+jwt'}],
      ['typ of an id token', {}, 'wrong_token_type', {}, {typ: 'id+jwt'}],
      ['typ of a logout token', {}, 'wrong_token_type', {}, {typ: 'logout+jwt'}],
      ['typ of another type', {}, 'wrong_token_type', {}, {typ: 1}],
      ['at+jwt asked for and sent', {}, 'verified', {tokenType: 'at+jwt'}, {typ: 'AT+jwt'}],
      ['at+jwt sent in full', {}, 'verified', {tokenType: 'at+jwt'}, {typ: 'application/at+jwt'}],
      ['at+jwt asked for, JWT sent', {}, 'wrong_token_type', {tokenType: 'at+jwt'}, {typ: 'JWT'}],
      ['at+jwt asked for, nothing sent', {}, 'wrong_token_type', {tokenType: 'at+jwt'}],
    ];
    for (const [what, claims, expected, more, header] of rows) {
      it(`${what}: ${expected}`, async () => {
        const token = await signer('EdDSA').token(claims, header);
        assert.equal(await verdict(token, verifierOf(keys, more)), expected);
      });
    }
    it('exp beyond all numbers cannot be read', async () => {
      const key = KeyObject.from(signer('RS256').privateKey);
      const token = forged(
        {alg: 'RS256', kid: 'RS256'},
        JSON.stringify(goodClaims).replace(/"exp":\d+/, '"exp":1e999'),
        byRsa(key),
      );
      assert.equal(await verdict(token), 'malformed_credential');
    });
  });

  it('no token with one character changed is verified', async () => {
    const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ '.split('');
    for (const alg of ['RS256', 'ES256', 'EdDSA'] as const) {
      const token = await signer(alg).token();
      const change = fc.tuple(fc.nat(token.length - 1), fc.constantFrom(...characters));
      await fc.assert(
        fc.asyncProperty(change, async ([at, character]) => {
          if (token[at] === character) return;
          assert.notEqual(await verdict(token.slice(0, at) + character + token.slice(at + 1)), 'verified');
        }),
        {numRuns: 150},
      );
      for (const character of characters) {
        const changed = token.slice(0, -1) + character;
        if (changed !== token) assert.notEqual(await verdict(changed), 'verified', `${alg}, last ${character}`);
      }
    }
  });

  /** Where we differ from jose, each on purpose. */
  const knownDifferences: [string, (claims: Record<string, unknown>) => boolean][] = [
    ['jose takes a token without exp, unless told to require it', ({exp}) => exp === undefined],
    ['jose takes a token from the future, unless maxTokenAge is set', ({iat}) => Number(iat) > seconds],
  ];

  it('agrees with jose on a few hundred claim sets, known differences excepted', async () => {
    const local = createLocalJWKSet({keys: [signer('EdDSA').jwk]});
    const near = fc.option(
      fc.oneof(
        fc.integer({min: seconds - 8, max: seconds + 8}),
        fc.constantFrom<unknown>('1', null, -1, true, seconds + 0.25),
      ),
      {nil: undefined, freq: 6},
    );
    const mostly = (good: fc.Arbitrary<unknown>, bad: fc.Arbitrary<unknown>) =>
      fc.oneof({weight: 3, arbitrary: good}, {weight: 1, arbitrary: bad});
    const some = fc.record({
      iss: mostly(fc.constant<unknown>(issuer), fc.constantFrom<unknown>('x', undefined, null, [issuer])),
      aud: mostly(
        fc.constantFrom<unknown>('orders-api', ['orders-api', 'x']),
        fc.constantFrom<unknown>([], 'x', undefined, null, 7, {}),
      ),
      sub: fc.constantFrom<unknown>('u1', undefined),
      exp: fc.oneof({weight: 3, arbitrary: fc.constant<unknown>(seconds + 100)}, {weight: 2, arbitrary: near}),
      nbf: fc.oneof({weight: 2, arbitrary: fc.constant<unknown>(undefined)}, {weight: 1, arbitrary: near}),
      iat: fc.oneof({weight: 2, arbitrary: fc.constant<unknown>(seconds)}, {weight: 1, arbitrary: near}),
    });
    const seen = {verified: 0, refused: 0};
    await fc.assert(
      fc.asyncProperty(some, fc.constantFrom(0, 5), async (claims, tolerance) => {
        if (knownDifferences.some(([, differs]) => differs(claims))) return;
        const token = await signer('EdDSA').token(claims);
        const ours = await verdict(token, verifierOf(keys, {clockTolerance: tolerance * 1000}));
        const theirs = await jwtVerify(token, local, {
          issuer,
          audience: 'orders-api',
          clockTolerance: tolerance,
          currentDate: new Date(now),
          algorithms: ['EdDSA'],
        }).then(
          () => 'verified',
          (error: {code?: string}) => error.code,
        );
        assert.equal(ours === 'verified', theirs === 'verified', `ours ${ours}, jose's ${theirs}`);
        seen[ours === 'verified' ? 'verified' : 'refused'] += 1;
      }),
      {numRuns: 400},
    );
    assert.ok(seen.verified > 20 && seen.refused > 20, JSON.stringify(seen));
  });
});
