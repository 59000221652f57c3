// The commands of docs/runbooks, as they are typed: those of blocks, and those in sentences.
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

const folder = join(import.meta.dirname, '../../docs/runbooks');

/** A program's name alone is no command. */
const inline = /`((?:postern|kubectl \w+|curl|redis-cli) [^`]+)`/g;

export const runbookCommands = (): readonly {readonly page: string; readonly command: string}[] =>
  readdirSync(folder)
    .sort()
    .flatMap((page) => {
      const text = readFileSync(join(folder, page), 'utf8');
      const inBlocks = [...text.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].flatMap(([, code = '']) =>
        code.trim().split('\n'),
      );
      const sentences = text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '').replaceAll(/\s+/g, ' ');
      const inSentences = [...sentences.matchAll(inline)].map(([, command = '']) => command);
      return [...inBlocks, ...inSentences].map((command) => ({page, command: command.trim()}));
    });
