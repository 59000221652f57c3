// What Kubernetes, Istio, Envoy Gateway and others accept: their published schemas, and a check of manifests against them.
import {execFile} from 'node:child_process';
import {access, mkdir, readdir, readFile, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {Ajv2020, type AnySchemaObject} from 'ajv/dist/2020.js';
import {parseAllDocuments} from 'yaml';
import {ToolMissing} from '../support/tools.ts';
import type {Manifest} from './charts.ts';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('../../.tools/kubernetes-schemas', import.meta.url));
const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** The oldest that the chart takes, the first with native sidecars, the first where they are stable, the newest here. */
export const kubernetesVersions = ['1.25.0', '1.29.0', '1.33.0', '1.37.0'];

/** A Python wheel with the schemas of Kubernetes, release by release. */
const wheel = 'kubernetes-validate==1.37.0';

/** Go modules that carry the definitions of custom resources, and where in them. */
const modules = [
  {module: 'istio.io/api@v1.28.0', path: 'kubernetes/customresourcedefinitions.gen.yaml'},
  {module: 'sigs.k8s.io/gateway-api@v1.4.0', path: 'config/crd/standard'},
  {module: 'github.com/envoyproxy/gateway@v1.9.1', path: 'charts/gateway-helm/charts/crds/crds/generated'},
  {module: 'github.com/cert-manager/cert-manager@v1.19.0', path: 'deploy/crds'},
];

/**
 * Kinds whose definitions are in no package that is at hand. They are checked by fields in the tests of the chart.
 * Everything else without a schema is an error.
 */
const withoutSchema = /^monitoring\.coreos\.com\//;

/** Fetches once what `make` puts into a folder; whoever comes meanwhile finds all of it or nothing. */
const kept = async (name: string, make: (aside: string) => Promise<void>): Promise<string> => {
  const path = join(folder, name);
  if (await exists(path)) return path;
  const aside = join(folder, `.fetching-${process.pid}-${name}`);
  await mkdir(aside, {recursive: true});
  try {
    await make(aside);
    await rename(aside, path);
  } catch (error) {
    throw new ToolMissing(`${name} could not be had: ${String((error as Error).message).slice(0, 300)}`);
  } finally {
    await rm(aside, {recursive: true, force: true});
  }
  return path;
};

const releases = () =>
  kept(wheel.replace('==', '-'), async (aside) => {
    await run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', aside, wheel]);
    const [file = ''] = (await readdir(aside)).filter((name) => name.endsWith('.whl'));
    await run('python3', ['-m', 'zipfile', '-e', join(aside, file), aside]);
  });

/** A file of a Go module. */
export const moduleFile = async (module: string, path: string): Promise<string> =>
  readFile(join(await moduleFolder(module), path), 'utf8');

const moduleFolder = async (module: string): Promise<string> => {
  const {stdout} = await run('go', ['mod', 'download', '-json', module], {cwd: '/', timeout: 300_000}).catch(
    (error) => {
      throw new ToolMissing(`The Go module ${module} could not be had: ${String(error.message).slice(0, 300)}`);
    },
  );
  return (JSON.parse(stdout) as {Dir: string}).Dir;
};

const yamlFiles = async (path: string): Promise<string[]> => {
  if (/\.ya?ml$/.test(path)) return [path];
  return (await readdir(path)).filter((name) => /\.ya?ml$/.test(name)).map((name) => join(path, name));
};

interface Definition {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly names: {readonly kind: string};
    readonly versions: readonly {readonly name: string; readonly schema: {readonly openAPIV3Schema: AnySchemaObject}}[];
  };
}

/** An OpenAPI schema as JSON Schema that refuses what it does not name, as `kubectl apply` with strict validation does. */
const closed = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const own = node as Record<string, unknown>;
  const made: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(own)) {
    if (key === 'format' || key.startsWith('x-') || key === 'description' || key === 'default') continue;
    made[key] =
      key === 'properties'
        ? Object.fromEntries(Object.entries(value as object).map(([name, child]) => [name, closed(child)]))
        : closed(value);
  }
  if (own['x-kubernetes-int-or-string'] === true) made.type = ['integer', 'string'];
  const isOpen = own['x-kubernetes-preserve-unknown-fields'] === true || 'additionalProperties' in own;
  if (own.type === 'object' && 'properties' in own && !isOpen) made.additionalProperties = false;
  if (own.nullable === true && typeof made.type === 'string') made.type = [made.type, 'null'];
  return made;
};

let customResources: Promise<Map<string, AnySchemaObject>> | undefined;

const readCustomResources = async (): Promise<Map<string, AnySchemaObject>> => {
  const found = new Map<string, AnySchemaObject>();
  for (const {module, path} of modules) {
    for (const file of await yamlFiles(join(await moduleFolder(module), path))) {
      for (const document of parseAllDocuments(await readFile(file, 'utf8'), {logLevel: 'silent'})) {
        const definition = document.toJS() as Definition | null;
        if (definition?.kind !== 'CustomResourceDefinition') continue;
        for (const {name, schema} of definition.spec.versions) {
          const id = `${definition.spec.group}/${name}/${definition.spec.names.kind}`;
          const whole = closed(schema.openAPIV3Schema) as {properties?: object};
          const open = {type: 'object'};
          const usual = {apiVersion: {type: 'string'}, kind: {type: 'string'}, metadata: open};
          found.set(id, {...whole, type: 'object', properties: {...whole.properties, ...usual}});
        }
      }
    }
  }
  return found;
};

/** Checks manifests against the schemas of one Kubernetes version. Answers what is wrong: `Deployment a: /spec/x ...`. */
export const faultsOf = async (manifests: readonly Manifest[], version: string): Promise<string[]> => {
  const schemas = join(await releases(), 'kubernetes_validate/kubernetes-json-schema', `v${version}-local-strict`);
  const ajv = new Ajv2020({strict: false, validateFormats: false, allErrors: true, logger: false});
  const read = async (name: string) => JSON.parse(await readFile(join(schemas, name), 'utf8')) as AnySchemaObject;
  ajv.addSchema(await read('_definitions.json'), 'https://kubernetes.io/api/_definitions.json');

  const faults: string[] = [];
  for (const manifest of manifests) {
    const {apiVersion, kind, metadata} = manifest;
    const [group = '', release] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    const isOwn = !group.includes('.') || group.endsWith('.k8s.io');
    const file = `${kind.toLowerCase()}-${[group.split('.')[0], release].filter(Boolean).join('-')}.json`;
    let schema: AnySchemaObject | undefined;
    if (isOwn && (await exists(join(schemas, file)))) schema = await read(file);
    else if (!withoutSchema.test(apiVersion)) {
      customResources ??= readCustomResources();
      schema = (await customResources).get(`${apiVersion}/${kind}`);
    } else continue;
    const name = `${kind} ${metadata.name}`;
    if (schema === undefined) {
      faults.push(`${name}: Kubernetes ${version} knows no ${apiVersion} ${kind}`);
      continue;
    }
    const known = schema.$id === undefined ? undefined : ajv.getSchema(schema.$id);
    const validate = known ?? ajv.compile(schema);
    if (validate(manifest)) continue;
    for (const error of validate.errors ?? []) {
      faults.push(`${name}: ${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
    }
  }
  return faults;
};
