// Tenants that several providers may vouch for: whoever runs one of their issuers can then act for everybody's.
import type {Access} from '../core/rule/rules.ts';
import type {Finding} from './findings.ts';
import type {Reviewed} from './reviewed.ts';

interface AskingRule {
  readonly name: string;
  readonly access: Access;
}

/**
 * Names no tenant, or only such as are written down: keys of one's own stand in a file that only the operator writes. Every
 * customer is one that is granted.
 */
const mayNameAny = ({tenants, traits}: Reviewed): boolean =>
  traits.tenants === 'any' && (tenants === undefined || tenants === 'granted');

/** One warning, at the first rule that it concerns: the remedy is in the providers and mends all rules. */
export const tenantWarnings = (providers: readonly Reviewed[], rules: readonly AskingRule[]): readonly Finding[] => {
  const open = providers.filter(mayNameAny);
  for (const [index, {access}] of rules.entries()) {
    if (!('require' in access) || access.require.tenant === undefined) continue;
    const {providers: asked} = access.require;
    const named = open.filter(({name}) => asked === undefined || asked.includes(name)).map(({name}) => `"${name}"`);
    if (named.length < 2) continue;
    const message = `is vouched for by ${named.join(' and ')}, each of which may name any tenant: where one of them is another organisation's issuer, say by its \`tenants\` which it may speak for, or by \`providers\` whom this rule asks`;
    return [{path: ['rules', index, 'require', 'tenant'], at: 'value', message}];
  }
  return [];
};
