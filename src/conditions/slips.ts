// Operators of other languages in a condition that cannot be read: named where they stand, not where the parser stumbled.
import type {ConditionFault} from './faults.ts';

const slips: readonly (readonly [operator: RegExp, message: string])[] = [
  [/(?<![=!<>])={3}(?!=)/, '=== is no operator: write =='],
  [/!={2}(?!=)/, '!== is no operator: write !='],
  [/<>/, '<> is no operator: write !='],
  [/(?<![=!<>])=(?!=)/, '= compares nothing: write =='],
  [/(?<!&)&(?!&)/, '& is no operator: write &&'],
  [/(?<!\|)\|(?!\|)/, '| is no operator: write ||'],
  [/(?<![\w.])and(?!\w)/i, 'and is no operator: write &&'],
  [/(?<![\w.])or(?!\w)/i, 'or is no operator: write ||'],
  [/(?<![\w.])not(?!\w)/i, 'not is no operator: write !'],
];

/** What stands within quotes is text, whatever it holds. */
const withoutTexts = (text: string): string =>
  text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, (quoted) => ' '.repeat(quoted.length));

/** The first operator in `text` that CEL does not have; undefined: there is none. */
export const foreignOperator = (text: string): ConditionFault | undefined => {
  const bare = withoutTexts(text);
  return slips
    .flatMap(([operator, message]): readonly ConditionFault[] => {
      const at = bare.search(operator);
      return at < 0 ? [] : [{at, message}];
    })
    .sort((one, other) => one.at - other.at)[0];
};
