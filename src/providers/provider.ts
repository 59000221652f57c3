// The interface of everything that vouches for a credential.
import type {Acceptor, Credential, Place} from '../core/credential/credential.ts';
import type {Deny} from '../core/decision.ts';
import type {Health} from '../core/health.ts';
import type {Principal} from '../core/principal.ts';
import type {Reason} from '../core/refusals.ts';
import type {Request} from '../core/request/request.ts';
import type {Trial} from '../core/trial.ts';
import type {PublishedKey} from './keys.ts';

/** What a provider may need besides the credential. */
export interface AuthenticationContext {
  readonly request: Request;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds since the epoch after which nobody waits for the answer; Infinity if unknown. */
  readonly deadline: number;
}

/**
 * A provider's word on a credential. `setCookies`: `Set-Cookie` values for the client, whatever the decision. `place`:
 * where the credential stood that counted in the end, if the provider looks at several (default: that of the credential).
 */
export type Authentication = (
  | {readonly verified: Principal; readonly rejected?: never; readonly detail?: never}
  | {
      readonly rejected: Reason;
      /** What was wanted and what came, for operators; see core/words/misfit.ts for what may stand there. */
      readonly detail?: string | undefined;
      readonly verified?: never;
    }
) & {readonly setCookies?: readonly string[]; readonly place?: Place};

/** What a `relation` requirement asks: may the principal do this to that. */
export interface Relation {
  readonly permission: string;
  /** The resource with its captures filled in: `app/project:42`. */
  readonly resource: string;
}

/**
 * Vouches for credentials. `authenticate` is called only with what `accepts` returned, and its answer is final. It
 * fails with Unavailable for an outage (a key server that answers 500 or HTML is one, not a bad token); a refusal is a
 * value. Both facts and time come in as arguments.
 */
export interface Provider extends Acceptor {
  readonly name: string;
  /** At once where the credential was verified a moment ago; throws or rejects. */
  authenticate(credential: Credential, context: AuthenticationContext): Authentication | Promise<Authentication>;
  /**
   * The tenant that a credential names, unverified and without asking anyone: of families of issuers, so that none is
   * asked for nothing.
   */
  tenantOf?(credential: Credential, request: Request): string | undefined;
  /** Only providers that know of relations have it. Rejects with Unavailable for an outage. */
  related?(
    principal: Principal,
    credential: Credential,
    relation: Relation,
    context: AuthenticationContext,
  ): Promise<boolean>;
  /**
   * Headers in which upstreams look for this provider's word, in lower case; `x-vendor-*`: all that begin so. What a
   * client sends under these names never reaches them, whether or not `responses.identity` fills them.
   */
  readonly ownedHeaders?: readonly string[];
  /** How its keys and dependencies are. */
  health(): readonly Health[];
  /** Seconds since its keys were last fetched whole; undefined: never yet, or it has none. For postern_keys_age_seconds. */
  keysAge?(now: number): number | undefined;
  /** The keys with which it verifies now, for whoever operates it. Absent: it verifies with none that are published. */
  keysShown?(): readonly PublishedKey[];
  /** Loads what can be loaded ahead (keys), so that the first request does not wait. Never rejects. */
  start?(): Promise<void>;
  /** What of its settings can be tried ahead: its keys, its own token at a vendor. */
  readonly trials?: readonly Trial[];
  /** Is told of every refusal of a credential that it was asked about, once answered. Must be quick, and not throw. */
  denied?(id: string, request: Request, decision: Deny, now: number): void;
  /** Ends timers and connections. */
  close?(): Promise<void>;
}
