// A provider as reviewers of a configuration see it: its type alone knows the rest of its settings.
import type {Where} from '../core/credential/places.ts';
import type {Traits} from '../core/traits.ts';

export interface Reviewed {
  readonly name: string;
  readonly type: string;
  readonly credentials?: readonly Where[];
  readonly tenants?: readonly string[] | {readonly pattern: string} | 'granted' | undefined;
  readonly traits: Traits;
}
