// postern explain: which rule would decide this request, by whom and why.
import type {Snapshot} from '../../core/entitlement/entitlement.ts';
import {isObject} from '../../core/isObject.ts';
import {refusals} from '../../core/refusals.ts';
import type {Request} from '../../core/request/request.ts';
import {makeRevocationSet} from '../../core/revocation/revocationSet.ts';
import {clocks} from '../../wiring/clocks.ts';
import {makeDecider} from '../../wiring/decider.ts';
import {answerShown} from '../../wiring/explain/answerShown.ts';
import {explain} from '../../wiring/explain/explained.ts';
import type {Explanation} from '../../wiring/explain/explanation.ts';
import {explanationJson} from '../../wiring/explain/explanationJson.ts';
import {type Answered, makeOffline, type Offline} from '../../wiring/offline/offline.ts';
import {makeShared} from '../../wiring/shared.ts';
import {CommandError, settingsOf} from '../settings.ts';
import {givenEntitlements} from '../test/entitlements.ts';
import {signerOf, tokenWith} from '../test/token.ts';
import {type AskedOptions, contentOf, requestAsked} from './asked.ts';
import {rememberedDecision} from './remembered.ts';
import {colours, type Paint, plain, textOf} from './text.ts';

export interface ExplainOptions extends AskedOptions {
  readonly config: string;
  readonly claims?: string;
  readonly provider?: string;
  readonly entitlements?: string;
  readonly at?: string;
  readonly offline?: boolean;
  readonly decision?: string;
  readonly json?: boolean;
  readonly color?: boolean;
}

/** Milliseconds after which nobody waits for an explanation. */
const patience = 15_000;

/** Exit status 0: allowed, 1: denied, 2: undecided (an outage, or a command that cannot be carried out). */
export const explainRequest = async (
  method: string | undefined,
  path: string | undefined,
  options: ExplainOptions,
): Promise<void> => {
  try {
    await told(method, path, options);
  } catch (error) {
    // 1 would say that the request is denied.
    throw error instanceof CommandError ? new CommandError(error.message, 2) : error;
  }
};

const told = async (method: string | undefined, path: string | undefined, options: ExplainOptions): Promise<void> => {
  if (options.decision !== undefined) return toldAgain(options.decision, method, options);
  const configuration = await settingsOf(options.config);
  const request = await requestAsked(method, path, options);
  const now = timeOf(options.at);
  const offline = options.offline === true || options.claims !== undefined || options.at !== undefined;
  const {asked, explanation, answer} = offline
    ? await explainOffline(configuration, request, now, options)
    : await explainOnline(configuration, request, now);

  const paint = paintOf(options);
  process.stdout.write(
    options.json
      ? `${JSON.stringify(explanationJson(explanation, answer), undefined, 2)}\n`
      : textOf(asked, explanation, answerShown(answer), paint),
  );
  const {decision} = explanation;
  if (decision.outcome === 'deny') process.exitCode = refusals[decision.reason].kind === 'error' ? 2 : 1;
};

const paintOf = ({color}: ExplainOptions): Paint =>
  (color ?? (process.stdout.isTTY && process.stdout.hasColors())) ? colours : plain;

/** The exit status is that of the decision which was made. */
const toldAgain = async (id: string, method: string | undefined, options: ExplainOptions): Promise<void> => {
  const others = ['host', 'header', 'cookie', 'token', 'curl', 'checkRequest', 'rule', 'claims', 'at'] as const;
  if (method !== undefined || others.some((name) => options[name] !== undefined)) {
    throw new CommandError('--decision explains a decision that was made: leave out what names another request');
  }
  const {json, outcome, text} = await rememberedDecision(options.config, id);
  process.stdout.write(options.json ? `${JSON.stringify(json, undefined, 2)}\n` : text(paintOf(options)));
  process.exitCode = outcome === 'error' ? 2 : outcome === 'deny' || outcome === 'answer' ? 1 : 0;
};

interface Explained {
  readonly asked: Request;
  readonly explanation: Explanation;
  readonly answer: Answered['answer'];
}

type Loaded = Awaited<ReturnType<typeof settingsOf>>;

/** By the parts that the program has: keys are fetched, sources asked, Redis read. */
const explainOnline = async (configuration: Loaded, request: Request, now: number): Promise<Explained> => {
  const quiet = {...configuration.settings, log: {...configuration.settings.log, level: 'silent' as const}};
  const shared = await makeShared(quiet, () => configuration.secrets);
  const decider = await makeDecider({...configuration, settings: quiet}, shared);
  try {
    await Promise.all([shared.start(), decider.start()]);
    const context = {id: 'explained', now, deadline: now + patience};
    const explanation = await explain(decider.parts, request, context, clocks);
    return {asked: request, explanation, answer: decider.render(explanation.decision, request, 'explained')};
  } finally {
    await decider.close();
    await shared.close();
  }
};

/** By what is given alone. */
const explainOffline = async (
  configuration: Loaded,
  request: Request,
  now: number,
  {claims, provider, entitlements}: ExplainOptions,
): Promise<Explained> => {
  const snapshot: Snapshot | undefined = await givenEntitlements(configuration.settings, entitlements);
  const offline = await makeOffline(configuration, {now: () => now, snapshot, revocations: makeRevocationSet()});
  try {
    const asked =
      claims === undefined ? request : signedBy(offline, request, await claimsOf(claims), {named: provider, now});
    return {asked, ...(await offline.explain(asked))};
  } finally {
    await offline.close();
  }
};

const signedBy = (
  offline: Offline,
  request: Request,
  claims: Readonly<Record<string, unknown>>,
  {named, now}: {readonly named: string | undefined; readonly now: number},
): Request => {
  const signer = signerOf(offline, claims, named);
  return offline.withToken(request, tokenWith(offline, claims, signer, now), signer);
};

/** Claims as JSON, or `@file`. */
const claimsOf = async (given: string): Promise<Readonly<Record<string, unknown>>> => {
  const text = given.startsWith('@') || given === '-' ? await contentOf(given === '-' ? '-' : given.slice(1)) : given;
  try {
    const claims: unknown = JSON.parse(text);
    if (isObject(claims)) return claims as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new CommandError(`--claims: is not a JSON object: write '{"sub": "alice"}', or @file`);
};

const timeOf = (at: string | undefined): number => {
  if (at === undefined) return clocks.now();
  const time = /^\d{4}-\d\d-\d\dT.*([Zz]|[+-]\d\d:\d\d)$/.test(at) ? Date.parse(at) : Number.NaN;
  if (Number.isNaN(time)) throw new CommandError(`--at: "${at}" is not a time: write 2027-01-31T12:00:00Z`);
  return time;
};
