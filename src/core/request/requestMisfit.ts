// Why a request is refused whoever sends it, in words for the log: what of its path, its host, and the rules.

import type {Principal} from '../principal.ts';
import type {Rule} from '../rule/rules.ts';
import {distance, shownValue} from '../words/misfit.ts';
import {longestPath, mostSegments, type PathOptions} from './path.ts';
import {percentDecoded} from './percent.ts';
import {type Request, rawPathOf} from './request.ts';

export const tooLongDetail = `the path has more than ${longestPath} characters, or ${mostSegments} segments`;
export const hostDetail =
  'the host is no name of letters, digits and -, no IPv4 address and no [IPv6 address], with or without a port';

/** The first thing in a path that can be read in more than one way: of a target that canonicalPath refuses. */
export const pathFault = (target: string, {allow, caseSensitive}: PathOptions): string => {
  const raw = rawPathOf(target);
  if (!raw.startsWith('/')) return 'the path does not begin with /';
  const segments = raw.slice(1).replace(/\/$/, '').split('/');
  for (const segment of segments) {
    if (segment === '' && raw !== '/' && !allow.has('emptySegment')) return 'an empty segment (//)';
    if (/[# ]/.test(segment)) return 'a # or a blank';
    const decoded = segment.isWellFormed() ? percentDecoded(segment) : undefined;
    if (decoded === undefined) return 'a % without two hex digits behind it, or bytes that are not UTF-8';
    if (decoded.includes('\\')) return 'a backslash';
    if (/[\0-\x1f\x7f-\x9f]/.test(decoded)) return 'a control character';
    if (/^\.\.?(;|$)/.test(decoded)) return 'a segment . or ..';
    if (decoded.includes('/') && !allow.has('encodedSlash'))
      return 'an encoded slash (paths.allow: [encodedSlash] opens it)';
    if (decoded.includes(';') && !allow.has('semicolon')) return 'a semicolon (paths.allow: [semicolon] opens it)';
    if (/%[0-9a-f]{2}/i.test(decoded) && !allow.has('doubleEncoding'))
      return 'a percent sign that is encoded itself (paths.allow: [doubleEncoding] opens it)';
  }
  return caseSensitive
    ? 'characters that some take for a separator, a dot or nothing'
    : 'characters that some take for a separator, a dot, nothing, or a letter of ASCII';
};

/** Envoy's route may name a rule, which then is the only one. */
export const noRuleDetail = ({namedRule, kind}: Request, rules: readonly Rule[]): string => {
  if (namedRule === undefined)
    return `none of the ${rules.length} rules is for such a ${kind === 'http' ? 'host, method and path' : 'connection'}`;
  const named = rules.some(({name}) => name === namedRule) ? 'whose match does not hold' : 'which does not exist';
  return `the route of Envoy names the rule ${shownValue(namedRule)}, ${named}`;
};

/** A revocation goes by what it selects, and by when the credential was issued. */
export const revokedDetail = ({issuedAt, authTime}: Principal, now: number): string =>
  `a revocation in force selects it (postern revocations list); iat ${distance(issuedAt, now)}, auth_time ${distance(authTime, now)}`;
