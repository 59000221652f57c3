// Who vouches for credentials, how each is, and the keys that it verifies with.
import {get} from './api.js';
import {el, fill, raw} from './dom.js';
import {facts, heading, stateBadge, table} from './parts.js';
import {placeText, span} from './words.js';

/** @type {import('./app.js').View} */
export const providersView = async (main) => {
  const {providers} = await get('providers');
  fill(
    main,
    heading('Providers'),
    el('p', {class: 'lead'}, 'In the order in which they are asked: the first that accepts a credential decides.'),
    providers.length === 0 && el('p', {class: 'empty'}, 'There is none: every rule is public or closed.'),
    ...providers.map(providerShown),
  );
};

const badness = ['ready', 'degraded', 'unready'];

/** @param {any} provider */
const providerShown = ({name, type, issuer, places, health, keysAge, keys, moreKeys}) => {
  const worst = health.reduce(
    (/** @type {string} */ state, /** @type {any} */ part) =>
      badness.indexOf(part.state) > badness.indexOf(state) ? part.state : state,
    'ready',
  );
  return el(
    'section',
    {class: 'card', 'aria-label': `Provider ${name}`},
    el('h2', {}, raw(name), ' ', stateBadge(worst)),
    ...health
      .filter((/** @type {any} */ part) => part.detail)
      .map((/** @type {any} */ part) => el('p', {class: 'detail'}, raw(part.part), ': ', raw(part.detail))),
    facts(
      /** @type {[string, any][]} */ ([
        ['Type', type && raw(type)],
        ['Issuer', typeof issuer === 'string' && raw(issuer)],
        ['Looks in', raw(places.map(placeText).join(', '))],
        ['Keys fetched', keysAge !== undefined && `${span(keysAge)} ago`],
      ]).filter(([, value]) => value),
    ),
    keys !== undefined &&
      table({
        caption: `Keys of ${name}`,
        columns: ['Key id', 'Type', 'Algorithms', 'Thumbprint'],
        rows: keys.map((/** @type {any} */ {kid, type: of, algorithms, thumbprint}) => [
          kid === undefined ? el('span', {class: 'faint'}, 'none') : raw(kid, 'raw id'),
          raw(of),
          raw(algorithms.join(', ')),
          raw(thumbprint, 'raw id'),
        ]),
        empty: 'There are no keys yet.',
      }),
    moreKeys && el('p', {class: 'hint'}, `and ${moreKeys} more`),
  );
};
