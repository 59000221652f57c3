// A real Kubernetes API: etcd, kube-apiserver and kube-controller-manager on this machine's loopback, for one test.
import {generateKeyPairSync} from 'node:crypto';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {stringify} from 'yaml';
import {freePort, temporaryFolder} from '../../support/ports.ts';
import {type Running, start} from '../../support/processes.ts';
import {tool} from '../../support/tools.ts';
import {type Access, type Api, makeApi} from './api.ts';

export interface ControlPlane {
  readonly api: Api;
  /** For `KUBECONFIG`: of somebody who may do everything. */
  readonly kubeconfig: string;
  /** Its certificate and key, which others on this machine may show as well. */
  readonly certificate: {readonly cert: string; readonly key: string};
  stop(): Promise<void>;
}

const kubeconfigOf = ({port, token, ca}: Access) => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'test',
  contexts: [{name: 'test', context: {cluster: 'test', user: 'test'}}],
  clusters: [
    {
      name: 'test',
      cluster: {
        server: `https://127.0.0.1:${port}`,
        'certificate-authority-data': Buffer.from(ca).toString('base64'),
      },
    },
  ],
  users: [{name: 'test', user: {token}}],
});

const options = (all: Readonly<Record<string, string | number | boolean>>): string[] =>
  Object.entries(all).map(([name, value]) => `--${name}=${value}`);

/** What the test needs no part of, or what would take pods from a node whose clock is behind. */
const controllers = ['*', '-node-lifecycle-controller', '-node-ipam-controller', '-service-lb-controller'];

export const startControlPlane = async (): Promise<ControlPlane> => {
  const program = await tool('cluster');
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const running: Running[] = [];
  const stop = async () => {
    for (const one of running.reverse()) await one.stop();
  };
  const part = async (name: string, flags: Parameters<typeof options>[0], ready: () => Promise<boolean>) => {
    running.push(
      await start({name, command: program, args: [name, ...options(flags)], ready, timeout: 120_000, cwd: folder}),
    );
  };
  const answers = (url: string) => () => fetch(url).then(({ok}) => ok);
  try {
    const [etcd, peers, port, metrics] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const etcdUrl = `http://127.0.0.1:${etcd}`;
    await part(
      'etcd',
      {
        'data-dir': at('etcd'),
        'listen-client-urls': etcdUrl,
        'advertise-client-urls': etcdUrl,
        'listen-peer-urls': `http://127.0.0.1:${peers}`,
        'unsafe-no-fsync': true,
      },
      answers(`${etcdUrl}/health`),
    );

    const {privateKey} = generateKeyPairSync('rsa', {modulusLength: 2048});
    writeFileSync(at('accounts.key'), privateKey.export({type: 'pkcs8', format: 'pem'}));
    const token = 'of-the-test';
    writeFileSync(at('tokens.csv'), `${token},test,1,system:masters\n`);
    mkdirSync(at('certificates'));
    const certificate = {cert: at('certificates/apiserver.crt'), key: at('certificates/apiserver.key')};
    let api: Api | undefined;
    let access: Access | undefined;
    await part(
      'kube-apiserver',
      {
        'etcd-servers': etcdUrl,
        'bind-address': '127.0.0.1',
        'secure-port': port,
        'cert-dir': at('certificates'),
        'token-auth-file': at('tokens.csv'),
        'authorization-mode': 'RBAC',
        'service-account-issuer': 'https://kubernetes.default.svc',
        'service-account-key-file': at('accounts.key'),
        'service-account-signing-key-file': at('accounts.key'),
        'service-cluster-ip-range': '10.96.0.0/16',
        'endpoint-reconciler-type': 'none',
        'allow-privileged': true,
      },
      async () => {
        access = {port, token, ca: readFileSync(certificate.cert, 'utf8')};
        api ??= makeApi(access);
        return (await api.call('GET', '/api/v1/namespaces/default').catch(() => undefined)) !== undefined;
      },
    );
    if (api === undefined || access === undefined) throw new Error('the API server has no certificate');
    const kubeconfig = at('kubeconfig');
    writeFileSync(kubeconfig, stringify(kubeconfigOf(access)), {mode: 0o600});

    const own = api;
    await part(
      'kube-controller-manager',
      {
        kubeconfig,
        'service-account-private-key-file': at('accounts.key'),
        'root-ca-file': certificate.cert,
        'bind-address': '127.0.0.1',
        'secure-port': metrics,
        'leader-elect': false,
        controllers: controllers.join(','),
        'horizontal-pod-autoscaler-sync-period': '1s',
      },
      async () => {
        await own.call('GET', '/api/v1/namespaces/default/serviceaccounts/default');
        return true;
      },
    );
    return {
      api: own,
      kubeconfig,
      certificate,
      stop: async () => {
        own.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
