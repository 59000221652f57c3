// What `postern init` may begin with, a line each. Apart from the table of index.ts: the command line names them in its help,
// and loads no provider for it.

import {authgearChoice} from './authgear/choice.ts';
import type {Choice} from './choice.ts';
import {cognitoChoice} from './cognito/choice.ts';
import {fronteggChoice} from './frontegg/choice.ts';
import {frontierChoice} from './frontier/choice.ts';
import {kindeChoice} from './kinde/choice.ts';
import {apiKeysChoice} from './standards/apiKeysChoice.ts';
import {introspectionChoice} from './standards/introspectionChoice.ts';
import {oidcChoice} from './standards/oidcChoice.ts';

/** In the order in which they are offered. */
export const choices: readonly Choice[] = [
  oidcChoice,
  fronteggChoice,
  kindeChoice,
  authgearChoice,
  frontierChoice,
  cognitoChoice,
  introspectionChoice,
  apiKeysChoice,
];
