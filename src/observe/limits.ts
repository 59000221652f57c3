// What the limits of a port have ended: counted each time, told in the log once a minute.
import {makeSeldom} from '../core/seldom.ts';
import type {Log} from './log.ts';
import type {Metrics} from './metrics.ts';

/** The ports that have limits, and what each limit says in the log. */
const sentences = {
  grpc: {
    connections: 'more connections than are served at once: the oldest silent ones are closed',
    silent: 'connections that asked nothing were closed',
    idle: 'connections that have long asked nothing are told to end',
    resets: 'a connection took back more calls than any proxy does: it was closed',
    compressed: 'compressed messages are refused: leave grpc-encoding out',
    unfinished: 'calls whose message does not come, or that do not end, were ended',
    calls: 'more calls are open than are served at once',
    too_large:
      'a CheckRequest is longer than server.maxMessage: leave with_request_body out of the filter, or raise it',
    watches: 'more watches of health than are served at once',
  },
  admin: {
    connections: 'more connections than are served at once: the oldest silent ones are closed',
    guesses: 'admin page refused: no or a wrong token',
    hosts: 'a request names a host that is not of this port (DNS rebinding?): set admin.hosts if it is yours',
  },
  answers: {
    connections: 'more connections than are served at once: the oldest silent ones are closed',
  },
} as const;

export type Port = keyof typeof sentences;
export type LimitOf<P extends Port> = keyof (typeof sentences)[P] & string;

/** Told of each time that a limit of this port was met. `fields`: of the first one of the minute, for the log. */
export type Limited<P extends Port> = (limit: LimitOf<P>, fields?: object) => void;

/** What a caller can bring about must not fill the log. Milliseconds. */
const pause = 60_000;

/** `steady` in milliseconds. */
export const makeLimited = <P extends Port>(
  port: P,
  metrics: Pick<Metrics, 'limited'>,
  log: Pick<Log, 'warn'>,
  steady: () => number,
): Limited<P> => {
  const seldom = makeSeldom(pause, steady);
  return (limit, fields = {}) => {
    metrics.limited(port, limit);
    const count = seldom(limit);
    if (count === undefined) return;
    const sentence = (sentences[port] as Record<string, string>)[limit] ?? limit;
    log.warn({port, limit, ...fields, count}, sentence);
  };
};
