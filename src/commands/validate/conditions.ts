// Conditions that are good, and of which a part refuses whoever comes.
import {conditionDoubts} from '../../conditions/settings.ts';
import type {Finding} from '../../config/findings.ts';
import type {Rule} from '../../core/rule/rules.ts';

export const doubtfulConditions = (rules: readonly Rule[]): readonly Finding[] =>
  rules.flatMap(({access}, index) => {
    const when = 'require' in access ? access.require.when : undefined;
    if (when === undefined) return [];
    return conditionDoubts(when).map(
      (message): Finding => ({path: ['rules', index, 'require', 'when'], at: 'value', message}),
    );
  });
