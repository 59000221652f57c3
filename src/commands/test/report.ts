// What the cases came to, for a person, or as TAP or JUnit for whatever runs them.
import type {Coverage} from './coverage.ts';
import type {CaseResult} from './run.ts';

export const formats = ['text', 'tap', 'junit'] as const;
export type Format = (typeof formats)[number];

/** The results of one file of cases. `lines`: the line of each case in it. */
export interface FileResults {
  readonly file: string;
  readonly title: string;
  readonly lines: readonly number[];
  readonly results: readonly CaseResult[];
}

const passed = ({differences}: CaseResult): boolean => differences.length === 0;

export const countOf = (files: readonly FileResults[]): {readonly passed: number; readonly failed: number} => {
  const results = files.flatMap((file) => file.results);
  const good = results.filter(passed).length;
  return {passed: good, failed: results.length - good};
};

export const report = (files: readonly FileResults[], format: Format): string => {
  if (format === 'tap') return tap(files);
  return format === 'junit' ? junit(files) : text(files);
};

const text = (files: readonly FileResults[]): string => {
  const lines: string[] = [];
  for (const {file, title, results, lines: at} of files) {
    lines.push(title);
    for (const [index, result] of results.entries()) {
      lines.push(`  ${passed(result) ? 'ok  ' : 'FAIL'}  ${result.it}`);
      if (!passed(result)) lines.push(`        ${file}:${at[index] ?? 1}`);
      for (const difference of result.differences) lines.push(`        ${difference}`);
    }
  }
  const {passed: good, failed} = countOf(files);
  return [...lines, `${good} passed, ${failed} failed`, ''].join('\n');
};

/** TAP 14 (testanything.org): a YAML block holds what differs. */
const tap = (files: readonly FileResults[]): string => {
  const lines: string[] = [];
  let number = 0;
  for (const {file, results, lines: at} of files) {
    for (const [index, result] of results.entries()) {
      number += 1;
      // A # begins a directive, so it is escaped.
      const name = result.it.replace(/[\\#]/g, '\\$&').replace(/\s+/g, ' ');
      lines.push(`${passed(result) ? 'ok' : 'not ok'} ${number} - ${name}`);
      if (passed(result)) continue;
      const told = result.differences.map((difference) => `    - ${JSON.stringify(difference)}`);
      lines.push('  ---', `  at: ${JSON.stringify(`${file}:${at[index] ?? 1}`)}`, '  differences:', ...told, '  ...');
    }
  }
  return ['TAP version 14', `1..${number}`, ...lines, ''].join('\n');
};

const junit = (files: readonly FileResults[]): string => {
  const suites = files.map(({file, title, results, lines}) => {
    const cases = results.map((result, index) => {
      const name = `    <testcase classname="${xml(title)}" name="${xml(result.it)}" file="${xml(file)}" line="${lines[index] ?? 1}"`;
      if (passed(result)) return `${name}/>`;
      const [first = ''] = result.differences;
      return `${name}>\n      <failure message="${xml(first)}">${xml(result.differences.join('\n'))}</failure>\n    </testcase>`;
    });
    const failures = results.filter((result) => !passed(result)).length;
    const head = `  <testsuite name="${xml(title)}" tests="${results.length}" failures="${failures}">`;
    return [head, ...cases, '  </testsuite>'].join('\n');
  });
  const {passed: good, failed} = countOf(files);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${good + failed}" failures="${failed}">`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
};

/** XML 1.0 section 2.2 has no place for most control characters. */
const xml = (value: string): string =>
  value
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;');

/** What no case has tried, and how much that is. */
export const coverageText = ({items, reasons, percent}: Coverage): string => {
  const missing = items.filter(({tried}) => !tried);
  const given = [...reasons].sort().map(([reason, count]) => `${reason} ${count}`);
  return [
    `coverage: ${percent} % (${items.length - missing.length} of ${items.length} tried)`,
    ...missing.map(({what}) => `  not tried: ${what}`),
    ...(given.length > 0 ? [`reasons given: ${given.join(', ')}`] : []),
    '',
  ].join('\n');
};
