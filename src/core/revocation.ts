// Is this principal still good now? (Interface; the index follows.)
import type {Principal} from './principal.ts';

/** A memory look-up: costs a request no I/O. */
export interface Revocations {
  revoked(principal: Principal): boolean;
}
