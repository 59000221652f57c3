// What a configuration leads to, tried ahead with the parts that would serve.
import type {TrialResult} from '../../core/trial.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {makeWithin} from '../../core/within.ts';
import type {Remote} from '../../remote/client.ts';
import {clocks} from '../clocks.ts';
import type {Configuration} from '../decider.ts';
import {makeShared} from '../shared.ts';
import {adminToken} from './adminToken.ts';
import {clocksHeard, hearingClocks} from './clocksHeard.ts';
import type {Examined} from './examined.ts';
import {fileTrials} from './files.ts';
import {stateTrials} from './state.ts';
import {type Ends, type Named, trialsOf} from './trials.ts';

/**
 * All at once, each within `timeout` milliseconds. Nothing is counted, nothing that lasts is written, and nothing is kept.
 * Never rejects: what cannot even be made is bad.
 */
export const examine = async ({settings, secrets}: Configuration, timeout: number): Promise<readonly Examined[]> => {
  const say = makeSay(secrets);
  const ends: Ends = [];
  try {
    const quiet = {...settings, log: {...settings.log, level: 'silent' as const}};
    const made = await makeShared(quiet, () => secrets);
    ends.push(made.close);
    const heard = new Map<string, number>();
    const shared = {...made, remote: hearing(made.remote, heard)};
    const run = makeRun(timeout, say);
    const several = await Promise.all(
      [...trialsOf(quiet, shared, ends), ...fileTrials(settings), ...stateTrials(settings)].map(run),
    );
    return [...once(several), ...clocksHeard(heard), adminToken(settings)];
  } catch (error) {
    return [say({part: 'settings', state: 'bad', detail: (error as Error).message})];
  } finally {
    await Promise.all(ends.map((end) => end()));
  }
};

const hearing = (remote: Remote, heard: Map<string, number>): Remote => ({
  ...remote,
  call: hearingClocks(remote.call, heard),
  trusting: (files, part) => {
    const trusting = remote.trusting(files, part);
    return {...trusting, call: hearingClocks(trusting.call, heard)};
  },
});

/** What one fault brings about is told once: without a connection nothing of Redis can be tried. */
const once = (several: readonly Examined[]): readonly Examined[] => {
  const told = new Map<string, Examined>();
  for (const one of several) {
    const [owner = '', ...what] = one.part.split(' ');
    const key = one.state === 'good' ? one.part : JSON.stringify([owner, one.detail]);
    const before = told.get(key);
    told.set(key, before === undefined ? one : {...one, part: `${before.part}, ${what.join(' ')}`});
  }
  return [...told.values()];
};

const makeRun =
  (timeout: number, say: (examined: Examined) => Examined) =>
  async ({part, trial}: Named): Promise<Examined> => {
    const within = makeWithin(clocks.now, clocks.after);
    const name = `${part} ${trial.what}`;
    try {
      const deadline = clocks.now() + timeout;
      const {found, doubt}: TrialResult = await within(name, trial.run(deadline), deadline);
      return say({part: name, state: doubt ? 'doubtful' : 'good', detail: found});
    } catch (error) {
      return say({part: name, state: 'bad', detail: faultOf(error, timeout)});
    }
  };

const faultOf = (error: unknown, timeout: number): string => {
  if (!(error instanceof Unavailable)) return `a bug in Postern: ${(error as Error).message}`;
  const {cause} = error;
  if (cause instanceof Error && cause.name === 'DeadlinePassed') return `no answer in ${timeout / 1_000} s`;
  return cause instanceof Error ? cause.message : error.message;
};

/** Whatever a server echoes, no secret of the settings is printed. */
const makeSay = (secrets: readonly string[]) => {
  const longestFirst = [...secrets].filter((one) => one.length > 3).sort((one, other) => other.length - one.length);
  return (examined: Examined): Examined => ({
    ...examined,
    detail: longestFirst.reduce((text, secret) => text.replaceAll(secret, '***'), examined.detail).slice(0, 600),
  });
};
