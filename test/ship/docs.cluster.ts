// Pages that speak to a cluster, before a real Kubernetes API: the commands of docs/day2.md by the real kubectl, in a release of
// the chart whose containers are a running Postern; and what docs/guides/gateway.md and docs/upgrading.md type with Helm.
import assert from 'node:assert/strict';
import {chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {runPage} from '../docs/console.ts';
import {day2Page, type Scene, startScene} from '../docs/day2Scene.ts';
import {runbookCommands} from '../docs/runbookCommands.ts';
import {temporaryFolder} from '../support/ports.ts';
import {mainFile} from '../support/postern.ts';
import {tool} from '../support/tools.ts';
import {root} from './charts.ts';
import {type ControlPlane, startControlPlane} from './cluster/controlPlane.ts';
import {asLog, type Node, startNode} from './cluster/node.ts';
import {makeOperator, type Operator} from './cluster/release.ts';
import {needsRoot} from './pod.ts';

/** How a command ended, as kubelets tell it; kwok has no status to give, and says it in words. */
const asKubelet = (printed: string): string =>
  printed.replaceAll(
    /^error: Internal error occurred: .*: exit status (\d+)$/gm,
    'command terminated with exit code $1',
  );

describe('pages in a cluster', function () {
  this.timeout(2_400_000);
  let scene: Scene;
  let plane: ControlPlane;
  let node: Node;
  let operator: Operator;
  before(async () => {
    needsRoot();
    plane = await startControlPlane();
    scene = await startScene();
    node = await startNode(plane, {...scene.secrets, POSTERN_CONFIG: scene.config, NO_COLOR: '1'});
    const postern = join(node.programs, 'postern');
    writeFileSync(postern, `#!/bin/sh\nexec ${process.execPath} ${mainFile} "$@"\n`);
    chmodSync(postern, 0o755);
    writeFileSync(node.log('postern'), asLog(readFileSync(scene.log, 'utf8')));
    operator = makeOperator(plane.kubeconfig);
  });
  after(async () => {
    await node?.stop();
    await scene?.stop();
    await plane?.stop();
  });

  /** The real kubectl takes what docs/runbooks type; what it says of Postern is tried by test/docs/runbooks.test.ts. */
  const takesRunbooks = async ({kubectl}: {readonly kubectl: string}) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/kubectl'), kubectl.replace('"$@"', '-n postern "$@"'));
    chmodSync(join(folder, 'bin/kubectl'), 0o755);
    const shell = (script: string) =>
      operator.shell(script, folder, {PATH: `${folder}/bin:${process.env.PATH}`, HOME: folder});
    // The page has restarted them: the newest stays.
    const {out: pod} = await shell(
      'kubectl get pods --sort-by=.metadata.creationTimestamp -o jsonpath={.items[-1:].metadata.name}',
    );
    const typed = runbookCommands()
      .map(({command}) => command)
      // They want a node that forwards ports, and an image of somebody else.
      .filter((command) => command.startsWith('kubectl ') && !/^kubectl (port-forward|run) /.test(command));
    assert.ok(typed.length >= 8, typed.join('\n'));
    for (const command of typed) {
      // What is looked for in a log need not be there.
      const script = command
        .replaceAll('POD', pod.trim())
        .replaceAll('NAME', 'postern')
        .replace(/ \| grep .*/, ' > log');
      const {code, out, error} = await shell(`set -o pipefail; ${script.replace(/ --previous/, '')}`);
      // `postern validate` and `doctor` may have something to say against what they find.
      const isAnswered = code === 0 || (command.includes('exec') && /exit status [12]|exit code [12]/.test(error));
      assert.ok(isAnswered, `${command}\n${out}${error}`);
    }
  };

  it('docs/day2.md prints what it shows', async () => {
    const chart = join(root, 'helm/postern');
    // One pod: the log of each would be the same file here.
    const args = [
      '--create-namespace',
      '-n',
      'postern',
      '--wait',
      '--set',
      'replicaCount=1,validateHook.enabled=false',
    ];
    const installed = await operator.helm('helm', 'install', 'postern', chart, ...args);
    assert.equal(installed.code, 0, installed.error);
    const programs = {
      kubectl: `#!/bin/sh\nKUBECONFIG=${plane.kubeconfig} exec ${await tool('kubectl')} "$@"\n`,
      jq: `#!/bin/sh\nexec ${await tool('jq')} "$@"\n`,
    };
    for (const {command, shown, printed} of runPage({path: day2Page, ...scene, programs}))
      assert.equal(asKubelet(printed), shown, command);
    await takesRunbooks(programs);
    const gone = await operator.helm('helm', 'uninstall', 'postern', '-n', 'postern', '--wait');
    assert.equal(gone.code, 0, gone.error);
  });

  for (const name of ['helm', 'helm-3'] as const) {
    it(`${name}: docs/guides/gateway.md installs and docs/upgrading.md goes back, as they are typed`, async () => {
      const folder = temporaryFolder();
      symlinkSync(join(root, 'helm'), join(folder, 'helm'));
      mkdirSync(join(folder, 'bin'));
      const program = async (as: string, text: string) => {
        writeFileSync(join(folder, 'bin', as), `#!/bin/sh\n${text} "$@"\n`);
        chmodSync(join(folder, 'bin', as), 0o755);
      };
      await program('helm', `exec ${await tool(name)}`);
      await program('kubectl', `exec ${await tool('kubectl')}`);
      await program('npm', `shift 4; exec ${process.execPath} ${mainFile}`);
      const guide = readFileSync(join(root, 'docs/guides/gateway.md'), 'utf8');
      const [, values = ''] = /```yaml\n(# values\.yaml\n[\s\S]*?)```/.exec(guide) ?? assert.fail('no values');
      writeFileSync(join(folder, 'values.yaml'), values);
      const blockWith = (page: string, line: string) =>
        [...page.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, one = '']) => one).find((one) => one.includes(line)) ??
        assert.fail(`no block with ${line}`);
      // `npm ci` and `helm test` (which runs a container) are tried elsewhere.
      const key = blockWith(guide, 'KEY=').replace(/^npm ci\n/, '');
      const install = blockWith(guide, 'helm install').replace(/^helm .*test.*\n/m, '');
      const upgrading = readFileSync(join(root, 'docs/upgrading.md'), 'utf8');
      const back = blockWith(upgrading, '--revision').replace('--revision 3', '--revision 1');
      const uninstall = 'helm -n postern uninstall postern --wait\n';
      const script = `set -euo pipefail\n${key}${install}${back}${uninstall}`;
      const env = {PATH: `${folder}/bin:${process.env.PATH}`, HOME: folder, KUBECONFIG: plane.kubeconfig};
      const {code, out, error} = await operator.shell(script, folder, env);
      assert.equal(code, 0, out + error);
      assert.match(out, /deployment "postern" successfully rolled out/);
      assert.match(out, /REVISION: 2/);
    });
  }
});
