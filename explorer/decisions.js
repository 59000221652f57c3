// The decisions as they are made: newest first, chosen by filters, and held still on demand.
import {get} from './api.js';
import {el, fill, raw} from './dom.js';
import {addressOf, chosenOf, filterForm, holdsText, queryOf} from './filters.js';
import {button, failure, heading, notice, outcomeBadge, table} from './parts.js';
import {follow} from './stream.js';
import {clockTime, duration, number, several} from './words.js';

const columns = ['Time', 'Outcome', 'Request', 'Rule', 'Who', 'Took'];
/** Rows that are kept and shown; the port keeps more. */
const most = 500;
const page = 200;

/** @type {import('./app.js').View} */
export const decisionsView = async (main, {query, instance}) => {
  let chosen = chosenOf(query);
  /** @type {any[]} */
  let kept = [];
  /** @type {any[]} */
  let held = [];
  /** @type {string | undefined} */
  let older;
  let missed = 0;
  let paused = false;
  let drawing = false;
  let stop = () => {};
  let turn = 0;

  const live = el('span', {class: 'live', role: 'status'});
  const pause = button('Pause', () => setPaused(!paused), '', {'aria-pressed': 'false'});
  const list = el('div', {class: 'list'});
  const more = button('Show older ones', () => void showOlder(), 'quiet', {hidden: true});
  const remarks = el('div', {});

  const setPaused = (/** @type {boolean} */ to) => {
    paused = to;
    pause.setAttribute('aria-pressed', String(paused));
    pause.textContent = paused ? 'Go on' : 'Pause';
    if (!paused) take(held.splice(0));
    tell('live');
  };
  const tell = (/** @type {string} */ word, /** @type {string} */ why = '') => {
    live.dataset.state = paused ? 'paused' : word;
    const waiting = held.length === 0 ? '' : `, ${number(held.length)} new`;
    fill(live, paused ? `Paused${waiting}` : word === 'live' ? 'Live' : `Not connected${why && `: ${why}`}`);
  };
  const take = (/** @type {any[]} */ fresh) => {
    const known = new Set(kept.map(({decision}) => decision));
    kept = [...fresh.filter(({decision}) => !known.has(decision)).reverse(), ...kept].slice(0, most);
    draw();
  };
  // Many may come at once; what is seen changes once a frame.
  const draw = () => {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      drawRows();
    });
  };
  const drawRows = () => {
    const shown = kept.filter(holdsText(chosen.text));
    const focused = /** @type {HTMLElement} */ (document.activeElement)?.dataset.decision;
    fill(
      list,
      table({
        caption: 'Decisions, newest first',
        columns,
        rows: shown.map(cellsOf),
        empty: kept.length === 0 ? 'No decision fits, so far.' : 'None of those that came holds this text.',
        className: 'decisions',
      }),
    );
    if (focused !== undefined)
      /** @type {any} */ (list.querySelector(`[data-decision="${CSS.escape(focused)}"]`))?.focus();
    fill(
      remarks,
      missed > 0 &&
        notice(
          'warn',
          `${several(missed, 'decision')} came too fast to be shown. The list holds those that the port remembers after a new choice.`,
        ),
    );
  };
  const showOlder = async () => {
    try {
      const found = await get('decisions', {...queryOf(chosen), limit: String(page), ...(older && {before: older})});
      kept = [...kept, ...found.decisions].slice(0, most);
      older = kept.length >= most ? undefined : found.next;
      more.hidden = older === undefined;
      draw();
    } catch (error) {
      fill(remarks, failure(error));
    }
  };
  const begin = async () => {
    const mine = ++turn;
    stop();
    [kept, held, missed] = [[], [], 0];
    // First those to come, then those that were: none falls between.
    stop = follow('decisions/stream', queryOf(chosen), {
      event: (name, data) => {
        if (mine !== turn) return;
        if (name === 'missed') missed += data.count;
        else if (!paused) take([data]);
        else held = [...held, data].slice(-most);
        if (paused) tell('live');
      },
      state: (word, why) => mine === turn && tell(word, why),
    });
    try {
      const found = await get('decisions', {...queryOf(chosen), limit: String(page)});
      if (mine !== turn) return;
      const known = new Set(kept.map(({decision}) => decision));
      kept = [...kept, ...found.decisions.filter((/** @type {any} */ one) => !known.has(one.decision))];
      older = found.next;
      more.hidden = older === undefined;
      drawRows();
    } catch (error) {
      fill(list, failure(error));
    }
  };
  const change = (/** @type {import('./filters.js').Chosen} */ next) => {
    const same = JSON.stringify(queryOf(next)) === JSON.stringify(queryOf(chosen));
    chosen = next;
    // The address can be handed on; the view stays, and so does what is typed.
    history.replaceState(null, '', addressOf(chosen));
    if (same) draw();
    else void begin();
  };

  const form = await filterForm(chosen, instance, change);
  const isNarrow = matchMedia('(max-width: 45rem)').matches;
  const isChosen = Object.keys(chosen).length > 0;
  const filters = el('details', {class: 'choose', open: !isNarrow || isChosen}, el('summary', {}, 'Filters'), form);
  fill(main, heading('Decisions', live, pause), filters, remarks, list, more);
  list.addEventListener('click', openRow);
  tell('away');
  await begin();
  return () => {
    turn += 1;
    stop();
  };
};

/** A click anywhere in a row is one on its link, unless somebody is marking text. */
const openRow = (/** @type {MouseEvent} */ event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest('a') !== null || String(getSelection()) !== '') return;
  /** @type {HTMLElement | null | undefined} */ (target.closest('tr')?.querySelector('a'))?.click();
};

/** @param {any} decision */
const cellsOf = ({
  time,
  decision,
  outcome,
  reason,
  method,
  host,
  path,
  rule,
  subject,
  tenant,
  provider,
  duration_ms: took,
}) => [
  el('time', {datetime: time, title: time}, clockTime(time)),
  [outcomeBadge(outcome), reason && el('span', {class: 'reason'}, raw(reason))],
  el(
    'a',
    {href: `#/decisions/${encodeURIComponent(decision)}`, class: 'request', 'data-decision': decision},
    el('span', {class: 'method'}, raw(method ?? '')),
    ' ',
    raw(path ?? (method ? '' : 'a connection'), 'raw path'),
    host && el('span', {class: 'host'}, raw(host)),
  ),
  rule === undefined ? el('span', {class: 'faint'}, 'none') : raw(rule),
  subject === undefined && tenant === undefined
    ? el('span', {class: 'faint'}, ...(provider ? ['not verified by ', raw(provider)] : ['nobody']))
    : [raw(subject ?? ''), tenant && el('span', {class: 'of'}, 'of ', raw(tenant))],
  el('span', {class: 'faint'}, duration(took)),
];
