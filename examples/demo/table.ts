// The table that the demo prints.
import type {Row} from './rows.ts';
import type {Outcome} from './send.ts';

/** Did the row come out as it should, the identity that the service behind was told included? */
export const asExpected = (row: Row, outcome: Outcome): boolean =>
  outcome.status === row.status &&
  outcome.reason === row.reason &&
  (row.status !== 200 || outcome.received === (row.identity ?? 'nobody in particular'));

const columns = ['', 'what', 'request', 'status', 'reason', 'the service behind sees', 'ms'];

/** Prints one line a row, columns aligned; `✗` marks what is not as it should be. */
export const printTable = (rows: readonly Row[], outcomes: readonly Outcome[], say: (line: string) => void): void => {
  const lines = rows.map((row, at) => {
    const outcome = outcomes[at] as Outcome;
    return [
      asExpected(row, outcome) ? '✓' : '✗',
      row.title,
      `${row.method ?? 'GET'} ${row.path}`,
      `${outcome.status}`,
      outcome.reason ?? '',
      outcome.received ?? '- (not reached)',
      outcome.took.toFixed(1),
    ];
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
