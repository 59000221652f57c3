// An explanation as a person reads it: a section a step, what held in green, what did not in red.

import type {Upgrade} from '../../core/decision.ts';
import {refusals} from '../../core/refusals.ts';
import type {Request} from '../../core/request/request.ts';
import {printable} from '../../observe/redact.ts';
import type {EntitlementStep, Explanation, RequirementStep} from '../../wiring/explain/explanation.ts';
import {heldLines} from '../../wiring/explain/heldAnswer.ts';
import type {Answered} from '../../wiring/offline/offline.ts';
import {type Shown, tokenShown} from './tokenShown.ts';

/** Puts a colour around a text, or none. */
export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  faint(text: string): string;
  title(text: string): string;
}

const code = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`;
const same = (text: string) => text;

export const colours: Paint = {good: code(32, 39), bad: code(31, 39), faint: code(2, 22), title: code(1, 22)};
export const plain: Paint = {good: same, bad: same, faint: same, title: same};

/** Rules that were passed over are told whole up to this many; of more, those whose path holds. */
const mostRules = 20;

/** Lines of text. `hint`: what the reader may do next. */
export const textOf = (
  request: Request,
  explanation: Explanation,
  answer: Answered['answer'],
  paint: Paint,
): string => {
  const {decision} = explanation;
  return [
    ...section(paint, 'request', requestLines(request)),
    ...section(paint, 'rules', ruleLines(explanation, paint)),
    ...section(paint, 'credential', credentialLines(request, explanation, paint)),
    ...section(paint, 'principal', principalLines(explanation, paint)),
    ...section(
      paint,
      'requirements',
      explanation.requirements.flatMap((step) => requirementLines(step, explanation, paint)),
    ),
    ...section(paint, 'bought', explanation.held === undefined ? [] : heldLines(explanation.held)),
    ...section(paint, 'decision', decisionLines(decision, answer, paint)),
    '',
  ].join('\n');
};

const section = (paint: Paint, name: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [paint.title(name), ...lines.map((line) => `  ${line}`)];

const shown = (text: string, most = 512) => printable(text, most);

const requestLines = ({kind, method, host, target, namedRule}: Request): readonly string[] => [
  kind === 'connection'
    ? 'a connection, without an HTTP request'
    : `${shown(method, 32)} ${shown(host, 255)} ${shown(target.split('?', 1)[0] ?? '')}`,
  ...(namedRule === undefined ? [] : [`its route names the rule ${shown(namedRule)}`]),
];

const ruleLines = ({rules, decision}: Explanation, paint: Paint): readonly string[] => {
  if (decision.outcome === 'deny' && decision.rule === undefined && decision.reason !== 'no_rule') return [];
  const near = rules.filter((step) => step.matched || step.path === true);
  const told = rules.length <= mostRules ? rules : near.slice(-mostRules);
  const left = rules.length - told.length;
  return [
    ...(left > 0 ? [paint.faint(`${left} more rules do not match`)] : []),
    ...told.map((step) => {
      if (step.matched) return paint.good(`${step.rule}: matches`);
      const misses = (['connection', 'host', 'method', 'path'] as const).filter((part) => step[part] === false);
      const why =
        misses.length === 0
          ? 'an earlier rule wins, or another kind of request'
          : `${misses.join(' and ')} ${misses.length > 1 ? 'differ' : 'differs'}`;
      return paint.faint(`${step.rule}: no, ${why}`);
    }),
    ...(decision.rule === undefined ? [paint.bad('no rule matches: what no rule opens is closed')] : []),
  ];
};

const credentialLines = (request: Request, {places, decision}: Explanation, paint: Paint): readonly string[] =>
  places.flatMap(({place, held, accepted}) => {
    if (held === 'nothing') return [paint.faint(`${place}: nothing`)];
    if (held !== 'value') return [paint.bad(`${place}: ${held}`)];
    const taker = accepted.find(({accepts}) => accepts);
    const refused = accepted.filter(({accepts}) => !accepts).map(({provider}) => provider);
    const value = tokenShown(request, place);
    return [
      taker === undefined
        ? paint.bad(`${place}: holds a credential that no provider accepts (${refused.join(', ')})`)
        : paint.good(`${place}: ${taker.provider} vouches for it`),
      ...(value === undefined ? [] : linesOfToken(value).map((line) => `  ${line}`)),
      ...(taker === undefined && decision.rule !== undefined && value !== undefined
        ? ['  compare its iss with the issuer of your providers']
        : []),
    ];
  });

const linesOfToken = ({header, claims}: Shown): readonly string[] => [
  `header ${shown(JSON.stringify(header), 256)}`,
  `claims ${shown(JSON.stringify(claims), 1_024)}`,
];

const principalLines = ({provider, revoked, decision}: Explanation, paint: Paint): readonly string[] => {
  if (provider === undefined) return [];
  if (provider.verdict === 'unavailable') {
    return [paint.bad(`${provider.provider} cannot say: ${shown(decision.outage?.message ?? 'it failed')}`)];
  }
  const {principal} = provider;
  if (principal === undefined) return [paint.bad(`${provider.provider} refuses: ${provider.reason}`)];
  const {kind, subject, tenant, roles, permissions, scopes} = principal;
  const lists = {roles, permissions, scopes};
  return [
    paint.good(`${kind} ${shown(subject)}${tenant === undefined ? ', no tenant' : ` of tenant ${shown(tenant)}`}`),
    ...Object.entries(lists).map(
      ([name, list]) => `${name}: ${list.length === 0 ? 'none' : shown(list.join(', '), 1_024)}`,
    ),
    ...(revoked === true ? [paint.bad('is revoked (postern revocations lists them)')] : []),
  ];
};

const requirementLines = (step: RequirementStep, {entitlements}: Explanation, paint: Paint): readonly string[] => {
  const wanted = `wanted ${shown(JSON.stringify(step.wanted))}`;
  const got = step.got === undefined ? '' : `, got ${shown(JSON.stringify(step.got))}`;
  const asked = step.part === 'features' ? 'feature' : step.part === 'entitledPermissions' ? 'permission' : undefined;
  const answers = entitlements.flatMap((entitlement) => {
    const {asked: question, answer} = entitlement;
    const item = (question as {feature?: string; permission?: string})[asked as 'feature'];
    if (asked === undefined || item === undefined) return [];
    if (answer === 'unavailable') return [paint.bad(`  ${asked} ${shown(item)}: cannot be asked`)];
    return [
      `  ${asked} ${shown(item)}: ${answer.entitled ? 'live' : answer.justification}`,
      ...whenceLines(entitlement).map((line) => `    ${line}`),
    ];
  });
  return [
    step.met ? paint.good(`${step.part}: ${wanted}${got}`) : paint.bad(`${step.part}: ${wanted}${got}`),
    ...answers,
  ];
};

/** By which grants, and who says so since when. */
const whenceLines = ({source, age, layer, grants = []}: EntitlementStep): readonly string[] => [
  ...grants.map(({plan, of, end}) => {
    const until =
      end === null ? 'without an end' : Number.isNaN(end) ? 'that is over' : `until ${new Date(end).toISOString()}`;
    return `plan ${shown(plan)}, granted to the ${of} ${until}`;
  }),
  ...(source === undefined
    ? []
    : [`from ${shown(source)}, ${age} s old, ${layer === 'memory' ? 'in memory' : 'fetched now'}`]),
];

const upgradeLines = (upgrade: Upgrade | undefined): readonly string[] => {
  if (upgrade === undefined) return [];
  const {feature, plans} = upgrade;
  const named = plans.length === 0 ? 'no plan' : plans.map((plan) => shown(plan)).join(' or ');
  return [`would be opened by ${named} (for the feature ${shown(feature)})`];
};

const decisionLines = (
  decision: Explanation['decision'],
  answer: Answered['answer'],
  paint: Paint,
): readonly string[] => {
  if (decision.outcome === 'allow') {
    const ok = 'ok_response' in answer ? answer.ok_response : undefined;
    const told = (ok?.headers ?? []).map(({header}) => `sets ${header.key}: ${shown(header.value)}`);
    const shadow =
      decision.shadow === undefined ? '' : `, though it would be refused: ${decision.shadow} (shadow rule)`;
    return [paint.good(`allow, by the rule ${decision.rule}${shadow}`), ...told];
  }
  const refused = 'failure' in answer ? undefined : (answer.denied_response ?? answer.error_response);
  const kind = refusals[decision.reason].kind === 'error' ? 'error' : 'deny';
  const status = refused === undefined ? 'a failed call' : `status ${refused.status.code}`;
  return [
    paint.bad(`${kind}: ${decision.reason}, ${status}`),
    refusals[decision.reason].sentence,
    ...(decision.detail === undefined ? [] : [shown(decision.detail)]),
    ...upgradeLines(decision.upgrade),
    ...(decision.outage === undefined ? [] : [shown(decision.outage.message)]),
    ...(refused?.headers ?? [])
      .filter(({header}) => ['www-authenticate', 'location'].includes(header.key))
      .map(({header}) => `${header.key}: ${shown(header.value)}`),
  ];
};
