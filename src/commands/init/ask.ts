// Asks a person on the terminal, a line each.

import {createInterface} from 'node:readline';
import type {Readable, Writable} from 'node:stream';
import {printable} from '../../observe/redact.ts';
import {CommandError} from '../settings.ts';

/** An answer in a message: as much of it as tells which. */
export const shown = (answer = ''): string => printable(answer, 80);

export interface Asking {
  /** The answer, or `otherwise` where it is empty; asked again while `fault` says what is wrong with it. */
  text(question: string, otherwise: string, fault: (answer: string) => Promise<string | undefined>): Promise<string>;
  /** One of several, by number or name. */
  one(question: string, of: readonly {readonly name: string; readonly title: string}[]): Promise<string>;
  close(): void;
}

/** Ctrl-C and Ctrl-D end it: the question rejects with CommandError. */
export const makeAsking = (input: Readable, output: Writable): Asking => {
  const lines = createInterface({input, output});
  // Lines that came before they were asked for (pasted, or typed ahead) count.
  const ahead: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let isOver: (error: CommandError) => void = () => {};
  const over = new Promise<never>((_, reject) => {
    isOver = reject;
  });
  over.catch(() => {});
  lines.on('line', (line) => {
    const take = waiting.shift();
    if (take === undefined) ahead.push(line);
    else take(line);
  });
  let isClosed = false;
  lines.on('close', () => {
    isClosed = true;
    isOver(new CommandError('\nnothing was written', 130));
  });
  const ask = (question: string): Promise<string> => {
    if (!isClosed) {
      lines.setPrompt(question);
      lines.prompt();
    }
    const line = ahead.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (isClosed) return over;
    return Promise.race([new Promise<string>((resolve) => waiting.push(resolve)), over]);
  };

  return {
    async text(question, otherwise, fault) {
      for (;;) {
        const answer = (await ask(`${question} [${otherwise}]: `)).trim() || otherwise;
        const wrong = await fault(answer);
        if (wrong === undefined) return answer;
        output.write(`  ${shown(answer)} ${wrong}\n`);
      }
    },
    async one(question, of) {
      output.write(`${of.map(({name, title}, at) => `  ${at + 1}) ${name}: ${title}`).join('\n')}\n`);
      for (;;) {
        const answer = (await ask(`${question} [1]: `)).trim() || '1';
        const chosen = of.find(({name}, at) => name.toLowerCase() === answer.toLowerCase() || `${at + 1}` === answer);
        if (chosen !== undefined) return chosen.name;
        output.write(`  ${shown(answer)} is none of them: give a number from 1 to ${of.length}\n`);
      }
    },
    close: () => lines.close(),
  };
};
