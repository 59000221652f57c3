// Kinde's feature flags, as they stand in the token: `{"beta": {"t": "b", "v": true}}`, t being b, i or s.
import type {Claims} from '../../providers/jwtForm.ts';
import {mapped, own} from './hasura.ts';

/** Whether the token says that this boolean flag is on. Numbers and texts are settings, and switch nothing on. */
export const isFlagOn = (claims: Claims, flag: string): boolean => {
  const stated = own(mapped(claims, 'feature_flags'), flag);
  return own(stated, 't') === 'b' && own(stated, 'v') === true;
};
