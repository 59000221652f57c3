// The pages that every Postern has: metrics, liveness, readiness.
import type {Health} from '../core/health.ts';
import {type AdminRoute, json} from './route.ts';

/** Expositions that are made as they are asked for; then one a second, for which all wait. Each may take 10 ms and more. */
const freshOnes = 50;
const pause = 1_000;

type Exposition = (accept: string) => Promise<{readonly type: string; readonly text: string}>;

/** The same, made once for all who ask meanwhile; where it is asked for too often, for all who ask within a second. */
const shared = (exposition: Exposition, steady: () => number): Exposition => {
  const underWay = new Map<string, ReturnType<Exposition>>();
  let fresh = freshOnes;
  let refilled = steady();
  return (accept) => {
    const format = accept.includes('application/openmetrics-text') ? 'application/openmetrics-text' : '';
    const known = underWay.get(format);
    if (known !== undefined) return known;
    const now = steady();
    fresh = Math.min(freshOnes, fresh + (now - refilled) / pause);
    refilled = now;
    const isFresh = fresh >= 1;
    if (isFresh) fresh -= 1;
    const turn = isFresh ? undefined : new Promise((resolve) => void setTimeout(resolve, pause).unref());
    const answer = (turn === undefined ? exposition(format) : turn.then(() => exposition(format))).finally(() =>
      underWay.delete(format),
    );
    underWay.set(format, answer);
    return answer;
  };
};

/** GET /metrics: the exposition in the format that the Accept header prefers. `steady` in milliseconds. */
export const metricsRoute = (exposition: Exposition, steady = (): number => performance.now()): AdminRoute => {
  const made = shared(exposition, steady);
  return {
    method: 'GET',
    path: '/metrics',
    token: false,
    about: 'Metrics for Prometheus',
    handle: async ({headers}) => {
      const {type, text} = await made(headers.accept ?? '');
      return {status: 200, type, body: text};
    },
  };
};

/** GET /livez: that it answers at all says that the event loop turns; nothing else may get a process killed. */
export const livezRoute: AdminRoute = {
  method: 'GET',
  path: '/livez',
  token: false,
  about: 'Alive: the event loop turns',
  handle: () => json(200, {status: 'alive'}),
};

/** GET /readyz: 503 while a part is unready. What is degraded still decides, so it stays 200, and the body says it. */
export const readyzRoute = (health: () => readonly Health[]): AdminRoute => ({
  method: 'GET',
  path: '/readyz',
  token: false,
  about: 'Ready to decide, part by part',
  handle: () => {
    const parts = health();
    const status = statusOf(parts);
    return json(status === 'unready' ? 503 : 200, {status, parts});
  },
});

const statusOf = (parts: readonly Health[]): Health['state'] => {
  if (parts.some(({state}) => state === 'unready')) return 'unready';
  return parts.some(({state}) => state === 'degraded') ? 'degraded' : 'ready';
};
