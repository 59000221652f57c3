// Takes the pictures of docs/guides/explorer.md: a Postern with something to look at, in a real Chromium.
//   node scripts/explorerPicture.ts
import {execFile} from 'node:child_process';
import {join, resolve} from 'node:path';
import {promisify} from 'node:util';
import {startBrowser, type TestBrowser} from '../test/support/browser.ts';
import {adminToken, type ExplorerStage, startExplorerStage} from '../test/support/explorerStage.ts';
import {endAll} from '../test/support/processes.ts';
import {obtain} from './tools.ts';

const run = promisify(execFile);
const folder = join(resolve(import.meta.dirname, '..'), 'docs/images');

interface Picture {
  readonly name: string;
  readonly view: string;
  readonly dark?: true;
  readonly width: number;
  readonly height: number;
}

const pictures = (denied: string): readonly Picture[] => [
  {name: 'explorer-decisions', view: 'decisions', width: 1100, height: 780},
  {name: 'explorer-decision', view: `decisions/${denied}`, dark: true, width: 1100, height: 1180},
  {name: 'explorer-rules', view: 'rules', width: 1100, height: 800},
  {name: 'explorer-phone', view: `decisions/${denied}`, width: 360, height: 780},
];

const take = async (browser: TestBrowser, stage: ExplorerStage, {name, view, dark, width, height}: Picture) => {
  const tab = await browser.open({colorScheme: dark ? 'dark' : 'light', viewport: {width, height}});
  const {page} = tab;
  await page.goto(`${stage.postern.adminUrl}/explorer#/${view}`);
  await page.getByLabel('Admin token').fill(adminToken);
  await page.keyboard.press('Enter');
  await page.locator('.decisions, .rules, .steps').first().waitFor();
  await page.evaluate('document.activeElement.blur()');
  const path = join(folder, `${name}.png`);
  await page.screenshot({path});
  await tab.close();
  const pngquant = await obtain('pngquant');
  // 256 colours are enough, and a third of the bytes.
  if (pngquant.missing === undefined) await run(pngquant.path, ['--force', '--output', path, '256', path]);
  console.log(path);
};

try {
  const browser = await startBrowser();
  const stage = await startExplorerStage();
  await stage.happen();
  const token = await stage.sign({sub: 'alice', org_id: 'acme', roles: ['viewer']});
  const {deniedResponse} = await stage.ask('/orgs/acme/orders/14', {method: 'PUT', token});
  const {decision} = JSON.parse(deniedResponse?.body ?? '{}');
  for (const picture of pictures(decision)) await take(browser, stage, picture);
  await browser.stop();
  await stage.stop();
} finally {
  await endAll();
}
