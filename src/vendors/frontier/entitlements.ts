// Frontier as a source of entitlements: has this organisation's plan that feature.
import type {RemoteCall} from '../../core/remote.ts';
import {makeSeldom} from '../../core/seldom.ts';
import {Unavailable} from '../../core/unavailable.ts';
import type {LookupSource, PrincipalGrants} from '../../entitlements/source.ts';
import {parseJwt} from '../../providers/jwtForm.ts';
import {makeOwnToken} from '../../providers/ownToken.ts';
import {basic, type FrontierApi, makeFrontierApi, type Refused} from './api.ts';
import {expires} from './presented.ts';
import type {FrontierSourceSettings} from './settings.ts';

export interface FrontierSourceParts {
  readonly call: RemoteCall;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds that no step of the wall clock moves. */
  readonly steady?: () => number;
  readonly log: {warn(fields: object, sentence: string): void};
}

const dependency = 'entitlements';
/** Milliseconds to get a token in. */
const budget = 5_000;
/** Milliseconds between two lines of the log that say the same. */
const tellEvery = 60_000;
/** An organisation and a feature that nobody has. */
const nobodys = ['postern-doctor', 'postern-doctor'] as const;
const nothing: PrincipalGrants = {features: {}};

/** Asks as a service user of its own, for the organisation that is the principal's tenant; one feature at a time. */
export const makeFrontierSource = (settings: FrontierSourceSettings, parts: FrontierSourceParts): LookupSource => {
  const api = makeFrontierApi(parts.call, dependency, settings);
  const serviceToken = makeServiceToken(settings, api, parts);
  // Whoever may ask for flags names features at will.
  const seldom = makeSeldom(tellEvery, parts.steady ?? parts.now);

  const ask = async (organization: string, feature: string, deadline: number): Promise<PrincipalGrants> => {
    for (let attempt = 0; ; attempt++) {
      const token = await serviceToken.get(dependency);
      const {value, refused} = await api.hasFeature(token, organization, feature, deadline);
      if (refused === undefined) return value ? {features: {[feature]: null}} : nothing;
      // Its keys or the service user may have changed since; with a new token it is right or a fault of the settings.
      if (refused === 'unauthenticated' && attempt === 0 && serviceToken.refused(token)) continue;
      if (ofServiceUser.has(refused)) throw notAllowed(refused);
      const count = seldom(refused);
      if (count !== undefined) {
        const sentence = 'Frontier does not know this organisation or feature: not entitled';
        parts.log.warn({feature, refused, count}, sentence);
      }
      return nothing;
    }
  };

  return {
    name: 'frontier',
    trial: {
      what: 'look-up',
      async run(deadline) {
        const {refused} = await api.hasFeature(await serviceToken.get(dependency), ...nobodys, deadline);
        if (refused !== undefined && ofServiceUser.has(refused)) throw notAllowed(refused);
        return {found: `${settings.url} takes clientId and clientSecret, and answers about features`};
      },
    },
    keyOf: ({tenant}, feature) => JSON.stringify([settings.url, tenant ?? null, feature ?? null]),
    async lookup({tenant}, feature, _credential, deadline) {
      // Without a tenant nothing can have been bought; and Frontier links no permission to a feature, so none of them.
      if (tenant === undefined || feature === undefined) return nothing;
      return ask(tenant, feature, deadline);
    },
  };
};

/** What is said of who asks; the rest is said of what is asked about. */
const ofServiceUser = new Set<Refused>(['unauthenticated', 'permission_denied', 'failed_precondition']);

const notAllowed = (refused: string) =>
  new Unavailable(dependency, new Error(`${refused}: the service user of the settings may not ask this`));

/** Not within the time of who asks first: the secret takes about a second, and the next one has the token then. */
const makeServiceToken = (
  {clientId, clientSecret}: FrontierSourceSettings,
  api: FrontierApi,
  {now, steady = now}: Pick<FrontierSourceParts, 'now' | 'steady'>,
) =>
  makeOwnToken(async () => {
    const deadline = now() + budget;
    const body = {grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret};
    const {value: token, refused} = await api.token({headers: basic(clientId, clientSecret), body}, deadline);
    if (refused !== undefined) throw notAllowed(refused);
    const claims = parseJwt(token)?.claims;
    if (claims === undefined) throw new Unavailable(dependency, new Error('the token that it issued is no JWT'));
    return {token, expiresIn: (expires(claims) - now()) / 1_000};
  }, steady);
