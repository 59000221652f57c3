// The scenes of `npm run demo -- VENDOR`: the example of a vendor before a small server that answers as the vendor does (built
// from its published API), so that no account is needed.
import type {Scene} from './scene.ts';
import {authgear} from './vendors/authgear.ts';
import {frontegg} from './vendors/frontegg.ts';
import {frontier} from './vendors/frontier.ts';
import {kinde} from './vendors/kinde.ts';

export const vendors: Readonly<Record<string, Scene>> = {frontegg, kinde, authgear, frontier};
