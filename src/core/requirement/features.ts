// `features`: the principal, or its tenant, has bought them.
import {compileEntitled} from './entitled.ts';
import type {Part} from './part.ts';

export const features: Part<'features'> = {
  compile: (wanted, sources) => compileEntitled('feature', wanted, sources, (feature) => ({feature})),
  got: undefined,
};
