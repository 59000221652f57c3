// The rules in force, in their order, with how often each has decided since the start, and which never has.
import {get} from './api.js';
import {el, fill, raw} from './dom.js';
import {badge, button, heading, notice, select, table} from './parts.js';
import {ago, number, outcomes, parts, several, wantedText} from './words.js';

const page = '500';

/** @type {import('./app.js').View} */
export const rulesView = async (main, {query}) => {
  const body = el('div', {});
  const kinds = /** @type {[string, string][]} */ ([
    ['all', 'All rules'],
    ['never', 'Never hit'],
    ['hit', 'Hit'],
  ]);
  const shown = select(kinds, query.get('show') ?? 'all', {'aria-label': 'Which rules', onchange: () => draw()});
  /** @type {any} */
  let found;

  const load = async () => {
    found = await get('rules', {limit: page});
    draw();
  };
  const loadMore = async () => {
    const next = await get('rules', {limit: page, after: String(found.next)});
    found = {...next, rules: [...found.rules, ...next.rules]};
    draw();
  };
  const draw = () => {
    const {rules, total, unmatched, since, next} = found;
    const never = rules.filter((/** @type {any} */ rule) => rule.total === 0).length;
    const most = Math.max(1, ...rules.map((/** @type {any} */ rule) => rule.total));
    const wanted = (/** @type {any} */ rule) =>
      shown.value === 'all' || (rule.total === 0) === (shown.value === 'never');
    const rows = rules.flatMap((/** @type {any} */ rule, /** @type {number} */ at) =>
      wanted(rule) ? [cellsOf(rule, at, most)] : [],
    );
    fill(
      body,
      el(
        'p',
        {class: 'lead'},
        `${several(total, 'rule')}; the first that matches decides. Counted since ${ago(since)}: ${never} never hit. `,
        unmatched > 0
          ? [el('a', {href: '#/decisions?rule=none'}, several(unmatched, 'request')), ' matched none.']
          : 'Every request matched one.',
      ),
      table({
        caption: 'Rules in their order',
        columns: ['No.', 'Rule', 'Matches', 'Asks for', 'Decided'],
        rows,
        empty: shown.value === 'never' ? 'Every rule has been hit.' : 'No rule has been hit yet.',
        className: 'rules',
      }),
      next !== undefined && button(`Show more of the ${total} rules`, () => void loadMore(), 'quiet'),
    );
  };
  await load();
  fill(
    main,
    heading(
      'Rules',
      shown,
      button('Refresh', () => void load().catch((error) => fill(body, notice('bad', error.message))), 'quiet'),
    ),
    body,
  );
};

/** @param {any} rule @param {number} at @param {number} most */
const cellsOf = ({name, match, access, require, shadow, hits, total}, at, most) => [
  el('span', {class: 'faint'}, String(at + 1)),
  [
    el('a', {href: `#/decisions?${new URLSearchParams({rule: name})}`}, raw(name)),
    shadow && [' ', badge('shadow', 'note')],
  ].flat(),
  matchShown(match),
  asked(access, require),
  total === 0 ? badge('never', 'warn') : hitsShown(hits, total, most),
];

/** @param {any} match */
const matchShown = ({connection, methods, hosts, path}) => [
  connection && 'connections without HTTP',
  methods && el('span', {class: 'method'}, raw(methods.join(' '))),
  methods && ' ',
  !connection && raw(path ?? 'any path', path === undefined ? 'faint' : 'raw path'),
  hosts && el('span', {class: 'host'}, raw(hosts.join(', '))),
];

/** @param {string} access @param {any} require */
const asked = (access, require) => {
  if (access === 'public') return 'nothing: public';
  if (access === 'deny') return 'closed to everyone';
  const told = Object.entries(require).filter(([, wanted]) => wanted !== undefined);
  const lead = {
    identify: 'public; a credential that is sent must be good',
    lenient: 'public; a good credential tells who it is',
  }[access];
  if (told.length === 0) return lead ?? 'any verified principal';
  return [
    lead && el('span', {}, `${lead}; `),
    el(
      'ul',
      {class: 'plainlist'},
      ...told.map(([part, wanted]) => el('li', {}, `${parts[part] ?? part}: `, raw(wantedText(wanted)))),
    ),
  ];
};

/** @param {Record<string, number>} hits @param {number} total @param {number} most */
const hitsShown = (hits, total, most) => {
  const bar = el('span', {class: 'bar', 'aria-hidden': 'true'});
  bar.style.setProperty('--share', `${Math.max(2, (100 * total) / most)}%`);
  const known = Object.keys(outcomes).filter((outcome) => hits[outcome] !== undefined);
  const told = known.map((outcome) => `${number(hits[outcome] ?? 0)} ${outcomes[outcome]?.word.toLowerCase()}`);
  return [bar, el('span', {class: 'total'}, number(total)), el('span', {class: 'hint'}, told.join(', '))];
};
