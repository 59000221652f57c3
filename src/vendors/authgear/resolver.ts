// Authgear's resolver: asked whose session a token or cookie is.
import type {Credential, Place} from '../../core/credential/credential.ts';
import {derivedOnce} from '../../core/derived.ts';
import type {Asks} from '../../core/remote.ts';
import type {Request} from '../../core/request/request.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {shownList} from '../../core/words/misfit.ts';
import type {ReadPrincipal} from '../../providers/claims.ts';
import type {Provider} from '../../providers/provider.ts';
import {makeAskOnce} from '../../providers/session.ts';
import {tokenOf} from '../../providers/tokensOf.ts';
import type {VendorParts} from '../vendor.ts';
import {type Resolved, resolved, resolvedOf, type Session} from './resolverReply.ts';
import type {AuthgearSettings} from './settings.ts';

/** A provider of sessions. `shownBy`: all that a request shows to Authgear. */
export interface Sessions extends Provider {
  shownBy(request: Request): readonly Credential[];
}

/**
 * Authgear is sent all that it looks at, as what it came as, and decides itself which counts: it takes the `session`
 * cookie where a token beside it is over, and only of what it was sent can it say that the client shall forget it. A valid
 * session is kept for the resolver's `ttl`; none is asked about each time, so that a sign-in counts at once.
 */
export const makeSessions = (
  settings: AuthgearSettings,
  places: readonly Place[],
  read: ReadPrincipal,
  parts: VendorParts,
): Sessions => {
  const {name, endpoint, mode, resolver} = settings;
  const dependency = `authgear:${name}`;
  const {host} = new URL(endpoint);
  const url = resolver.url ?? `${endpoint}/_resolver/resolve`;
  const about = {dependency, cache: 'authgear-sessions', settings: [host, url, resolver.ttl], shape: resolved};
  const good = ({session}: Resolved): boolean => session !== null;
  const askOnce = makeAskOnce<Resolved>({...about, good}, parts);
  const principalBehind = derivedOnce((found: Session) => {
    const principal = read(found);
    // A session counts as issued when its user signed in, so that a revocation ends it and not the next one.
    return principal?.authTime === undefined ? principal : {...principal, issuedAt: principal.authTime};
  });

  /** What may be sent to Authgear: its opaque and its own tokens, and cookies that are cookie values (RFC 6265). */
  const isForResolver = ({place, value}: Credential, request: Request): boolean => {
    const issuer = tokenOf(request, value)?.claims.iss;
    if (place.kind === 'cookie')
      return /^[!#-+\--:<-[\]-~]{1,4096}$/.test(value) && (issuer === undefined || issuer === endpoint);
    return /^[A-Za-z0-9]{32}$/.test(value) || (mode === 'resolver' && issuer === endpoint);
  };
  /** Authgear takes the first place that holds anything, or else the last, the session: so does what it is not sent. */
  const shownBy = (request: Request): readonly Credential[] => {
    const held = places.map((place) => ({place, held: place.find(request)}));
    const shown = held.flatMap(({place, held: one}) => {
      if (one.held !== 'value') return [];
      const credential = {place, value: one.value};
      return isForResolver(credential, request) ? [credential] : [];
    });
    const first = held.find(({held: one}) => one.held !== 'nothing')?.place;
    return first === shown[0]?.place ? shown : shown.filter(({place}) => place === places.at(-1));
  };

  const ask = async (
    shown: readonly Credential[],
    request: Pick<Request, 'headers'>,
    deadline: number,
    asks?: Asks,
  ): Promise<Resolved> => {
    const bearer = shown.find(({place}) => place.kind === 'header');
    const cookies = shown.filter(({place}) => place.kind === 'cookie');
    const headers = {
      // Authgear shows its user the browser and address of each session, and chooses the project by the host.
      ...told(request, 'user-agent'),
      ...told(request, 'x-forwarded-for'),
      ...(bearer !== undefined && {authorization: `Bearer ${bearer.value}`}),
      ...(cookies.length > 0 && {cookie: cookies.map(({place, value}) => `${place.name}=${value}`).join('; ')}),
      host,
    };
    const answer = await parts.call(dependency, {method: 'GET', url, headers, ...(asks && {asks})}, deadline);
    if (answer.status !== 200) {
      const hint = answer.status === 404 ? `: does Authgear know the host ${host}?` : '';
      throw new Unavailable(dependency, new Error(`${answer.asked} answered with status ${answer.status}${hint}`));
    }
    const said = resolvedOf(answer);
    if (said !== undefined) return said;
    throw new Unavailable(dependency, new Error(`what ${answer.asked} answered is not what the resolver writes`));
  };
  const life = ({session, setCookies}: Resolved): number =>
    session !== null && setCookies.length === 0 ? resolver.ttl : 0;

  return {
    name,
    places,
    shownBy,
    accepts: (credential, request) => (isForResolver(credential, request) ? credential : undefined),
    instead: (_, request) => shownBy(request)[0],
    async authenticate({place}, {request, deadline}) {
      const shown = shownBy(request);
      const question = {
        about: shown.flatMap((one) => [one.place.label, one.value]),
        ask: (until: number, asks: Asks) => ask(shown, request, until, asks),
        life,
      };
      const {session, setCookies} = await askOnce(question, deadline);
      const principal = session === null ? undefined : principalBehind(session);
      // Whichever of its cookies it was: none of them reaches the upstream where the credential shall not.
      const pieces = shown.filter((one) => one.place.kind === 'cookie').map((one) => one.place.name);
      const answer = {setCookies, place: {...place, pieces}};
      if (principal !== undefined) return {verified: principal, ...answer};
      const sent = shownList(shown.map(({place: {name, kind}}) => (kind === 'header' ? name : `cookie ${name}`)));
      return {rejected: 'session_invalid', detail: `the resolver knows no session behind ${sent}`, ...answer};
    },
    health: () => [askOnce.health()],
    trials: [
      {
        what: 'resolver',
        async run(deadline) {
          const {session} = await ask([], {headers: new Map()}, deadline);
          return session === null
            ? {found: `${url} answers, and knows no session where none is shown`}
            : {found: `${url} finds a session where none is shown: everybody would be let in`, doubt: true};
        },
      },
    ],
  };
};

const told = (request: Pick<Request, 'headers'>, header: string): Record<string, string> => {
  const value = request.headers.get(header);
  return value === undefined || !/^[ -~]{1,512}$/.test(value) ? {} : {[header]: value};
};
