// A credential that only Frontier can judge becomes an access token (the phantom token): asked once, kept for a while.
import {z} from 'zod';
import type {Health} from '../../core/health.ts';
import {type Reason, refusals} from '../../core/refusals.ts';
import type {Asks} from '../../core/remote.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {parseJwt} from '../../providers/jwtForm.ts';
import {makeAskOnce} from '../../providers/session.ts';
import type {VendorParts} from '../vendor.ts';
import {basic, bearing, makeFrontierApi, type Refused, type TokenRequest} from './api.ts';
import {makeAtMost} from './atMost.ts';
import {makeEndedSessions} from './endedSessions.ts';
import {expires, type Presented} from './presented.ts';
import {seal, sealKeyOf, unseal} from './sealed.ts';
import {sessionCookie} from './secureCookie.ts';
import type {FrontierSettings} from './settings.ts';

/** What can be exchanged. */
export type Exchangeable = Extract<Presented, {readonly kind: 'session' | 'personal' | 'assertion' | 'secret'}>;

export type Exchanged =
  | {readonly token: string; readonly rejected?: never; readonly detail?: never}
  | {readonly rejected: Reason; readonly detail: string; readonly token?: never};

/** What else of the request goes to Frontier. '' for none. */
export interface Along {
  /** `x-project`: id or name of the project that is put among the claims. */
  readonly project: string;
  /** `x-request-id`, for Frontier's log. */
  readonly requestId: string;
}

/** Exchanges a credential. Rejects with Unavailable for an outage. */
export interface Exchange {
  (presented: Exchangeable, along: Along, deadline: number): Promise<Exchanged>;
  /** Of the questions about sessions: about secrets anyone can ask, so their failures may be those of a flood. */
  health(): Health;
}

/**
 * What is asked about a credential is asked of this dependency. Secrets, assertions and personal tokens anyone can make up,
 * and each may take Frontier a second: they have a circuit, a cache and a number of questions of their own, so that a
 * flood of them takes no session, whose cookie nobody can make up, along.
 */
export const dependencyOf = ({name}: FrontierSettings, {kind}: Pick<Exchangeable, 'kind'>): string =>
  kind === 'session' ? `frontier:${name}` : `frontier-secrets:${name}`;

/** Questions about secrets, assertions and personal tokens at one time. */
const mostSecrets = 32;
/** Questions about one session at one time: each `x-project` is another one, and the client chooses it. */
const mostOfSession = 4;

/** What is kept: the token, sealed, and its end in milliseconds since the epoch; or why there is none. */
const answer = z.union([
  z.strictObject({sealed: z.string(), ends: z.number()}),
  z.strictObject({rejected: z.enum(Object.keys(refusals) as [Reason, ...Reason[]])}),
]);
type Answer = z.output<typeof answer>;

export const makeExchange = (settings: FrontierSettings, parts: VendorParts): Exchange => {
  const {ttl} = settings;
  const makeAsking = (kind: Exchangeable['kind'], cache: string) => {
    const dependency = dependencyOf(settings, {kind});
    return {
      dependency,
      api: makeFrontierApi(parts.call, dependency, settings),
      askOnce: makeAskOnce({dependency, cache, settings, shape: answer, good: (of: Answer) => 'sealed' in of}, parts),
    };
  };
  const sessions = makeAsking('session', 'frontier-sessions');
  const secrets = makeAsking('secret', 'frontier-secrets');
  const askingAbout = ({kind}: Exchangeable) => (kind === 'session' ? sessions : secrets);
  const atMostSecrets = makeAtMost(mostSecrets, secrets.dependency, 'other secrets');
  const atMostOfSession = makeAtMost(mostOfSession, sessions.dependency, 'other projects of this session');
  const ended = makeEndedSessions(ttl.refused, parts.now);
  /** What was opened once need not be opened again, as long as it is kept in memory. */
  const opened = new WeakMap<Answer, string>();

  const lifeOf = ({kind}: Exchangeable): number => (kind === 'session' ? ttl.session : ttl.secret);

  const tokenFor = (presented: Exchangeable, along: Along, deadline: number, asks: Asks) => {
    const asked = () => askingAbout(presented).api.token(requestFor(presented, along), deadline, asks);
    // So many of strangers, and as many of those who are known.
    return presented.kind === 'session' ? atMostOfSession(presented.id, asked) : atMostSecrets(asks.standing, asked);
  };

  const ask = async (presented: Exchangeable, along: Along, deadline: number, asks: Asks): Promise<Answer> => {
    const since = parts.now();
    const {value: token, refused} = await tokenFor(presented, along, deadline, asks);
    if (presented.kind === 'session' && refused === 'unauthenticated') ended.add(presented.id, since);
    if (refused !== undefined) return {rejected: reasonOf(presented, refused)};
    const claims = parseJwt(token)?.claims;
    if (claims === undefined) throw outage(presented, 'the token that it issued is no JWT');
    // An assertion ends by itself; Frontier would not take it any more.
    const ends = presented.kind === 'assertion' ? expires(presented.claims) : Number.MAX_SAFE_INTEGER;
    const kept = {sealed: seal(token, sealKeyOf(settings, presented)), ends: Math.min(expires(claims), ends)};
    opened.set(kept, token);
    return kept;
  };

  const outage = (presented: Exchangeable, what: string) =>
    new Unavailable(askingAbout(presented).dependency, new Error(what));

  const exchange = async (presented: Exchangeable, along: Along, deadline: number): Promise<Exchanged> => {
    if (presented.kind === 'session' && ended.has(presented.id)) return refusal(presented, 'session_invalid');
    const kept = await askingAbout(presented).askOnce(
      {
        about: [presented.kind, along.project, secretOf(presented)],
        ask: (budget, asks) => ask(presented, along, budget, asks),
        life: (of) => ('sealed' in of ? lifeOf(presented) : ttl.refused),
        end: (of) => ('sealed' in of ? of.ends : Number.POSITIVE_INFINITY),
      },
      deadline,
    );
    if (!('sealed' in kept)) return refusal(presented, kept.rejected);
    const token = opened.get(kept) ?? unseal(kept.sealed, sealKeyOf(settings, presented));
    // Another version's entry, or one that was tampered with: as good as no answer, until its time is over.
    if (token === undefined) throw outage(presented, 'a remembered token cannot be read');
    opened.set(kept, token);
    return {token};
  };
  return Object.assign(exchange, {health: sessions.askOnce.health});
};

/** What Frontier has said of it, in words. */
const refusal = ({kind}: Exchangeable, rejected: Reason) => ({
  rejected,
  detail: `Frontier: ${words[kind]} ${said[rejected] ?? rejected}`,
});
const words = {
  session: 'the session',
  personal: 'the personal token',
  assertion: 'the assertion',
  secret: 'the secret',
};
const said: Partial<Record<Reason, string>> = {
  session_invalid: 'is over, or not known',
  inactive: 'is wrong, not known, or taken back (unauthenticated)',
  disabled: 'is of somebody whose organisation is switched off',
  unknown_subject: 'is of somebody who was deleted or switched off (not_found)',
  malformed_credential: 'cannot be read (invalid_argument)',
};

/** The session, not its cookie: browsers get a new cookie for the same session. */
const secretOf = (presented: Exchangeable): string => (presented.kind === 'session' ? presented.id : presented.value);

/** Newer servers look at the headers before they look at the body, so the credential stands in both. */
const requestFor = (presented: Exchangeable, {project, requestId}: Along): TokenRequest => {
  const context = {
    ...(project !== '' && {'x-project': project}),
    ...(requestId !== '' && {'x-request-id': requestId}),
  };
  switch (presented.kind) {
    case 'session':
      return {headers: {...context, cookie: `${sessionCookie}=${presented.value}`}, body: clientCredentials};
    case 'personal':
      return {headers: {...context, authorization: `Bearer ${presented.value}`}, body: clientCredentials};
    case 'secret': {
      const {clientId: id, clientSecret: secret} = presented;
      return {
        headers: {...context, ...basic(id, secret)},
        body: {...clientCredentials, client_id: id, client_secret: secret},
      };
    }
    case 'assertion': {
      const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
      return {
        headers: {...context, ...bearing(presented.value)},
        body: {grant_type: grant, assertion: presented.value},
      };
    }
  }
};
const clientCredentials = {grant_type: 'client_credentials'};

/** Only a refusal to authenticate is about the credential; the others are about the one who was recognised by it. */
const reasonOf = ({kind}: Exchangeable, refused: Refused): Reason => {
  switch (refused) {
    case 'unauthenticated':
      return kind === 'session' ? 'session_invalid' : 'inactive';
    case 'permission_denied':
    case 'failed_precondition':
      return 'disabled';
    case 'not_found':
      return 'unknown_subject';
    case 'invalid_argument':
      return 'malformed_credential';
  }
};
