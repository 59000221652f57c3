// docs/runbooks: every command on them, in blocks and in sentences, is run before a running Postern that has what the page
// speaks of, and says what whoever reads it looks for. That kubectl takes them in a real cluster: test/ship/docs.cluster.ts.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import {stringify} from 'yaml';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {freePort} from '../support/ports.ts';
import {mainFile, type Postern, runPostern, startPostern} from '../support/postern.ts';
import {type Redis, startRedis} from '../support/redis.ts';
import {runbookCommands} from './runbookCommands.ts';

const root = join(import.meta.dirname, '../..');
const token = 'b7Yc0Q2nVdJm5pLw8sTzRkXhGfUaEi4o';

/** What is made to happen before the commands of a page, and what each of them must say. */
interface Row {
  readonly page: string;
  readonly first?: (scene: Scene) => Promise<void>;
  readonly says: Readonly<Record<string, RegExp>>;
}

interface Scene {
  readonly postern: Postern;
  /** Writes other settings, and waits until the log has a line about them. */
  change(settings: object | string, line: RegExp): Promise<void>;
  readonly settings: Readonly<Record<string, unknown>>;
}

const rows: readonly Row[] = [
  {page: 'PosternBug.md', says: {'kubectl logs POD | grep \'"level":"error"\'': /^$/}},
  {
    page: 'PosternConfigDrift.md',
    says: {'kubectl rollout status deployment/NAME': /^rollout status deployment\/keys$/},
  },
  {
    page: 'PosternDenialsSpike.md',
    first: async ({postern}) => {
      const {code, output} = await runPostern([
        'revoke',
        '-c',
        join(postern.folder, 'postern.yaml'),
        '--subject',
        'eve',
      ]);
      assert.equal(code, 0, output);
    },
    says: {'postern revocations -c postern.yaml': /subject="eve"/},
  },
  {
    page: 'PosternDependencyDown.md',
    says: {'kubectl run -it --rm ask --image=curlimages/curl -- curl -v URL': /HTTP\/1\.1 200/},
  },
  {
    page: 'PosternDown.md',
    says: {
      'kubectl get pods -o wide; kubectl describe pod POD; kubectl logs POD --previous | tail -50': /Postern answers/,
    },
  },
  {
    page: 'PosternEntitlementsStale.md',
    says: {
      'postern entitlements list -c postern.yaml': /^tenant="acme" plan="pro" for ever$/m,
      'postern entitlements drop -c postern.yaml': /^dropped, to be fetched anew: all entitlements$/m,
    },
  },
  {
    page: 'PosternKeysOld.md',
    says: {
      'curl -v ISSUER/.well-known/openid-configuration': /"jwks_uri":"http/,
      'postern revoke -c postern.yaml --provider NAME': /^revoked: provider="keys"/m,
    },
  },
  {
    page: 'PosternRevocationFeedLag.md',
    says: {
      'redis-cli PING': /^PONG$/,
      "redis-cli ZCARD 'postern:{revocations}'": /^[1-9]\d*$/,
      'curl -H "Authorization: Bearer $TOKEN" -d \'{"subject": "mallory"}\' localhost:9190/revocations':
        /"subject":\s*"mallory"/,
    },
  },
  {
    page: 'PosternStateNotWritten.md',
    says: {
      "kubectl logs POD | grep 'state: .* cannot be written'": /state: .* cannot be written to .*ENOTDIR/,
      'kubectl exec POD -- postern doctor': /bad +state/,
    },
  },
  {
    page: 'README.md',
    says: {
      'kubectl port-forward POD 9190 &': /^$/,
      'curl -s localhost:9190/readyz          # every part, and what is wrong with it': /"part": "revocation feed"/,
      'curl -s localhost:9190/metrics': /^postern_build_info/m,
      'kubectl logs POD | grep \'"level":"error"\'': /^$/,
    },
  },
  {
    page: 'PosternConfigWaiting.md',
    first: ({change, settings}) => {
      const late = {name: 'late', type: 'oidc', issuer: 'http://127.0.0.1:1', audience: 'any'};
      // With another that has keys it would not wait.
      return change({...settings, providers: [late]}, /a new configuration waits for/);
    },
    says: {"kubectl logs POD | grep 'a new configuration waits for'": /waits for .*late/},
  },
  {
    page: 'PosternConfigReloadFailed.md',
    first: ({change}) => change('providers: 5\n', /configuration has changed and is bad/),
    says: {
      "kubectl logs POD | grep 'configuration has changed and is bad'": /providers: must be a list/,
      'postern validate -c postern.yaml': /^postern\.yaml:1:12: error: providers: must be a list/m,
      'postern validate': /^postern\.yaml: \d errors?$/m,
      'kubectl exec POD -- postern validate': /^postern\.yaml:1:12: error: providers: must be a list/m,
    },
  },
];

describe('docs/runbooks', function () {
  this.timeout(120_000);
  let scene: Scene;
  let redis: Redis;
  let issuer: IdentityProvider;
  let run: (command: string) => Promise<string>;
  before(async () => {
    redis = await startRedis();
    issuer = await startIdentityProvider({people: {}, audience: 'a'});
    const port = await freePort();
    const settings = {
      admin: {listen: `127.0.0.1:${port}`, token},
      providers: [
        {name: 'keys', type: 'apiKeys', file: 'keys.yaml', credentials: [{header: 'x-api-key'}]},
        {name: 'acme', type: 'oidc', issuer: issuer.issuer, audience: 'a'},
      ],
      redis: {url: redis.url, sealKey: 'q3B6ZIb7Yc0Q2nVdJm5pLw8sTzRkXhGf'},
      entitlements: {source: {type: 'redis'}},
      // A file where a folder should be.
      state: {dir: 'keys.yaml/state'},
      rules: [{name: 'orders', match: {path: '/orders'}, require: {features: ['orders']}}],
    };
    const entitlements = {
      features: {orders: {}},
      plans: {pro: {features: ['orders']}},
      grants: [{plan: 'pro', tenant: 'acme'}],
    };
    const files = {'keys.yaml': 'keys: []\n', 'entitlements.yaml': entitlements};
    const postern = await startPostern(settings, {files, unready: true});
    const at = (name: string) => join(postern.folder, name);
    const loaded = await runPostern(['entitlements', 'load', at('entitlements.yaml'), '-c', at('postern.yaml')]);
    assert.equal(loaded.code, 0, loaded.output);
    const logged = async (line: RegExp) => {
      for (const until = performance.now() + 60_000; !line.test(postern.logs()); await sleep(50))
        assert.ok(performance.now() < until, `${line} never came:\n${postern.logs().slice(-2_000)}`);
    };
    await logged(/cannot be written/);
    scene = {
      postern,
      settings,
      change: async (changed, line) => {
        writeFileSync(at('postern.yaml'), typeof changed === 'string' ? changed : stringify(changed));
        await logged(line);
      },
    };
    run = makeRun(postern, {port, redis, issuer});
  });
  after(async () => {
    await scene?.postern.stop();
    await issuer?.stop();
    await redis?.stop();
  });

  it('has a row for every page with a command, and for every command', () => {
    const shown = runbookCommands().map(({page, command}) => `${page}: ${command}`);
    const known = rows.flatMap(({page, says}) => Object.keys(says).map((command) => `${page}: ${command}`));
    assert.deepEqual([...new Set(shown)].sort(), known.sort());
  });

  for (const {page, first, says} of rows) {
    it(page, async () => {
      await first?.(scene);
      for (const [command, words] of Object.entries(says)) assert.match(await run(command), words, command);
    });
  }
});

/** Runs a command of a page where Postern's files are; what it prints, to either stream. */
const makeRun = (
  postern: Postern,
  at: {readonly port: number; readonly redis: Redis; readonly issuer: IdentityProvider},
): ((command: string) => Promise<string>) => {
  const programs = join(postern.folder, 'bin');
  mkdirSync(programs);
  const log = join(postern.folder, 'log');
  const program = (name: string, text: string) => {
    writeFileSync(join(programs, name), text);
    chmodSync(join(programs, name), 0o755);
  };
  program('postern', `#!/bin/sh\nexec ${process.execPath} ${mainFile} "$@"\n`);
  program(
    'kubectl',
    `#!/bin/bash
case $1 in
  exec|run) while [[ $1 != -- ]]; do shift; done; shift; exec "$@" ;;
  logs) exec cat ${log} ;;
  rollout) echo "$@" ;;
  get|describe|port-forward) ;;
  *) echo "kubectl $1: what is that?"; exit 1 ;;
esac
`,
  );
  program(
    'redis-cli',
    `#!${process.execPath}
const {Redis} = require(${JSON.stringify(join(root, 'node_modules/ioredis'))});
const redis = new Redis(${JSON.stringify(at.redis.url)});
redis.call(...process.argv.slice(2)).then((answer) => { console.log(String(answer)); redis.disconnect(); });
`,
  );
  const asRun = (command: string) =>
    command
      .replaceAll('ISSUER', at.issuer.issuer)
      .replaceAll(' URL', ` ${at.issuer.issuer}/.well-known/openid-configuration`)
      .replaceAll('9190', `${at.port}`)
      .replaceAll('NAME', 'keys')
      .replaceAll('POD', 'postern-0');
  return async (command) => {
    writeFileSync(log, postern.logs());
    const options = {
      cwd: postern.folder,
      env: {...process.env, TOKEN: token, PATH: `${programs}:${process.env.PATH}`},
      timeout: 30_000,
    };
    const script = `{ ${asRun(command)}\n} 2>&1; true`;
    const {stdout} = await promisify(execFile)('bash', ['-c', script], options);
    return stdout.trim();
  };
};
