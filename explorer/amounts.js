// How much somebody has of a feature, and where that comes from.
import {el, raw} from './dom.js';
import {dayTime, number} from './words.js';

/** @param {number | string | string[]} amount */
const amountText = (amount) => {
  if (Array.isArray(amount)) return amount.length === 0 ? 'none' : amount.join(', ');
  return typeof amount === 'number' ? number(amount) : amount;
};

/** @param {any} held an amount with its origins, as `/entitlements` and an explanation have it */
export const amountShown = ({amount, per, origins = []}) => [
  raw(amountText(amount)),
  per && ` per ${per}`,
  ...origins.map(originShown),
];

/** @param {any} origin */
const originShown = ({plan, by, until, grace, amount, own, add}) =>
  el(
    'span',
    {class: 'hint'},
    by === 'everyone' ? ['by the plan ', raw(plan), ', which is for everyone'] : ['by a grant of ', raw(plan)],
    by === 'grant' && (until === null ? ', for ever' : ` until ${dayTime(until)}`),
    grace && ', in its grace period',
    ': ',
    amount === undefined ? 'no amount' : [raw(amountText(amount)), own ? ' of its own' : ' of the plan'],
    add > 0 && `, and ${number(add)} more`,
  );
