// What a case says was found of a credential, where it has none: a verdict that was given, and where it stood.
import {z} from 'zod';
import {text} from '../../config/values.ts';
import type {Principal} from '../../core/principal.ts';
import {reasons} from '../../core/refusals.ts';
import type {Given} from '../../wiring/explain/given.ts';

export const credential = z
  .strictObject({
    place: text.optional().describe('Where it stood, as the decision log names it: `header:authorization:bearer`.'),
    provider: text.optional().describe('Who refused it; absent: nobody took it, or it could not be read.'),
    rejected: z.enum(reasons, 'is no reason: docs/reference/reasons.md lists them').optional(),
    detail: z.string().optional().describe('What was wanted and what came.'),
    revoked: z.boolean().optional().describe('The principal is revoked.'),
    unrecorded: z
      .literal(true)
      .optional()
      .describe('The request had one that no rule looked at, so nothing is known of it.'),
    related: z.boolean().optional().describe('What a `relation` that is asked for answers.'),
  })
  .describe('What is found of a credential, instead of one: with `principal` where it stood, else why it was refused.');

type Said = z.output<typeof credential>;

/** Undefined: nothing is given, and the request itself is looked at. */
export const givenBy = (principal: Principal | undefined, said: Said | undefined): Given | undefined => {
  const {place, provider, rejected, detail, related} = said ?? {};
  if (principal !== undefined) return {given: 'principal', principal, place, related};
  if (rejected === undefined) return undefined;
  if (provider !== undefined) return {given: 'rejected', provider, reason: rejected, detail, place};
  if (rejected === 'duplicate_credential') return {given: 'duplicate', place};
  return {given: 'unsupported', reason: rejected, detail, place};
};
