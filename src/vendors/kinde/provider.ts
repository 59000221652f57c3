// Kinde: access tokens of users and machines are JWTs; API keys are asked about.
import {makeProviderOfKinds} from '../../providers/kinds.ts';
import {makeOidcProvider} from '../../providers/oidc.ts';
import type {Provider} from '../../providers/provider.ts';
import type {VendorParts} from '../vendor.ts';
import {makeApiKeys} from './apiKeys.ts';
import {makeReadKindePrincipal, paths} from './claims.ts';
import type {KindeSettings} from './settings.ts';

/**
 * Tokens are checked for signature (RS256, which is all that Kinde signs with), issuer, audience and times; a key of
 * Kinde's form goes to the management API if `apiKeys` is set, and is otherwise not accepted.
 */
export const makeKindeProvider = (settings: KindeSettings, parts: VendorParts): Provider => {
  const {name, domain, apiKeys} = settings;
  const tokens = makeOidcProvider(
    {...settings, issuer: domain, algorithms: ['RS256'], tokenType: undefined, claims: paths},
    parts,
    makeReadKindePrincipal(name),
  );
  const {places} = tokens;
  if (apiKeys === undefined) return tokens;
  return makeProviderOfKinds(name, places, [makeApiKeys(name, places, domain, apiKeys, parts), tokens]);
};
