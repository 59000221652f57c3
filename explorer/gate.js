// Where the token is asked for.
import {forgetToken, get, keepToken} from './api.js';
import {el, fill} from './dom.js';
import {failure, field, input, notice} from './parts.js';

/**
 * @param {HTMLElement} main
 * @param {string} said why it is asked for again
 * @param {(instance: any) => void} opened
 */
export const gate = (main, said, opened) => {
  const secret = input({type: 'password', name: 'token', required: true, autocomplete: 'off'});
  const answer = el('div', {role: 'alert'});
  const open = el('button', {type: 'submit'}, 'Open');
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    open.disabled = true;
    fill(answer);
    keepToken(secret.value.trim());
    try {
      opened(await get('instance'));
    } catch (error) {
      forgetToken();
      const {status} = /** @type {any} */ (error);
      fill(answer, status === 401 ? notice('bad', 'This is not the admin token of this Postern.') : failure(error));
      open.disabled = false;
      secret.select();
    }
  };
  fill(
    main,
    el(
      'form',
      {class: 'gate', onsubmit: submit},
      el('h1', {tabindex: '-1'}, 'Explorer'),
      el('p', {}, 'Decisions and why, rules, providers, entitlements and revocations of this Postern.'),
      said !== '' && notice('warn', said),
      field(
        'Admin token',
        secret,
        'The value of admin.token. It stays in this tab until you lock the page or close the tab, and is sent to this port only.',
      ),
      answer,
      el('p', {}, open),
    ),
  );
  secret.focus();
};
