// Log lines: JSON on standard output, one a line, redacted always.
import pino from 'pino';
import {makeRedaction, safeFields} from './redact.ts';
import type {LogSettings} from './settings.ts';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Fields by name (`err` for an error), then a sentence for a person. A level that is off costs an empty call. */
export type LogLine = (fields: object, sentence: string) => void;

export type Log = Readonly<Record<Level, LogLine>> & {
  /** A log whose lines all have these fields. */
  with(fields: object): Log;
  /** Resolves when all lines are written, in order; or after a second, if nobody reads them. */
  flush(): Promise<void>;
};

/** Where lines go: standard output, or an array in a test. A line ends with a newline. */
export interface LineSink {
  write(line: string): void;
}

export interface LogParts {
  readonly settings: Pick<LogSettings, 'level'>;
  /** Default: standard output, not waited for; beyond 8 MiB that nobody reads, lines are dropped. */
  readonly sink?: LineSink;
  /** Exact secrets that must not appear, of the configuration in force; those under 6 characters are not looked for. */
  readonly secrets?: () => readonly string[];
}

/** A log that writes lines of JSON: `time` (RFC 3339), `level`, `message`, and the fields. */
export const makeLog = ({settings, sink, secrets = () => []}: LogParts): Log => {
  const out = sink ?? pino.destination({dest: 1, sync: false, maxLength: 8 * 1024 * 1024});

  // Redaction by name sees fields; redaction by looks sees the finished line, the one place that everything passes.
  const redaction = makeRedaction(secrets);
  const write = (line: string) => void out.write(redaction(line));
  const flushSync = () => {
    if ('flushSync' in out) (out as {flushSync(): void}).flushSync();
  };

  const logger = pino(
    {
      level: settings.level,
      base: null,
      messageKey: 'message',
      errorKey: 'err',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {level: (level) => ({level}), log: safeFields},
      serializers: {err: (safe) => safe}, // safeFields has been there; pino's own would add what libraries hang on errors
    },
    {write, flushSync} as pino.DestinationStream,
  );
  const flush = () =>
    new Promise<void>((resolve) => {
      if (!('flush' in out)) return resolve();
      setTimeout(resolve, 1_000).unref();
      (out as {flush(done: () => void): void}).flush(resolve);
    });
  return logOf(logger, flush);
};

const logOf = (logger: pino.Logger, flush: Log['flush']): Log => {
  const line = (level: Level): LogLine => {
    if (!logger.isLevelEnabled(level)) return () => {};
    return (fields, sentence) => logger[level](fields, sentence);
  };
  return {
    trace: line('trace'),
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    fatal: line('fatal'),
    with: (fields) => logOf(logger.child(safeFields(fields)), flush),
    flush,
  };
};
