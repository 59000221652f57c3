// An address to which people are sent, with places that are filled in for each request: `{url}`, `{plan}`.
import {httpUrl} from '../config/values.ts';
import {suggestion} from '../core/words/nearest.ts';

/** `places`: the names that may stand in braces, behind the host: what fills them must not say where somebody is sent. */
export const linkTemplate = (...places: readonly string[]) =>
  httpUrl
    .regex(/^[!-~]+$/, 'holds blanks or letters beyond ASCII: percent-encode them')
    .superRefine((text, context) => {
      // One mistake is told once.
      if (context.issues.length > 0) return;
      const message = templateFault(text, places);
      if (message !== undefined) context.addIssue({code: 'custom', message});
    });

const templateFault = (text: string, places: readonly string[]): string | undefined => {
  // To a browser `https:x` is a path on the same host, and `\\` a slash.
  if (!/^https?:\/\/[^\\]*$/i.test(text))
    return 'is not what browsers take it for: begin with https://, without any \\';
  const known = places.map((place) => `{${place}}`);
  const rest = text.replace(/\{([^{}]*)\}/g, (whole) => (known.includes(whole) ? '' : whole));
  const [unknown] = /\{[^{}]*\}/.exec(rest) ?? [];
  if (unknown !== undefined) return `holds ${unknown}, which nothing fills in${suggestion(unknown, known)}`;
  if (/[{}]/.test(rest)) return `has a { or } that is no place to be filled in: write ${known.join(', ')}`;
  const [host = ''] = /^https?:\/\/[^/?#]*/i.exec(text) ?? [];
  const [inHost] = /\{[^{}]*\}/.exec(host) ?? [];
  return inHost === undefined ? undefined : `has ${inHost} in its host: only what stands behind the host is filled in`;
};
