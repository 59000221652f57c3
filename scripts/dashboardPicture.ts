// Draws docs/images/dashboard.png: two Posterns work for some minutes, Prometheus scrapes them, and the panels of the
// dashboard are drawn from its answers to the dashboard's own queries. There is no Grafana in it.
//   node scripts/dashboardPicture.ts [seconds]
import {execFile} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {promisify} from 'node:util';
import {type Answer, filledIn, type Span, startDashboardStage} from '../test/ship/dashboardStage.ts';
import {temporaryFolder} from '../test/support/ports.ts';
import {endAll} from '../test/support/processes.ts';
import {type Answered, pageHeight, pageOf, pageWidth} from './dashboardPage.ts';
import {type Panel, rows} from './dashboardRows.ts';
import {obtain, type ToolName} from './tools.ts';

const run = promisify(execFile);
const picture = join(resolve(import.meta.dirname, '..'), 'docs/images/dashboard.png');

/** Each panel with what Prometheus answers to its queries. */
const collect = async (seconds: number): Promise<{span: Span; answered: ReadonlyMap<Panel, readonly Answered[]>}> => {
  const stage = await startDashboardStage();
  try {
    const {from, to} = await stage.happen(seconds);
    const span = {from: from + 10, to, step: Math.max(1, Math.round(seconds / 150))};
    const ask = (panel: Panel, query: string): Promise<readonly Answer[]> => {
      const filled = filledIn(query, {compare: '1m', __rate_interval: '15s'}, span);
      return panel.kind === 'table' ? stage.instant(filled, span) : stage.range(filled, span);
    };
    const answered = new Map<Panel, readonly Answered[]>();
    for (const panel of rows.flatMap((row) => row.panels)) {
      const each = panel.queries.map(async ({query, legend}) => ({legend, answers: await ask(panel, query)}));
      answered.set(panel, await Promise.all(each));
    }
    return {span, answered};
  } finally {
    await stage.stop();
  }
};

const program = async (name: ToolName): Promise<string> => {
  const obtained = await obtain(name);
  if (obtained.missing !== undefined) throw new Error(obtained.missing);
  return obtained.path;
};

const photograph = async (html: string): Promise<void> => {
  const folder = temporaryFolder();
  const page = join(folder, 'page.html');
  writeFileSync(page, html);
  await run(
    await program('chromium'),
    [
      '--headless',
      '--no-sandbox', // it is our own page, and root has no sandbox
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--hide-scrollbars',
      '--force-device-scale-factor=1',
      `--user-data-dir=${folder}/profile`,
      `--window-size=${pageWidth},${pageHeight}`,
      `--screenshot=${picture}`,
      `file://${page}`,
    ],
    {timeout: 60_000},
  );
  // 256 colours are enough, and a third of the bytes.
  await run(await program('pngquant'), ['--force', '--output', picture, '256', picture]);
};

try {
  const {span, answered} = await collect(Number(process.argv[2] ?? 300));
  await photograph(pageOf(span, answered));
  console.log(picture);
} finally {
  await endAll();
}
