// Kinds that others define: cert-manager's by its own definitions; those of the Prometheus operator, whose definitions are in no
// package that is at hand, with any fields.
import {setTimeout as sleep} from 'node:timers/promises';
import {parseAllDocuments} from 'yaml';
import {moduleFile} from '../schemas.ts';
import type {Api, Resource} from './api.ts';

const open = (group: string, version: string, kind: string): Resource => {
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  const schema = {openAPIV3Schema: {type: 'object', 'x-kubernetes-preserve-unknown-fields': true}};
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {name: `${plural}.${group}`},
    spec: {
      group,
      scope: 'Namespaced',
      names: {kind, singular, plural, listKind: `${kind}List`},
      versions: [{name: version, served: true, storage: true, schema}],
    },
  };
};

export const monitoring = ['ServiceMonitor', 'PodMonitor', 'PrometheusRule'].map((kind) =>
  open('monitoring.coreos.com', 'v1', kind),
);

const certificates = async (): Promise<Resource[]> => {
  const text = await moduleFile(
    'github.com/cert-manager/cert-manager@v1.19.0',
    'deploy/crds/cert-manager.io_certificates.yaml',
  );
  return parseAllDocuments(text).map((document) => document.toJS());
};

const istio = async (): Promise<Resource[]> => {
  const text = await moduleFile('istio.io/api@v1.28.0', 'kubernetes/customresourcedefinitions.gen.yaml');
  return parseAllDocuments(text).flatMap((document) => document.toJS() ?? []);
};

const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Defines them, and waits until the server has them. */
export const define = async (api: Api, definitions: readonly Resource[]): Promise<void> => {
  for (const definition of definitions) await api.call('POST', path, definition);
  for (const {spec} of definitions) {
    const served = `/apis/${spec.group}/${spec.versions.at(-1).name}/${spec.names.plural}`;
    while ((await api.call('GET', served).catch(() => undefined)) === undefined) await sleep(100);
  }
};

/** Those that the charts may use, but for the Prometheus operator's. */
export const others = async (): Promise<Resource[]> => [...(await certificates()), ...(await istio())];

/** Takes definitions away, and waits until the server knows of none. */
export const undefine = async (api: Api, definitions: readonly Resource[]): Promise<void> => {
  for (const {metadata} of definitions) await api.call('DELETE', `${path}/${metadata.name}`);
  for (const {metadata} of definitions) {
    while ((await api.call('GET', `${path}/${metadata.name}`).catch(() => undefined)) !== undefined) await sleep(100);
  }
};
