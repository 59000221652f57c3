// Flips as a person reads them: what becomes of what, by rule, and by tenant; then each of them.
import {printable} from '../../observe/redact.ts';
import type {Compared, Flip, Side} from './flips.ts';

export const textOf = ({decisions, flips, unsaid}: Compared): string => {
  const groups = new Map<string, Flip[]>();
  for (const flip of flips) {
    const becomes = flip.unrecorded ? `what its credential says (${flip.new.rule})` : saidOf(flip.new);
    const key = `${saidOf(flip.old)} -> ${becomes}`;
    groups.set(key, [...(groups.get(key) ?? []), flip]);
  }
  const ordered = [...groups].sort(([, a], [, b]) => b.length - a.length);
  return [
    `${flips.length} of ${decisions} decisions flip`,
    ...ordered.flatMap(([what, those]) => [
      '',
      `${what}: ${those.length}`,
      `  ${tenantsOf(those)}`,
      ...those.map(lineOf),
    ]),
    ...(unsaid.length === 0
      ? []
      : ['', `${unsaid.length} undecided: they need what is not given offline or was not recorded`]),
    ...unsaid.slice(0, mostUnsaid).map((one) => `${lineOf(one)}: ${saidOf(one.old)} -> ${saidOf(one.new)}`),
    '',
  ].join('\n');
};

const mostUnsaid = 10;

/** `allow (read-orders)`, `deny missing_role (read-orders)`. */
const saidOf = ({outcome, reason, rule}: Side): string =>
  `${[outcome, reason].filter(Boolean).join(' ')} (${rule ?? 'no rule'})`;

/** `tenants: acme 12, umbrella 3`. */
const tenantsOf = (flips: readonly Flip[]): string => {
  const counts = new Map<string, number>();
  for (const {tenant = 'none'} of flips) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
  const ordered = [...counts].sort(([, a], [, b]) => b - a);
  return `tenants: ${ordered.map(([tenant, count]) => `${printable(tenant, 80)} ${count}`).join(', ')}`;
};

const lineOf = ({where, method, host, path, subject, unrecorded, old, new: next}: Flip): string => {
  const why = unrecorded
    ? 'its credential was not looked at then, and is not recorded'
    : [old.detail, next.detail].filter((detail) => detail !== undefined).join(' -> ');
  const asked = `${method} ${host}${path.split('?', 1)[0]}`;
  return printable(`  ${where}: ${asked}, ${subject ?? 'nobody'}${why === '' ? '' : `: ${why}`}`, 400);
};
