// The form that revokes: whom, why, and by whom; asked once more before it counts.
import {send} from './api.js';
import {confirm} from './confirm.js';
import {el, raw} from './dom.js';
import {field, input, notice, select} from './parts.js';

const selectors = /** @type {const} */ ([
  ['subject', 'Subject', 'All its tokens that were issued until now.'],
  ['tenant', 'Tenant', 'Everyone in it; with a subject: that subject there only.'],
  ['sessionId', 'Session', 'All tokens of this session, for good.'],
  ['tokenId', 'Token id', 'This one token, for good.'],
]);
const nameKey = 'postern-admin-name';

/** Who is at the keyboard, as it was last said in this tab. */
export const who = () => sessionStorage.getItem(nameKey) ?? '';
/** @param {string} name */
export const keepWho = (name) => sessionStorage.setItem(nameKey, name);

/** Whom it names, as a sentence goes on. @param {any} order */
export const whomShown = ({tokenId, sessionId, subject, tenant, provider}) => {
  const named = /** @type {[string, string | undefined][]} */ ([
    ['the token', tokenId],
    ['the session', sessionId],
    ['the subject', subject],
    [subject ? 'in the tenant' : 'everyone in the tenant', tenant],
    [tokenId || sessionId || subject || tenant ? 'from the provider' : 'everyone from the provider', provider],
  ]).filter(([, value]) => value);
  return named.flatMap(([word, value], at) => [at === 0 ? '' : ' ', `${word} `, raw(value)]);
};

/** Names many: much depends on it. @param {any} order */
const namesMany = ({tokenId, sessionId, subject}) => !(tokenId || sessionId || subject);

/**
 * @param {URLSearchParams} query what is filled in already
 * @param {any[]} providers
 * @param {string} reach
 * @param {(answer: any) => void} done
 */
export const revokeForm = (query, providers, reach, done) => {
  const controls = /** @type {Record<string, any>} */ ({
    ...Object.fromEntries(
      selectors.map(([name]) => [name, input({name, value: query.get(name) ?? '', maxlength: 512})]),
    ),
    provider: select(
      [['', 'any'], ...providers.map(({name}) => /** @type {[string, string]} */ ([name, name]))],
      query.get('provider') ?? '',
      {name: 'provider'},
    ),
    reason: input({name: 'reason', required: true, maxlength: 256}),
    by: input({name: 'by', required: true, maxlength: 128, value: who()}),
  });
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const order = Object.fromEntries(
      Object.entries(controls)
        .map(([name, control]) => [name, control.value.trim()])
        .filter(([, value]) => value),
    );
    const {reason, by, ...whom} = order;
    const [whose] = Object.keys(whom);
    if (whose === undefined) {
      controls.subject.setCustomValidity('Say whom: fill in one of these fields at least.');
      controls.subject.reportValidity();
      controls.subject.setCustomValidity('');
      return;
    }
    keepWho(by);
    const answer = await confirm({
      title: 'Revoke?',
      yes: 'Revoke',
      typed: namesMany(whom) ? (whom.tenant ?? whom.provider) : undefined,
      body: [
        el('p', {}, 'Refused from now on: ', ...whomShown(whom), '.'),
        namesMany(whom) && notice('warn', 'This names many: everyone has to sign in again.'),
        el(
          'p',
          {class: 'hint'},
          `It counts on ${reach}, and can be taken back. Streams and WebSockets that are open stay open.`,
        ),
      ],
      run: () => send('POST', 'revocations', order),
    });
    if (answer === undefined) return;
    for (const [name] of selectors) controls[name].value = '';
    controls.provider.value = '';
    controls.reason.value = '';
    done(answer);
  };
  return el(
    'form',
    {class: 'revoke', onsubmit: submit},
    el(
      'div',
      {class: 'line'},
      ...selectors.map(([name, label, hint]) => field(label, controls[name], hint)),
      field('Provider', controls.provider, 'Only what it has vouched for.'),
    ),
    el(
      'div',
      {class: 'line'},
      field('Why', controls.reason),
      field('By', controls.by, 'Your name: written down with it.'),
    ),
    el('p', {}, el('button', {type: 'submit', class: 'danger'}, 'Revoke…')),
  );
};
