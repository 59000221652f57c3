// What most cases come to: the processor time of each contestant beside that of the first.
import {type Figure, figure, times} from './figures.ts';
import {type Contestant, cpuOf, inTurn} from './inTurn.ts';
import type {Load} from './load.ts';
import type {Stage} from './stage.ts';

/** The first contestant is what the others are compared with. `goals` by name, in times of it. */
export const beside = async (
  stage: Stage,
  contestants: Readonly<Record<string, Contestant>>,
  goals: Readonly<Record<string, number>> = {},
  load: Partial<Load> = {},
): Promise<readonly Figure[]> => {
  const rounds = await inTurn(stage, contestants, load);
  const [first = '', ...others] = Object.keys(contestants);
  const cpu = (name: string) => cpuOf(rounds[name] ?? []);
  return [
    figure(`CPU of a call, ${first}`, 'µs', cpu(first)),
    ...others.map((name) => times(`CPU of a call, ${name}`, cpu(name), cpu(first), goals[name])),
  ];
};
