// Who asks, and for whom: a caller for itself, by its own token; a trusted service for whom it names in the context.
import type {IncomingMessage} from 'node:http';
import {makeCredentialFinder} from '../core/credential/credential.ts';
import {misfitOfFound} from '../core/credential/notFound.ts';
import {type Attributes, isReserved, reservedDetail} from '../core/entitlement/attributes.ts';
import type {SourceCall} from '../core/entitlement/entitlement.ts';
import type {Principal} from '../core/principal.ts';
import {principalNamed} from '../core/principalNamed.ts';
import {type Reason, refusals} from '../core/refusals.ts';
import {headersFrom, type Request} from '../core/request/request.ts';
import type {Revocations} from '../core/revocation/revocation.ts';
import {Unavailable} from '../core/unavailable.ts';
import type {Provider} from '../providers/provider.ts';
import {type Failure, failure} from './failure.ts';

export interface CallerParts {
  readonly providers: readonly Provider[];
  readonly revocations: Revocations;
}

/** Whom a question is about. */
export interface Asking {
  readonly principal: Principal;
  readonly attributes: Attributes;
  readonly call?: SourceCall;
}

/** A request as it came. */
export interface Asked {
  readonly request: Request;
  readonly context: Context;
  /** It comes from a service that may ask for anybody. */
  readonly trusted: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** `setCookies`: what the provider wants the client to keep or forget, whatever comes of the question. */
export interface Called {
  readonly asking: Asking | Failure;
  readonly setCookies: readonly string[];
}

/** The context of the evaluation, as its body has it (OpenFeature specification, section 3). */
export type Context = Readonly<Record<string, unknown>>;

/** Milliseconds that a question may take. */
const patience = 5_000;

const mostAttributes = 64;
const ofPrincipal = new Set(['targetingKey', 'tenant', 'user']);

/** Tells whom a request asks for, or why it gets no answer. Rejects only for a bug. */
export const makeCallers = ({providers, revocations}: CallerParts) => {
  const find = makeCredentialFinder(providers);

  const ofToken = async ({request, context, now}: Asked): Promise<Called> => {
    const found = find(request);
    if (found.found !== 'credential') return without(refused(misfitOfFound(found, request, providers).reason));
    const {provider, credential} = found;
    const deadline = now + patience;
    const answer = await provider.authenticate(credential, {request, now, deadline});
    const {verified, rejected, setCookies = none} = answer;
    if (verified === undefined) return {asking: refused(rejected), setCookies};
    const asking = revocations.revoked(verified)
      ? refused('revoked')
      : ofItself(verified, context, {credential: credential.value, deadline});
    return {asking, setCookies};
  };

  return async (asked: Asked): Promise<Called> => {
    try {
      return asked.trusted ? without(ofContext(asked.context)) : await ofToken(asked);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return without(refused('unavailable'));
    }
  };
};

const none: readonly string[] = [];
const without = (asking: Called['asking']): Called => ({asking, setCookies: none});

const ofItself = (principal: Principal, context: Context, call: SourceCall): Asking | Failure => {
  for (const [name, own] of [
    ['tenant', principal.tenant],
    ['user', principal.subject],
  ] as const) {
    if (context[name] !== undefined && context[name] !== own) {
      return failure(400, 'INVALID_CONTEXT', `The context names another ${name} than the token. Leave ${name} out.`);
    }
  }
  const read = attributesOf(context);
  return 'status' in read ? read : {principal, attributes: read.attributes, call};
};

const refused = (reason: Reason): Failure => {
  const {status, kind, sentence} = refusals[reason];
  return failure(kind === 'error' ? 500 : status, 'GENERAL', `${sentence} (${reason})`);
};

/** The principal that a trusted service names. What it has by roles and permissions is not known here. */
const ofContext = (context: Context): Asking | Failure => {
  const {tenant, user = context.targetingKey} = context;
  if (tenant === undefined && user === undefined) {
    return failure(400, 'TARGETING_KEY_MISSING', 'The context names nobody. Give tenant, or targetingKey, or both.');
  }
  for (const [name, value] of [
    ['tenant', tenant],
    [context.user === undefined ? 'targetingKey' : 'user', user],
  ] as const) {
    if (value === undefined || (typeof value === 'string' && value !== '' && value.length <= 256)) continue;
    return failure(400, 'INVALID_CONTEXT', `${name} is not a text of 1 to 256 characters.`);
  }
  const read = attributesOf(context);
  if ('status' in read) return read;
  // Both were looked at above: they are texts, or absent.
  const principal = principalNamed({tenant: tenant as string | undefined, user: user as string | undefined}, 'context');
  return {principal, attributes: read.attributes};
};

/** What targeting rules may look at: the texts, numbers and booleans of the context. */
const attributesOf = (context: Context): {readonly attributes: Attributes} | Failure => {
  const attributes = new Map<string, unknown>();
  for (const [name, value] of Object.entries(context)) {
    if (ofPrincipal.has(name)) continue;
    if (isReserved(name)) return failure(400, 'INVALID_CONTEXT', `${reservedDetail}.`);
    if (!['string', 'number', 'boolean'].includes(typeof value)) continue;
    if (attributes.size >= mostAttributes) {
      return failure(400, 'INVALID_CONTEXT', `The context has more than ${mostAttributes} attributes.`);
    }
    attributes.set(name, value);
  }
  return {attributes};
};

/** A request of HTTP as providers read one: headers in lower case, several of one name joined. */
export const requestOf = (message: IncomingMessage, id: string): Request => {
  const headers = headersFrom(linesOf(message.rawHeaders));
  return {
    kind: 'http',
    id,
    method: message.method ?? '',
    scheme: 'encrypted' in message.socket ? 'https' : 'http',
    host: headers.get('host') ?? '',
    target: message.url ?? '/',
    headers,
    source: {address: message.socket.remoteAddress ?? '', principal: ''},
  };
};

function* linesOf(raw: readonly string[]): Generator<readonly [name: string, value: string]> {
  for (let at = 0; at + 1 < raw.length; at += 2) yield [raw[at] as string, raw[at + 1] as string];
}
