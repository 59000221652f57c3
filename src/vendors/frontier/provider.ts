// The frontier provider: sessions, personal tokens, access tokens, assertions and secrets, in Frontier's own precedence.
import {derivedOnce} from '../../core/derived.ts';
import type {Principal} from '../../core/principal.ts';
import type {Request} from '../../core/request/request.ts';
import {type Misfit, shapeOf, wantedGot} from '../../core/words/misfit.ts';
import type {Claims} from '../../providers/jwtForm.ts';
import {makeKeyKeeper} from '../../providers/keyKeeper.ts';
import {keysTrial} from '../../providers/keysTrial.ts';
import type {Authentication, AuthenticationContext, Provider} from '../../providers/provider.ts';
import type {VendorParts} from '../vendor.ts';
import {makeAccessTokens} from './accessTokens.ts';
import {type Along, dependencyOf, type Exchangeable, makeExchange} from './exchange.ts';
import {expires, hasId, inPrecedence, makeReadPresented, type Presented} from './presented.ts';
import {principalOfExchanged} from './principal.ts';
import {makeFetchKeys} from './publishedKeys.ts';
import {makeIsRelated} from './relations.ts';
import type {FrontierSettings} from './settings.ts';

/** The answer for one credential, and the access token that proves it: it is what Frontier is asked with afterwards. */
type Resolved = Authentication & {readonly token?: string};

/**
 * One provider for all that Frontier takes, because Frontier's precedence is between them: a live session counts before a
 * bearer, and one that is over leaves the word to the next. So `accepts` looks at the whole request, not at one place, and
 * this falling through stays inside the provider; what it answers in the end is final, like any provider's answer.
 */
export const makeFrontierProvider = (settings: FrontierSettings, parts: VendorParts): Provider => {
  const {name} = settings;
  const keys = makeKeyKeeper({
    ...parts,
    dependency: `keys:${name}`,
    timing: settings.jwks,
    keptKeys: parts.keepKeys?.(name, `Frontier at ${settings.url}`),
    fetch: makeFetchKeys(settings, parts),
  });
  const tokens = makeAccessTokens(settings, keys, parts);
  const exchange = makeExchange(settings, parts);
  const presented = makeReadPresented(settings, tokens.known);
  const isRelated = makeIsRelated(settings, parts);

  const exchanged = new WeakMap<Principal, Principal>();

  /** `accepts` and `authenticate` look at the same request. */
  const shownBy = derivedOnce(presented.of);

  const firstShown = (request: Request): Presented | undefined => {
    const {cookie, bearer, userToken, basic: secret} = shownBy(request);
    return cookie?.kind === 'session' ? cookie : (bearer ?? userToken ?? secret ?? cookie);
  };

  const resolve = async (shown: Presented, {request, now, deadline}: AuthenticationContext): Promise<Resolved> => {
    const refused = refusalOf(shown);
    if (refused !== undefined) return {rejected: refused.reason, detail: refused.detail};
    if (shown.kind === 'access') {
      return {...(await tokens.presented(shown.value, shown.key, now, deadline)), token: shown.value};
    }

    const exchangeable = shown as Exchangeable;
    const {token, rejected, detail} = await exchange(exchangeable, alongOf(request), deadline);
    if (rejected !== undefined) return {rejected, detail};
    const principal = await tokens.issued(token, dependencyOf(settings, exchangeable), now, deadline);
    return {verified: exchangedBy(principal, exchangeable), token};
  };

  /** The same principal for the same token: what is made of it (headers) is kept by it. */
  const exchangedBy = (principal: Principal, shown: Exchangeable): Principal => {
    const known = exchanged.get(principal);
    if (known !== undefined && (shown.kind !== 'session' || known.issuedAt === shown.at)) return known;
    const made = principalOfExchanged(principal, shown);
    exchanged.set(principal, made);
    return made;
  };

  /** The first that counts; a session that is over leaves the word to the next. */
  const firstOf = async (context: AuthenticationContext): Promise<Resolved & {readonly place?: Presented['place']}> => {
    let over: Resolved & {readonly place?: Presented['place']} = {
      rejected: 'session_invalid',
    };
    for (const shown of inPrecedence(shownBy(context.request), context.now)) {
      const answer = {...(await resolve(shown, context)), place: shown.place};
      if (answer.rejected !== 'session_invalid') return answer;
      over = answer;
    }
    return over;
  };

  const related: Provider['related'] = async (principal, _credential, relation, context) => {
    // Frontier knows its own people only: another provider's subject may by chance have the name of one of them.
    if (principal.provider !== name) return false;
    const {verified: same, token} = await firstOf(context);
    if (token === undefined || same?.claims.sub !== principal.claims.sub) return false;
    return isRelated(principal, token, relation, context.deadline);
  };

  return {
    name,
    places: presented.places,
    accepts(credential, request) {
      const first = firstShown(request);
      return first === undefined || first.kind === 'foreign'
        ? undefined
        : {...credential, place: first.place, value: first.value};
    },
    instead(_, request) {
      const first = firstShown(request);
      return first === undefined || unread.has(first.kind) ? undefined : {place: first.place, value: first.value};
    },
    async authenticate(_credential, context) {
      const {token: _, ...answer} = await firstOf(context);
      return answer;
    },
    related,
    health: () => [keys.health(), exchange.health()],
    keysAge: keys.age,
    keysShown: keys.shown,
    start: keys.start,
    trials: [keysTrial(keys, settings.url)],
    async close() {
      keys.close();
    },
  };
};

const unread: ReadonlySet<Presented['kind']> = new Set(['foreign', 'duplicate', 'malformed']);

/** What is refused without asking anyone. */
const refusalOf = (shown: Presented): Misfit | undefined => {
  const {kind, place} = shown;
  switch (kind) {
    case 'forged':
      return {reason: 'session_invalid', detail: 'sid: its seal is none of Frontier, or it is older than 30 days'};
    case 'foreign':
      return {reason: 'unsupported_credential', detail: wantedGot('iss', "Frontier's", shown.claims.iss)};
    case 'duplicate':
      return {reason: 'duplicate_credential', detail: `${place.name} is there more than once`};
    case 'malformed':
      return {reason: 'malformed_credential', detail: `${place.name} cannot be read: ${shown.why}`};
    case 'access':
    case 'assertion':
      return place.scheme === undefined ? undefined : bearerFault(kind, shown.claims);
    default:
      return undefined;
  }
};

/** An access token's end is looked at as it is verified; without one, an assertion is no bearer to Frontier. */
const bearerFault = (kind: 'access' | 'assertion', claims: Claims): Misfit | undefined => {
  const missing = !hasId(claims)
    ? 'jti'
    : kind === 'assertion' && !Number.isFinite(expires(claims))
      ? 'exp'
      : undefined;
  return missing === undefined
    ? undefined
    : {reason: 'missing_claim', detail: `${missing}: wanted, for a bearer; got ${shapeOf(claims[missing])}`};
};

/** Id or name of a project; what is neither selects none, as an unknown project does at Frontier. */
const isProject = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const isRequestId = /^[\x21-\x7e]{1,128}$/;

const alongOf = ({headers}: Request): Along => {
  const project = headers.get('x-project')?.trim() ?? '';
  const requestId = headers.get('x-request-id') ?? '';
  return {project: isProject.test(project) ? project : '', requestId: isRequestId.test(requestId) ? requestId : ''};
};
