// Whether the state directory can be written to, and what a start would find in it.
import type {Settings} from '../../config/schema.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {lookAtState} from '../../state/look.ts';
import {clocks} from '../clocks.ts';
import {machineClocks, makeStateSeal} from '../state.ts';
import type {Named} from './trials.ts';

const mostTold = 6;

export const stateTrials = ({state, redis}: Settings): readonly Named[] => {
  if (state === undefined) return [];
  const {dir, maxBytes} = state;
  const run = async () => {
    const {fault, isThere, good, bad} = await lookAtState(
      {
        dir,
        maxBytes,
        seal: makeStateSeal({state, redis}),
        owner: process.geteuid?.(),
        clocks: machineClocks(clocks),
        newId: clocks.newId,
      },
      (file) => file.startsWith('revocations-'),
    );
    if (fault !== undefined) throw new Unavailable('state', new Error(`${dir} cannot be written to: ${fault}`));
    if (!isThere) return {found: `${dir} is not there yet; a start makes it, where its user may`, doubt: true as const};
    const told = [...bad, ...good];
    const more = told.length > mostTold ? `; and ${told.length - mostTold} more` : '';
    const found = `${dir} can be written to; ${told.length === 0 ? 'nothing is in it yet' : told.slice(0, mostTold).join('; ')}${more}`;
    return {found, ...(bad.length > 0 && {doubt: true as const})};
  };
  return [{part: 'state', trial: {what: 'folder', run}}];
};
