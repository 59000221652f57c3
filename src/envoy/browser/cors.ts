// What a script of another origin needs to read an answer of ours (fetch.spec.whatwg.org, "CORS protocol").
import type {Reply} from '../../core/decision.ts';
import type {Request} from '../../core/request/request.ts';
import {line} from '../headers.ts';
import type {HeaderValueOption} from '../wire.ts';
import type {CorsSettings} from './settings.ts';

export interface Cors {
  /** For each refusal. What depends on the origin says so, whether or not one was sent (RFC 9110 section 12.5.5). */
  headers(request: Request | undefined): readonly HeaderValueOption[];
  /** The answer to a preflight of a listed origin; undefined: it is none, or not ours to answer. */
  preflight(request: Request): Reply | undefined;
}

/** `Origin` is one value (RFC 6454 section 7), which browsers write in lower case and in the one way. */
const longest = 512;

/** A gRPC-Web script reads what became of its call in these. */
const ofGrpcWeb = ['grpc-status', 'grpc-message'];

export const makeCors = ({origins, credentials, headers, preflight}: CorsSettings): Cors => {
  const listed = new Set(origins.filter((origin) => !origin.includes('://*.')));
  const patterns = new Set(origins.filter((origin) => origin.includes('://*.')));
  const isListed = (origin: string): boolean => {
    if (origin.length > longest) return false;
    const pattern = origin.replace(/:\/\/[a-z0-9_-]+(?=\.)/, '://*');
    return listed.has(origin) || (pattern !== origin && patterns.has(pattern));
  };
  const vary = listed.has('*') ? [] : [line('vary', 'origin')];
  const allowCredentials: readonly (readonly [string, string])[] = credentials
    ? [['access-control-allow-credentials', 'true']]
    : [];
  const readable = line('access-control-expose-headers', [...new Set([...headers, ...ofGrpcWeb])].join(', '));

  /** The value of Access-Control-Allow-Origin; undefined: nothing is said to this origin. */
  const allowed = (request: Request | undefined): string | undefined => {
    const origin = request?.headers.get('origin');
    if (origin === undefined) return undefined;
    if (listed.has('*')) return '*';
    return isListed(origin) ? origin : undefined;
  };

  return {
    headers(request) {
      const origin = allowed(request);
      if (origin === undefined) return vary;
      const more = allowCredentials.map(([name, value]) => line(name, value));
      return [...vary, line('access-control-allow-origin', origin), ...more, readable];
    },
    preflight(request) {
      if (preflight === undefined || request.method !== 'OPTIONS') return undefined;
      if (!request.headers.has('access-control-request-method')) return undefined;
      const origin = allowed(request);
      if (origin === undefined) return undefined;
      return {
        kind: 'preflight',
        status: 204,
        headers: [
          ['access-control-allow-origin', origin],
          ...allowCredentials,
          ['access-control-allow-methods', preflight.methods.join(', ')],
          ['access-control-allow-headers', preflight.headers.join(', ')],
          ['access-control-max-age', String(Math.floor(preflight.maxAge / 1_000))],
          ['vary', 'origin, access-control-request-method, access-control-request-headers'],
        ],
        body: '',
      };
    },
  };
};
