// The spans of a check: itself, and what it waited for. Wrappers, so that nothing that decides knows of them.
import {AsyncLocalStorage} from 'node:async_hooks';
import type {Attributes, Context, Span, SpanStatusCode, Tracer} from '@opentelemetry/api';
import type {Check, CheckContext, Decision} from '../core/decision.ts';
import type {RemoteAnswer, RemoteCall} from '../core/remote.ts';
import type {Request} from '../core/request/request.ts';
import {Unavailable} from '../core/unavailable.ts';
import {outcomeOf, reasonOf} from './outcome.ts';
import {positionOf, type SpanPosition} from './tracing.ts';

export interface Spans {
  /** The same check, each call in a span, below that of Envoy. */
  check(check: Check): Check;
  /** The same calls; those that a check waits for, in spans below its own. */
  call(call: RemoteCall): RemoteCall;
  /** The same for commands to Redis. */
  redis<R extends Commands>(redis: R): R;
  /** Where in a trace the caller is, if somebody keeps it. */
  position(): SpanPosition | undefined;
  /** Tells what is still to be told, for at most a few seconds. */
  close(): Promise<void>;
}

interface Commands {
  call(name: string, ...rest: readonly (string | number | Buffer)[]): Promise<unknown>;
}

/** What of the library is needed, so that it is loaded by nobody who does not use it. */
export interface SpansParts {
  readonly tracer: Tracer;
  readonly kinds: {readonly server: number; readonly client: number};
  readonly failed: SpanStatusCode;
  /** A context in which this is the parent; without one, that of a new trace. */
  readonly below: (parent: SpanPosition | Span | undefined) => Context;
  readonly close: () => Promise<void>;
}

/** The span of a check, as long as it lasts: what goes on in the background afterwards is none of its children. */
interface Own {
  readonly span: Span;
  isLive: boolean;
}

const service = 'envoy.service.auth.v3.Authorization';
const name = `${service}/Check`;
/** RFC 9110 and 5789; anything else a client can make up (semantic conventions: `_OTHER`). */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);

export const makeSpans = ({tracer, kinds, failed, below, close}: SpansParts): Spans => {
  const current = new AsyncLocalStorage<Own>();
  /** The same for the same: what a vendor's token is kept by must not change. */
  const calls = new WeakMap<RemoteCall, RemoteCall>();

  const fail = (span: Span, type: string): void => {
    span.setAttribute('error.type', type);
    span.setStatus({code: failed});
  };
  const describe = (span: Span, decision: Decision): void => {
    const outcome = outcomeOf(decision);
    const reason = reasonOf(decision);
    const provider = decision.provider ?? decision.principal?.provider;
    span.setAttribute('postern.outcome', outcome);
    if (reason !== undefined) span.setAttribute('postern.reason', reason);
    if (decision.rule !== undefined) span.setAttribute('postern.rule', decision.rule);
    if (provider !== undefined) span.setAttribute('postern.provider', provider);
    // A refusal is an answer; only what could not be decided is an error.
    if (outcome === 'error') fail(span, reason ?? 'internal');
  };

  /** A child, where a check that somebody keeps waits for it. */
  const child = (title: string, attributes: Attributes): Span | undefined => {
    const own = current.getStore();
    if (own === undefined || !own.isLive) return undefined;
    return tracer.startSpan(title, {kind: kinds.client, attributes}, below(own.span));
  };

  const callOf =
    (call: RemoteCall): RemoteCall =>
    async (dependency, request, deadline) => {
      const {hostname, port, protocol} = new URL(request.url);
      const span = child(request.method, {
        'http.request.method': request.method,
        'server.address': hostname,
        'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
        'postern.dependency': dependency,
      });
      if (span === undefined) return call(dependency, request, deadline);
      try {
        const answer = await call(dependency, request, deadline);
        answered(span, answer);
        return answer;
      } catch (error) {
        fail(span, resultOf(error));
        throw error;
      } finally {
        span.end();
      }
    };

  return {
    check: (check) => async (request, context) => {
      const span = tracer.startSpan(
        name,
        {kind: kinds.server, attributes: askedOf(request, context)},
        below(parentOf(request, context)),
      );
      if (!span.isRecording()) return check(request, context);
      const own: Own = {span, isLive: true};
      try {
        const decision = await current.run(own, () => check(request, context));
        describe(span, decision);
        return decision;
      } catch (error) {
        fail(span, 'internal');
        throw error;
      } finally {
        own.isLive = false;
        span.end();
      }
    },
    call(call) {
      const known = calls.get(call) ?? callOf(call);
      calls.set(call, known);
      return known;
    },
    redis: (redis) => ({
      ...redis,
      call: async (command: string, ...rest: readonly (string | number | Buffer)[]) => {
        const span = child(command, {'db.system.name': 'redis', 'db.operation.name': command});
        if (span === undefined) return redis.call(command, ...rest);
        try {
          return await redis.call(command, ...rest);
        } catch (error) {
          fail(span, resultOf(error));
          throw error;
        } finally {
          span.end();
        }
      },
    }),
    position() {
      const own = current.getStore();
      if (own === undefined) return undefined;
      const {traceId, spanId} = own.span.spanContext();
      return {traceId, spanId, sampled: true};
    },
    close,
  };

  function answered(span: Span, {status}: RemoteAnswer): void {
    span.setAttribute('http.response.status_code', status);
    if (status >= 400) fail(span, String(status));
  }
};

/** Envoy's own call comes first: it stands nearer than what the client has sent, and belongs to the same trace. */
const parentOf = (request: Request, {traceparent}: CheckContext): SpanPosition | undefined =>
  positionOf(traceparent) ?? positionOf(request.headers.get('traceparent'));

/** What is asked, without a path, a host or anything else that is about a person. */
const askedOf = ({method}: Request, {id}: CheckContext): Attributes => ({
  'rpc.system': 'grpc',
  'rpc.service': service,
  'rpc.method': 'Check',
  'http.request.method': methods.has(method) ? method : '_OTHER',
  'postern.decision': id,
});

/** How a call ended, in the words of the metrics. */
const resultOf = (error: unknown): string => {
  const {result} = Object(error instanceof Unavailable ? error.cause : error) as {readonly result?: unknown};
  return typeof result === 'string' ? result : 'error';
};
