// Where decisions are told: the decision log by its settings, and the last ones that are kept.
import type {Settings} from '../config/schema.ts';
import type {Looks} from '../core/condition.ts';
import type {Rule} from '../core/rule/rules.ts';
import {type ClaimsRead, type LineOf, makeReplayLine} from '../observe/decisionLine.ts';
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
}

export interface ToldParts {
  readonly providers: readonly Provider[];
  readonly looks: readonly Looks[];
  readonly times: StepTimes | undefined;
}

/** Absent where nobody asks for the time of steps: then nothing is wrapped. */
export const makeTimes = ({log}: Pick<Settings, 'log'>, {clocks}: Pick<Shared, 'clocks'>): StepTimes | undefined =>
  decisionSettingsOf(log.decisions).steps ? makeStepTimes(clocks.steady) : undefined;

/** `looks`: what the conditions of the rules look at. */
export const makeDecisionsTold = (
  {log, rules}: Pick<Settings, 'log' | 'rules'>,
  {providers, looks, times}: ToldParts,
  shared: Pick<Shared, 'decisions' | 'recent'>,
): DecisionsTold => {
  const remember = makeRemember(headersRead(rules, looks), headersOf(providers), times?.of);
  const replayLine = makeReplayLine(claimsRead(rules, looks));
  const decisionLog = makeDecisionLog({log: shared.decisions, settings: log, remember, replayLine});
  return {
    replayLine,
    log: shared.recent === undefined ? decisionLog : remembering(decisionLog, shared.recent, remember),
  };
};

/** Headers that targeting rules and conditions look at: what a client sends, and no credential. */
const headersRead = (rules: readonly Rule[], looks: readonly Looks[]): readonly string[] => [
  ...sourcesOf(rules).flatMap((source) => ('header' in source ? [source.header.toLowerCase()] : [])),
  ...looks.flatMap(({headers}) => headers.map((name) => name.toLowerCase())),
];

/** Claims that they look at. */
const claimsRead = (rules: readonly Rule[], looks: readonly Looks[]): ClaimsRead => ({
  paths: unique(sourcesOf(rules).flatMap((source) => ('claim' in source ? [source.claim] : []))),
  names: looks.some(({claims}) => claims.whole) ? 'all' : unique(looks.flatMap(({claims}) => claims.named)),
});

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];

const sourcesOf = (rules: readonly Rule[]) => rules.flatMap(({attributes = {}}) => Object.values(attributes));

/** Headers in which credentials stand. */
const headersOf = (providers: readonly Provider[]): readonly string[] =>
  providers.flatMap(({places}) => places.flatMap(({kind, name}) => (kind === 'header' ? [name] : [])));
