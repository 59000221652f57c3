// Whether the clocks of others agree with this one, as their replies tell anyway.
import type {RemoteCall} from '../../core/remote.ts';
import {clocks} from '../clocks.ts';
import type {Examined} from './examined.ts';

/** Remembers by host how far its clock is off (RFC 9110 section 6.6.1), from the replies that come anyway. Milliseconds. */
export const hearingClocks =
  (call: RemoteCall, heard: Map<string, number>): RemoteCall =>
  async (dependency, request, deadline) => {
    const answer = await call(dependency, request, deadline);
    const date = Date.parse(answer.headers.get('date')?.[0] ?? '');
    const age = Number(answer.headers.get('age')?.[0] ?? 0);
    // Half a second is what whole seconds lose on average. What a cache has kept was written `age` ago.
    if (!Number.isNaN(date + age)) heard.set(new URL(request.url).host, date + age * 1_000 + 500 - clocks.now());
    return answer;
  };

/** Milliseconds by which clocks may differ: whole seconds and the way here make up for one; tokens are let in up to 5 s. */
const unremarkable = 2_000;
const tolerated = 5_000;

export const clocksHeard = (heard: ReadonlyMap<string, number>): readonly Examined[] =>
  [...heard].map(([host, off]) => {
    const seconds = Math.abs(Math.round(off / 1_000));
    const shown = `the clock of ${host} is ${seconds} s ${off < 0 ? 'behind' : 'ahead of'} this one`;
    const part = `clock ${host}`;
    if (Math.abs(off) <= unremarkable)
      return {part, state: 'good', detail: `the clock of ${host} agrees with this one`};
    const state = Math.abs(off) <= tolerated ? 'doubtful' : 'bad';
    return {part, state, detail: `${shown}: tokens will be refused as not yet valid or expired; set this one by NTP`};
  });
