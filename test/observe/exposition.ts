// Reads what Prometheus reads: the text format, strictly.
import assert from 'node:assert/strict';

export interface Scraped {
  /** Family name -> type. */
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
  /** The one sample with this name and exactly these labels; undefined if there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const labelPair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const unescaped = (text: string) =>
  text.replace(/\\(["\\n])/g, (_, character) => (character === 'n' ? '\n' : character));

const labelsOf = (text: string): Record<string, string> => {
  const labels: Record<string, string> = {};
  labelPair.lastIndex = 0;
  while (labelPair.lastIndex < text.length) {
    const [, name, value] = labelPair.exec(text) ?? assert.fail(`not labels: ${text}`);
    labels[name as string] = unescaped(value as string);
  }
  return labels;
};

const keyOf = (name: string, labels: Readonly<Record<string, string>>) =>
  JSON.stringify([name, Object.entries(labels).sort()]);

/** Fails on a line that is neither a comment nor a sample, on a sample without TYPE, and on a series that comes twice. */
export const scraped = (text: string): Scraped => {
  assert.ok(text.endsWith('\n'));
  const types = new Map<string, string>();
  const samples: Scraped['samples'][number][] = [];
  const byKey = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ') || line === '# EOF') continue;
    if (line.startsWith('# TYPE ')) {
      const [, , name, type] = line.split(' ') as [string, string, string, string];
      assert.ok(!types.has(name), `${name} has two TYPE lines`);
      types.set(name, type);
      continue;
    }
    const [, name, inside, number] = sampleLine.exec(line) ?? assert.fail(`not a sample: ${line}`);
    const sample = {
      name: name as string,
      labels: labelsOf(inside ?? ''),
      value: Number(number?.replace('Inf', 'Infinity')),
    };
    const family = sample.name.replace(/_(bucket|sum|count|total)$/, '');
    assert.ok(types.has(sample.name) || types.has(family), `${name} has no TYPE`);
    const key = keyOf(sample.name, sample.labels);
    assert.ok(!byKey.has(key), `${line} comes twice`);
    byKey.set(key, sample.value);
    samples.push(sample);
  }
  return {types, samples, value: (name, labels = {}) => byKey.get(keyOf(name, labels))};
};
