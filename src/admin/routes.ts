// The pages that every Postern has: metrics, liveness, readiness.
import type {Health} from '../core/health.ts';
import {type AdminRoute, json} from './route.ts';

/** GET /metrics: the exposition in the format that the Accept header prefers. */
export const metricsRoute = (
  exposition: (accept: string) => Promise<{readonly type: string; readonly text: string}>,
): AdminRoute => ({
  method: 'GET',
  path: '/metrics',
  token: false,
  about: 'Metrics for Prometheus',
  handle: async ({headers}) => {
    const {type, text} = await exposition(headers.accept ?? '');
    return {status: 200, type, body: text};
  },
});

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
