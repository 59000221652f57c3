// Writes postern.schema.json and docs/reference/settings.md from the settings' declarations; `--check`: are they fresh?
import {readFileSync, writeFileSync} from 'node:fs';
import {schemaDocument} from '../src/config/schemaDocument.ts';
import {byType} from './byType.ts';
import {settingsPage} from './settingsPage.ts';

const document = schemaDocument();
const files: readonly (readonly [string, string])[] = [
  ['postern.schema.json', `${JSON.stringify(byType(JSON.parse(JSON.stringify(document))), null, 2)}\n`],
  ['docs/reference/settings.md', settingsPage(document)],
];

const read = (url: URL): string | undefined => {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return undefined;
  }
};

const isCheck = process.argv.includes('--check');
for (const [name, content] of files) {
  const url = new URL(`../${name}`, import.meta.url);
  if (read(url) === content) continue;
  if (isCheck) {
    console.error(`${name} is stale: run node scripts/reference.ts`);
    process.exitCode = 1;
    continue;
  }
  writeFileSync(url, content);
  console.log(`${name} written`);
}
