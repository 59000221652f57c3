// An issuer of tokens under many names: what a provider signs, with the times that a test wants.
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {makeSigningKey} from '../support/vendors/signing.ts';
import type {Token} from './history.ts';

export interface Issuer {
  /** The providers of a configuration, each an issuer of its own with the same keys. */
  readonly providers: readonly object[];
  token(said: Omit<Token, 'text'>): Promise<Token>;
  close(): void;
}

/** Seconds for which a token is good: longer than any step of a clock. */
const life = 400 * 86_400;

export const startIssuer = async (names: readonly string[], clockTolerance: string): Promise<Issuer> => {
  const key = await makeSigningKey('k1');
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({keys: [key.jwk]}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    providers: names.map((name) => ({
      name,
      type: 'oidc',
      issuer: `${base}/${name}`,
      jwksUri: `${base}/jwks`,
      audience: ['orders-api'],
      clockTolerance,
      claims: {tenant: 'org_id'},
    })),
    async token(said) {
      const {provider, subject, tenant, sessionId, tokenId, issuedAt, signedInAt} = said;
      const text = await key.sign({
        iss: `${base}/${provider}`,
        aud: 'orders-api',
        sub: subject,
        org_id: tenant,
        sid: sessionId,
        jti: tokenId,
        iat: issuedAt,
        auth_time: signedInAt,
        exp: issuedAt + life,
      });
      return {...said, text};
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
