// The version of this package.
import {readFileSync} from 'node:fs';
import {findPackageJSON} from 'node:module';

const file = findPackageJSON(import.meta.url);

/** As in package.json. */
export const version: string = file === undefined ? '0.0.0' : JSON.parse(readFileSync(file, 'utf8')).version;
