// Where decisions are told: the decision log by its settings, and the last ones that are kept.
import type {Settings} from '../config/schema.ts';
import type {Rule} from '../core/rules.ts';
import {type LineOf, makeReplayLine} from '../observe/decisionLine.ts';
import {type DecisionLog, makeDecisionLog} from '../observe/decisionLog.ts';
import {remembering} from '../observe/recent.ts';
import {makeRemember} from '../observe/remembered.ts';
import {decisionSettingsOf} from '../observe/settings.ts';
import {makeStepTimes, type StepTimes} from '../observe/stepTimes.ts';
import type {Provider} from '../providers/provider.ts';
import type {Shared} from './shared.ts';

export interface DecisionsTold {
  readonly log: DecisionLog;
  /** A decision with what it takes to decide it once more. */
  readonly replayLine: LineOf;
  /** Absent where nobody asks for the time of steps: then nothing is wrapped. */
  readonly times: StepTimes | undefined;
}

export const makeDecisionsTold = (
  {log, rules}: Pick<Settings, 'log' | 'rules'>,
  providers: readonly Provider[],
  shared: Pick<Shared, 'clocks' | 'decisions' | 'recent'>,
): DecisionsTold => {
  const times = decisionSettingsOf(log.decisions).steps ? makeStepTimes(shared.clocks.steady) : undefined;
  const remember = makeRemember(headersRead(rules), headersOf(providers), times?.of);
  const replayLine = makeReplayLine(claimsRead(rules));
  const decisionLog = makeDecisionLog({log: shared.decisions, settings: log, remember, replayLine});
  return {
    times,
    replayLine,
    log: shared.recent === undefined ? decisionLog : remembering(decisionLog, shared.recent, remember),
  };
};

/** Headers that targeting rules and conditions look at: what a client sends, and no credential. */
const headersRead = (rules: readonly Rule[]): readonly string[] => [
  ...sourcesOf(rules).flatMap((source) => ('header' in source ? [source.header.toLowerCase()] : [])),
  ...conditionsOf(rules).flatMap((text) => namesIn(text, 'headers').map((name) => name.toLowerCase())),
];

/** Claims that they look at. */
const claimsRead = (rules: readonly Rule[]): readonly string[] => [
  ...new Set([
    ...sourcesOf(rules).flatMap((source) => ('claim' in source ? [source.claim] : [])),
    ...conditionsOf(rules).flatMap((text) => namesIn(text, 'claims')),
  ]),
];

const sourcesOf = (rules: readonly Rule[]) => rules.flatMap(({attributes = {}}) => Object.values(attributes));

const conditionsOf = (rules: readonly Rule[]): readonly string[] => [
  ...new Set(
    rules.flatMap(({access}) =>
      'require' in access && access.require.when !== undefined ? [access.require.when] : [],
    ),
  ),
];

/** `claims.plan`, `claims["plan"]`: the first step. By the text alone, for conditions may be thousands. */
const namesIn = (text: string, of: 'claims' | 'headers'): readonly string[] =>
  [...text.matchAll(/\b(claims|headers)\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*(?:'([^']+)'|"([^"]+)")\s*\])/g)].flatMap(
    ([, what, dotted, single, double]) => (what === of ? (dotted ?? single ?? double ?? []) : []),
  );

/** Headers in which credentials stand. */
const headersOf = (providers: readonly Provider[]): readonly string[] =>
  providers.flatMap(({places}) => places.flatMap(({kind, name}) => (kind === 'header' ? [name] : [])));
