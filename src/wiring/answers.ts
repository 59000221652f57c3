// The answers for the application, by whatever decides at the moment.
import type {Named} from '../answers/evaluate.ts';
import type {Listener} from '../answers/listener.ts';
import {type AnswersBy, makeAnswersServer} from '../answers/server.ts';
import type {AnswersSettings} from '../answers/settings.ts';
import type {CheckParts} from '../check.ts';
import type {Rule} from '../core/rule/rules.ts';
import {type WatchParts, watchCertificates} from '../envoy/certificateFiles.ts';
import {makeLimited} from '../observe/limits.ts';
import {askedBy} from './entitlements/entitlements.ts';
import type {Shared} from './shared.ts';

/** Undefined where they are not configured. */
export const makeAnswers = (
  settings: AnswersSettings | undefined,
  /** `trust` of now. */
  trust: () => AnswersSettings['trust'],
  parts: () => CheckParts,
  {log, metrics, clocks}: Pick<Shared, 'log' | 'metrics' | 'clocks'>,
): Listener | undefined => {
  if (settings === undefined) return undefined;
  let last: {readonly of: CheckParts; readonly by: AnswersBy} | undefined;
  const by = (): AnswersBy => {
    const of = parts();
    if (last?.of !== of) {
      const {providers, revocations, entitlements, rules, told} = of;
      last = {of, by: {providers, revocations, entitlements, named: once(() => namedBy(rules, told))}};
    }
    return last.by;
  };
  const {tls} = settings;
  const certificates =
    tls && ((renewed: WatchParts['renewed']) => watchCertificates({files: tls, setting: 'answers.tls', log, renewed}));
  const limited = makeLimited('answers', metrics, log, clocks.steady);
  return makeAnswersServer({
    settings,
    trust,
    certificates,
    by,
    now: clocks.now,
    newId: clocks.newId,
    pause: clocks.pause,
    log,
    limited: (limit) => limited(limit),
  });
};

/** Conditions are read for it, and most sources tell by themselves what there is. */
const once = <T extends object>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

/** Shadow rules name features like any other. */
const namedBy = (rules: readonly Rule[], told: readonly string[] | undefined): Named => {
  const {features} = askedBy(
    rules.map((rule) => ({...rule, shadow: false})),
    told,
  );
  const namesOf = (isAmount: boolean) =>
    features.flatMap(({feature, as}) => (isAmount === (as !== undefined) ? [feature] : []));
  return {features: namesOf(false), amounts: new Set(namesOf(true))};
};
