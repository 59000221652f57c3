// The page: a token opens it, the part of the address behind # says which view is shown.
import {forgetToken, get, onRefused, token} from './api.js';
import {askView} from './ask.js';
import {decisionView} from './decision.js';
import {decisionsView} from './decisions.js';
import {$, el, fill, raw} from './dom.js';
import {entitlementsView} from './entitlements.js';
import {gate} from './gate.js';
import {failure, say, stateBadge} from './parts.js';
import {providersView} from './providers.js';
import {revocationsView} from './revocations.js';
import {rulesView} from './rules.js';
import {systemView} from './system.js';

/**
 * A view fills the main part of the page. It gets what follows its name in the address, and may return what ends it.
 *
 * @typedef {{id: string | undefined, query: URLSearchParams, instance: any}} Asked
 * @typedef {(main: HTMLElement, asked: Asked) => Promise<(() => void) | void> | (() => void) | void} View
 */

/** @type {[name: string, title: string, view: View][]} */
const views = [
  ['decisions', 'Decisions', (main, asked) => (asked.id ? decisionView(main, asked) : decisionsView(main, asked))],
  ['ask', 'Ask', askView],
  ['rules', 'Rules', rulesView],
  ['providers', 'Providers', providersView],
  ['entitlements', 'Entitlements', entitlementsView],
  ['revocations', 'Revocations', revocationsView],
  ['system', 'System', systemView],
];

/** @type {any} */
let instance;
let end = () => {};
let turn = 0;

const show = async () => {
  const mine = ++turn;
  end();
  end = () => {};
  const main = $('#main');
  if (token() === null || instance === undefined) return open(main);
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [name = '', id] = path.split('/').map(decoded);
  const [known, title, view] = views.find(([own]) => own === name) ?? views[0];
  document.title = `${title}${id ? ` ${id.slice(0, 8)}` : ''} · Postern`;
  for (const link of $('#views').children) {
    if (link.dataset.view === known) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  say('');
  fill(main, el('p', {class: 'empty'}, 'Loading…'));
  try {
    const ending = await view(main, {id, query: new URLSearchParams(query), instance});
    if (mine !== turn) return ending?.();
    end = ending ?? end;
  } catch (error) {
    if (mine === turn && /** @type {any} */ (error).status !== 401)
      fill(main, el('h1', {tabindex: '-1'}, title), failure(error));
  }
  // Whoever came by keyboard or listens is told where they are.
  if (mine === turn) $('#main h1')?.focus({preventScroll: true});
};

/** @param {string} text */
const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** @param {HTMLElement} main */
const open = async (main, said = '') => {
  if (token() !== null) {
    instance = await get('instance').catch((error) => {
      if (error.status !== 401) fill(main, failure(error));
      return undefined;
    });
    if (instance !== undefined) return opened();
    if (token() !== null) return;
  }
  document.title = 'Postern';
  gate(main, said, (found) => {
    instance = found;
    opened();
  });
};

const opened = () => {
  const worst = ['unready', 'degraded'].find((state) =>
    instance.parts.some((/** @type {any} */ part) => part.state === state),
  );
  fill($('#instance'), raw(location.host, 'raw'), ' ', stateBadge(worst ?? 'ready'));
  fill($('#views'), ...views.map(([name, title]) => el('a', {href: `#/${name}`, 'data-view': name}, title)));
  $('#views').hidden = false;
  $('#lock').hidden = false;
  void show();
};

const lock = (said = '') => {
  turn += 1;
  end();
  end = () => {};
  forgetToken();
  instance = undefined;
  $('#views').hidden = true;
  $('#lock').hidden = true;
  fill($('#instance'));
  say('');
  void open($('#main'), said);
};

onRefused(() => {
  if (instance !== undefined) lock('The token does not open this port any more.');
});
$('#lock').addEventListener('click', () => lock());
$('.skip').addEventListener('click', (/** @type {Event} */ event) => {
  // The address names a view, so it cannot name a place as well.
  event.preventDefault();
  $('#main').focus();
});
addEventListener('hashchange', () => void show());
void show();
