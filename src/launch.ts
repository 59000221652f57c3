// What has to be set before Node starts: the room that V8 and malloc take. The image sets the same (deploy/Dockerfile).

/**
 * V8's young generation: a quarter of what V8 takes by itself costs no processor time (bench/), and some 24 MiB less. And no
 * pretenuring: where most of what a place in the code makes has outlived two collections, V8 makes all of it in the old
 * generation from then on. In one start of four that befell what a call is made of, and the process then collected
 * everything five times as often, for twice the processor time, until it ended.
 */
export const nodeFlags = ['--max-semi-space-size=4', '--no-allocation-site-pretenuring'];

/**
 * The image, whose Node is known, is told more. These are words of V8's own, and a Node that has dropped one would not start:
 * - its old generation grows by 40 % before it is collected;
 * - no Maglev, whose compilations take some 20 MiB that malloc does not give back; Turbofan compiles what is hot anyway;
 * - WebAssembly, which is undici's parser of HTTP answers, is compiled once and not for speed: 10 MiB for a few answers.
 */
export const imageFlags = [
  ...nodeFlags,
  '--heap-growing-percent=40',
  '--no-maglev',
  '--no-wasm-tier-up',
  '--no-wasm-dynamic-tiering',
];

/**
 * glibc's malloc: one arena in place of one for each thread, and thresholds that stay. By itself it raises them with what is
 * let go, so that after a text of 4 MiB it kept up to 8 MiB free. Others (musl, macOS) do not look at these.
 */
export const environment = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '262144',
  MALLOC_TRIM_THRESHOLD_: '1048576',
};

/** The last Node that was seen to know `nodeFlags`: one that does not know a flag does not start. The first is `engines`. */
const lastTried = 26;

/** What of a process is looked at. */
export interface Launched {
  readonly versions: {readonly node: string};
  readonly platform: string;
  readonly execPath: string;
  readonly execArgv: readonly string[];
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly channel?: unknown;
  execve?(file: string, args: readonly string[], env: Record<string, string | undefined>): never;
}

/**
 * Becomes the same program, in the same process, started with the flags; then it does not return. Nothing is done where
 * somebody has given Node arguments of their own, where a parent talks to the process, where there is no execve, and by a
 * Node that came later than these flags were tried.
 */
export const relaunched = (launched: Launched): void => {
  const {versions, platform, execPath, execArgv, argv, env, channel} = launched;
  if (execArgv.length > 0 || channel !== undefined || platform === 'win32') return;
  if (env.NODE_OPTIONS?.includes('semi-space') === true || Number.parseInt(versions.node, 10) > lastTried) return;
  launched.execve?.(execPath, [execPath, ...nodeFlags, ...argv.slice(1)], {...environment, ...env});
};
