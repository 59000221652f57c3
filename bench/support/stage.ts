// What a case has at hand: servers on the core of servers, messages in files, and somewhere to leave what must end.
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {IdentityProvider} from '../../test/support/identityProvider.ts';
import {freePort, temporaryFolder} from '../../test/support/ports.ts';
import {alone, type Postern, type PosternOptions, startPostern} from '../../test/support/postern.ts';
import {start} from '../../test/support/processes.ts';
import type {Caller} from './caller.ts';
import {onServerCore} from './cores.ts';
import type {Target} from './load.ts';
import {asImage} from './program.ts';
import {type Asked, bearer, entitlements, settings, tokensOf, writeChecks} from './workload.ts';

/** How long things are looked at. */
export interface Pace {
  readonly rounds: number;
  /** Of one round. */
  readonly milliseconds: number;
  /** Before the first round, for the compiler and the caches. */
  readonly warmUp: number;
}

/** Something that is called, and whose use of the processor is read. */
export interface Server extends Target {
  /** Its processes: their use is added up. */
  readonly pids: readonly number[];
  /** How many calls it has let through by its own count; absent: it does not count. */
  readonly allowed?: () => Promise<number>;
  /** What else it has counted, and said: for who wonders why it let fewer through. */
  readonly refusals?: () => Promise<string>;
}

export interface PosternServer extends Server {
  readonly postern: Postern;
  /** Of the one process. */
  readonly pid: number;
}

type Settings = Readonly<Record<string, unknown>>;

export interface Stage {
  readonly pace: Pace;
  readonly caller: Caller;
  readonly identityProvider: IdentityProvider;
  /** The settings of the usual job, for that identity provider. */
  readonly usual: ReturnType<typeof settings>;
  /** Minutes that a case may take which looks at a long time. */
  readonly minutes: number;
  /** Postern as the image runs it, with the settings of the usual job unless given others. */
  postern(settings?: Settings, options?: PosternOptions): Promise<PosternServer>;
  /** A server that does nothing, listening on a free port unless told where. */
  empty(on?: 'grpc-js' | 'http2', address?: string): Promise<Server>;
  /** A path for a Unix socket: `unix:///...`. */
  socket(): string;
  /** A file of CheckRequests: as many tokens in turn, or as asked. */
  checks(asked: number | readonly Asked[], size?: number): Promise<string>;
  /** A new folder. */
  folder(): string;
  /** Is ended with the case. */
  keep<One extends {stop(): unknown}>(one: One): One;
  /** Says which version of another program took part. */
  version(program: string, version: string): void;
}

/** What the stage of one case is made of, which outlives it. */
export interface StageParts {
  readonly pace: Pace;
  readonly caller: Caller;
  readonly identityProvider: IdentityProvider;
  readonly program: string;
  readonly minutes: number;
}

/** Of every rule: their own counters are bounded. */
const allowed = 'postern_check_duration_seconds_count{outcome="allow"}';

const refusalsIn = async ({adminUrl, logs}: Postern): Promise<string> => {
  const lines = (await (await fetch(`${adminUrl}/metrics`, alone)).text()).split('\n');
  const counted = lines.filter((line) => /^postern_decisions_total\{(?!.*outcome="allow").* [1-9]\d*$/.test(line));
  return [...counted.slice(0, 10), logs().slice(-2_000)].join('\n');
};

export const makeStage = ({pace, caller, identityProvider, program, minutes}: StageParts) => {
  const endings: (() => unknown)[] = [];
  const versions: Record<string, string> = {};
  const keep: Stage['keep'] = (one) => {
    endings.unshift(() => one.stop());
    return one;
  };
  const usual = settings(identityProvider.issuer);
  const image = asImage(program);
  let files = 0;

  const stage: Stage = {
    pace,
    caller,
    identityProvider,
    usual,
    minutes,
    keep,
    folder: temporaryFolder,
    socket: () => `unix://${temporaryFolder()}/socket`,
    version: (name, version) => {
      versions[name] = version;
    },
    postern: async (given = usual, options = {}) => {
      const postern = await startPostern(given, {
        ...image,
        ...options,
        files: {'entitlements.yaml': entitlements, ...options.files},
        env: {...image.env, ...options.env},
      });
      keep(postern);
      const {
        address,
        process: {pid},
      } = postern;
      return {
        postern,
        pid,
        pids: [pid],
        address,
        speaks: 'check',
        allowed: async () => (await postern.metric(allowed)) ?? 0,
        refusals: () => refusalsIn(postern),
      };
    },
    empty: async (on = 'grpc-js', given) => {
      const address = given ?? `127.0.0.1:${await freePort()}`;
      const file = fileURLToPath(new URL('emptyServer.ts', import.meta.url));
      const [command = '', ...args] = [...onServerCore, process.execPath, file, address, on];
      const {pid, stop} = await start({
        name: `empty server on ${on}`,
        command,
        args,
        ready: (output) => output.includes('ready'),
      });
      keep({stop: () => stop()});
      return {address, speaks: 'check', pids: [pid]};
    },
    checks: async (asked, size) => {
      const all =
        typeof asked === 'number'
          ? (await tokensOf(identityProvider, asked)).map((token) => ({headers: bearer(token)}))
          : asked;
      const file = join(temporaryFolder(), `${files++}.messages`);
      writeChecks(file, all, size);
      return file;
    },
  };
  return {
    stage,
    versions,
    end: async (): Promise<void> => {
      for (const end of endings.splice(0)) await end();
    },
  };
};
