// What was wanted and what came, as values: the words of it are each part's own.
import type {Facts, PartName, Unmet} from './part.ts';
import {partOf} from './parts.ts';

/** The part of a requirement that does not hold. */
export interface UnmetPart {
  readonly part: PartName;
  /** As the rule says it, with the captures of the path filled in. */
  readonly wanted: unknown;
  /** Only what may be told everywhere. */
  readonly got?: unknown;
}

/** Made where something is refused, and nowhere else. */
export const withPart = (unmet: Unmet, part: PartName, wanted: unknown, facts: Facts): Unmet => {
  const {got} = partOf(part);
  return {
    ...unmet,
    unmet: {
      part,
      wanted: wantedIn(part, wanted, facts),
      ...(got?.told === 'everywhere' && {got: got.of(facts) ?? null}),
    },
  };
};

/** The setting of a part for one request: with the captures of its path filled in. */
export const wantedIn = (part: PartName, wanted: unknown, facts: Facts): unknown =>
  partOf(part).filled?.(wanted as never, facts) ?? wanted;
