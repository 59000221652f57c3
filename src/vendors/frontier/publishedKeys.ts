// The keys that Frontier signs its access tokens with, as it publishes them.
import {Unavailable} from '../../core/unavailable.ts';
import type {FetchKeys} from '../../providers/jwks.ts';
import {readKeySet} from '../../providers/keys.ts';
import type {VendorParts} from '../vendor.ts';
import {basic, makeFrontierApi} from './api.ts';
import type {FrontierSettings} from './settings.ts';

/** Newer servers publish their keys to those who sign in only. */
export const makeFetchKeys = (settings: FrontierSettings, {call}: Pick<VendorParts, 'call'>): FetchKeys => {
  const {name, clientId, clientSecret} = settings;
  const dependency = `keys:${name}`;
  const api = makeFrontierApi(call, dependency, settings);
  const own = clientId === undefined || clientSecret === undefined ? undefined : basic(clientId, clientSecret);
  const outage = (what: string) => new Unavailable(dependency, new Error(what));

  return async () => {
    const {value, refused} = await api.keys(own ?? {});
    if (refused !== undefined) {
      throw outage(
        own === undefined
          ? 'newer Frontier asks for a credential for its keys: set clientId and clientSecret'
          : `it refuses clientId and clientSecret (${refused}): see that the credential exists and its service user is enabled`,
      );
    }
    const keys = await readKeySet(value);
    if (keys !== undefined) return keys;
    throw outage(
      'Frontier has no signing key that can be used: set rsa_path or rsa_base64 of app.authentication.token in its configuration',
    );
  };
};
