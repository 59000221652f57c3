// The parts of `require`, in a table: a new one is a file, and a line here.
import {entitledPermissions} from './entitledPermissions.ts';
import {features} from './features.ts';
import {kind} from './kind.ts';
import type {Part, PartName} from './part.ts';
import {permissions} from './permissions.ts';
import {relation} from './relation.ts';
import {roles} from './roles.ts';
import {scopes} from './scopes.ts';
import {stepUp} from './stepUp.ts';
import {tenant} from './tenant.ts';
import {when} from './when.ts';

/** In the order in which they are tried and refused: what costs nothing before what asks somebody. */
const parts: {readonly [Name in PartName]: Part<Name>} = {
  kind,
  tenant,
  roles,
  permissions,
  scopes,
  stepUp,
  when,
  features,
  entitledPermissions,
  relation,
};

export const partNames = Object.keys(parts) as readonly PartName[];

/** A part whose setting is at hand under the same name, which types cannot follow. */
export const partOf = (name: PartName): Part<never> => parts[name] as Part<never>;
