// What is computed of a text again and again, computed once for as long as it is asked about.

/** Texts, and characters of all of them together, after which the older half is forgotten. */
export interface RememberingLimits {
  readonly texts: number;
  readonly characters: number;
}

const usual: RememberingLimits = {texts: 10_000, characters: 8_000_000};

/**
 * The same function of a text, which looks up what it has computed lately: to find a token of 1 kB in a Map takes a third of
 * the time that its SHA-256 takes. Two generations, so that what is in use is never forgotten all at once; both together hold
 * twice the limits at most, whatever anybody asks about.
 */
export const remembering = <Value extends string>(
  compute: (text: string) => Value,
  {texts, characters}: RememberingLimits = usual,
): ((text: string) => Value) => {
  let young = new Map<string, Value>();
  let old = new Map<string, Value>();
  let held = 0;

  const remember = (text: string, value: Value): void => {
    if (young.size >= texts || held + text.length > characters) {
      old = young;
      young = new Map();
      held = 0;
    }
    young.set(text, value);
    held += text.length;
  };

  return (text) => {
    const known = young.get(text);
    if (known !== undefined) return known;
    const value = old.get(text) ?? compute(text);
    if (text.length <= characters) {
      const own = alone(text);
      if (own === text) remember(own, value);
    }
    return value;
  };
};

/**
 * A copy. To V8 a part of a text is a view of the whole: a token would keep the header of 60 kB in which it came. What is no
 * UTF-8 (half of a surrogate pair) comes out as another text.
 */
const alone = (text: string): string => Buffer.from(text).toString();
