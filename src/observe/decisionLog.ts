// One line for a decision. It names who asked for what and why it was refused, and holds no credential, cookie, query,
// nor any claim but subject and tenant, unless replay was asked for.
import type {Decision} from '../core/decision.ts';
import type {Request} from '../core/request/request.ts';
import {type LineOf, plainLine} from './decisionLine.ts';
import type {Log} from './log.ts';
import {type Outcome, outcomeOf} from './outcome.ts';
import {sound} from './redact.ts';
import {type Moment, makeRemember, type Remember, type Remembered} from './remembered.ts';
import {makeIsSampled} from './sample.ts';
import {decisionSettingsOf, type LogSettings} from './settings.ts';

/** `request` is undefined where it could not be read. `seconds`: how long the decision took. */
export interface DecisionLog {
  decided(moment: Moment, request: Request | undefined, decision: Decision, seconds: number): void;
  /** A decision that ended in a bug: written whatever `log.decisions` says. */
  failed(moment: Moment, request: Request | undefined, error: unknown, seconds: number): void;
}

export interface DecisionLogParts {
  readonly log: Log;
  readonly settings: Pick<LogSettings, 'decisions'>;
  /** Default: of no rules and providers. */
  readonly remember?: Remember;
  /** What `replay` adds. Default: nothing. */
  readonly replayLine?: LineOf;
}

/** Writes allow and deny at `info`, what could not be decided at `warn`, a bug at `error`. */
export const makeDecisionLog = (parts: DecisionLogParts): DecisionLog => {
  const {log, remember = makeRemember([], []), replayLine = plainLine} = parts;
  const settings = decisionSettingsOf(parts.settings.decisions);
  const lineOf = settings.replay ? replayLine : plainLine;
  const isSampled = makeIsSampled(settings);

  const fieldsOf = (one: Remembered, share = 1) => {
    const {time: _, replay, ...fields} = lineOf(one);
    return {...fields, ...(share < 1 && {sample: share}), ...(replay && {replay: sound(withoutSession(replay))})};
  };
  const isWanted = (outcome: Outcome): boolean => {
    if (settings.which === 'none') return false;
    return settings.which === 'all' || (outcome !== 'allow' && outcome !== 'answer');
  };

  return {
    decided: (moment, request, decision, seconds) => {
      const outcome = outcomeOf(decision);
      if (!isWanted(outcome)) return;
      const share = isSampled.share(outcome);
      if (!isSampled.of(moment.id, share)) return;
      const line = outcome === 'error' ? log.warn : log.info;
      line(fieldsOf(remember(moment, request, decision, seconds), share), 'decision');
    },
    failed: (moment, request, error, seconds) =>
      log.error(
        {...fieldsOf(remember(moment, request, {outcome: 'deny', reason: 'internal'}, seconds)), err: error},
        'a decision failed because of a bug in Postern; the request was answered 500',
      ),
  };
};

/** Ids of sessions and tokens end sessions and are asked about: they stay on the admin port. */
const withoutSession = ({who, ...replay}: NonNullable<ReturnType<LineOf>['replay']>) => {
  if (who === undefined) return replay;
  const {session_id: _, token_id: __, ...told} = who;
  return {...replay, who: told};
};
