// What Postern answers itself where no rule lets the question through: preflights, and the metadata of the resource.
import type {Check, Decision, Deny} from '../../core/decision.ts';
import {refusals} from '../../core/refusals.ts';
import type {Request} from '../../core/request/request.ts';
import type {ResponseSettings} from '../settings.ts';
import {makeCors} from './cors.ts';
import {makeResourceMetadata} from './resourceMetadata.ts';

/** Around a check. Without the settings it is the check itself, so that nobody pays for what nobody uses. */
export const replying = (
  check: Check,
  {cors, resourceMetadata}: Pick<ResponseSettings, 'cors' | 'resourceMetadata'>,
): Check => {
  const metadata = resourceMetadata && makeResourceMetadata(resourceMetadata);
  const preflights = cors?.preflight && makeCors(cors);
  if (metadata === undefined && preflights === undefined) return check;

  const replyTo = (request: Request) => metadata?.reply(request) ?? preflights?.preflight(request);
  const replied = (request: Request, decision: Decision): Decision => {
    if (!isClosed(decision)) return decision;
    const reply = replyTo(request);
    return reply === undefined ? decision : {...(decision as Deny), reply};
  };
  return (request, context) => {
    const decision = check(request, context);
    return decision instanceof Promise ? decision.then((late) => replied(request, late)) : replied(request, decision);
  };
};

/** Refused for want of rights or of a rule: what is malformed stays refused, and an outage is one. */
const isClosed = (decision: Decision): boolean =>
  decision.outcome === 'deny' && [401, 403].includes(refusals[decision.reason].status);
