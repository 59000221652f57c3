// SVG of charts: lines, stacked areas, bands of states, heat maps; and numbers as people read them.
import type {Panel} from './dashboardRows.ts';

/** One line: its name, its colour, and a value for each moment; undefined where there is none. */
export interface Line {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly (number | undefined)[];
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const colourOf = (name: string): string =>
  ({
    green: '#73bf69',
    yellow: '#fade2a',
    orange: '#ff9830',
    red: '#f2495c',
    purple: '#b877d9',
    blue: '#5794f2',
    text: '#9fa7b3',
  })[name] ?? name;

const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : `${Number(value.toPrecision(3))}`);

const seconds = (value: number): string => {
  if (value === 0) return '0 s';
  if (value < 0.001) return `${digits(value * 1e6)} µs`;
  if (value < 1) return `${digits(value * 1e3)} ms`;
  return value < 120 ? `${digits(value)} s` : `${digits(value / 60)} min`;
};

/** A number in the words of Grafana's unit. */
export const shown = (value: number, unit: Panel['unit']): string => {
  switch (unit) {
    case 'reqps':
      return `${digits(value)} req/s`;
    case 'percentunit':
      return `${digits(value * 100)} %`;
    case 's':
      return seconds(value);
    case 'bytes':
      return `${digits(value / 1_048_576)} MiB`;
    case 'short':
      return digits(value);
  }
};

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Ticks of an axis from 0 that reaches `most`: three to six round numbers. */
const ticksOf = (most: number): readonly number[] => {
  if (!(most > 0)) return [0, 1];
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => most / one <= 5) ?? 10 * power;
  return Array.from({length: Math.ceil(most / step) + 1}, (_, at) => at * step);
};

const left = 62;
const right = 8;
const top = 6;
const bottom = 18;

const text = (x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped(content)}</text>`;

/** Moments below the chart. */
const timesBelow = ({width, height}: Size, times: readonly number[]): string => {
  const first = times[0] ?? 0;
  const span = (times.at(-1) ?? first) - first || 1;
  const every = [15, 30, 60, 120, 300].find((one) => span / one <= width / 75) ?? 600;
  const marks: string[] = [];
  for (let moment = Math.ceil(first / every) * every; moment <= first + span; moment += every) {
    const x = left + ((moment - first) / span) * (width - left - right);
    marks.push(text(x, height - 4, new Date(moment * 1_000).toISOString().slice(11, 19), 'middle'));
  }
  return marks.join('');
};

const svg = ({width, height}: Size, content: string) =>
  `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${content}</svg>`;

/** Stacked: each line stands on those before it. */
const stacked = (lines: readonly Line[]): {readonly line: Line; readonly base: readonly number[]}[] => {
  const sums: number[] = [];
  return lines.map((line) => {
    const base = line.values.map((_, at) => sums[at] ?? 0);
    line.values.forEach((value, at) => {
      sums[at] = (sums[at] ?? 0) + (value ?? 0);
    });
    return {line, base};
  });
};

/** `steps`: dashed lines at these values, if they are within reach. */
export const drawLines = (
  size: Size,
  times: readonly number[],
  lines: readonly Line[],
  {unit, kind, steps = []}: Pick<Panel, 'unit' | 'kind' | 'steps'>,
): string => {
  const isStack = kind === 'stack';
  const layers = isStack ? stacked(lines) : lines.map((line) => ({line, base: line.values.map(() => 0)}));
  const most = Math.max(
    ...layers.flatMap(({line, base}) => line.values.map((value, at) => (value ?? 0) + (base[at] ?? 0))),
  );
  const scale = unit === 'bytes' ? 1_048_576 : unit === 's' && most > 120 ? 60 : 1;
  const ticks = ticksOf(most / scale).map((tick) => tick * scale);
  const reach = ticks.at(-1) ?? 1;
  const x = (at: number) => left + (at / Math.max(1, times.length - 1)) * (size.width - left - right);
  const y = (value: number) => size.height - bottom - (value / reach) * (size.height - top - bottom);
  const grid = ticks.map(
    (tick) =>
      `<line class="grid" x1="${left}" x2="${size.width - right}" y1="${y(tick)}" y2="${y(tick)}"/>` +
      text(left - 6, y(tick) + 3.5, shown(tick, unit), 'end'),
  );
  const limits = steps
    .filter(([value]) => value <= reach)
    .map(
      ([value, colour]) =>
        `<line x1="${left}" x2="${size.width - right}" y1="${y(value)}" y2="${y(value)}" stroke="${colourOf(colour)}" stroke-dasharray="6 4"/>`,
    );
  const paths = layers.map(({line, base}) => {
    const points = line.values.map((value, at) =>
      value === undefined && !isStack ? undefined : ([x(at), y((value ?? 0) + (base[at] ?? 0))] as const),
    );
    let stroke = '';
    points.forEach((point, at) => {
      if (point !== undefined)
        stroke += `${points[at - 1] === undefined ? 'M' : 'L'}${point[0].toFixed(1)},${point[1].toFixed(1)}`;
    });
    const back = base.map((value, at) => `L${x(at).toFixed(1)},${y(value).toFixed(1)}`).reverse();
    const area = isStack ? `<path d="${stroke}${back.join('')}Z" fill="${line.colour}" fill-opacity="0.4"/>` : '';
    return `${area}<path d="${stroke}" fill="none" stroke="${line.colour}" stroke-width="1.5"/>`;
  });
  return svg(size, grid.join('') + limits.join('') + paths.join('') + timesBelow(size, times));
};

/** The last minutes behind a single number. */
export const drawSpark = (size: Size, values: readonly (number | undefined)[], colour: string): string => {
  const most = Math.max(...values.map((value) => value ?? 0)) || 1;
  const points = values.map(
    (value, at) =>
      `${((at / Math.max(1, values.length - 1)) * size.width).toFixed(1)},${(size.height - ((value ?? 0) / most) * (size.height - 3)).toFixed(1)}`,
  );
  return svg(
    size,
    `<polygon points="0,${size.height} ${points.join(' ')} ${size.width},${size.height}" fill="${colour}" fill-opacity="0.18"/>` +
      `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}"/>`,
  );
};

/** The values 0, 1 and 2 as bands. */
export const drawStates = (size: Size, times: readonly number[], lines: readonly Line[]): string => {
  const colours = [colourOf('green'), colourOf('yellow'), colourOf('red')];
  const names = 130;
  const each = (size.height - top - bottom) / Math.max(1, lines.length);
  const x = (at: number) => names + (at / times.length) * (size.width - names - right);
  const bands = lines.flatMap((line, row) => [
    text(names - 8, top + each * (row + 0.5) + 4, line.name, 'end'),
    ...line.values.map((value, at) =>
      value === undefined
        ? ''
        : `<rect x="${x(at).toFixed(1)}" y="${top + each * row + 3}" width="${(x(at + 1) - x(at)).toFixed(1)}" height="${each - 6}" fill="${colours[value] ?? 'grey'}" fill-opacity="0.7" shape-rendering="crispEdges"/>`,
    ),
  ]);
  const legend = ['closed', 'half open', 'open'].map(
    (word, at) =>
      `<rect x="${names + at * 90}" y="${size.height - 12}" width="10" height="10" fill="${colours[at]}" fill-opacity="0.7"/>` +
      text(names + at * 90 + 15, size.height - 3, word, 'start'),
  );
  return svg(size, bands.join('') + legend.join(''));
};

/** `buckets`: cumulative counts by upper bound, ascending. */
export const drawHeat = (
  size: Size,
  times: readonly number[],
  buckets: readonly {readonly bound: number; readonly values: readonly (number | undefined)[]}[],
): string => {
  const own = buckets.map(({bound, values}, row) => ({
    bound,
    values: values.map((value, at) => Math.max(0, (value ?? 0) - (buckets[row - 1]?.values[at] ?? 0))),
  }));
  const most = Math.max(...own.flatMap(({values}) => values)) || 1;
  const each = (size.height - top - bottom) / own.length;
  const x = (at: number) => left + (at / times.length) * (size.width - left - right);
  const cells = own.flatMap(({bound, values}, row) => {
    const y = size.height - bottom - each * (row + 1);
    const name =
      row % 2 === 0 ? text(left - 6, y + each / 2 + 3.5, bound === Infinity ? 'more' : shown(bound, 's'), 'end') : '';
    return [
      name,
      ...values.map((value, at) =>
        value < 0.01
          ? ''
          : `<rect x="${x(at).toFixed(1)}" y="${(y + 0.5).toFixed(1)}" width="${(x(at + 1) - x(at) + 0.2).toFixed(1)}" height="${(each - 1).toFixed(1)}" fill="#ff9830" fill-opacity="${(0.12 + 0.88 * Math.sqrt(value / most)).toFixed(2)}"/>`,
      ),
    ];
  });
  return svg(size, cells.join('') + timesBelow(size, times));
};
