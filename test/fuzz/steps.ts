// The longest turn of the event loop that one input takes, in milliseconds of this thread's CPU.
import type {Opened} from './target.ts';

const spent = (): number => {
  const {user, system} = process.threadCpuUsage();
  return (user + system) / 1_000;
};

/** Runs the input once. What it waits for is not counted, and between two turns others have had theirs. */
export const longestTurn = async (opened: Opened, input: Buffer): Promise<number> => {
  let longest = 0;
  let over = false;
  let last = spent();
  const look = () => {
    const now = spent();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const turn = () => {
    look();
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    await opened.run(input);
  } finally {
    look();
    over = true;
  }
  return longest;
};

/** The least of several runs: what else the machine does, and what is compiled for the first time, is not the input's. */
export const leastTurn = async (opened: Opened, input: Buffer, times = 5): Promise<number> => {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < times; run++) least = Math.min(least, await longestTurn(opened, input));
  return least;
};
