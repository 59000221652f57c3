// The alerts, by promtool: well formed, firing when they should, silent when they should not, and each with a page.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {parse, stringify} from 'yaml';
import {outdatedFiles} from '../../scripts/dashboard.ts';
import {metricTable} from '../../src/observe/metricTable.ts';
import {temporaryFolder} from '../support/ports.ts';
import {tool} from '../support/tools.ts';
import {type AlertRow, alertRows} from './alertsRows.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const file = join(root, 'deploy/prometheus/alerts.yaml');

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url', string>>;
}
const rules = (parse(readFileSync(file, 'utf8')) as {groups: {rules: Rule[]}[]}).groups.flatMap((group) => group.rules);
const alerts = rules.filter(({alert}) => alert !== undefined);

/** Of a workload that the row does not name otherwise: `shop` in `n`. */
const complete = (series: string): string => {
  const [, name, labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(series) ?? assert.fail(`no series: ${series}`);
  const job = labels.includes('job=') ? [] : ['job="shop"'];
  return `${name}{${['namespace="n"', ...job, ...(labels === '' ? [] : [labels])].join(', ')}}`;
};

const testOf = ({alert, series, at, says, labels}: AlertRow) => {
  const rule = alerts.find((one) => one.alert === alert) ?? assert.fail(`there is no alert ${alert}`);
  const fired = {
    exp_labels: {namespace: 'n', job: 'shop', ...rule.labels, ...labels},
    exp_annotations: {...rule.annotations, summary: says},
  };
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({series: complete(name), values})),
    alert_rule_test: [{eval_time: at, alertname: alert, exp_alerts: says === undefined ? [] : [fired]}],
  };
};

const promtool = async (...args: string[]): Promise<string> =>
  run(await tool('promtool'), args).then(
    () => '',
    (error: {stdout?: string; stderr?: string}) => `${error.stdout}${error.stderr}` || String(error),
  );

describe('alerts', function () {
  this.timeout(300_000);
  before(() => tool('promtool'));

  it('promtool finds the rules well formed', async () => assert.equal(await promtool('check', 'rules', file), ''));

  for (const row of alertRows) {
    it(`${row.alert} ${row.says === undefined ? 'is silent' : 'fires'}: ${row.when}`, async () => {
      const path = join(temporaryFolder(), 'test.yaml');
      writeFileSync(path, stringify({rule_files: [file], evaluation_interval: '1m', tests: [testOf(row)]}));
      assert.equal(await promtool('test', 'rules', path), '');
    });
  }

  it('a wrong expectation is found out', async () => {
    const [row] = alertRows;
    assert.ok(row);
    const path = join(temporaryFolder(), 'test.yaml');
    const wrong = testOf({...row, says: 'All is well.'});
    writeFileSync(path, stringify({rule_files: [file], evaluation_interval: '1m', tests: [wrong]}));
    assert.match(await promtool('test', 'rules', path), /FAILED/);
  });

  it('each alert has rows in which it fires and in which it does not', () => {
    for (const {alert} of alerts) {
      const own = alertRows.filter((row) => row.alert === alert);
      assert.ok(
        own.some(({says}) => says !== undefined),
        `${alert} never fires`,
      );
      assert.ok(
        own.some(({says}) => says === undefined),
        `${alert} is never silent`,
      );
    }
  });

  it('each alert has a severity, texts and a runbook, and each runbook an alert', () => {
    for (const {alert, labels, annotations} of alerts) {
      assert.match(labels?.severity ?? '', /^(critical|warning)$/, alert);
      assert.ok(annotations.summary && annotations.description, alert);
      assert.equal(annotations.runbook_url, `docs/runbooks/${alert}.md`);
      assert.ok(existsSync(join(root, annotations.runbook_url)), annotations.runbook_url);
      const page = readFileSync(join(root, annotations.runbook_url), 'utf8');
      for (const part of [`# ${alert}\n`, '\n## What it means\n', '\n## How to see it\n', '\n## What to do\n'])
        assert.ok(page.includes(part), `${annotations.runbook_url} has no ${JSON.stringify(part)}`);
    }
    const pages = readdirSync(join(root, 'docs/runbooks')).filter((name) => name !== 'README.md');
    assert.deepEqual(pages.sort(), alerts.map(({alert}) => `${alert}.md`).sort());
  });

  it('they ask for metrics that there are', () => {
    const known = Object.entries(metricTable).flatMap(([name, {type}]) =>
      type === 'histogram' ? ['_bucket', '_count', '_sum'].map((suffix) => name + suffix) : [name],
    );
    const recorded = rules.flatMap(({record = []}) => record);
    for (const {expr} of rules) {
      const asked = expr.match(/\b(?:job:)?postern_\w+(?::\w+)?/g) ?? [];
      assert.ok(asked.length > 0, expr);
      for (const name of asked) assert.ok(known.includes(name) || recorded.includes(name), name);
    }
  });

  it("the chart's copies and the dashboard are up to date", () => assert.deepEqual(outdatedFiles(), []));
});
