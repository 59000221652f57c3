// Loaded before the program (node --import): its wall clock is off by what a file says, in milliseconds. The steady clock
// (performance.now, timers) is untouched, as when somebody sets the clock of a machine.
import {readFileSync} from 'node:fs';

const Real = Date;
const realNow = Real.now.bind(Real);
let offset = 0;
const read = () => {
  try {
    offset = Number(readFileSync(process.env.POSTERN_TEST_CLOCK ?? '', 'utf8')) || 0;
  } catch {
    offset = 0;
  }
};
read();
process.on('SIGUSR2', read);

Real.now = () => realNow() + offset;
globalThis.Date = new Proxy(Real, {
  construct: (target, given, newTarget) =>
    Reflect.construct(
      target,
      given.length === 0 ? [Real.now()] : given,
      newTarget === globalThis.Date ? Real : newTarget,
    ),
  apply: () => new Real(Real.now()).toString(),
});
