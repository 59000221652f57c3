// What of a JWT may be shown: its header, and its claims without the signature. Never the token.
import type {Request} from '../../core/request/request.ts';

export interface Shown {
  readonly header: unknown;
  readonly claims: unknown;
}

/** The JWT that stands at a place, taken apart; undefined: none is there, or it is no JWT. */
export const tokenShown = (request: Request, place: string): Shown | undefined => {
  const [kind, name = ''] = place.split(':');
  const text =
    kind === 'header' ? request.headers.get(name) : kind === 'cookie' ? request.headers.get('cookie') : request.target;
  const [, header, claims] = /(eyJ[\w-]+)\.([\w-]+)\.[\w-]*/.exec(text ?? '') ?? [];
  if (header === undefined || claims === undefined) return undefined;
  try {
    return {header: read(header), claims: read(claims)};
  } catch {
    return undefined;
  }
};

const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
