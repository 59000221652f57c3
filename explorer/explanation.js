// An explanation as people read it: the steps in their order, what held and what did not, and the answer.
import {el, raw} from './dom.js';
import {badge, facts, table} from './parts.js';
import {
  accountOf,
  boughtStep,
  credentialStep,
  entitlementStep,
  principalStep,
  requirementStep,
  ruleStep,
} from './steps.js';

/**
 * @param {any} explained as `postern explain --json` has it
 * @param {any} instance
 */
export const explanation = (explained, instance) => {
  const steps = [
    ruleStep(explained),
    credentialStep(explained),
    principalStep(explained),
    requirementStep(explained),
    entitlementStep(explained),
    boughtStep(explained),
    decisionStep(explained, instance),
  ].filter((step) => step !== undefined);
  return el('ol', {class: 'steps'}, ...steps);
};

/** @param {any} explained @param {any} instance */
const decisionStep = ({decision, answer}, {reasons}) => {
  const allowed = decision.outcome === 'allow';
  const response = answer.denied_response ?? answer.error_response ?? answer.ok_response;
  const shadow = allowed && decision.shadow;
  return accountOf(
    'Decision',
    allowed ? (shadow ? 'note' : 'good') : 'bad',
    el(
      'p',
      {},
      badge(allowed ? 'Allow' : answer.error_response ? 'Error' : 'Deny', allowed ? 'good' : 'bad'),
      ' ',
      decision.reason && el('code', {}, raw(decision.reason, '')),
      shadow && ['though it would be refused: ', el('code', {}, raw(decision.shadow, '')), ' (shadow rule)'],
    ),
    decision.reason && reasons[decision.reason] && el('p', {}, reasons[decision.reason].sentence),
    decision.detail && el('p', {class: 'detail'}, raw(decision.detail)),
    decision.upgrade && upgradeShown(decision.upgrade),
    decision.outage && el('p', {class: 'detail'}, raw(decision.outage)),
    answerShown(answer, response),
  );
};

/** Which plans would open it. @param {{feature: string, plans: string[]}} upgrade */
const upgradeShown = ({feature, plans}) =>
  el(
    'p',
    {},
    'It would be opened by ',
    plans.length === 0 ? 'no plan that is sold' : raw(plans.join(' or ')),
    ' (for the feature ',
    raw(feature),
    ').',
  );

/** @param {any} answer @param {any} response */
const answerShown = (answer, response) => {
  if (answer.failure !== undefined) return el('p', {}, 'The call fails, and Envoy does what it is set to do then.');
  if (response === undefined) return false;
  const headers = (response.headers ?? []).map((/** @type {any} */ {header}) => [raw(header.key), raw(header.value)]);
  const removed = response.headers_to_remove ?? [];
  return el(
    'div',
    {class: 'answer'},
    el('h3', {}, answer.ok_response ? 'To the service' : 'To the client'),
    response.status && facts([['Status', raw(response.status.code)]]),
    headers.length > 0 &&
      table({caption: 'Headers that are set', columns: ['Header', 'Value'], rows: headers, className: 'plain'}),
    removed.length > 0 && el('p', {class: 'hint'}, 'Taken out of the request: ', raw(removed.join(', '))),
    response.body &&
      el(
        'pre',
        {tabindex: '0', 'aria-label': 'Body of the answer'},
        ...pretty(response.body)
          .split('\n')
          .flatMap((line) => [raw(line, ''), '\n']),
      ),
  );
};

/** @param {string} body */
const pretty = (body) => {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
};
