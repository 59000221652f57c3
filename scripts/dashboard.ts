// Writes deploy/grafana/postern.json from scripts/dashboardRows.ts, and the chart's copies of it and of the alerts.
// --check says whether they are up to date instead (exit 1 if not).
// --runbooks URL prints a dashboard and nothing else, whose links lead there: `--runbooks https://wiki.example/postern`.
import {readFileSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {choices, type Panel, type Query, type Row, reloads, rows, type Step} from './dashboardRows.ts';

const root = resolve(import.meta.dirname, '..');

/** Grafana's name of the data source that is chosen at the top. */
const datasource = {type: 'prometheus', uid: '${datasource}'};

const height = {stat: 4, lines: 8, stack: 8, heatmap: 8, states: 8, table: 7} as const satisfies Record<
  Panel['kind'],
  number
>;

const targetOf = ({kind}: Panel, {query, legend}: Query, at: number) => ({
  refId: 'ABCDEFGH'[at],
  datasource,
  editorMode: 'code',
  expr: query,
  legendFormat: legend,
  // A table is about the whole time that is shown, so it is asked once, at its end.
  range: kind !== 'table',
  instant: kind === 'table',
  format: kind === 'table' ? 'table' : kind === 'heatmap' ? 'heatmap' : 'time_series',
});

const thresholdsOf = (steps: readonly Step[] = []) => ({
  mode: 'absolute',
  steps: [{color: 'green', value: null}, ...steps.map(([value, color]) => ({color, value}))],
});

const coloursOf = (colours: Readonly<Record<string, string>> = {}) =>
  Object.entries(colours).map(([name, fixedColor]) => ({
    matcher: {id: 'byName', options: name},
    properties: [{id: 'color', value: {mode: 'fixed', fixedColor}}],
  }));

const circuitStates = {
  type: 'value',
  options: {
    0: {text: 'closed', color: 'green', index: 0},
    1: {text: 'half open', color: 'yellow', index: 1},
    2: {text: 'open', color: 'red', index: 2},
  },
};

const tooltip = {mode: 'multi', sort: 'desc'};

/** Shares that cannot exceed 1 are drawn on their own scale, since one in a hundred must be seen. */
const linesOf = ({kind, unit, steps}: Panel) => ({
  type: 'timeseries',
  fieldConfig: {
    unit,
    min: 0,
    color: {mode: 'palette-classic'},
    custom: {
      drawStyle: 'line',
      lineWidth: 1,
      fillOpacity: kind === 'stack' ? 40 : 8,
      showPoints: 'auto',
      spanNulls: false,
      stacking: {mode: kind === 'stack' ? 'normal' : 'none', group: 'A'},
      thresholdsStyle: {mode: steps === undefined ? 'off' : 'dashed'},
    },
  },
  options: {legend: {showLegend: true, displayMode: 'list', placement: 'bottom', calcs: []}, tooltip},
});

/** What Grafana wants to know of each kind of panel: its plugin, and the two places where plugins have their settings. */
const drawings: Readonly<
  Record<Panel['kind'], (panel: Panel) => {type: string; fieldConfig: object; options: object; more?: object}>
> = {
  lines: linesOf,
  stack: linesOf,
  stat: ({unit}) => ({
    type: 'stat',
    fieldConfig: {unit, min: 0, color: {mode: 'thresholds'}, noValue: 'none'},
    options: {
      reduceOptions: {calcs: ['lastNotNull'], fields: '', values: false},
      orientation: 'auto',
      textMode: 'value',
      colorMode: 'value',
      graphMode: 'area',
      justifyMode: 'auto',
      showPercentChange: false,
      percentChangeColorMode: 'standard',
      wideLayout: true,
    },
  }),
  heatmap: ({unit}) => ({
    type: 'heatmap',
    fieldConfig: {custom: {scaleDistribution: {type: 'linear'}}},
    options: {
      calculate: false,
      cellGap: 1,
      color: {
        mode: 'scheme',
        scheme: 'Oranges',
        fill: 'dark-orange',
        scale: 'exponential',
        exponent: 0.5,
        steps: 64,
        reverse: false,
      },
      exemplars: {color: 'rgba(255,0,255,0.7)'},
      filterValues: {le: 1e-9},
      legend: {show: true},
      rowsFrame: {layout: 'auto'},
      showValue: 'never',
      tooltip: {mode: 'single', yHistogram: true},
      yAxis: {axisPlacement: 'left', unit, reverse: false},
    },
  }),
  states: () => ({
    type: 'state-timeline',
    fieldConfig: {mappings: [circuitStates], color: {mode: 'thresholds'}, custom: {fillOpacity: 70, lineWidth: 0}},
    options: {
      alignValue: 'left',
      mergeValues: true,
      rowHeight: 0.9,
      showValue: 'auto',
      legend: {showLegend: false, displayMode: 'list', placement: 'bottom', calcs: []},
      tooltip: {mode: 'single', sort: 'none'},
    },
  }),
  table: ({unit}) => ({
    type: 'table',
    fieldConfig: {unit, decimals: 0, custom: {align: 'auto', filterable: true}},
    options: {frameIndex: 0, showHeader: true, cellHeight: 'sm', sortBy: [{displayName: 'Count', desc: true}]},
    more: {
      transformations: [
        {id: 'organize', options: {excludeByName: {Time: true}, indexByName: {}, renameByName: {Value: 'Count'}}},
      ],
    },
  }),
};

const panelOf = (panel: Panel, place: {readonly id: number; readonly x: number; readonly y: number}) => {
  const {type, fieldConfig, options, more} = drawings[panel.kind](panel);
  return {
    id: place.id,
    type,
    title: panel.title,
    description: panel.about,
    datasource,
    gridPos: {h: height[panel.kind], w: panel.width, x: place.x, y: place.y},
    links: (panel.alerts ?? []).map((alert) => ({
      title: `Runbook: ${alert}`,
      url: `\${runbooks}/${alert}.md`,
      targetBlank: true,
    })),
    targets: panel.queries.map((query, at) => targetOf(panel, query, at)),
    fieldConfig: {
      defaults: {...fieldConfig, thresholds: thresholdsOf(panel.steps)},
      overrides: coloursOf(panel.colours),
    },
    options,
    ...more,
  };
};

type Placed = ReturnType<typeof panelOf> | ReturnType<typeof rowOf>;

const rowOf = ({title}: Row, id: number, y: number) => ({
  id,
  type: 'row',
  title,
  collapsed: false,
  gridPos: {h: 1, w: 24, x: 0, y},
  panels: [],
});

/** Panels from left to right, in new lines where 24 columns are full. */
const placed = (): Placed[] => {
  const all: Placed[] = [];
  let y = 0;
  for (const row of rows) {
    all.push(rowOf(row, all.length + 1, y));
    y += 1;
    let x = 0;
    let tallest = 0;
    for (const panel of row.panels) {
      if (x + panel.width > 24) {
        x = 0;
        y += tallest;
        tallest = 0;
      }
      all.push(panelOf(panel, {id: all.length + 1, x, y}));
      x += panel.width;
      tallest = Math.max(tallest, height[panel.kind]);
    }
    y += tallest;
  }
  return all;
};

const everything = {selected: true, text: ['All'], value: ['$__all']};

const variables = (runbooks: string) => [
  {
    type: 'datasource',
    name: 'datasource',
    label: 'Data source',
    description: 'The Prometheus that scrapes Postern.',
    query: 'prometheus',
    current: {},
    includeAll: false,
    multi: false,
    options: [],
    refresh: 1,
    regex: '',
    hide: 0,
  },
  ...choices.map(({name, label, about, of, values}) => ({
    type: 'query',
    name,
    label,
    description: about,
    datasource,
    definition: `label_values(${values}, ${of})`,
    query: {qryType: 1, query: `label_values(${values}, ${of})`, refId: 'PrometheusVariableQueryEditor-VariableQuery'},
    // Takes series without the label too: outside Kubernetes there is no namespace and no pod.
    allValue: '.*',
    current: everything,
    includeAll: true,
    multi: true,
    options: [],
    refresh: 2,
    regex: '',
    sort: 1,
    hide: 0,
  })),
  {
    type: 'custom',
    name: 'compare',
    label: 'Compare with',
    description: 'How long before is the usual that today is compared with.',
    query: '1h,1d,1w',
    current: {selected: true, text: '1d', value: '1d'},
    options: ['1h', '1d', '1w'].map((value) => ({selected: value === '1d', text: value, value})),
    includeAll: false,
    multi: false,
    hide: 0,
  },
  {
    type: 'constant',
    name: 'runbooks',
    label: 'Runbooks',
    description: 'Where the pages of docs/runbooks are read.',
    query: runbooks,
    current: {selected: false, text: runbooks, value: runbooks},
    skipUrlSync: true,
    hide: 2,
  },
];

/** The dashboard, in Grafana's form. `runbooks`: the address of the folder of the runbooks. */
export const dashboard = (runbooks = 'docs/runbooks') => ({
  uid: 'postern',
  title: 'Postern',
  description: 'Who is let in, who is not and why, how fast, and how fresh what Postern decides by is.',
  tags: ['postern', 'envoy', 'authorization'],
  schemaVersion: 41,
  editable: true,
  graphTooltip: 1,
  time: {from: 'now-3h', to: 'now'},
  refresh: '30s',
  timezone: 'browser',
  fiscalYearStartMonth: 0,
  liveNow: false,
  preload: false,
  links: [],
  annotations: {
    list: [
      {
        builtIn: 1,
        name: 'Annotations & Alerts',
        type: 'dashboard',
        datasource: {type: 'grafana', uid: '-- Grafana --'},
        enable: true,
        hide: true,
        iconColor: 'rgba(0, 211, 255, 1)',
      },
      {
        name: 'Configuration taken over',
        datasource,
        enable: true,
        iconColor: 'blue',
        expr: reloads,
        titleFormat: 'Configuration taken over',
        textFormat: '{{pod}} {{instance}}',
        step: '30s',
      },
    ],
  },
  templating: {list: variables(runbooks)},
  panels: placed(),
});

const alerts = 'deploy/prometheus/alerts.yaml';

/** Path below the repository -> the text that it must hold. */
const files = (): ReadonlyMap<string, string> => {
  const text = `${JSON.stringify(dashboard(), undefined, 2)}\n`;
  return new Map([
    ['deploy/grafana/postern.json', text],
    ['helm/postern/files/dashboard.json', text],
    ['helm/postern/files/alerts.yaml', readFileSync(join(root, alerts), 'utf8')],
  ]);
};

const readOrEmpty = (path: string) => {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return '';
  }
};

/** The files that are not what they are made from. */
export const outdatedFiles = (): readonly string[] =>
  [...files()].filter(([path, text]) => readOrEmpty(path) !== text).map(([path]) => path);

if (import.meta.main) {
  const [option, value] = process.argv.slice(2);
  if (option === '--check') {
    const outdated = outdatedFiles();
    for (const path of outdated) console.error(`${path} is out of date: run node scripts/dashboard.ts`);
    process.exitCode = outdated.length === 0 ? 0 : 1;
  } else if (option === '--runbooks' && value !== undefined) {
    process.stdout.write(`${JSON.stringify(dashboard(value.replace(/\/$/, '')), undefined, 2)}\n`);
  } else {
    for (const [path, text] of files()) writeFileSync(join(root, path), text);
  }
}
