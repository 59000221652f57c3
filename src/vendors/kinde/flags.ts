// Kinde's feature flags, as they stand in the token: `{"beta": {"t": "b", "v": true}}`, t being b, i or s.
import type {Claims} from '../../providers/jwtForm.ts';
import {mapped, own} from './hasura.ts';

const greatest = Number.MAX_SAFE_INTEGER;
const longestText = 1_024;

/** How much of a feature a flag says that is a number or a text; undefined: none says so. Less than 0 is no amount. */
export const amountOfFlag = (claims: Claims, flag: string): number | string | undefined => {
  const stated = own(mapped(claims, 'feature_flags'), flag);
  const type = own(stated, 't');
  const value = own(stated, 'v');
  if (type === 'i' && typeof value === 'number' && value >= 0 && value <= greatest) return value;
  return type === 's' && typeof value === 'string' && value !== '' && value.length <= longestText ? value : undefined;
};

/** Whether the token says that this boolean flag is on. Numbers and texts are settings, and switch nothing on. */
export const isFlagOn = (claims: Claims, flag: string): boolean => {
  const stated = own(mapped(claims, 'feature_flags'), flag);
  return own(stated, 't') === 'b' && own(stated, 'v') === true;
};
