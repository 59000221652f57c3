// The revocations in force, with who and why; a form to revoke, and the way back.
import {get, send} from './api.js';
import {confirm} from './confirm.js';
import {el, fill, raw} from './dom.js';
import {button, failure, field, heading, input, say, table} from './parts.js';
import {keepWho, revokeForm, who, whomShown} from './revoke.js';
import {ago, dayTime, several} from './words.js';

const page = '200';

/** @type {import('./app.js').View} */
export const revocationsView = async (main, {query}) => {
  const list = el('div', {});
  /** @type {any[]} */
  let shown = [];
  /** @type {any} */
  let last;

  const load = async (/** @type {string | undefined} */ after) => {
    last = await get('revocations', {limit: page, ...(after && {after})});
    shown = after === undefined ? last.revocations : [...shown, ...last.revocations];
    draw();
  };
  const failed = (/** @type {any} */ error) => fill(list, failure(error));
  const draw = () =>
    fill(
      list,
      el('p', {class: 'lead'}, `${several(last.total, 'revocation')} in force on ${last.reach}.`),
      table({
        caption: 'Revocations in force',
        columns: ['Refuses', 'Why', 'By', 'Made', 'Kept until', ''],
        rows: shown.map((one) => cellsOf(one, () => void takeBack(one))),
        empty: 'Nobody is revoked.',
        className: 'revocations',
      }),
      last.next !== undefined && button('Show more', () => void load(last.next).catch(failed), 'quiet'),
    );
  /** What was done is said, with what undoes it; the list is as the port has it. */
  const told = async (/** @type {string} */ sentence, /** @type {any} */ answer, /** @type {any} */ undo) => {
    await load(undefined).catch(failed);
    say(
      answer.announced ? sentence : `${sentence} It counts here; Redis has not taken it yet, and it is tried again.`,
      undo,
    );
    $main();
  };
  const $main = () => /** @type {any} */ (main.querySelector('h1'))?.focus();
  const takeBack = async (/** @type {any} */ one) => {
    const reason = input({name: 'reason', maxlength: 256});
    const by = input({name: 'by', maxlength: 128, value: who()});
    const answer = await confirm({
      title: 'Take back?',
      yes: 'Take back',
      body: [el('p', {}, 'Let in again: ', ...whomShown(one), '.'), field('Why', reason), field('By', by)],
      run: () => {
        keepWho(by.value.trim());
        const said = {reason: reason.value.trim(), by: by.value.trim()};
        return send(
          'DELETE',
          `revocations/${encodeURIComponent(one.id)}`,
          Object.fromEntries(Object.entries(said).filter(([, text]) => text !== '')),
        );
      },
    });
    if (answer !== undefined) await told('Taken back.', answer, undefined);
  };

  const {providers} = await get('providers');
  await load(undefined);
  const isAsked = ['subject', 'tenant', 'sessionId', 'tokenId'].some((name) => query.has(name));
  const form = revokeForm(query, providers, last.reach, (answer) => {
    void told(
      'Revoked.',
      answer,
      button('Undo', () => void takeBack(answer.revocation), 'quiet'),
    );
  });
  fill(
    main,
    heading('Revocations'),
    el('details', {class: 'card', open: isAsked}, el('summary', {}, 'Revoke somebody'), form),
    list,
  );
};

/** @param {any} one @param {() => void} takeBack */
const cellsOf = (one, takeBack) => [
  el('span', {title: one.id}, ...whomShown(one)),
  one.reason === undefined ? el('span', {class: 'faint'}, 'not said') : raw(one.reason),
  one.by === undefined ? el('span', {class: 'faint'}, 'not said') : raw(one.by),
  [
    dayTime(one.at),
    el('span', {class: 'hint'}, ago(one.at)),
    one.before !== undefined && el('span', {class: 'hint'}, `issued before ${dayTime(one.before * 1_000)}`),
  ],
  dayTime(one.expires),
  button('Take back', takeBack, 'quiet'),
];
