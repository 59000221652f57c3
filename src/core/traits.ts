// What the settings of a provider say of it, for whoever reviews a configuration: each type of provider tells it in words
// that all of them share, so that nobody else has to know its settings.
import type {Place} from './credential/credential.ts';

/** Credentials that providers do not tell apart by looking at them. `vendorKey`: opaque, but for its vendor. */
export type CredentialKind =
  | {readonly kind: 'issued'; readonly issuer: string}
  | {readonly kind: 'jwt' | 'opaque' | 'ownKey'}
  | {readonly kind: 'vendorKey'; readonly vendor: string};

export interface Traits {
  /** The tenants that its principals have: none, those that the operator has written down, or any that its issuer names. */
  readonly tenants: 'none' | 'listed' | 'any';
  /** Redis holds what it was told of credentials, for all instances. */
  readonly sharesFacts: boolean;
  /** Absent: it looks further than at a credential's kind, and may leave some to others. */
  readonly credentials?: {
    /** What it is there for. */
    readonly wanted: readonly CredentialKind[];
    /** Whether it takes all of a kind that stands at this place, which is one of its own. */
    takes(kind: CredentialKind, place: Place): boolean;
  };
  /** What is allowed and lets others in than is meant, by the setting that it is said at. */
  readonly doubts?: readonly {readonly setting: string; readonly message: string}[];
}
