// What is derived from an object, derived once.
import type {Request} from './request/request.ts';

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

let slots = 0;

/**
 * The same for requests, which keep by themselves what was read of them: a WeakMap that gains and loses an entry with each
 * of thousands a second costs every collection of garbage more than the decisions between two.
 */
export const readOnce = <To extends object>(derive: (request: Request) => To): ((request: Request) => To) => {
  const slot = slots++;
  const kept = derivedOnce(derive);
  return (request) => {
    const {read} = request;
    if (read === undefined) return kept(request);
    read[slot] ??= derive(request);
    return read[slot] as To;
  };
};
