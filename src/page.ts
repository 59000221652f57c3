// Where a page of the documentation is: in a checkout and in the package beside the program, in the image nowhere.
import {existsSync} from 'node:fs';
import {findPackageJSON} from 'node:module';
import {dirname, join} from 'node:path';

/** `guides/envoy.md` as a path that can be opened where there is one, else as it is named in the repository. */
export const page = (name: string): string => {
  const beside = findPackageJSON(import.meta.url);
  const path = beside === undefined ? '' : join(dirname(beside), 'docs', name);
  return existsSync(path) ? path : `docs/${name}`;
};
