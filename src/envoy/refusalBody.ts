// The bodies of refusals: problem+json, Frontier's, plain text. All that a reason fixes is made once.
import {STATUS_CODES} from 'node:http';
import type {Reason, Refusal} from '../core/refusals.ts';

export type BodyFormat = 'problem' | 'frontier' | 'text';

/** The text for one reason: `of(id)` with the id of the decision. `members`: more of a problem; other forms have none. */
export interface RefusalBody {
  readonly contentType: string;
  of(id: string, members?: object): string;
}

// Frontier answers with Connect's names of the gRPC codes (connectrpc.com/docs/protocol, "Error codes").
const connectNames: Readonly<Record<number, string>> = {
  3: 'invalid_argument',
  4: 'deadline_exceeded',
  5: 'not_found',
  7: 'permission_denied',
  8: 'resource_exhausted',
  13: 'internal',
  14: 'unavailable',
  16: 'unauthenticated',
};

// Where Frontier itself has a sentence for it, that one: clients may show or compare it.
const frontierMessages: Readonly<Record<string, string>> = {
  unauthenticated: 'not authenticated',
  permission_denied: 'not authorized',
};

/** A 404 (`responses.status`) means someone who is gone only where the reason does; else it hides what is there. */
const frontierMessage = (code: string, reason: Reason): string | undefined =>
  code === 'not_found' && (reason === 'unknown_subject' || reason === 'inactive')
    ? "user doesn't exist"
    : frontierMessages[code];

/** The body for a reason that is answered with `status` and stands for the gRPC code `grpc`. */
export const makeRefusalBody = (
  format: BodyFormat,
  reason: Reason,
  refusal: Refusal,
  status: number,
  grpc: number,
): RefusalBody => {
  if (format === 'text') {
    const text = `${refusal.sentence}\n`;
    return {contentType: 'text/plain; charset=utf-8', of: () => text};
  }
  if (format === 'frontier') {
    const code = connectNames[grpc] ?? 'unknown';
    const text = JSON.stringify({code, message: frontierMessage(code, reason) ?? refusal.sentence});
    return {contentType: 'application/json', of: () => text};
  }
  // RFC 9457 section 4.2.1: with about:blank the title is the phrase of the status.
  const fixed = JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Refused',
    status,
    detail: refusal.sentence,
    code: reason,
  }).slice(0, -1);
  return {
    contentType: 'application/problem+json',
    of: (id, members) => {
      const more = members === undefined ? '' : `,${JSON.stringify(members).slice(1, -1)}`;
      return `${fixed}${more},"decision":${JSON.stringify(id)}}`;
    },
  };
};
