// Writes postern.schema.json and docs/reference/{settings,decisions,commands}.* from what declares them; `--check`: are they fresh?
import {readFileSync, writeFileSync} from 'node:fs';
import {byType} from '../src/config/byType.ts';
import {schemaDocument} from '../src/config/schemaDocument.ts';
import {commandsPage} from './commandsPage.ts';
import {decisionsPage, decisionsSchema} from './decisionsPage.ts';
import {settingsPage} from './settingsPage.ts';
import {wrapPage} from './wrap.ts';

const document = schemaDocument();
const files: readonly (readonly [string, string])[] = [
  ['postern.schema.json', `${JSON.stringify(byType(JSON.parse(JSON.stringify(document))), null, 2)}\n`],
  ['docs/reference/settings.md', wrapPage(settingsPage(document))],
  ['docs/reference/decisions.schema.json', `${JSON.stringify(decisionsSchema(), null, 2)}\n`],
  ['docs/reference/decisions.md', wrapPage(decisionsPage())],
  ['docs/reference/commands.md', wrapPage(commandsPage())],
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
