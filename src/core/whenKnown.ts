// What may be known at once, and may have to be waited for.

/** Without a promise where there is none to wait for. */
export const whenKnown = <From, To>(
  known: From | Promise<From>,
  then: (value: From) => To | Promise<To>,
): To | Promise<To> => (known instanceof Promise ? known.then(then) : then(known));

/** All of them, asked together, in order. Where asking throws, those that were asked before are waited for all the same. */
export const allKnown = <T>(asks: readonly (() => T | Promise<T>)[]): readonly T[] | Promise<readonly T[]> => {
  const answers: (T | Promise<T>)[] = [];
  for (const ask of asks) answers.push(settled(ask));
  return isAtOnce(answers) ? answers : Promise.all(answers);
};

const settled = <T>(ask: () => T | Promise<T>): T | Promise<T> => {
  try {
    return ask();
  } catch (error) {
    return Promise.reject(error);
  }
};

const isAtOnce = <T>(answers: readonly (T | Promise<T>)[]): answers is readonly T[] =>
  !answers.some((answer) => answer instanceof Promise);
