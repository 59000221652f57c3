// Authorization/Check: parse, check, render; and the only catch-all of Postern.
import {status} from '@grpc/grpc-js';
import type {Check, CheckContext, Decision, Deny} from '../core/decision.ts';
import type {Reason} from '../core/refusals.ts';
import type {Request} from '../core/request/request.ts';
import {parse} from './parse.ts';
import type {Render} from './render.ts';
import type {UnaryCall, UnaryHandler} from './unary.ts';
import {makeWaitingRoom, type Waiting} from './waiting.ts';
import type {CheckRequest, CheckResponse} from './wire.ts';

/** What decides and what answers, of one configuration. */
export interface Deciding {
  readonly check: Check;
  readonly render: Render;
}

/** What the service is made of. */
export interface ServiceParts {
  /** Asked once for each call, so that what one configuration decides is never answered in the form of another. */
  readonly inForce: () => Deciding;
  /** A new id for a decision: random, printable ASCII. */
  readonly newId: () => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds, steady. Default: those of this process. */
  readonly steady?: () => number;
  readonly log: {error(fields: object, message: string): void};
  /**
   * Told of the decisions that the edge makes itself (`malformed_request`, `request_too_large`, `deadline`, `overloaded`, `internal`), which
   * the check never sees, so that metrics and the decision log hold them too.
   */
  readonly decided?: (decision: Deny, request: Request | undefined, context: CheckContext) => void;
  /** Milliseconds that calls wait before they are seen (queueDelay.ts). Default: none. */
  readonly queueDelay?: () => number;
  /** Whether the trace that a call belongs to is looked at. Default: it is not. */
  readonly traced?: boolean;
  /** Calls that may wait for a decision at once; beyond it `overloaded` is answered. Default: 4096. */
  readonly mostWaiting?: number;
  /** Bytes of the messages of all that wait; beyond it the same. Default: 64 MiB. */
  readonly mostWaitingBytes?: number;
}

type Call = UnaryCall<CheckRequest>;
type Answer = Parameters<UnaryHandler<CheckRequest, CheckResponse>>[1];

/** A call under way. */
interface Going {
  readonly call: Call;
  readonly callback: Answer;
  readonly render: Render;
  /** Undefined where it could not be read. */
  readonly request: Request | undefined;
  readonly context: CheckContext;
}

/** `close` ends its timer. */
export interface Service {
  check(call: Call, callback: Answer): void;
  /** A CheckRequest of so many bytes was not read, where `most` are allowed. Answers what the caller is told. */
  tooLarge(bytes: number, most: number): string;
  close(): void;
}

/**
 * Answers every call exactly once, and with an allow only for a decision that says so. An outage or a bug is an error
 * answer, for which Envoy's failure policy holds:
 * - a call whose deadline has passed, or has been cancelled, is not worked on;
 * - `deadline`: the check still runs shortly before the deadline (25 ms, or an eighth of the time if that is
 *   less: on a cold connection Envoy had given up before an answer came that was sent 10 ms ahead). The check is told to
 *   be done a little before that (5 ms, or a fortieth), so that what waits for a service can say itself which one, and by
 *   which rule: then a shadow rule lets through, as it does for any other refusal;
 * - `overloaded`: the queue before us has eaten the deadline, or too many calls wait; answered at once, because late
 *   answers become cancelled calls, and those a lost connection;
 * - `internal`: anything was thrown, or the decision is none. Logged with its stack, without the request.
 */
export const makeService = (parts: ServiceParts): Service => {
  const {inForce, newId, now, steady = () => performance.now(), log, decided} = parts;
  const {queueDelay = () => 0, mostWaiting = 4_096, mostWaitingBytes = 67_108_864, traced = false} = parts;
  const waiting = makeWaitingRoom(steady);

  const send = ({call, callback, render, request, context}: Going, decision: Decision): void => {
    if (call.cancelled) return;
    const rendered = render(decision, request, context.id);
    if ('failure' in rendered) callback(rendered.failure);
    else callback(null, rendered);
  };
  const refuse = (going: Going, reason: Reason, detail?: string): void => {
    const decision: Deny = {outcome: 'deny', reason, ...(detail !== undefined && {detail})};
    decided?.(decision, going.request, going.context);
    send(going, decision);
  };
  const fail = (going: Going, error: unknown): void => {
    log.error({decision: going.context.id, err: error}, 'a bug: the check was answered with internal');
    refuse(going, 'internal');
  };
  const guarded = (going: Going, step: () => void): void => {
    try {
      step();
    } catch (error) {
      giveUp(log, going.callback, () => fail(going, error));
    }
  };

  const answer = (call: Call, callback: Answer): void => {
    const started = now();
    const {check, render} = inForce();
    const deadline = Number(call.getDeadline());
    const left = deadline - started;
    const expires = deadline - Math.min(25, left / 8);
    const own: CheckContext = {id: newId(), now: started, deadline: expires - Math.min(5, left / 40)};
    const context = traced ? withTrace(own, call) : own;
    const asked = call.request.asked ?? parse(call.request);
    const request = asked === 'malformed' ? undefined : asked;
    const going: Going = {call, callback, render, request, context};

    try {
      if (!request) refuse(going, 'malformed_request', 'the CheckRequest names no method, path or peer');
      else if (left <= 0) refuse(going, 'deadline', 'the deadline had passed when the call was read');
      else if (left <= queueDelay() || waiting.size >= mostWaiting || waiting.bytes >= mostWaitingBytes)
        refuse(going, 'overloaded', overload(left, queueDelay(), waiting));
      else {
        const decision = check(request, context);
        // Of what is in memory it was decided at once: nobody waits, and nothing is kept for that.
        if (decision instanceof Promise) wait(going, decision, expires - started);
        else send(going, decision);
      }
    } catch (error) {
      giveUp(log, callback, () => fail(going, error));
    }
  };

  /** Until it is decided, or `milliseconds` are over. */
  const wait = (going: Going, decision: Promise<Decision>, milliseconds: number): void => {
    let open = true;
    const place: Waiting = {
      expires: milliseconds + steady(),
      bytes: going.call.request.size ?? 0,
      end: () => {
        open = false;
        guarded(going, () => refuse(going, 'deadline'));
      },
    };
    const settle = (step: () => void): void => {
      if (!open) return;
      open = false;
      waiting.leave(place);
      guarded(going, step);
    };
    waiting.enter(place);
    decision.then(
      (decided) => settle(() => send(going, decided)),
      (error: unknown) => settle(() => fail(going, error)),
    );
  };

  return {
    check(call, callback) {
      if (call.cancelled) return;
      giveUp(log, callback, () => answer(call, callback));
    },
    tooLarge(bytes, most) {
      const id = newId();
      const at = now();
      const detail = `the CheckRequest has ${bytes} bytes, server.maxMessage allows ${most}`;
      decided?.({outcome: 'deny', reason: 'request_too_large', detail}, undefined, {id, now: at, deadline: at});
      return `the CheckRequest has ${bytes} bytes, and server.maxMessage allows ${most} (decision ${id})`;
    },
    close: waiting.close,
  };
};

/** Of what there is too much. */
const overload = (left: number, delay: number, waiting: {readonly size: number; readonly bytes: number}): string =>
  left <= delay
    ? `calls wait ${Math.round(delay)} ms before they are read, and the deadline leaves ${Math.round(left)} ms`
    : `${waiting.size} calls with ${waiting.bytes} bytes wait for a decision`;

/** Envoy calls from a span of its own, and says so beside the message. */
const withTrace = (context: CheckContext, {metadata}: Call): CheckContext => {
  const [traceparent] = metadata.get('traceparent');
  return typeof traceparent === 'string' ? {...context, traceparent} : context;
};

/** The last net: where not even the error answer can be made, the call ends with a gRPC status, an error to Envoy too. */
const giveUp = (log: ServiceParts['log'], callback: Answer, step: () => void): void => {
  try {
    step();
  } catch (error) {
    callback({code: status.INTERNAL, details: 'internal'});
    try {
      log.error({err: error}, 'a bug: a check ended without an answer');
    } catch {
      // The log itself is broken: nothing is left to tell it to, and the next call must still be served.
    }
  }
};
