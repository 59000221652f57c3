// What is derived from an object, derived once.

/**
 * The same function, which answers with the same value for the same object as long as anybody holds the object: what
 * others keep by that value (the headers of a principal) is then found again. Undefined is not kept.
 */
export const derivedOnce = <From extends object, To extends object | undefined>(
  derive: (from: From) => To,
): ((from: From) => To) => {
  const made = new WeakMap<From, To & object>();
  return (from) => {
    const known = made.get(from);
    if (known !== undefined) return known;
    const value = derive(from);
    if (value !== undefined) made.set(from, value);
    return value;
  };
};
