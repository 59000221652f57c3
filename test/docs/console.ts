// Pages with ```console blocks: each `$ command` is run as it stands, in one shell and one folder a page, and what it prints is
// what the page shows. UPDATE_DOCS=1 writes into the page what was printed.
import {execFileSync} from 'node:child_process';
import {chmodSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {mainFile} from '../support/postern.ts';

interface Shown {
  readonly command: string;
  readonly output: string;
}

const blocks = /^```console\n([\s\S]*?)^```$/gm;

/** What differs from run to run: ids, moments, durations, and where the files are. */
const steady = (text: string, folder: string): string =>
  text
    .replaceAll(`${folder}/`, '/etc/postern/')
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'ID')
    .replaceAll(/\b[0-9a-f]{16,}\b/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'MOMENT')
    .replaceAll(/pk_([\w-]+?)_[\w-]{43}/g, 'pk_$1_SECRET')
    .replaceAll(/"duration_ms":[\d.]+/g, '"duration_ms":N')
    .replaceAll(/\bin \d+(\.\d+)? ?m?s\b/g, 'in N s')
    .replaceAll(/\b\d+ ms (behind|ahead of)/g, 'N ms behind')
    .replaceAll(/\b\d+ s old\b/g, 'N s old')
    .replaceAll(/\S*\/docs\/guides\//g, 'docs/guides/')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT');

const shownIn = (block: string): Shown[] =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n');
      return {command: part.slice(0, end), output: part.slice(end + 1)};
    });

/** Stands for kubectl: `exec ... -- COMMAND` runs it here, `logs` prints the log. */
const kubectl = (log: string) => `#!/bin/bash
while [[ $# -gt 0 ]]; do
  case $1 in
    exec)
      while [[ $1 != -- ]]; do shift; done; shift; "$@"; status=$?
      ((status == 0)) || echo "command terminated with exit code $status" >&2
      exit $status ;;
    logs) exec cat ${log} ;;
    rollout) echo 'deployment.apps/postern restarted'; exit 0 ;;
    *) shift ;;
  esac
done
exit 1
`;

export interface Page {
  readonly path: string;
  readonly folder: string;
  /** Of the configuration that every command finds. */
  readonly config: string;
  /** What \`kubectl logs\` shows. */
  readonly log: string;
  /** The command as it is run here, where ports that the page names may be taken. */
  readonly asRun?: (command: string) => string;
  /** Programs besides, as scripts. */
  readonly programs?: Readonly<Record<string, string>>;
}

/** Each command with what the page shows and what was printed, both without what differs from run to run. */
export const runPage = ({
  path,
  folder,
  config,
  log,
  asRun = (command) => command,
  programs: more = {},
}: Page): {command: string; shown: string; printed: string}[] => {
  const programs = join(folder, 'bin');
  mkdirSync(programs, {recursive: true});
  const program = (name: string, text: string) => {
    writeFileSync(join(programs, name), text);
    chmodSync(join(programs, name), 0o755);
  };
  program('postern', `#!/bin/sh\nexec ${process.execPath} ${mainFile} "$@"\n`);
  program('kubectl', kubectl(log));
  for (const [name, text] of Object.entries(more)) program(name, text);
  const page = readFileSync(path, 'utf8');
  const ran: {command: string; shown: string; printed: string}[] = [];
  let lastId = '';
  const next = page.replaceAll(blocks, (_, block: string) => {
    const made = shownIn(block).map(({command, output}) => {
      let printed: string;
      try {
        printed = execFileSync('bash', ['-c', `exec 2>&1; ${asRun(command).replaceAll(/\bID\b/g, lastId)}`], {
          cwd: folder,
          encoding: 'utf8',
          env: {...process.env, PATH: `${programs}:${process.env.PATH}`, POSTERN_CONFIG: config, NO_COLOR: '1'},
        });
      } catch (error) {
        // What a command says with a status other than 0 is shown, too.
        printed = String((error as {stdout?: unknown}).stdout ?? error);
      }
      const ids = [...printed.matchAll(/\b([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,})\b/g)];
      lastId = ids[0]?.[1] ?? lastId;
      ran.push({command, shown: steady(output, folder), printed: steady(printed, folder)});
      return `$ ${command}\n${steady(printed, folder)}`;
    });
    return `\`\`\`console\n${made.join('')}\`\`\``;
  });
  if (process.env.UPDATE_DOCS === '1') writeFileSync(path, next);
  return ran;
};
