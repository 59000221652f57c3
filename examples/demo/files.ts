// Which configuration the demo runs: the file of examples/ itself, or a copy of it where a port is taken or a folder is named.
import {copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseDocument} from 'yaml';
import {freePort, temporaryFolder} from '../../test/support/ports.ts';
import type {Begun, Scene} from './scene.ts';

const examples = fileURLToPath(new URL('..', import.meta.url));

export interface Configuration {
  /** The file that runs: an edit of it counts within two seconds. */
  readonly file: string;
  readonly text: string;
  /** As a person would write it. */
  readonly shown: string;
  /** Where the application asks; absent where the file has no such port. */
  readonly answers?: string;
  /** Why it is a copy. */
  readonly because?: string;
}

/** `copy`: a folder to run a copy in, which is made. */
export const configurationFor = async (scene: Scene, {settings}: Begun, copy?: string): Promise<Configuration> => {
  const own = join(examples, scene.file);
  const document = parseDocument(readFileSync(own, 'utf8'));
  const [check, admin] = [await freePort(9191), await freePort(9190)];
  const answers = document.has('answers') ? await freePort(9193) : undefined;
  const others = [
    ...settings,
    ...(check === 9191 ? [] : ([[['server', 'listen'], `127.0.0.1:${check}`]] as const)),
    ...(answers === undefined || answers === 9193 ? [] : ([[['answers', 'listen'], `127.0.0.1:${answers}`]] as const)),
    ...(admin === 9190 ? [] : ([[['admin', 'listen'], `127.0.0.1:${admin}`]] as const)),
  ];
  const asked = answers === undefined ? {} : {answers: `http://127.0.0.1:${answers}`};
  if (others.length === 0 && copy === undefined) {
    return {file: own, text: document.toString(), shown: relative(process.cwd(), own), ...asked};
  }
  for (const [path, value] of others) document.setIn(path, value);
  const folder = copy ?? temporaryFolder();
  mkdirSync(folder, {recursive: true});
  const file = join(folder, scene.file);
  writeFileSync(file, document.toString());
  const entitlements = join(examples, 'entitlements.yaml');
  if (existsSync(entitlements)) copyFileSync(entitlements, join(folder, 'entitlements.yaml'));
  return {
    file,
    text: document.toString(),
    shown: file,
    ...asked,
    ...(others.length > 0 && {
      because: `a copy of examples/${scene.file}, since ports that it names are taken: ${others.map(([path, value]) => `${path.join('.')} is ${value}`).join(', ')}`,
    }),
  };
};
