// The steps of an explanation: rules, credential, principal, requirements, entitlements.
import {amountShown} from './amounts.js';
import {el, raw} from './dom.js';
import {badge, facts, table} from './parts.js';
import {dayTime, parts, placeText, several, span, wantedText} from './words.js';

/** @param {string} title @param {string} tone @param {...import('./dom.js').Child} children */
export const accountOf = (title, tone, ...children) =>
  el('li', {class: `step ${tone}`}, el('h3', {}, title), ...children);

/** @param {any} explained */
export const ruleStep = ({rules, decision}) => {
  if (rules.length === 0) return accountOf('Rule', 'bad', el('p', {}, 'No rule was looked at.'));
  const passed = rules.filter((/** @type {any} */ {matched}) => !matched);
  const taken = rules.find((/** @type {any} */ {matched}) => matched);
  return accountOf(
    'Rule',
    taken === undefined ? 'bad' : 'good',
    taken === undefined
      ? el('p', {}, 'No rule matches: what no rule opens is closed.')
      : el('p', {}, raw(taken.rule), ' matches.'),
    passed.length > 0 &&
      el(
        'details',
        {open: taken === undefined && passed.length <= 8},
        el('summary', {}, `${several(passed.length, 'rule')} passed over`),
        el(
          'ul',
          {class: 'plainlist'},
          ...passed
            .slice(0, 200)
            .map((/** @type {any} */ step) => el('li', {}, raw(step.rule), `: ${missOf(step, decision)}`)),
        ),
        passed.length > 200 && el('p', {class: 'hint'}, `and ${passed.length - 200} more`),
      ),
  );
};

/** @param {any} step @param {any} decision */
const missOf = (step, decision) => {
  const misses = ['connection', 'host', 'method', 'path'].filter((part) => step[part] === false);
  if (misses.length > 0) return `another ${misses.join(' and ')}`;
  return decision.rule === undefined ? 'another kind of request' : 'an earlier rule wins';
};

/** @param {any} explained */
export const credentialStep = ({places}) => {
  if (places.length === 0) return undefined;
  const held = places.find((/** @type {any} */ place) => place.held !== 'nothing');
  const taker = held?.accepted.find((/** @type {any} */ {accepts}) => accepts);
  const refused = (held?.accepted ?? []).map((/** @type {any} */ {provider}) => provider);
  const empty = places.filter((/** @type {any} */ place) => place.held === 'nothing');
  return accountOf(
    'Credential',
    held === undefined ? 'plain' : held.held === 'value' && taker !== undefined ? 'good' : 'bad',
    held === undefined && el('p', {}, 'There is none.'),
    held !== undefined &&
      held.held !== 'value' &&
      el('p', {}, raw(placeText(held.place)), ` is there more than once, or cannot be read (${held.held}).`),
    held?.held === 'value' &&
      taker !== undefined &&
      el('p', {}, 'Found in ', raw(placeText(held.place)), '; ', raw(taker.provider), ' vouches for it.'),
    held?.held === 'value' &&
      taker === undefined &&
      el(
        'p',
        {},
        'Found in ',
        raw(placeText(held.place)),
        '; no provider accepts it',
        refused.length > 0 && ' (asked: ',
        refused.length > 0 && raw(refused.join(', ')),
        refused.length > 0 && ')',
        '.',
      ),
    empty.length > 0 &&
      el(
        'p',
        {class: 'hint'},
        'Nothing in ',
        raw(empty.map((/** @type {any} */ {place}) => placeText(place)).join(', ')),
        '.',
      ),
  );
};

/** @param {any} explained */
export const principalStep = ({provider, revoked}) => {
  if (provider === undefined) return undefined;
  const {principal, verdict, reason} = provider;
  if (principal === undefined) {
    return accountOf(
      'Principal',
      'bad',
      el(
        'p',
        {},
        raw(provider.provider),
        verdict === 'unavailable' ? ' cannot say.' : [' refuses: ', el('code', {}, raw(reason ?? '', ''))],
      ),
    );
  }
  const {kind, subject, tenant, roles, permissions, scopes, acr, amr} = principal;
  const lists = /** @type {[string, string[]][]} */ ([
    ['roles', roles],
    ['permissions', permissions],
    ['scopes', scopes],
    ['amr', amr],
  ]);
  return accountOf(
    'Principal',
    revoked === true ? 'bad' : 'good',
    el(
      'p',
      {},
      `The ${kind} `,
      raw(subject),
      tenant === undefined ? ', of no tenant' : ' of the tenant ',
      tenant !== undefined && raw(tenant),
      ', verified by ',
      raw(provider.provider),
      '.',
    ),
    facts([
      ...lists
        .filter(([, list]) => list?.length > 0)
        .map(([name, list]) => /** @type {[string, any]} */ ([name, raw(list.join(', '))])),
      ...(acr ? [/** @type {[string, any]} */ (['acr', raw(acr)])] : []),
    ]),
    revoked === true && el('p', {}, badge('revoked', 'bad'), ' ', el('a', {href: '#/revocations'}, 'Revocations')),
    revoked === false && el('p', {class: 'hint'}, 'Not revoked.'),
  );
};

/** @param {any} explained */
export const requirementStep = ({requirements}) => {
  if (requirements.length === 0) return undefined;
  const isMet = requirements.every((/** @type {any} */ {met}) => met);
  return accountOf(
    'Requirements',
    isMet ? 'good' : 'bad',
    table({
      caption: 'What the rule requires',
      columns: ['Requires', 'Wanted', 'Came', 'Held'],
      rows: requirements.map((/** @type {any} */ {part, wanted, got, met}) => [
        parts[part] ?? raw(part),
        raw(wantedText(wanted)),
        got === undefined ? el('span', {class: 'faint'}, 'see entitlements') : raw(wantedText(got)),
        badge(met ? 'yes' : 'no', met ? 'good' : 'bad'),
      ]),
    }),
  );
};

/** @param {any} explained */
export const entitlementStep = ({entitlements}) => {
  if (entitlements.length === 0) return undefined;
  const isLive = (/** @type {any} */ answer) => answer !== 'unavailable' && answer.entitled;
  return accountOf(
    'Entitlements',
    entitlements.some((/** @type {any} */ {answer}) => isLive(answer)) ? 'good' : 'bad',
    table({
      caption: 'What was asked of the entitlements',
      columns: ['Asked', 'Answer', 'By'],
      rows: entitlements.map((/** @type {any} */ {asked, answer, ...whence}) => [
        [asked.feature === undefined ? 'permission ' : 'feature ', raw(asked.feature ?? asked.permission)],
        answer === 'unavailable'
          ? badge('cannot be asked', 'warn')
          : answer.entitled
            ? [badge('live', 'good'), answer.grace && ' in its grace period']
            : [badge('no', 'bad'), ' ', raw(answer.justification)],
        whenceShown(whence),
      ]),
    }),
  );
};

/** By which grants, and who says so since when. @param {any} whence */
const whenceShown = ({grants = [], source, age, layer}) => [
  ...grants.map((/** @type {any} */ {plan, of, end}) =>
    el(
      'span',
      {class: 'hint'},
      raw(plan),
      of === 'tenant' ? ', granted to the tenant' : ', granted to the user',
      end === null ? ', without a date' : ` until ${dayTime(end)}`,
    ),
  ),
  source !== undefined &&
    el(
      'span',
      {class: 'hint'},
      'from ',
      raw(source),
      `, ${span(age)} old, ${layer === 'memory' ? 'in memory' : 'fetched now'}`,
    ),
];

/** How much there is of what headers, metadata, limits and conditions name. @param {any} explained */
export const boughtStep = ({held}) => {
  if (held === undefined) return undefined;
  const {plans, values} = held;
  return accountOf(
    'Bought',
    'good',
    el('p', {}, plans.length === 0 ? 'No plan is live.' : ['Plans, the highest first: ', raw(plans.join(', '))]),
    Object.keys(values).length > 0 &&
      table({
        caption: 'How much there is',
        columns: ['Feature', 'How much, and by what'],
        rows: Object.entries(values).map(([feature, amount]) => [
          raw(feature),
          [...amountShown(amount), amount.grace && badge('in its grace period', 'warn')],
        ]),
      }),
  );
};
