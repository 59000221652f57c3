// The pages about single decisions: the last ones, one of them, and those that are made while somebody watches.
import {type AdminAnswer, type AdminRoute, json} from '../../admin/route.ts';
import type {LineOf} from '../../observe/decisionLine.ts';
import type {RecentDecisions} from '../../observe/recent.ts';
import type {Remembered} from '../../observe/remembered.ts';
import {decisionQueryOf, mostListed} from './decisionQuery.ts';
import {type StreamParts, streamDecisions} from './decisionStream.ts';

export interface DecisionRouteParts {
  /** Absent: none is kept. */
  readonly recent: RecentDecisions | undefined;
  /** Takes out of JSON what must not be shown. */
  readonly redact: (json: string) => string;
  readonly lineOf: LineOf;
  readonly every: StreamParts['every'];
}

/** Who may watch at once: each costs a look at every decision. */
const mostWatchers = 16;

/** All of them need the admin token. What is wrong with a request is said in the answer, status 400. */
export const makeDecisionRoutes = ({recent, redact, lineOf, every}: DecisionRouteParts): readonly AdminRoute[] => {
  const shown = (one: Remembered): string => redact(JSON.stringify(lineOf(one)));
  let watchers = 0;

  const list = (query: URLSearchParams): AdminAnswer => {
    if (recent === undefined) return none;
    const asked = decisionQueryOf(query);
    if (typeof asked === 'string') return bad(asked);
    const page = recent.list(asked);
    if (page === undefined) return bad('before names no decision that is kept: begin again without it.');
    const next = page.more ? {next: page.found.at(-1)?.id} : {};
    const body = {decisions: page.found.map(lineOf), ...next, kept: recent.size()};
    return {...json(200, undefined), body: redact(`${JSON.stringify(body, null, 2)}\n`)};
  };

  const stream = (query: URLSearchParams): AdminAnswer => {
    if (recent === undefined) return none;
    const asked = decisionQueryOf(query);
    if (typeof asked === 'string') return bad(asked);
    if (watchers >= mostWatchers) {
      return json(503, {
        error: 'busy',
        detail: `${mostWatchers} watch already: close one, or ask GET /decisions again and again.`,
      });
    }
    return {
      status: 200,
      type: 'text/event-stream; charset=utf-8',
      body: ': decisions from now on\n\n',
      stream: (out) => {
        watchers += 1;
        out.closed(() => {
          watchers -= 1;
        });
        streamDecisions(out, asked.fits, {recent, shown, every});
      },
    };
  };

  return [
    {
      method: 'GET',
      path: '/decisions',
      token: true,
      about: `The last decisions, newest first: ?limit=${mostListed}&before=ID&rule, reason, outcome, tenant, subject, provider, method, since`,
      handle: ({query}) => list(query),
    },
    {
      method: 'GET',
      path: '/decisions/stream',
      token: true,
      about: 'Decisions as they are made, as server-sent events; the same parameters',
      handle: ({query}) => stream(query),
    },
    {
      method: 'GET',
      path: '/decisions/{id}',
      token: true,
      about: 'One decision',
      handle: ({path}) => {
        const one = recent?.find(path.slice('/decisions/'.length));
        if (one === undefined) return recent === undefined ? none : notKept;
        return {...json(200, undefined), body: redact(`${JSON.stringify(lineOf(one), null, 2)}\n`)};
      },
    },
  ];
};

const bad = (detail: string): AdminAnswer => json(400, {error: 'bad_request', detail});

export const none = json(404, {
  error: 'not_kept',
  detail: 'No decision is kept: admin.decisions is 0.',
});

export const notKept = json(404, {
  error: 'not_found',
  detail:
    'This decision is not kept: another instance has made it, or more than admin.decisions were made since. Ask that instance, or look for its id in the decision log.',
});
