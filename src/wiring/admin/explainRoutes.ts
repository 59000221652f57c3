// The pages that explain: a decision that was made, and a request that somebody types in.

import {type AdminAnswer, type AdminRoute, json} from '../../admin/route.ts';
import {CommandError} from '../../commands/settings.ts';
import type {LineOf} from '../../observe/decisionLine.ts';
import {outcomeOf, reasonOf} from '../../observe/outcome.ts';
import type {RecentDecisions} from '../../observe/recent.ts';
import type {Remembered} from '../../observe/remembered.ts';
import type {Explainer} from '../explain/explainer.ts';
import type {Explanation} from '../explain/explanation.ts';
import {explanationJson} from '../explain/explanationJson.ts';
import {askedBodyOf} from './askedBody.ts';
import {none, notKept} from './decisionRoutes.ts';

export interface ExplainRouteParts {
  readonly explainer: Explainer;
  /** Absent: none is kept. */
  readonly recent: Pick<RecentDecisions, 'find'> | undefined;
  readonly lineOf: LineOf;
  /** Takes out of JSON what must not be shown. */
  readonly redact: (json: string) => string;
}

/** Explanations that wait for their turn; one is made at a time, for each compiles the rules anew. */
const mostWaiting = 8;

/** They need the admin token. What is wrong with a request is said in the answer, status 400. */
export const makeExplainRoutes = ({explainer, recent, redact, lineOf}: ExplainRouteParts): readonly AdminRoute[] => {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const inTurn = async (make: () => Promise<AdminAnswer>): Promise<AdminAnswer> => {
    if (waiting >= mostWaiting) return busy;
    waiting += 1;
    const turn = last.then(make);
    last = turn.catch(() => undefined);
    return turn.finally(() => {
      waiting -= 1;
    });
  };
  const told = (body: object): AdminAnswer => ({...json(200, {}), body: redact(`${JSON.stringify(body, null, 2)}\n`)});

  const again = async (one: Remembered): Promise<AdminAnswer> => {
    const explained = await explainer.again(one);
    if (explained === undefined) return ofEdge(one);
    const {explanation, answer} = explained;
    return told({
      decided: lineOf(one),
      same: isSame(one, explanation.decision),
      ...explanationJson(explanation, answer),
    });
  };

  return [
    {
      method: 'GET',
      path: '/decisions/{id}/explanation',
      token: true,
      about: 'Why it was decided so, step by step; by the configuration, entitlements and revocations of now',
      handle: ({path}) => {
        const one = recent?.find(path.split('/')[2] ?? '');
        if (one === undefined) return recent === undefined ? none : notKept;
        return inTurn(() => again(one));
      },
    },
    {
      method: 'POST',
      path: '/explain',
      token: true,
      about: 'How a request would be decided: {method, path, host, headers, token or claims, at}, or {curl}',
      handle: ({body}) => {
        const asked = askedBodyOf(body);
        if (typeof asked === 'string') return bad(asked);
        return inTurn(async () => {
          try {
            const {explanation, answer} = await explainer.asked(asked);
            return told(explanationJson(explanation, answer));
          } catch (error) {
            if (error instanceof CommandError) return bad(error.message);
            throw error;
          }
        });
      },
    },
  ];
};

/** Whether it would be decided now as it was then. What Postern answered itself was refused by the rules. */
const isSame = (one: Remembered, now: Explanation['decision']): boolean => {
  if (one.rule !== now.rule) return false;
  if (one.outcome === 'answer') return now.outcome === 'deny';
  return one.outcome === outcomeOf(now) && one.reason === reasonOf(now);
};

const bad = (detail: string): AdminAnswer => json(400, {error: 'bad_request', detail});

const busy = json(503, {error: 'busy', detail: `${mostWaiting} explanations are under way: ask again in a moment.`});

const ofEdge = ({reason}: Remembered): AdminAnswer =>
  json(409, {
    error: 'not_explained',
    detail: `There are no steps to tell: it was answered ${reason} before any rule was looked at. docs/reference/reasons.md says what that means.`,
  });
