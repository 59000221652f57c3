// How this instance is: its parts, its configuration, its caches.
import {get} from './api.js';
import {el, fill, raw} from './dom.js';
import {button, facts, failure, heading, stateBadge, table} from './parts.js';
import {ago, dayTime, number} from './words.js';

/** @type {import('./app.js').View} */
export const systemView = async (main) => {
  const body = el('div', {});
  const load = async () => {
    const [instance, {caches}] = await Promise.all([get('instance'), get('caches')]);
    fill(body, ...shown(instance, caches));
  };
  await load();
  fill(
    main,
    heading(
      'System',
      button('Refresh', () => void load().catch((error) => fill(body, failure(error))), 'quiet'),
    ),
    body,
  );
};

/** @param {any} instance @param {any[]} caches */
const shown = ({version, node, started, configuration, parts, decisions}, caches) => [
  facts([
    ['Version', raw(`Postern ${version}, Node ${node}`)],
    ['Started', `${dayTime(started)} (${ago(started)})`],
    [
      'Configuration',
      [raw(configuration.hash, 'raw id'), configuration.loaded && `, taken over ${ago(configuration.loaded)}`],
    ],
    [
      'Decisions kept',
      decisions === undefined
        ? 'none: admin.decisions is 0'
        : `${number(decisions.kept)} of at most ${number(decisions.most)}`,
    ],
  ]),
  el('h2', {}, 'Parts'),
  table({
    caption: 'Parts, as /readyz has them',
    columns: ['Part', 'State', 'Why'],
    rows: parts.map((/** @type {any} */ {part, state, detail}) => [
      raw(part),
      stateBadge(state),
      detail ? raw(detail) : '',
    ]),
    empty: 'No part has anything to say.',
  }),
  el('h2', {}, 'Caches'),
  table({
    caption: 'Caches, since the start',
    columns: ['Cache', 'Entries', 'Asked'],
    rows: caches.map(({cache, entries, requests}) => [
      raw(cache),
      entries === undefined ? '' : number(entries),
      requestsShown(requests),
    ]),
    empty: 'Nothing has been kept yet.',
  }),
];

/** @param {any[]} requests */
const requestsShown = (requests) => {
  const layers = [...new Set(requests.map(({layer}) => layer))];
  if (layers.length === 0) return 'not yet';
  return el(
    'ul',
    {class: 'plainlist'},
    ...layers.map((layer) => {
      const told = requests.filter((one) => one.layer === layer).map(({result, count}) => `${number(count)} ${result}`);
      return el('li', {}, raw(layer), `: ${told.join(', ')}`);
    }),
  );
};
