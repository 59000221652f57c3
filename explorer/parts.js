// Pieces that several views are made of.
import {$, el, fill, raw} from './dom.js';
import {outcomes} from './words.js';

/** @param {string} word @param {string} tone `good`, `bad`, `warn`, `note` or `plain` */
export const badge = (word, tone) => el('span', {class: `badge ${tone}`}, word);

/** @param {string} outcome */
export const outcomeBadge = (outcome) => {
  const {word, tone} = outcomes[outcome] ?? {word: outcome, tone: 'plain'};
  return badge(word, tone);
};

/** @param {string} state */
export const stateBadge = (state) => badge(state, {ready: 'good', degraded: 'warn', unready: 'bad'}[state] ?? 'plain');

/** @param {string} tone @param {...import('./dom.js').Child} children */
export const notice = (tone, ...children) => el('p', {class: `notice ${tone}`}, ...children);

/** @param {any} error */
export const failure = (error) => notice('bad', raw(error.message ?? String(error), ''));

/**
 * A table that becomes a list of cards on a phone; its roles are said, since what is laid out otherwise loses them.
 *
 * @param {{caption: string, columns: string[], rows: import('./dom.js').Child[][], empty?: string, className?: string}} of
 */
export const table = ({caption, columns, rows, empty = 'There is nothing here.', className = ''}) => {
  if (rows.length === 0) return el('p', {class: 'empty'}, empty);
  const head = el('tr', {role: 'row'}, ...columns.map((name) => el('th', {role: 'columnheader', scope: 'col'}, name)));
  return el(
    'table',
    {class: `cards ${className}`, role: 'table'},
    el('caption', {class: 'away'}, caption),
    el('thead', {role: 'rowgroup'}, head),
    el('tbody', {role: 'rowgroup'}, ...rows.map((cells) => row(columns, cells))),
  );
};

/** @param {string[]} columns @param {import('./dom.js').Child[]} cells */
export const row = (columns, cells) =>
  el(
    'tr',
    {role: 'row'},
    ...cells.map((cell, at) => el('td', {role: 'cell', 'data-label': columns[at]}, cell !== '' && el('div', {}, cell))),
  );

/**
 * Names and values, one under the other.
 *
 * @param {[string, import('./dom.js').Child | import('./dom.js').Child[]][]} pairs
 */
export const facts = (pairs) =>
  el('dl', {class: 'facts'}, ...pairs.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));

let fields = 0;

/**
 * A field with its label.
 *
 * @param {string} label
 * @param {any} control
 * @param {string} [hint]
 */
export const field = (label, control, hint) => {
  fields += 1;
  control.id ||= `field-${fields}`;
  const hinted = hint === undefined ? undefined : el('span', {class: 'hint', id: `${control.id}-hint`}, hint);
  if (hinted !== undefined) control.setAttribute('aria-describedby', hinted.id);
  return el('p', {class: 'field'}, el('label', {for: control.id}, label), control, hinted);
};

/** @param {Record<string, any>} attributes */
export const input = (attributes) =>
  el('input', {type: 'text', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', ...attributes});

/** @param {[string, string][]} options value and text @param {string} [chosen] @param {Record<string, any>} [attributes] */
export const select = (options, chosen = '', attributes = {}) =>
  el(
    'select',
    {...attributes, value: undefined},
    ...options.map(([value, text]) => el('option', {value, selected: value === chosen}, text)),
  );

/** @param {string} text @param {() => void} run @param {string} [className] @param {Record<string, any>} [more] */
export const button = (text, run, className = '', more = {}) =>
  el('button', {type: 'button', class: className, onclick: run, ...more}, text);

/**
 * Says something to whoever looks and to whoever listens; with something to do about it.
 *
 * @param {string} sentence
 * @param {import('./dom.js').Child} [action]
 */
export const say = (sentence, action) => fill($('#status'), sentence !== '' && raw(sentence, ''), action);

/** @param {string} title @param {...import('./dom.js').Child} beside */
export const heading = (title, ...beside) =>
  el('div', {class: 'heading'}, el('h1', {tabindex: '-1'}, title), el('div', {class: 'actions'}, ...beside));
