// Which decisions get a line where not all of them do: their id decides, so that no chance is needed and none counts twice.
import type {Outcome} from './outcome.ts';

export interface Shares {
  /** From 0 to 1. */
  readonly sample: number;
  readonly sampleDenied: number;
}

export const makeIsSampled = ({sample, sampleDenied}: Shares) => ({
  /** The share of the decisions with this outcome. What could not be decided is always told. */
  share(outcome: Outcome): number {
    if (outcome === 'error') return 1;
    return outcome === 'allow' || outcome === 'answer' ? sample : sampleDenied;
  },
  of: (id: string, share: number): boolean => share >= 1 || (share > 0 && fractionOf(id) < share),
});

/** From 0 to below 1, evenly: FNV-1a and a last mixing, for ids differ at their ends alone. */
const fractionOf = (id: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
};
