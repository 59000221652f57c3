// Questions that pages ask of the decision log in the languages of log stores: they are of that language, their fields are those
// of the log, and each finds the one line that it is about. (jq's are run as they stand: test/docs/day2.test.ts.)
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {parser} from '@grafana/lezer-logql';

const docs = join(import.meta.dirname, '../../docs');
const pages = readdirSync(docs, {recursive: true, encoding: 'utf8'}).filter((name) => name.endsWith('.md'));
const found = (form: RegExp): string[] =>
  pages.flatMap((page) => [...readFileSync(join(docs, page), 'utf8').matchAll(form)].map(([, query = '']) => query));

const schema = JSON.parse(readFileSync(join(docs, 'reference/decisions.schema.json'), 'utf8'));
const fields = new Set(Object.keys(schema.properties));
const log: readonly Readonly<Record<string, string>>[] = [
  {outcome: 'deny', reason: 'missing_feature', tenant: 'acme'},
  {outcome: 'deny', reason: 'missing_feature', tenant: 'tiny'},
  {outcome: 'deny', reason: 'missing_role', tenant: 'tiny'},
];

/** The comparisons of a LogQL pipeline after `| json`; fails on what is not LogQL. */
const readLoki = (query: string): {field: string; value: string}[] => {
  const compared: {field: string; value: string}[] = [];
  const stages: string[] = [];
  parser.parse(query).iterate({
    enter: ({type, from, to, node}) => {
      const said = query.slice(from, to);
      assert.ok(!type.isError, `${query} is no LogQL at ${from}`);
      if (type.name === 'LabelParser') stages.push(said);
      if (type.name !== 'LabelFilter') return;
      const matcher = node.getChild('Matcher');
      const part = (name: string) => {
        const one = matcher?.getChild(name) ?? assert.fail(`${said} has no ${name}`);
        return query.slice(one.from, one.to);
      };
      part('Eq');
      compared.push({field: part('Identifier'), value: JSON.parse(part('String'))});
    },
  });
  assert.deepEqual(stages, ['json'], query);
  return compared;
};

/** Those of `filter a = "b" and c = "d"`, all that pages use of CloudWatch Logs Insights. */
const readInsights = (query: string): {field: string; value: string}[] => {
  const parts = query.replace(/^filter /, '').split(' and ');
  return parts.map((part) => {
    const [, field = '', value = ''] = /^(\w+) = "([^"]*)"$/.exec(part) ?? assert.fail(`${query}: ${part}`);
    return {field, value};
  });
};

for (const {of, queries, read} of [
  {of: 'Loki', queries: found(/`(\{\w+="[^`]*)`/g), read: readLoki},
  {of: 'CloudWatch Logs Insights', queries: found(/`(filter \w+ = [^`]*)`/g), read: readInsights},
]) {
  describe(`questions to ${of}`, () => {
    it('there are some', () => assert.ok(queries.length > 0));
    for (const query of queries) {
      it(query, () => {
        const compared = read(query.replaceAll(/\s+/g, ' '));
        for (const {field} of compared) assert.ok(fields.has(field), `the log has no ${field}`);
        const matches = log.filter((line) => compared.every(({field, value}) => line[field] === value));
        assert.deepEqual(matches, [log[1]]);
      });
    }
  });
}
