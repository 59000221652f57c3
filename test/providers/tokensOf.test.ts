// A token is taken apart once a request, however many providers might have issued it.
import assert from 'node:assert/strict';
import {makeCredentialFinder} from '../../src/core/credential/credential.ts';
import {misfitOfFound} from '../../src/core/credential/notFound.ts';
import {makeOidcProvider} from '../../src/providers/oidc.ts';
import {oidcSettings} from '../../src/providers/oidcSettings.ts';
import {isParsed, tokenOf} from '../../src/providers/tokensOf.ts';
import {request} from '../support/requests.ts';

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (issuer: string) => `${part({alg: 'RS256'})}.${part({iss: issuer})}.c2ln`;
const parts = {
  call: () => Promise.reject(new Error('nobody is called')),
  cache: {get: () => undefined, set: () => undefined},
  now: () => 0,
  random: () => 0.5,
  after: () => () => {},
};
const provider = (_: unknown, at: number) =>
  makeOidcProvider(
    oidcSettings.parse({
      type: 'oidc',
      name: `p${at}`,
      issuer: `https://id${at}.example`,
      jwksUri: 'https://id.example/jwks',
      audience: ['api'],
    }),
    parts,
  );

describe('the tokens of a request', () => {
  it('are taken apart once, good or bad', () => {
    const asked = request('/');
    const good = token('x');
    assert.equal(isParsed(asked, good), false);
    assert.equal(tokenOf(asked, good), tokenOf(asked, good));
    assert.equal(tokenOf(asked, 'bad'), undefined);
    assert.ok(isParsed(asked, good) && isParsed(asked, 'bad'));
    assert.equal(isParsed(request('/'), good), false);
  });

  for (const [issuer, whose] of [
    ['https://id10.example', 'p10'],
    ['https://other.example', 'unsupported'],
  ] as const) {
    it(`eleven providers read that of ${issuer} once`, () => {
      const providers = Array.from({length: 11}, provider);
      const find = makeCredentialFinder(providers);
      const {parse} = JSON;
      let parsed = 0;
      JSON.parse = (...of) => {
        parsed++;
        return parse(...of);
      };
      try {
        const asked = request('/', {headers: {authorization: `Bearer ${token(issuer)}`}});
        const found = find(asked);
        if (found.found !== 'credential') misfitOfFound(found, asked, providers);
        assert.equal(found.found === 'credential' ? found.provider.name : found.found, whose);
      } finally {
        JSON.parse = parse;
      }
      assert.equal(parsed, 2, 'header and claims');
    });
  }
});
