// Does one permission cover another? `*` in a held permission stands for any run of characters, where the vendor says so.
import type {Principal} from '../principal.ts';

/** In the order of the text, each piece after the one before it: no backtracking, so no held permission can be slow. */
const covers = (held: string, wanted: string): boolean => {
  const [first, ...rest] = held.split('*') as [string, ...string[]];
  const last = rest.pop() as string;
  if (!wanted.startsWith(first)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = wanted.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return wanted.length - last.length >= at && wanted.endsWith(last);
};

/**
 * True if one of the held permissions is the wanted one, or covers it: `orders.*` covers `orders.read` and
 * `orders.lines.read`, `*` covers everything. All other characters stand for themselves, case counts, and the whole must
 * match. A `*` in what is wanted means nothing.
 */
export const holdsPermission = (held: readonly string[], wanted: string): boolean => {
  if (held.includes(wanted)) return true;
  for (const permission of held) if (permission.includes('*') && covers(permission, wanted)) return true;
  return false;
};

/**
 * Does the principal hold a permission? Patterns count only of a vendor that documents them (Frontegg): elsewhere `*` in a
 * token is a name like any other, for `entitledPermissions` as for `permissions`.
 */
export const isPermitted = ({permissions, permissionPatterns}: Principal, wanted: string): boolean =>
  permissionPatterns === true ? holdsPermission(permissions, wanted) : permissions.includes(wanted);
