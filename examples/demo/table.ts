// The table that the demo prints.
import type {Row} from './rows.ts';
import type {Outcome} from './send.ts';

/** Did the row come out as it should, the identity that the service behind was told included? */
export const asExpected = (row: Row, outcome: Outcome): boolean =>
  outcome.status === row.status &&
  outcome.reason === row.reason &&
  (row.status !== 200 || outcome.received === (row.identity ?? 'nobody in particular')) &&
  (row.bought === undefined || outcome.bought === row.bought);

const everyColumn = ['', 'what', 'request', 'status', 'reason', 'the service behind sees', 'of what was bought', 'ms'];

/** Prints one line a row, columns aligned; `✗` marks what is not as it should be. */
export const printTable = (rows: readonly Row[], outcomes: readonly Outcome[], say: (line: string) => void): void => {
  const shows = outcomes.some(({bought}) => bought !== undefined);
  const isShown = (_: string, at: number) => shows || everyColumn[at] !== 'of what was bought';
  const columns = everyColumn.filter(isShown);
  const lines = rows.map((row, at) => {
    const outcome = outcomes[at] as Outcome;
    return [
      asExpected(row, outcome) ? '✓' : '✗',
      row.title,
      `${row.method ?? 'GET'} ${row.path}${row.times === undefined ? '' : `, ${row.times} times`}`,
      `${outcome.status}`,
      outcome.reason ?? '',
      outcome.received ?? '- (not reached)',
      outcome.bought ?? '',
      outcome.took.toFixed(1),
    ].filter(isShown);
  });
  const widths = columns.map((head, at) =>
    Math.max(...[columns, ...lines].map((line) => `${line[at]}`.length), head.length),
  );
  const print = (line: readonly string[]) =>
    say(
      line
        .map((cell, at) => (at === columns.length - 1 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
        .join('  '),
    );
  print(columns);
  print(widths.map((width) => '─'.repeat(width)));
  for (const line of lines) print(line);
};
