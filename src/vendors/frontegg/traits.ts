// What the settings of a Frontegg provider say of it.
import type {Traits} from '../../core/traits.ts';
import {type FronteggSettings, isFronteggs} from './settings.ts';

export const traitsOfFrontegg = (settings: FronteggSettings): Traits => ({
  tenants: 'any',
  sharesFacts: true,
  doubts: isUnbound(settings) ? [{setting: 'baseUrl', message: unboundMessage(settings)}] : [],
});

/** Tokens of Frontegg are told apart from those of its other customers by issuer, audience, or whose keys these are. */
const isUnbound = ({baseUrl, issuer, audience}: FronteggSettings): boolean =>
  baseUrl !== null && !isFronteggs(new URL(baseUrl).hostname) && issuer === null && !Array.isArray(audience);

const unboundMessage = ({name}: FronteggSettings): string =>
  `of "${name}" is taken for a domain of your environment: if it is a gateway that leads to a region of Frontegg, tokens of its other customers verify, too; set issuer or audience`;
