// What has to be set before Node starts: the room that V8 and malloc take. The image sets the same (deploy/Dockerfile).

/** V8's young generation. Half of what V8 takes by itself costs no processor time (bench/), and some 30 MiB less. */
export const nodeFlags = ['--max-semi-space-size=8'];

/**
 * The image, whose Node is known, bounds the growth of V8's old generation as well: 10,000 tokens and 100,000 grants take
 * 214 MiB in place of 316, for some 6 % of processor time. It is a word of V8's own: a Node that has dropped it would not start,
 * so it is said nowhere else. Set while the program runs it costs twice the processor time.
 */
export const imageFlags = [...nodeFlags, '--heap-growing-percent=40'];

/** glibc's malloc: one arena in place of one for each thread. Others (musl, macOS) do not look at it. */
export const environment = {MALLOC_ARENA_MAX: '1'};

/** What of a process is looked at. */
export interface Launched {
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
 * somebody has given Node arguments of their own, where a parent talks to the process, and where there is no execve.
 */
export const relaunched = (launched: Launched): void => {
  const {platform, execPath, execArgv, argv, env, channel} = launched;
  if (execArgv.length > 0 || channel !== undefined || platform === 'win32') return;
  if (env.NODE_OPTIONS?.includes('semi-space') === true) return;
  launched.execve?.(execPath, [execPath, ...nodeFlags, ...argv.slice(1)], {...environment, ...env});
};
