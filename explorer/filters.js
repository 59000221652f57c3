// Which decisions are shown: what the port can choose by, and a text that is looked for in what came.
import {get} from './api.js';
import {el} from './dom.js';
import {button, field, input, select} from './parts.js';
import {outcomes} from './words.js';

/** What the port chooses by. */
const asked = ['outcome', 'reason', 'rule', 'provider', 'tenant', 'subject'];

/** @typedef {Record<string, string>} Chosen */

/** @param {URLSearchParams} query @returns {Chosen} */
export const chosenOf = (query) =>
  Object.fromEntries(
    [...asked, 'text'].map((name) => [name, query.get(name) ?? '']).filter(([, value]) => value !== ''),
  );

/** @param {Chosen} chosen without the text, which this page looks for by itself */
export const queryOf = ({text: _, ...chosen}) => chosen;

/** @param {Chosen} chosen */
export const addressOf = (chosen) => {
  const query = new URLSearchParams(chosen).toString();
  return `#/decisions${query === '' ? '' : `?${query}`}`;
};

/** @param {string | undefined} text @returns {(decision: any) => boolean} */
export const holdsText = (text = '') => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (decision) => {
    const {method, host, path, subject, tenant, rule, reason, decision: id, request_id: request, detail} = decision;
    const all = [method, host, path, subject, tenant, rule, reason, id, request, detail].join('\n').toLowerCase();
    return words.every((word) => all.includes(word));
  };
};

/**
 * The form. `change` is called with what is chosen, as it is chosen.
 *
 * @param {Chosen} chosen
 * @param {any} instance
 * @param {(chosen: Chosen) => void} change
 */
export const filterForm = async (chosen, instance, change) => {
  const [{rules}, {providers}] = await Promise.all([get('rules', {limit: '1000'}), get('providers')]);
  const named = (/** @type {{name: string}[]} */ list) =>
    list.map(({name}) => /** @type {[string, string]} */ ([name, name]));
  const any = /** @type {[string, string]} */ (['', 'any']);
  /** @param {[string, string][]} options @param {string} name */
  const choice = (options, name) => {
    const kept = chosen[name] ?? '';
    const known = kept === '' || options.some(([value]) => value === kept);
    return select([any, ...options, ...(known ? [] : [/** @type {[string, string]} */ ([kept, kept])])], kept, {name});
  };
  const controls = {
    outcome: choice(
      Object.entries(outcomes).map(([value, {word}]) => [value, word]),
      'outcome',
    ),
    reason: choice(
      Object.keys(instance.reasons).map((reason) => [reason, reason]),
      'reason',
    ),
    rule: choice([...named(rules), ['none', 'none matched']], 'rule'),
    provider: choice([...named(providers), ['none', 'none']], 'provider'),
    tenant: input({name: 'tenant', value: chosen.tenant ?? '', maxlength: 256}),
    subject: input({name: 'subject', value: chosen.subject ?? '', maxlength: 256}),
    text: input({
      name: 'text',
      type: 'search',
      value: chosen.text ?? '',
      placeholder: 'path, host, id …',
      maxlength: 200,
    }),
  };
  const read = () =>
    Object.fromEntries(
      Object.entries(controls)
        .map(([name, control]) => [name, control.value.trim()])
        .filter(([, value]) => value !== ''),
    );
  const told = () => change(read());
  for (const control of Object.values(controls)) control.addEventListener('change', told);
  controls.text.addEventListener('input', told);
  const clear = () => {
    for (const control of Object.values(controls)) control.value = '';
    told();
  };
  return el(
    'form',
    {
      class: 'filters',
      role: 'search',
      'aria-label': 'Choose decisions',
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        told();
      },
    },
    field('Outcome', controls.outcome),
    field('Reason', controls.reason),
    field('Rule', controls.rule),
    field('Provider', controls.provider),
    field('Tenant', controls.tenant),
    field('Subject', controls.subject),
    field('Text', controls.text),
    el('p', {class: 'field end'}, button('Clear', clear, 'quiet')),
  );
};
