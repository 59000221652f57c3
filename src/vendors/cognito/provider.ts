// Amazon Cognito: access tokens of one user pool, bound to its app clients.
import {makeOidcProvider} from '../../providers/oidc.ts';
import type {Provider} from '../../providers/provider.ts';
import type {VendorParts} from '../vendor.ts';
import {claimPaths, makeReadCognitoPrincipal} from './claims.ts';
import type {CognitoSettings} from './settings.ts';

/** As tokens name it: the pool below an address of its region. China is a part of AWS of its own. */
export const issuerOf = ({userPoolId, issuer}: Pick<CognitoSettings, 'userPoolId' | 'issuer'>): string => {
  const [region = ''] = userPoolId.split('_');
  const host = issuer === 'updated' ? 'issuer-cognito-idp' : 'cognito-idp';
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://${host}.${region}.${domain}/${userPoolId}`;
};

/** They have no `aud` unless the client asked for a resource (RFC 8707), so the client is what binds them. */
export const makeCognitoProvider = (settings: CognitoSettings, parts: VendorParts): Provider => {
  const {userPoolId, clients, audience = 'any', endpoint} = settings;
  const issuer = issuerOf(settings);
  const base = endpoint === undefined ? issuer : `${endpoint}/${userPoolId}`;
  return makeOidcProvider(
    {
      ...settings,
      issuer,
      clients: clients === 'any' ? undefined : clients,
      audience,
      jwksUri: `${base}/.well-known/jwks.json`,
      algorithms: ['RS256'],
      tokenType: undefined,
      claims: claimPaths(settings),
    },
    parts,
    makeReadCognitoPrincipal(settings),
  );
};
