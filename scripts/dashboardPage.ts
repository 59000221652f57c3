// The dashboard as one HTML page, drawn from Prometheus' answers to its queries: what stands in for Grafana in a picture.
import {
  colourOf,
  drawHeat,
  drawLines,
  drawSpark,
  drawStates,
  escaped,
  type Line,
  type Size,
  shown,
} from './dashboardChart.ts';
import {type Panel, rows} from './dashboardRows.ts';

/** What Prometheus answered to one query of a panel. */
export interface Answered {
  readonly legend: string;
  readonly answers: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly values: readonly (readonly [number, string])[];
  }[];
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

export const pageWidth = 1480;
const margin = 12;
const gap = 6;
const line = 22;
const column = (pageWidth - 2 * margin + gap) / 24;
const heights = {stat: 4, lines: 9, stack: 9, heatmap: 9, states: 9, table: 8} as const satisfies Record<
  Panel['kind'],
  number
>;
const rowTitle = 26;
const head = 46;

/** Grafana's classic palette. */
const palette = '#7eb26d #eab839 #6ed0e0 #ef843c #e24d42 #1f78c1 #ba43a9 #705da0 #508642 #cca300 #447ebc #c15c17'.split(
  ' ',
);

const timesOf = ({from, to, step}: Span) =>
  Array.from({length: Math.floor((to - from) / step) + 1}, (_, at) => from + at * step);

const named = (legend: string, metric: Readonly<Record<string, string>>) =>
  legend.replace(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '').trim();

const linesOf = ({colours = {}}: Panel, answered: readonly Answered[], times: readonly number[]): Line[] =>
  answered
    .flatMap(({legend, answers}) => answers.map(({metric, values}) => ({name: named(legend, metric), values})))
    .sort((one, other) => one.name.localeCompare(other.name))
    .map(({name, values}, at) => {
      const byTime = new Map(values.map(([moment, value]) => [moment, Number(value)]));
      const valueAt = (moment: number) => {
        const value = byTime.get(moment);
        return value === undefined || !Number.isFinite(value) ? undefined : value;
      };
      const colour = colourOf(colours[name] ?? (palette[at % palette.length] as string));
      return {name, colour, values: times.map(valueAt)};
    });

const lastOf = (values: readonly (number | undefined)[]) => values.findLast((value) => value !== undefined);

const statOf = (panel: Panel, [only]: readonly Line[], {width, height}: Size): string => {
  const value = only === undefined ? undefined : lastOf(only.values);
  if (only === undefined || value === undefined) return '<p class="none">No data</p>';
  const step = [...(panel.steps ?? [])].reverse().find(([from]) => value >= from);
  const colour = colourOf(step?.[1] ?? 'green');
  const spark = drawSpark({width, height: height - 34}, only.values, colour);
  return `<div class="number" style="color:${colour}">${escaped(shown(value, panel.unit))}</div><div class="spark">${spark}</div>`;
};

/** Labels that every row has alike say nothing in a picture. */
const tableOf = ([answered]: readonly Answered[], most: number): string => {
  const found = (answered?.answers ?? [])
    .map(({metric, values}) => ({metric, count: Number(values[0]?.[1] ?? 0)}))
    .sort((one, other) => other.count - one.count);
  const labels = Object.keys(found[0]?.metric ?? {});
  const cells = (tag: string, texts: readonly string[]) =>
    texts.map((content) => `<${tag}>${escaped(content)}</${tag}>`).join('');
  const body = found
    .slice(0, most)
    .map(
      ({metric, count}) =>
        `<tr>${cells('td', [...labels.map((label) => metric[label] ?? ''), `${Math.round(count)}`])}</tr>`,
    );
  return `<table><tr>${cells('th', [...labels, 'Count'])}</tr>${body.join('')}</table>`;
};

const legendOf = (lines: readonly Line[]) =>
  `<div class="legend">${lines.map(({name, colour}) => `<span><i style="background:${colour}"></i>${escaped(name)}</span>`).join('')}</div>`;

const contentOf = (panel: Panel, answered: readonly Answered[], times: readonly number[], size: Size): string => {
  if (panel.kind === 'table') return tableOf(answered, Math.floor((size.height - 20) / 18));
  const lines = linesOf(panel, answered, times);
  if (lines.length === 0) return '<p class="none">No data</p>';
  switch (panel.kind) {
    case 'stat':
      return statOf(panel, lines, size);
    case 'states':
      return drawStates(size, times, lines);
    case 'heatmap': {
      const buckets = lines.map(({name, values}) => ({bound: name === '+Inf' ? Infinity : Number(name), values}));
      return drawHeat(
        size,
        times,
        buckets.sort((one, other) => one.bound - other.bound),
      );
    }
    default: {
      const letters = lines.reduce((sum, {name}) => sum + name.length + 5, 0);
      const below = Math.min(3, Math.ceil((letters * 6) / size.width)) * 15;
      return drawLines({...size, height: size.height - below - 4}, times, lines, panel) + legendOf(lines);
    }
  }
};

const style = `
  * {box-sizing: border-box; margin: 0}
  body {background: #111217; color: #ccccdc; font: 12px Inter, 'DejaVu Sans', Arial, sans-serif; padding: ${margin}px; width: ${pageWidth}px}
  header {height: ${head - margin}px; display: flex; gap: 14px; align-items: center}
  header b {font-size: 17px; font-weight: 500} header span {background: #181b1f; border: 1px solid #2c3235; padding: 3px 9px}
  header em {margin-left: auto; color: #8e8e9c; font-style: normal; font-size: 11px}
  h2 {font-size: 13px; font-weight: 500; height: ${rowTitle}px; line-height: ${rowTitle}px}
  h3 {font-size: 12px; font-weight: 500; padding: 5px 8px 0; height: 24px}
  section {display: flex; flex-wrap: wrap; gap: ${gap}px; margin-bottom: 2px}
  article {background: #181b1f; border: 1px solid #25282e; border-radius: 2px; overflow: hidden; position: relative}
  svg {display: block} svg text {fill: #9fa7b3; font-size: 10px} .grid {stroke: #2a2e34}
  .number {font-size: 25px; text-align: center; line-height: 28px; position: relative; z-index: 1} .spark {position: absolute; bottom: 0; left: 0}
  .legend {font-size: 10px; padding: 2px 8px; line-height: 15px; max-height: 47px; overflow: hidden} .legend span {margin-right: 10px; white-space: nowrap}
  .legend i {display: inline-block; width: 12px; height: 3px; margin-right: 4px; vertical-align: middle}
  table {border-collapse: collapse; width: calc(100% - 16px); margin: 0 8px; font-size: 11px} td, th {text-align: left; height: 18px; border-bottom: 1px solid #25282e; font-weight: 400; white-space: nowrap; padding-right: 8px}
  th {color: #6e9fff} .none {text-align: center; padding-top: 30px; color: #8e8e9c}`;

/** Lines of panels, as 24 columns allow. */
const linesOfPanels = (panels: readonly Panel[]): readonly (readonly Panel[])[] => {
  const lines: Panel[][] = [[]];
  for (const panel of panels) {
    const width = (lines.at(-1) ?? []).reduce((sum, one) => sum + one.width, 0);
    if (width + panel.width > 24) lines.push([]);
    lines.at(-1)?.push(panel);
  }
  return lines;
};

const heightOf = (panels: readonly Panel[]) => Math.max(...panels.map(({kind}) => heights[kind])) * line;

export const pageHeight =
  head +
  margin +
  rows.reduce(
    (sum, {panels}) =>
      sum + rowTitle + 2 + linesOfPanels(panels).reduce((all, some) => all + heightOf(some) + gap, -gap),
    0,
  );

/** The page. A panel without an answer says so. */
export const pageOf = (span: Span, answered: ReadonlyMap<Panel, readonly Answered[]>): string => {
  const times = timesOf(span);
  const articleOf = (panel: Panel, height: number) => {
    const width = Math.floor(panel.width * column - gap);
    const size = {width: width - 2, height: height - 28};
    return `<article style="width:${width}px;height:${height}px"><h3>${escaped(panel.title)}</h3>${contentOf(panel, answered.get(panel) ?? [], times, size)}</article>`;
  };
  const sections = rows.map(({title, panels}) => {
    const articles = linesOfPanels(panels).flatMap((some) => some.map((panel) => articleOf(panel, heightOf(some))));
    return `<h2>⌄ ${escaped(title)}</h2><section>${articles.join('')}</section>`;
  });
  const choices = ['Namespace', 'Workload', 'Pod', 'Rule'].map((name) => `<span>${name}: All</span>`);
  return `<!doctype html><meta charset="utf-8"><title>Postern</title><style>${style}</style>
<header><b>Postern</b>${choices.join('')}<em>drawn from Prometheus' answers to the queries of deploy/grafana/postern.json</em></header>
${sections.join('\n')}`;
};
