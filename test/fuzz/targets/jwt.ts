// JSON Web Tokens, well signed or not: none is let in that jose would refuse.
import {KeyObject, sign} from 'node:crypto';
import {createLocalJWKSet, jwtVerify} from 'jose';
import {openGate, textOf} from '../gate.ts';
import {must, type Target} from '../target.ts';

const claims = '{"iss":"{issuer}","aud":"api","sub":"u1","iat":1700000000,"exp":4000000000}';

/** An input is two lines, header and claims, which are signed as they stand; or with `=`, a token as it stands. */
export const jwt: Target = {
  name: 'jwt',
  seeds: [
    `{"alg":"ES256","kid":"k1"}\n${claims}`,
    `{"alg":"ES256"}\n${claims}`,
    `{"alg":"none"}\n${claims}`,
    `{"alg":"ES256","typ":"at+jwt","crit":["exp"]}\n${claims}`,
    '=e30.e30.',
    '=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.AAAA',
  ],
  words: ['ES256', 'RS256', 'HS256', 'EdDSA', 'none', 'kid', 'typ', 'JWT', 'at+jwt', 'crit', 'b64', 'jwk', 'jku', 'x5c', 'k1', '{issuer}', 'api', 'nbf', 'exp', 'iat', 'cnf', 'at_hash', '4000000000'], // biome-ignore format: a table
  longest: 40_000,
  async open() {
    const gate = await openGate();
    const key = KeyObject.from(gate.signer.privateKey);
    const keys = createLocalJWKSet({keys: [gate.signer.jwk]});
    const part = (text: string) => Buffer.from(text, 'utf8').toString('base64url');
    const signed = (header: string, body: string): string => {
      const input = `${part(header)}.${part(body)}`;
      return `${input}.${sign('sha256', Buffer.from(input), {key, dsaEncoding: 'ieee-p1363'}).toString('base64url')}`;
    };
    return {
      async run(input) {
        const text = textOf(input).replaceAll('{issuer}', gate.issuer);
        const [header = '', ...rest] = text.split('\n');
        const token = text.startsWith('=') ? text.slice(1) : signed(header, rest.join('\n'));
        const {allowed} = await gate.ask({path: '/private/x', headers: {authorization: `Bearer ${token}`}});
        if (!allowed) return undefined;
        const said = await jwtVerify(token, keys, {
          issuer: gate.issuer,
          audience: 'api',
          algorithms: ['ES256'],
          requiredClaims: ['exp', 'sub'],
          clockTolerance: 5,
        }).catch((error: unknown) => error);
        return () => must(!(said instanceof Error), `let in, and jose says ${String(said)}`);
      },
      close: gate.close,
    };
  },
};
