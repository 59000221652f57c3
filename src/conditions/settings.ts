// What is wrong with the setting `require.when`, said when the configuration is loaded.
import {readCondition} from './condition.ts';
import {tellFault} from './faults.ts';

/** What is allowed in a condition that was read before, and refuses whoever comes. */
export const conditionDoubts = (text: string): readonly string[] => {
  const read = readCondition(text);
  return 'fault' in read ? [] : read.doubts.map((doubt) => tellFault(text, doubt));
};

/** Undefined: nothing. `captures`: what the path of its rule captures. */
export const conditionFault = (text: string, captures: readonly string[]): string | undefined => {
  const read = readCondition(text, captures);
  return 'fault' in read ? tellFault(text, read.fault) : undefined;
};
