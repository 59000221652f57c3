// From a Decision to what goes over the wire.
import type {Decision, Reply} from '../core/decision.ts';
import type {Request} from '../core/request/request.ts';
import {type IdentityHeaders, makeChanges} from './allow.ts';
import {answer} from './answer.ts';
import {makeRefused, type RefusalSettings} from './deny.ts';
import {line} from './headers.ts';
import {metadataOf} from './metadata.ts';
import type {CallFailure, CheckResponse, Struct} from './wire.ts';

/** The part of `responses` that shapes answers. */
export interface RenderSettings extends RefusalSettings {
  readonly removeCredential: boolean;
  readonly errors: 'response' | 'grpc';
}

/**
 * Answers a decision; `id` is the decision's own. `request` is undefined where none could be read. Throws for what is not
 * a decision: that is a bug, and must not become an allow.
 */
export type Render = (decision: Decision, request: Request | undefined, id: string) => CheckResponse | CallFailure;

const UNAVAILABLE = 14;
const PERMISSION_DENIED = 7;

/** An answer of our own is a denial to Envoy, whatever its status: the request goes no further. */
const replied = ({status, headers, body}: Reply, metadata: Struct): CheckResponse => {
  const lines = headers.map(([name, value]) => line(name, value));
  return answer(
    {say: 'deny', grpc: PERMISSION_DENIED, response: {status: {code: status}, headers: lines, body}},
    metadata,
  );
};

/** Compiles the settings `responses`. */
export const makeRender = (settings: RenderSettings, identityHeaders: IdentityHeaders): Render => {
  const changes = makeChanges(identityHeaders, settings.removeCredential);
  const refused = makeRefused(settings);

  return (decision, request, id) => {
    if (decision.outcome === 'allow' && typeof decision.rule === 'string' && request) {
      return answer({say: 'allow', changes: changes(decision, request)}, metadataOf(decision, id));
    }
    if (decision.outcome !== 'deny') throw new TypeError('not a decision');
    if (decision.reply !== undefined) return replied(decision.reply, metadataOf(decision, id));
    const {kind, grpc, response} = refused(decision, request, id);
    if (kind === 'denial') return answer({say: 'deny', grpc, response}, metadataOf(decision, id));
    // Envoy before 1.37 takes error_response for a plain denial; a failed call is a failure to every Envoy.
    if (settings.errors === 'grpc') return {failure: {code: UNAVAILABLE, details: `${decision.reason} ${id}`}};
    return answer({say: 'error', grpc, response}, metadataOf(decision, id));
  };
};
