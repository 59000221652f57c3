// `entitledPermissions`: the principal holds them, and the feature of each is live.
import {compileEntitled} from './entitled.ts';
import type {Part} from './part.ts';

export const entitledPermissions: Part<'entitledPermissions'> = {
  compile: (wanted, sources) => compileEntitled('entitled permission', wanted, sources, (permission) => ({permission})),
  got: {of: ({principal}) => principal.permissions, told: 'explained'},
};
