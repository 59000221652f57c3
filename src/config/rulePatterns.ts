// How the path and the host of a rule are written.
import {canonicalHost} from '../core/request/authority.ts';
import {readAsSyntax} from '../core/request/foldings.ts';

const captureSegment = /^\{([^{}]*)\}$/;
const captureName = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const forbidden = new RegExp(`[\\u0000-\\u001f\\u007f-\\u009f\\\\;%?#]|${readAsSyntax.source}`);

/** What is wrong with a rule's path, and how to write it; undefined if nothing is. */
export const pathFault = (pattern: string): string | undefined => {
  if (pattern === '') return undefined; // said elsewhere: is empty
  if (!pattern.startsWith('/')) {
    if (/^https?:\/\//i.test(pattern)) return 'must start with /: the host stands in match.hosts';
    return /^[\^~]|\$$|\.\*/.test(pattern)
      ? 'must start with /: rules are no regular expressions; use *, ** and {name}'
      : 'must start with /';
  }
  if (pattern.length > 2048) return 'is longer than 2048 characters';
  if (pattern === '/') return undefined;
  const segments = segmentsOf(pattern);
  const names = new Set<string>();
  for (const [index, segment] of segments.entries()) {
    const fault = segmentFault(segment, index === segments.length - 1, names);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

const segmentFault = (segment: string, last: boolean, names: Set<string>): string | undefined => {
  if (segment === '') return 'has an empty segment (//), which no accepted request can have: write one /';
  if (segment === '.' || segment === '..') {
    return `has the segment ${segment}, which no accepted request can have: write the path it leads to`;
  }
  if (segment === '*') return undefined;
  if (segment === '**') return last ? undefined : 'has ** before its end: ** takes the rest, use * for one segment';
  const bad = forbidden.exec(segment)?.[0];
  if (bad === '%') return 'holds %: paths are compared decoded, write the character itself';
  if (bad === '?') return 'holds ?: rules do not look at the query, end the path before it';
  if (bad !== undefined) return `holds ${JSON.stringify(bad)}, which no accepted request can have: use * there`;
  if (!segment.isWellFormed()) return 'holds half a character (a lone surrogate)';
  const name = captureSegment.exec(segment)?.[1];
  if (name === undefined) {
    return /[*{}]/.test(segment)
      ? 'has a segment that mixes text with * or { }: each takes a segment of its own, as in /orgs/{org}/*'
      : undefined;
  }
  if (!captureName.test(name)) return 'has a capture without a proper name: use letters, digits and _, as in {org}';
  if (names.has(name)) return `has the capture {${name}} twice: give each its own name`;
  names.add(name);
  return undefined;
};

/** The segments of a path without faults. */
export const segmentsOf = (pattern: string): readonly string[] => pattern.replace(/\/$/, '').split('/').slice(1);

/** The capture names of a path without faults. */
export const capturesIn = (pattern: string): readonly string[] =>
  segmentsOf(pattern).flatMap((segment) => captureSegment.exec(segment)?.[1] ?? []);

/** The capture names that a template such as `{org}` or `app/project:{project}` uses; undefined if it cannot be read. */
export const capturesUsed = (template: string): readonly string[] | undefined => {
  const names: string[] = [];
  const rest = template.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    names.push(name);
    return '';
  });
  return /[{}]/.test(rest) || names.some((name) => !captureName.test(name)) ? undefined : names;
};

/** A host of a rule as requests are compared with it; what cannot be one stays as it is, for hostFault to tell of. */
export const ruleHost = (host: string): string => {
  const wildcard = host.startsWith('*.') ? '*.' : '';
  const read = canonicalHost(host.slice(wildcard.length));
  return read === undefined || read === '' || hasPort(host) ? host.toLowerCase() : wildcard + read;
};

const hasPort = (host: string): boolean => /:[0-9]+$/.test(host);

/** What is wrong with a host of a rule, and how to write it; undefined if nothing is. */
export const hostFault = (host: string): string | undefined => {
  if (host.length > 253) return 'is longer than 253 characters';
  if (host === '*') return 'matches every host: leave hosts out instead';
  if (host.includes('://') || host.includes('/')) return 'must be a host name alone, without scheme and path';
  const isAddress = host.startsWith('[') && host.endsWith(']');
  if (host.includes(':') && !isAddress) return 'must be without a port: rules compare hosts without it';
  if (canonicalHost(host.startsWith('*.') ? host.slice(2) : host)) return undefined;
  if (isAddress) return 'is not an IPv6 address: write [2001:db8::1]';
  if (/(^|\.)(\d+|0x[\da-f]*)\.?$/i.test(host)) return 'is not an IPv4 address: write four decimal numbers, 192.0.2.1';
  return 'is not a host name: write api.example.com, or *.example.com for all below (other letters as xn--...)';
};
