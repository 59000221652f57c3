// How times, numbers and the words of decisions are written.

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const day = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23'});
const counts = new Intl.NumberFormat(undefined);

/** @param {string | number} time */
export const clockTime = (time) => clock.format(new Date(time));
/** @param {string | number} time */
export const dayTime = (time) => day.format(new Date(time));
/** @param {number} count */
export const number = (count) => counts.format(count);
/** @param {number} count @param {string} noun */
export const several = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

/** @param {number} milliseconds */
export const duration = (milliseconds) =>
  milliseconds < 1 ? `${Math.round(milliseconds * 1_000)} µs` : `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;

const steps = /** @type {const} */ ([
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
]);

/** @param {number} seconds */
export const span = (seconds) => {
  for (const [length, noun] of steps) if (seconds >= length) return several(Math.floor(seconds / length), noun);
  return 'a moment';
};

/** @param {string | number} time @param {number} [now] */
export const ago = (time, now = Date.now()) => {
  const seconds = (now - new Date(time).getTime()) / 1_000;
  return seconds < 0 ? `in ${span(-seconds)}` : `${span(seconds)} ago`;
};

/** What an outcome is called, and how it is coloured. */
export const outcomes = /** @type {Record<string, {word: string, tone: string}>} */ ({
  allow: {word: 'Allowed', tone: 'good'},
  deny: {word: 'Denied', tone: 'bad'},
  error: {word: 'Error', tone: 'warn'},
  shadow_deny: {word: 'Shadow denial', tone: 'note'},
  answer: {word: 'Answered', tone: 'note'},
});

/** The parts of a requirement, as a person says them. */
export const parts = /** @type {Record<string, string>} */ ({
  providers: 'provider',
  kind: 'kind of caller',
  tenant: 'tenant',
  roles: 'roles',
  permissions: 'permissions',
  scopes: 'scopes',
  stepUp: 'sign-in strength',
  features: 'features',
  entitledPermissions: 'entitled permissions',
  relation: 'relation',
  when: 'condition',
});

/** @param {any} wanted a list requirement, a text, or anything else @returns {string} */
export const wantedText = (wanted) => {
  if (wanted === undefined || wanted === null) return 'nothing';
  if (typeof wanted !== 'object') return String(wanted);
  if (Array.isArray(wanted)) return wanted.length === 0 ? 'none' : wanted.map(wantedText).join(', ');
  const {any, all, ...rest} = wanted;
  if (Object.keys(rest).length > 0 || (any === undefined && all === undefined)) {
    const told = Object.entries(wanted).filter(([, value]) => value !== undefined);
    return told.length === 0 ? 'none' : told.map(([name, value]) => memberText(name, value)).join(', ');
  }
  const listed = (/** @type {string} */ word, /** @type {string[]} */ list) =>
    list.length > 1 ? `${word} of ${list.join(', ')}` : list[0];
  return [any && listed('any', any), all && listed('all', all)].filter(Boolean).join(', and ');
};

/** Of a step-up: `maxAge` is in milliseconds, the age of a sign-in in seconds. @param {string} name @param {any} value @returns {string} */
const memberText = (name, value) => {
  if (name === 'maxAge') return `at most ${span(value / 1_000)} ago`;
  if (name === 'age') return `${span(value)} ago`;
  if (name === 'amr' && Array.isArray(value?.[0]))
    return `amr ${value.map((/** @type {string[]} */ one) => one.join(' or ')).join(' and ')}`;
  return `${name} ${wantedText(value)}`;
};

/** @param {string} place a label: `header:authorization:bearer` */
export const placeText = (place) => {
  const [kind, name, scheme] = place.split(':');
  return `${kind} ${name ?? ''}${scheme ? ` (${scheme})` : ''}`.trim();
};
