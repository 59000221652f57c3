// Kinde's API keys: opaque, so the management API is asked what a key is worth.
import {derivedOnce} from '../../core/derived.ts';
import type {Principal} from '../../core/principal.ts';
import {shownList, wantedGot} from '../../core/words/misfit.ts';
import type {Provider} from '../../providers/provider.ts';
import {makeAskOnce} from '../../providers/session.ts';
import type {VendorParts} from '../vendor.ts';
import {isActive, type KeyFact, keyFact, makeAskAboutKey, type ValidKey} from './managementApi.ts';
import type {KindeApiKeySettings} from './settings.ts';

/**
 * `domain`: where the management API answers, unless the settings say so themselves. A key that is valid and active is
 * kept for `ttl`; any other is asked about each time, so that a key works as soon as it is made.
 */
export const makeApiKeys = (
  name: string,
  places: Provider['places'],
  domain: string,
  settings: KindeApiKeySettings,
  parts: VendorParts,
): Provider => {
  const {managementDomain: api = domain, clientId, ttl, apis} = settings;
  const dependency = `kinde:${name}`;
  const askAbout = makeAskAboutKey(dependency, api, settings, parts);
  const about = {dependency, cache: 'kinde-api-keys', settings: [api, clientId, ttl, apis], shape: keyFact};
  const askOnce = makeAskOnce<KeyFact>({...about, good: isActive}, parts);
  const principalOf = derivedOnce((said: ValidKey) => principalBehind(name, said));
  const life = (said: KeyFact): number => (isActive(said) ? ttl : 0);

  return {
    name,
    places,
    // By its form; whether it is one, Kinde says.
    accepts: (credential) => (/^k_live_[A-Za-z0-9_-]{1,248}$/.test(credential.value) ? credential : undefined),
    async authenticate({value: key}, {deadline}) {
      const said = await askOnce({about: [key], ask: (until, asks) => askAbout(key, until, asks), life}, deadline);
      if (!isActive(said)) {
        const rejected = said.status === 'revoked' ? 'revoked' : 'inactive';
        return {rejected, detail: `Kinde calls the API key ${said.status ?? 'not valid'}`};
      }
      const isForUs = apis === undefined || said.api_ids?.some((id) => apis.includes(id)) === true;
      return isForUs
        ? {verified: principalOf(said)}
        : {rejected: 'wrong_audience', detail: wantedGot('API of the key', shownList(apis ?? []), said.api_ids)};
    },
    health: () => [askOnce.health()],
    trials: [
      {
        what: 'API keys',
        async run(deadline) {
          const {is_valid: isValid} = await askAbout(nobodysKey, deadline);
          return isValid
            ? {found: `${api} calls a made-up API key valid`, doubt: true}
            : {found: `${api} takes clientId and clientSecret, and answers about keys`};
        },
      },
    ],
  };
};

/** Of the form of a key, so that it is answered as one. */
const nobodysKey = 'k_live_asked_by_postern_doctor';

/** A key of a user acts as the user; one of an organisation is a service, whose subject is the key's own id. */
const principalBehind = (provider: string, said: ValidKey): Principal => ({
  provider,
  kind: said.user_id === null ? 'service' : 'user',
  subject: said.user_id ?? said.key_id,
  ...(said.org_code === null ? {} : {tenant: said.org_code}),
  roles: [],
  permissions: [],
  scopes: said.scopes,
  claims: said,
  tokenId: said.key_id,
  amr: [],
});
