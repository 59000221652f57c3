// Whether the token of the admin port is long enough not to be guessed.
import type {Settings} from '../../config/schema.ts';
import type {Examined} from './examined.ts';

/** Characters of 32 random bytes in hex are 64, in base64 44. */
const longToken = 32;

export const adminToken = ({admin: {token}}: Settings): Examined => {
  const part = 'admin token';
  if (token === undefined) return {part, state: 'good', detail: 'none is set, so the guarded pages are closed'};
  const length = Math.min(...token.map((one) => one.length));
  if (length >= longToken) return {part, state: 'good', detail: `it has ${length} characters`};
  return {part, state: 'doubtful', detail: `it has ${length} characters: take 32 random bytes in base64`};
};
