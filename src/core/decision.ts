// What Postern answers.

import type {Place} from './credential/credential.ts';
import type {Holdings} from './entitlement/entitlement.ts';
import type {Principal} from './principal.ts';
import type {Reason} from './refusals.ts';
import type {Request} from './request/request.ts';
import type {UnmetPart} from './requirement/unmet.ts';
import type {Unavailable} from './unavailable.ts';

/** What a client must do to be let in, for WWW-Authenticate (RFC 6750, RFC 9470). */
export interface Challenge {
  /** Where no credential was sent: the schemes that are offered (`Bearer`), in the order of the challenges. */
  readonly schemes?: readonly string[];
  /** Scopes that the rule wants: `scope="..."`. */
  readonly scopes?: readonly string[];
  /** Step-up, RFC 9470: seconds. */
  readonly maxAge?: number;
  readonly acrValues?: readonly string[];
}

/** A feature that is missing, and the plans that would open what was asked for, the lowest rank first. */
export interface Upgrade {
  readonly feature: string;
  readonly plans: readonly string[];
}

interface Decided {
  /** The rule that decided; absent when none matched. */
  readonly rule?: string;
  readonly principal?: Principal;
  /** Name of the provider that was asked, also where it refused. */
  readonly provider?: string;
  /** Where the credential stood, so that it can be taken out; where none was, the place that a challenge should name. */
  readonly credentialPlace?: Place | undefined;
  /** `Set-Cookie` values that the provider wants the client to have, on allow and on deny. */
  readonly setCookies?: readonly string[];
  /** Something was held only because a grant that has ended holds on for a while. */
  readonly grace?: boolean;
  /** What was wanted and what came, of a refusal (or what would be one, on a shadow rule), for the log alone. */
  readonly detail?: string | undefined;
  /** The part of the rule's requirement that does not hold, as values. */
  readonly unmet?: UnmetPart;
  /** Why it is `unavailable` (or would be, on a shadow rule), for the log. */
  readonly outage?: Unavailable;
}

export interface Allow extends Decided {
  readonly outcome: 'allow';
  readonly rule: string;
  /** What was bought, as far as headers, metadata and limits name it. Absent: they name nothing, or nobody is known. */
  readonly holdings?: Holdings;
  /** Features whose limits are handed on; each of them is in `holdings`. */
  readonly limits?: readonly string[];
  /** Only on a shadow rule: why it would have been refused. */
  readonly shadow?: Reason;
  /** Only on a lenient rule: why the credential, or the lack of an answer about it, made nobody of the caller. */
  readonly ignored?: Reason;
  /** The places whose credentials must not reach the upstream, whatever `removeCredential` says. */
  readonly withheld?: readonly Place[];
}

export interface Deny extends Decided {
  readonly outcome: 'deny';
  readonly reason: Reason;
  readonly challenge?: Challenge;
  /** What would open it, where it was not bought and plans may be told. */
  readonly upgrade?: Upgrade;
  /** Instead of the refusal: what is asked for is answered here, whoever asks. */
  readonly reply?: Reply;
}

/** What Postern itself answers where no rule lets the question through. */
export interface Reply {
  readonly kind: 'preflight' | 'resource_metadata';
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Allow is an explicit value; no absence, empty list or rejected promise can become it. */
export type Decision = Allow | Deny;

/** What a decision needs besides the request: time and identity come in as arguments. */
export interface CheckContext {
  /** Id of this decision: random, in the answer, the log and the metadata. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds since the epoch at which Envoy stops waiting; Infinity if the call has no deadline. */
  readonly deadline: number;
  /** Where Envoy's call stands in its trace (W3C Trace Context), where somebody looks at it. */
  readonly traceparent?: string;
}

/**
 * The way of one request. A promise only where somebody has to be waited for: most decisions are made of what is in memory,
 * and a promise costs a turn of the queue and the memory of all that it closes over. Throws or rejects only for a bug.
 */
export type Check = (request: Request, context: CheckContext) => Decision | Promise<Decision>;
