// What is wrong with the setting `require.when`, said when the configuration is loaded.
import {readCondition} from './condition.ts';
import {tellFault} from './faults.ts';

/** Undefined: nothing. `captures`: what the path of its rule captures. */
export const conditionFault = (text: string, captures: readonly string[]): string | undefined => {
  const read = readCondition(text, captures);
  return 'fault' in read ? tellFault(text, read.fault) : undefined;
};
