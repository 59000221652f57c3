// A request that somebody types in, or pastes as a curl command: how it would be decided, and why.
import {get, send} from './api.js';
import {summary} from './decision.js';
import {el, fill} from './dom.js';
import {explanation} from './explanation.js';
import {failure, field, heading, input, select} from './parts.js';

/** @type {import('./app.js').View} */
export const askView = async (main, {query, instance}) => {
  const {providers} = await get('providers');
  const names = providers.map((/** @type {any} */ {name}) => /** @type {[string, string]} */ ([name, name]));
  const area = (/** @type {Record<string, any>} */ attributes) =>
    el('textarea', {rows: 3, spellcheck: 'false', autocapitalize: 'off', ...attributes});
  const controls = {
    curl: area({
      name: 'curl',
      rows: 5,
      placeholder: "curl 'https://api.acme.example/orders/7' -H 'authorization: Bearer …'",
    }),
    method: input({name: 'method', value: query.get('method') ?? 'GET', size: 8, maxlength: 64}),
    path: input({name: 'path', value: query.get('path') ?? '', placeholder: '/orders/7'}),
    host: input({name: 'host', value: query.get('host') ?? '', placeholder: 'api.acme.example'}),
    headers: area({name: 'headers', placeholder: 'accept: text/html'}),
    token: input({name: 'token', type: 'password', placeholder: 'eyJ…'}),
    claims: area({name: 'claims', placeholder: '{"sub": "alice", "org_id": "acme"}'}),
    provider: select([['', 'the first that can'], ...names], '', {name: 'provider'}),
    rule: input({name: 'rule', placeholder: 'none'}),
    at: input({name: 'at', placeholder: '2027-01-31T12:00:00Z'}),
  };

  const forms = radios(
    'How',
    'form',
    [
      ['typed', 'Type it in'],
      ['curl', 'Paste a curl command'],
    ],
    (form) => {
      typed.hidden = form !== 'typed';
      controls.path.required = form === 'typed';
      controls.curl.required = form === 'curl';
      pasted.hidden = form !== 'curl';
    },
  );
  const who = radios(
    'Who asks',
    'who',
    [
      ['nobody', 'Nobody'],
      ['token', 'A token'],
      ['claims', 'Claims'],
    ],
    (kind) => {
      byToken.hidden = kind !== 'token';
      byClaims.hidden = kind !== 'claims';
    },
  );
  const byToken = el('div', {}, field('Token', controls.token, 'Sent once, to this port; kept nowhere.'));
  const byClaims = el(
    'div',
    {class: 'pair'},
    field('Claims', controls.claims, 'Taken as signed by the issuer of the provider.'),
    field('Provider', controls.provider),
  );
  const typed = el(
    'div',
    {},
    el(
      'div',
      {class: 'line'},
      field('Method', controls.method),
      field('Path', controls.path, 'Or a whole address.'),
      field('Host', controls.host),
    ),
    field('Headers', controls.headers, 'One a line: name: value.'),
  );
  const pasted = el('div', {}, field('curl', controls.curl, 'As a browser copies it: Copy as cURL.'));
  const more = el(
    'details',
    {},
    el('summary', {}, 'More'),
    el(
      'div',
      {class: 'line'},
      field('Rule that the route names', controls.rule),
      field('At', controls.at, 'Another time than now.'),
    ),
  );
  const result = el('section', {'aria-label': 'Answer', tabindex: '-1'});
  const go = el('button', {type: 'submit'}, 'Explain');

  const bodyOf = () => {
    const text = (/** @type {keyof typeof controls} */ name) => controls[name].value.trim() || undefined;
    const isCurl = forms.chosen() === 'curl';
    const lines = (text('headers') ?? '')
      .split('\n')
      .map((/** @type {string} */ line) => line.trim())
      .filter(Boolean);
    return {
      ...(isCurl
        ? {curl: text('curl') ?? ''}
        : {
            method: text('method'),
            path: text('path') ?? '',
            host: text('host'),
            ...(lines.length > 0 && {headers: lines}),
          }),
      ...(who.chosen() === 'token' && {token: text('token') ?? ''}),
      ...(who.chosen() === 'claims' && {claims: JSON.parse(text('claims') ?? '{}'), provider: text('provider')}),
      rule: text('rule'),
      at: text('at'),
    };
  };
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    go.disabled = true;
    result.setAttribute('aria-busy', 'true');
    try {
      const explained = await send('POST', 'explain', bodyOf());
      const {outcome, reason, rule, detail} = explained.decision;
      const shown = outcome === 'deny' && explained.answer.error_response ? 'error' : outcome;
      fill(
        result,
        el('h2', {}, 'Answer'),
        summary({outcome: shown, reason, rule, detail}, instance),
        explanation(explained, instance),
      );
    } catch (error) {
      fill(
        result,
        error instanceof SyntaxError
          ? failure(new Error('The claims are no JSON: write {"sub": "alice"}.'))
          : failure(error),
      );
    }
    result.removeAttribute('aria-busy');
    go.disabled = false;
    result.focus();
  };
  fill(
    main,
    heading('Ask'),
    el(
      'p',
      {class: 'lead'},
      'How would a request be decided? It is neither counted nor logged, and nothing is sent to your services.',
    ),
    el(
      'form',
      {class: 'ask', onsubmit: submit},
      forms.element,
      typed,
      pasted,
      who.element,
      byToken,
      byClaims,
      more,
      el('p', {}, go),
    ),
    result,
  );
  forms.tell();
  who.tell();
};

/**
 * @param {string} legend
 * @param {string} name
 * @param {[string, string][]} options
 * @param {(chosen: string) => void} change
 */
const radios = (legend, name, options, change) => {
  const buttons = options.map(([value, text], at) => {
    const button = el('input', {
      type: 'radio',
      name,
      value,
      id: `${name}-${value}`,
      checked: at === 0,
      onchange: () => tell(),
    });
    return {button, label: el('label', {for: button.id}, button, ' ', text)};
  });
  const chosen = () => buttons.find(({button}) => button.checked)?.button.value ?? '';
  const tell = () => change(chosen());
  return {
    element: el('fieldset', {class: 'radios'}, el('legend', {}, legend), ...buttons.map(({label}) => label)),
    chosen,
    tell,
  };
};
