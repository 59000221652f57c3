// One decision that was made: what was asked, and why it was decided so.
import {get} from './api.js';
import {el, fill, raw} from './dom.js';
import {explanation} from './explanation.js';
import {badge, facts, failure, heading, notice, outcomeBadge} from './parts.js';
import {ago, dayTime, duration, placeText} from './words.js';

/** @type {import('./app.js').View} */
export const decisionView = async (main, {id = '', instance}) => {
  const path = `decisions/${encodeURIComponent(id)}`;
  const decided = await get(path);
  const why = el(
    'section',
    {'aria-label': 'Explanation', 'aria-busy': 'true'},
    el('p', {class: 'empty'}, 'Deciding it once more…'),
  );
  fill(
    main,
    heading('Decision', el('a', {href: '#/decisions'}, 'All decisions')),
    summary(decided, instance),
    factsOf(decided),
    el('p', {class: 'actions'}, ...actionsOf(decided)),
    el('h2', {}, 'Step by step'),
    why,
  );
  try {
    const explained = await get(`${path}/explanation`);
    fill(
      why,
      explained.same
        ? el(
            'p',
            {class: 'hint'},
            'Decided once more, by the rules, entitlements and revocations of now: it comes to the same.',
          )
        : notice(
            'warn',
            'Decided once more by the rules, entitlements and revocations of now, it comes to something else than it did then.',
          ),
      explanation(explained, instance),
    );
  } catch (error) {
    const {status} = /** @type {any} */ (error);
    if (status === 401) throw error;
    fill(why, status === 409 ? notice('note', /** @type {Error} */ (error).message) : failure(error));
  }
  why.removeAttribute('aria-busy');
};

/** @param {any} decided @param {any} instance */
export const summary = ({outcome, reason, detail, rule}, {reasons}) =>
  el(
    'div',
    {class: `verdict ${outcome}`},
    el(
      'p',
      {class: 'word'},
      outcomeBadge(outcome),
      reason && el('code', {}, raw(reason, '')),
      rule === undefined ? ' no rule' : [' by the rule ', raw(rule)],
    ),
    reasons[reason] && el('p', {class: 'sentence'}, reasons[reason].sentence),
    detail && el('p', {class: 'detail'}, raw(detail)),
  );

/** @param {any} decided */
const factsOf = ({
  time,
  decision,
  method,
  host,
  path,
  subject,
  tenant,
  provider,
  place,
  request_id: request,
  trace_id: trace,
  duration_ms: took,
  dependency,
  replay,
}) =>
  facts(
    /** @type {[string, any][]} */ ([
      ['When', [dayTime(time), ` (${ago(time)})`]],
      [
        'Request',
        [
          raw(method ?? 'a connection'),
          ' ',
          raw(path ?? ''),
          replay?.cut && ' ',
          replay?.cut && badge('not whole', 'warn'),
        ],
      ],
      ['Host', host && raw(host)],
      ['Who', subject && [raw(subject), tenant && ' of ', tenant && raw(tenant)]],
      ['Provider', provider && raw(provider)],
      ['Credential in', place && raw(placeText(place))],
      ['No answer from', dependency && raw(dependency)],
      ['Took', duration(took)],
      ['Decision', raw(decision, 'raw id')],
      ['Request id', request && raw(request, 'raw id')],
      ['Trace', trace && raw(trace, 'raw id')],
      ['Headers', replay?.header_names?.length && raw(replay.header_names.join(', '), 'raw id')],
    ]).filter(([, value]) => value),
  );

/** @param {any} decided */
const actionsOf = ({method, host, path, subject, tenant, rule, replay}) => {
  const asked = new URLSearchParams({method: method ?? 'GET', path: path ?? '/', host: host ?? ''});
  const who = new URLSearchParams({...(subject && {subject}), ...(tenant && {tenant})});
  return [
    path !== undefined &&
      !replay?.cut &&
      el('a', {href: `#/ask?${asked}`, class: 'button'}, 'Ask about a request like this'),
    rule !== undefined &&
      el('a', {href: `#/decisions?${new URLSearchParams({rule})}`, class: 'button'}, 'Decisions of this rule'),
    subject !== undefined && el('a', {href: `#/revocations?${who}`, class: 'button'}, 'Revoke this subject…'),
    tenant !== undefined &&
      el(
        'a',
        {href: `#/entitlements?${new URLSearchParams({tenant, user: subject ?? ''})}`, class: 'button'},
        'What this tenant has',
      ),
  ];
};
