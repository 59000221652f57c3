// The image: what is in it, what is not, how large it is, and that it starts read-only as a user that is not root.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {makeCheckClient} from '../support/checkClient.ts';
import {freePort} from '../support/ports.ts';
import {root} from './charts.ts';
import {image, lastStage, megabytes} from './image.ts';
import {makeVolumes, needsRoot, startContainer} from './pod.ts';

/** Paths of all files below a folder, relative to it. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length));

describe('image', function () {
  this.timeout(300_000);

  it('holds Node, its libraries, the program and nothing to run otherwise', async () => {
    const {root: folder} = await image();
    const files = filesIn(folder);
    const isProgram = (path: string) => (statSync(join(folder, path)).mode & 0o111) !== 0;
    const programs = files.filter(
      (path) => !path.startsWith('/lib') && !path.startsWith('/usr/lib') && isProgram(path),
    );
    assert.deepEqual(
      programs.filter((path) => !path.startsWith('/app/node_modules/')),
      ['/nodejs/bin/node', '/app/dist/src/main.js'],
    );
    assert.ok(files.includes('/app/dist/src/main.js'));
    for (const path of files) {
      assert.doesNotMatch(
        path,
        /\/(sh|bash|busybox|npm|apt|typescript|mocha|oidc-provider)(\/|$)/,
        'does not belong there',
      );
      assert.doesNotMatch(path, /\.(ts|map)$/, 'only compilers read it');
    }
  });

  it('holds a program of ASCII alone, of which V8 holds a byte a character', async () => {
    const {root: folder} = await image();
    const texts = filesIn(folder).filter((path) => path.startsWith('/app/dist/') && path.endsWith('.js'));
    assert.ok(texts.length >= 3);
    for (const path of texts)
      assert.ok(
        readFileSync(join(folder, path)).every((byte) => byte < 128),
        path,
      );
  });

  it('has postern as a command, for kubectl exec', async () => {
    needsRoot();
    const {root: folder, env, user} = await image();
    const run = promisify(execFile);
    const postern = (...args: string[]) =>
      run('/usr/sbin/chroot', [`--userspec=${user.uid}:${user.gid}`, folder, 'postern', ...args], {env});
    const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    assert.equal((await postern('--version')).stdout, `${version}\n`);
    assert.match((await postern('revocations', '--help')).stdout, /list the revocations in force/);
  });

  it('weighs at most 60 MB more than Node', async () => {
    const {root: folder} = await image();
    const program = megabytes(join(folder, 'app'));
    console.log(
      `      Node and its libraries ${(megabytes(folder) - program).toFixed(0)} MB, the program ${program.toFixed(0)} MB`,
    );
    assert.ok(program < 60, `${program} MB`);
  });

  it('is not root, and drains by itself', () => {
    const stage = new Map(lastStage());
    assert.match(stage.get('USER') ?? '', /^[1-9]\d*:[1-9]\d*$/);
    assert.equal(stage.get('STOPSIGNAL'), 'SIGTERM');
  });

  it('is given all that its Dockerfile copies', () => {
    const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    const copied = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    assert.ok(copied.length > 5);
    for (const path of copied) assert.ok(ignored.includes(`!${path}`), `.dockerignore keeps ${path} away`);
  });

  it('starts read-only with no right but to run, answers, and ends with 0', async () => {
    needsRoot();
    const [grpc, admin] = [await freePort(), await freePort()];
    const config = `{server: {listen: '127.0.0.1:${grpc}'}, admin: {listen: '0.0.0.0:${admin}', token: a-token-of-tests}, rules: [{name: a, match: {path: /}, public: true}]}`;
    const pod = {
      spec: {
        securityContext: {runAsNonRoot: true},
        volumes: [{name: 'config', configMap: {name: 'config'}}],
        containers: [
          {
            name: 'postern',
            // Neither command nor args: the image's own.
            ports: [{name: 'admin', containerPort: admin}],
            readinessProbe: {httpGet: {path: '/readyz', port: 'admin'}},
            securityContext: {readOnlyRootFilesystem: true},
            volumeMounts: [{name: 'config', mountPath: '/etc/postern', readOnly: true}],
          },
        ],
      },
      maps: [{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'config'}, data: {'postern.yaml': config}}],
    };
    const container = await startContainer(pod, 'postern', makeVolumes(pod));
    try {
      await container.passes('readinessProbe');
      const status = readFileSync(
        `/proc/${readFileSync(`/proc/${container.process.pid}/task/${container.process.pid}/children`, 'utf8').trim()}/status`,
        'utf8',
      );
      assert.match(status, /^Uid:\t65532\t65532\t65532\t65532$/m);
      assert.match(status, /^CapEff:\t0+$/m);
      assert.match(status, /^NoNewPrivs:\t1$/m);
      assert.match(status, /^NSpid:\t\d+\t1$/m, 'it is not process 1');
      const client = makeCheckClient(`127.0.0.1:${grpc}`);
      const answer = await client.check({
        attributes: {request: {http: {method: 'GET', path: '/', host: 'a', headers: {}}}},
      });
      client.close();
      assert.ok(answer.okResponse);
      for (const path of ['/explorer', '/explorer/app.js'])
        assert.equal((await fetch(`http://127.0.0.1:${admin}${path}`)).status, 200, path);
    } finally {
      assert.equal(await container.stop(), 0, container.process.output());
    }
  });
});
