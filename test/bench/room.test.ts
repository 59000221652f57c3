// The memory that the charts ask for follows from what the benchmark has measured, and the page shows how.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {parse} from 'yaml';
import {readResults} from '../../bench/support/result.ts';
import {pods, resourcesOf, roomOf} from '../../bench/support/room.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('what a pod is given', () => {
  const page = read('docs/performance.md').replace(/\s+/g, ' ');
  const results = readResults();
  for (const [name, pod] of Object.entries(pods)) {
    it(`the ${name}: enough for what was measured, not twice as much, and the page says so`, () => {
      const room = roomOf(pod, results);
      assert.ok(room, 'floor, holdings and churn have been measured');
      const given = resourcesOf(pod.chart);
      for (const what of ['request', 'limit'] as const) {
        const [is, needed] = [given[what], room[what]];
        assert.ok(is >= needed && is < 2 * needed, `${what}: ${is} Mi is given, and ${needed} Mi follows`);
        assert.ok(page.includes(`${is} MiB`), what);
        assert.ok(page.includes(room.steps[what]), what);
      }
    });
  }

  it('the manifests without Helm say the same as the chart of the sidecar', () => {
    const {spec} = parse(read('deploy/kustomize/sidecar/sidecar.yaml')) as {
      spec: {template: {spec: Record<string, {name: string; resources?: object}[]>}};
    };
    const {containers = [], initContainers = []} = spec.template.spec;
    const postern = [...containers, ...initContainers].find((one) => one.name === 'postern');
    const {request, limit} = resourcesOf('postern-sidecar');
    assert.deepEqual(postern?.resources, {
      requests: {cpu: '50m', memory: `${request}Mi`},
      limits: {memory: `${limit}Mi`},
    });
  });
});
