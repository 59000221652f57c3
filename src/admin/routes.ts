// The pages that every Postern has: metrics, liveness, readiness.
import type {Health} from '../core/health.ts';
import {type AdminRoute, json} from './route.ts';

/** Expositions that are made as they are asked for; then one a second, which all share. Each may take 10 ms and more. */
const freshOnes = 50;
const keptFor = 1_000;

type Exposition = (accept: string) => Promise<{readonly type: string; readonly text: string}>;

/** The same, made once for all who ask meanwhile, and kept for a second where it is asked for too often. */
const shared = (exposition: Exposition, steady: () => number): Exposition => {
  const made = new Map<string, {readonly at: number; readonly answer: ReturnType<Exposition>; busy: boolean}>();
  let fresh = freshOnes;
  let refilled = steady();
  return (accept) => {
    const format = accept.includes('application/openmetrics-text') ? 'application/openmetrics-text' : '';
    const now = steady();
    fresh = Math.min(freshOnes, fresh + (now - refilled) / keptFor);
    refilled = now;
    const last = made.get(format);
    if (last !== undefined && (last.busy || (fresh < 1 && now - last.at < keptFor))) return last.answer;
    fresh = Math.max(0, fresh - 1);
    const answer = exposition(format);
    const one = {at: now, answer, busy: true};
    made.set(format, one);
    const done = (): void => {
      one.busy = false;
    };
    answer.then(done, () => made.delete(format));
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
