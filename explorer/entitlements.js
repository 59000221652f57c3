// What a tenant, or one of its users, has: plans and their ends, features, and how much of each.
import {amountShown} from './amounts.js';
import {get} from './api.js';
import {el, fill, raw} from './dom.js';
import {badge, failure, field, heading, input, table} from './parts.js';
import {ago, dayTime} from './words.js';

/** @type {import('./app.js').View} */
export const entitlementsView = async (main, {query}) => {
  const tenant = input({name: 'tenant', required: true, maxlength: 512, value: query.get('tenant') ?? ''});
  const user = input({name: 'user', maxlength: 512, value: query.get('user') ?? ''});
  const result = el('section', {'aria-label': 'What it has', 'aria-live': 'polite'});
  const look = async () => {
    try {
      fill(result, ...shown(await get('entitlements', {tenant: tenant.value, user: user.value})));
    } catch (error) {
      fill(result, failure(error));
    }
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    history.replaceState(null, '', `#/entitlements?${new URLSearchParams({tenant: tenant.value, user: user.value})}`);
    void look();
  };
  fill(
    main,
    heading('Entitlements'),
    el('p', {class: 'lead'}, 'What has a tenant bought, and what does one of its users have by that?'),
    el(
      'form',
      {class: 'filters', onsubmit: submit},
      field('Tenant', tenant),
      field('User (optional)', user),
      el('p', {class: 'field end'}, el('button', {type: 'submit'}, 'Look')),
    ),
    result,
  );
  if (tenant.value !== '') await look();
};

const states = /** @type {Record<string, [string, string]>} */ ({
  live: ['live', 'good'],
  grace: ['in its grace period', 'warn'],
  over: ['over', 'bad'],
});

/** @param {any} found */
const shown = ({source, plans, grants, features, moreFeatures}) => [
  el(
    'p',
    {class: 'hint'},
    `Source: ${source}. Targeting rules that look at a token or a request are not counted here: ask about a request to see them.`,
  ),
  el('h2', {}, 'Plans'),
  el('p', {}, plans.length === 0 ? 'No plan is live.' : ['Live, the highest first: ', raw(plans.join(', '))].flat()),
  table({
    caption: 'Grants',
    columns: ['Plan', 'Given to', 'Ends', 'State'],
    rows: grants.map((/** @type {any} */ {plan, of, end, graceEnd, state}) => [
      raw(plan),
      of === 'tenant' ? 'the tenant' : 'the user',
      end === null
        ? state === 'over'
          ? 'has been'
          : 'never'
        : [
            dayTime(end),
            el('span', {class: 'hint'}, ago(end)),
            graceEnd && el('span', {class: 'hint'}, `holds on until ${dayTime(graceEnd)}`),
          ],
      badge(...(states[state] ?? [state, 'plain'])),
    ]),
    empty: 'There are no grants.',
  }),
  el('h2', {}, 'Features'),
  table({
    caption: 'Features',
    columns: ['Feature', 'Has it', 'How much, and by what', 'Permissions that it makes worth something'],
    rows: features.map((/** @type {any} */ {feature, entitled, justification, grace, permissions, ...held}) => [
      raw(feature),
      entitled
        ? badge(grace ? 'in its grace period' : 'yes', grace ? 'warn' : 'good')
        : [badge('no', 'bad'), ' ', el('span', {class: 'hint'}, raw(justification))],
      held.amount === undefined ? '' : amountShown(held),
      raw(permissions.join(', ')),
    ]),
    empty: 'The source has no features.',
  }),
  moreFeatures && el('p', {class: 'hint'}, `and ${moreFeatures} more features`),
];
