// postern explain --decision: the running process says why it has decided as it did.
import {type Request, rawPathOf} from '../../core/request/request.ts';
import type {DecisionLine} from '../../observe/decisionLineSchema.ts';
import {printable} from '../../observe/redact.ts';
import type {Explanation} from '../../wiring/explain/explanation.ts';
import type {Answered} from '../../wiring/offline/offline.ts';
import {adminCall} from '../adminCall.ts';
import {CommandError, settingsOf} from '../settings.ts';
import {type Paint, textOf} from './text.ts';

/** What GET /decisions/{id}/explanation answers: an outage is its message. */
interface Told extends Omit<Explanation, 'decision'> {
  readonly decided: DecisionLine;
  readonly same: boolean;
  readonly decision: Omit<Explanation['decision'], 'outage' | 'credentialPlace'> & {readonly outage?: string};
  readonly answer: Answered['answer'];
}

export interface Remembered {
  readonly json: unknown;
  readonly outcome: DecisionLine['outcome'];
  text(paint: Paint): string;
}

/** Throws CommandError where the process cannot be asked, or does not keep the decision. */
export const rememberedDecision = async (config: string, id: string): Promise<Remembered> => {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) {
    throw new CommandError(
      `--decision: "${printable(id, 80)}" is no id: it stands in the body of the answer and in the log`,
    );
  }
  const {settings} = await settingsOf(config);
  const json = await adminCall(settings.admin, 'GET', `/decisions/${id}/explanation`);
  const told = json as Told;
  return {json, outcome: told.decided.outcome, text: (paint) => decidedText(told, paint)};
};

const decidedText = ({decided, same, decision, answer, ...steps}: Told, paint: Paint): string => {
  const {outage, ...rest} = decision;
  const explanation = {
    ...steps,
    decision: {...rest, ...(outage !== undefined && {outage: {message: outage}})},
  } as Explanation;
  const {time, outcome, reason, rule, detail, duration_ms: took} = decided;
  const paintOutcome = outcome === 'allow' ? paint.good : paint.bad;
  return [
    paint.title('decided'),
    `  ${time}, in ${took} ms`,
    `  ${paintOutcome([outcome, reason].filter(Boolean).join(': '))}${rule === undefined ? '' : `, by the rule ${rule}`}`,
    ...(detail === undefined ? [] : [`  ${printable(detail, 512)}`]),
    same
      ? '  it would be decided the same now:'
      : paint.bad('  it would be decided otherwise now; the rules, what was bought or what is revoked have changed:'),
    textOf(requestOf(decided), explanation, answer, paint),
  ].join('\n');
};

/** As much of the request as is known: no credential. */
const requestOf = ({method = '', host = '', path = '', replay}: DecisionLine): Request => ({
  kind: replay?.connection === true ? 'connection' : 'http',
  id: '',
  method,
  scheme: replay?.scheme ?? '',
  host,
  target: rawPathOf(path),
  headers: new Map(),
  source: {address: '', principal: ''},
  ...(replay?.named_rule !== undefined && {namedRule: replay.named_rule}),
});
