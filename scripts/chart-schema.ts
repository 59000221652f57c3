// Writes values.schema.json of both charts: what stands in values.schema.base.json, and `config` from the schema
// of the configuration.
// `--check` writes nothing, and fails where a file is not what it would write.
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {byType} from '../src/config/byType.ts';
import {schemaDocument} from '../src/config/schemaDocument.ts';

type Json = null | boolean | number | string | readonly Json[] | {readonly [key: string]: Json};
type JsonObject = {readonly [key: string]: Json};

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): JsonObject => JSON.parse(readFileSync(root + path, 'utf8')) as JsonObject;
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const placeholder = '\\$\\{[^}]+\\}';

/** What both charts' schemas refer to. */
const definitions: JsonObject = {
  image: {
    type: 'object',
    additionalProperties: false,
    required: ['repository'],
    properties: {
      registry: {type: 'string'},
      repository: {type: 'string', minLength: 1},
      tag: {type: 'string', description: 'A string: quote tags that look like numbers.'},
      digest: {type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$'},
      pullPolicy: {enum: ['IfNotPresent', 'Always', 'Never']},
    },
  },
  port: {type: 'integer', minimum: 1024, maximum: 65535},
  duration: {type: 'string', pattern: '^[0-9]+(ms|s|m|h)$'},
  strings: {type: 'object', additionalProperties: {type: 'string'}},
  objects: {type: 'array', items: {type: 'object'}},
  files: {
    type: 'object',
    // Not `propertyNames`: Helm tells its faults at another place.
    properties: {'postern.yaml': false},
    patternProperties: {'^[A-Za-z0-9._-]+$': {type: ['string', 'object']}},
    additionalProperties: false,
  },
  probe: {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(
      ['initialDelaySeconds', 'periodSeconds', 'timeoutSeconds', 'failureThreshold', 'successThreshold'].map((key) => [
        key,
        {type: 'integer', minimum: 0},
      ]),
    ),
  },
  monitor: {
    type: 'object',
    additionalProperties: false,
    properties: {
      enabled: {type: 'boolean'},
      namespace: {type: 'string'},
      labels: {$ref: '#/definitions/strings'},
      annotations: {$ref: '#/definitions/strings'},
      jobLabel: {type: 'string'},
      scheme: {enum: ['', 'http', 'https']},
      tlsConfig: {type: 'object'},
      honorLabels: {type: 'boolean'},
      interval: {type: 'string'},
      scrapeTimeout: {type: 'string'},
      relabelings: {$ref: '#/definitions/objects'},
      metricRelabelings: {$ref: '#/definitions/objects'},
    },
  },
};

/**
 * The configuration's schema, made a part of another: its `$defs` move, what the program alone needs is left out, and
 * secrets must come from outside, because `config` ends in a ConfigMap.
 */
const asPart = (node: Json): Json => {
  if (Array.isArray(node)) return node.map(asPart);
  if (!isObject(node)) return node;
  if (isSecret(node) || isAddress(node)) {
    return {
      type: 'string',
      pattern: isSecret(node) ? placeholder : `^[^@]*$|${placeholder}`,
      description:
        `${String(node.description ?? '')} In a chart: \${NAME} or \${file:/path}, never the secret itself.`.trim(),
    };
  }
  const entries = Object.entries(node).flatMap(([key, value]): [string, Json][] => {
    if (key === '$schema' || key === '$id' || key === 'default' || key === '$defs' || key === 'writeOnly') return [];
    if (key === '$ref' && typeof value === 'string') return [[key, value.replace('#/$defs/', '#/definitions/config.')]];
    // Names of settings are no keywords: a setting may be called `default`.
    if (key === 'properties' && isObject(value)) return [[key, mapped(value)]];
    return [[key, asPart(value)]];
  });
  return unlessOutside(Object.fromEntries(entries));
};

/**
 * A choice between a form and a text from outside, as a condition: of a choice, Helm tells why each of its shapes does not
 * fit; of a condition, what is wrong with the one.
 */
const unlessOutside = (node: JsonObject): JsonObject => {
  const {anyOf, ...rest} = node;
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return node;
  const [form, outside] = anyOf as [JsonObject, JsonObject];
  const isOutside = typeof outside.pattern === 'string' && outside.pattern.replace(/^\^|\$$/g, '') === placeholder;
  return isOutside ? {...rest, if: {type: 'string', pattern: outside.pattern as string}, else: form} : node;
};
const mapped = (properties: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, asPart(value)]));

// A text of a form of its own (a key's least length) is nothing but a secret. A plain one is an address that may hold a
// password (redis.url).
const isSecret = (node: JsonObject): boolean => node.writeOnly === true && Array.isArray(node.anyOf);
const isAddress = (node: JsonObject): boolean => node.writeOnly === true && node.type === 'string';

const made = (chart: string): string => {
  const base = read(`helm/${chart}/values.schema.base.json`);
  const configuration = schemaDocument() as JsonObject;
  const parts = isObject(configuration.$defs) ? configuration.$defs : {};
  const schema = {
    ...base,
    definitions: {
      ...definitions,
      config: {
        ...(asPart(configuration) as JsonObject),
        // Where no rule is written, the chart writes one that is closed to everyone.
        required: [],
      },
      ...Object.fromEntries(Object.entries(parts).map(([name, part]) => [`config.${name}`, asPart(part)])),
    },
  };
  return `${JSON.stringify(byType(schema), undefined, 2)}\n`;
};

const check = process.argv.includes('--check');
for (const chart of ['postern', 'postern-sidecar']) {
  const path = `helm/${chart}/values.schema.json`;
  const schema = made(chart);
  if (!check) {
    writeFileSync(root + path, schema);
    continue;
  }
  let present = '';
  try {
    present = readFileSync(root + path, 'utf8');
  } catch {
    // Reported below, like any other difference.
  }
  if (present === schema) continue;
  console.error(`${path} is not what the settings make of it: run \`node scripts/chart-schema.ts\``);
  process.exitCode = 1;
}
