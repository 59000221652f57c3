// A question before something is done that others feel: says what will happen, and waits for a yes.
import {el} from './dom.js';
import {button, failure} from './parts.js';

/**
 * Resolves with what `run` gives, or undefined if nobody says yes. A failure of `run` is said in the dialog, which stays.
 *
 * @template T
 * @param {{title: string, body: import('./dom.js').Child[], yes: string, run: () => Promise<T>, typed?: string | undefined}} of
 *   `typed`: a text that has to be typed before the yes, where much depends on it
 * @returns {Promise<T | undefined>}
 */
export const confirm = ({title, body, yes, run, typed}) =>
  new Promise((resolve) => {
    const asked = document.activeElement;
    const answer = el('div', {role: 'alert'});
    const go = button(yes, () => void act(), 'danger', {disabled: typed !== undefined});
    const check =
      typed === undefined
        ? undefined
        : el('input', {
            type: 'text',
            id: 'confirm-typed',
            autocomplete: 'off',
            spellcheck: 'false',
            oninput: () => {
              go.disabled = check.value !== typed;
            },
          });
    const dialog = el(
      'dialog',
      {'aria-labelledby': 'confirm-title'},
      el('h2', {id: 'confirm-title'}, title),
      ...body,
      check && el('p', {class: 'field'}, el('label', {for: 'confirm-typed'}, `To confirm, type ${typed}`), check),
      answer,
      el(
        'p',
        {class: 'actions'},
        button('Cancel', () => dialog.close(), 'quiet', {autofocus: true}),
        go,
      ),
    );
    /** @type {T | undefined} */
    let result;
    const act = async () => {
      go.disabled = true;
      try {
        result = await run();
        dialog.close();
      } catch (error) {
        answer.replaceChildren(failure(error));
        go.disabled = false;
      }
    };
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (asked instanceof HTMLElement && asked.isConnected) asked.focus();
      resolve(result);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
