// The dashboard: every query of every panel has an answer from a real Prometheus that scraped real Posterns at work.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {dashboard} from '../../scripts/dashboard.ts';
import {choices, reloads, rows} from '../../scripts/dashboardRows.ts';
import {type DashboardStage, filledIn, type Span, startDashboardStage} from './dashboardStage.ts';

const panels = rows.flatMap((row) => row.panels.map((panel) => ({...panel, row: row.title})));

describe('dashboard', () => {
  it('has panels side by side, each with a title, a description and an id of its own', () => {
    const taken = new Map<string, string>();
    const ids = new Set<number>();
    for (const panel of dashboard().panels) {
      assert.ok(!ids.has(panel.id), `${panel.title}: id ${panel.id} is taken`);
      ids.add(panel.id);
      assert.ok(panel.type === 'row' || ('description' in panel && panel.description.length > 20), panel.title);
      const {x, y, w, h} = panel.gridPos;
      assert.ok(x + w <= 24, panel.title);
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          assert.equal(taken.get(`${column}/${line}`), undefined, `${panel.title} lies over another panel`);
          taken.set(`${column}/${line}`, panel.title);
        }
      }
    }
  });

  it('leads to runbooks that exist', () => {
    for (const alert of panels.flatMap(({alerts = []}) => alerts)) {
      readFileSync(fileURLToPath(new URL(`../../docs/runbooks/${alert}.md`, import.meta.url)));
    }
    const text = JSON.stringify(dashboard('https://wiki.example/postern'));
    assert.ok(text.includes('"query":"https://wiki.example/postern"'));
  });
});

describe('dashboard over a Prometheus', function () {
  this.timeout(240_000);
  let stage: DashboardStage;
  let span: Span;
  before(async () => {
    stage = await startDashboardStage();
    span = await stage.happen(60);
  });
  after(() => stage?.stop());

  const some: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'all of everything': {},
    'one workload': {namespace: 'shop', workload: 'orders', pod: '(orders-0|orders-1)', rule: '.*'},
  };
  for (const [of, chosen] of Object.entries(some)) {
    for (const {row, title, kind, queries} of panels) {
      it(`${row} ${title}: ${of}`, async () => {
        const seen: number[] = [];
        for (const {query} of queries) {
          const filled = filledIn(query, chosen, span);
          const answers = kind === 'table' ? await stage.instant(filled, span) : await stage.range(filled, span);
          const numbers = answers.flatMap(({values}) =>
            values.map(([, value]) => Number(value)).filter(Number.isFinite),
          );
          assert.ok(numbers.length > 0, `nothing: ${filled}`);
          seen.push(...numbers);
        }
        assert.ok(
          seen.some((number) => number > 0),
          'there is nothing but zero to be seen',
        );
      });
    }
  }

  it('a workload that there is not has nothing to show', async () => {
    const {queries} = panels.find(({title}) => title === 'Decisions by outcome') ?? assert.fail();
    const filled = filledIn(queries[0]?.query ?? '', {workload: 'payments'}, span);
    assert.deepEqual(await stage.range(filled, span), []);
  });

  it('reloads are marked', async () => {
    assert.ok((await stage.range(filledIn(reloads, {}, span), span)).length > 0);
  });

  for (const {name, of, values} of choices) {
    it(`there is a ${name} to choose`, async () => {
      assert.notDeepEqual(await stage.labelValues(of, filledIn(values, {}, span)), []);
    });
  }

  it('Prometheus can evaluate every alert', async () => {
    const rules = await stage.rules();
    assert.ok(rules.length > 12);
    assert.deepEqual(
      rules.filter(({health}) => health !== 'ok'),
      [],
    );
  });
});
