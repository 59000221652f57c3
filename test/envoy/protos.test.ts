// Our .proto files say what the published ones say: every message, field, enum and oneof that we declare, compared.
import assert from 'node:assert/strict';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {loadProtosWithOptionsSync} from '@grpc/proto-loader/build/src/util.js';
import {protoFiles, protoOptions} from '../../src/envoy/protos.ts';
import {rateLimitProto, rateLimitProtoOptions} from '../support/rateLimits.ts';

// What the bundled copy of the official files is too old to have.
const newerThanTheCopy = new Set(['envoy.service.auth.v3.CheckResponse.error_response']);

/** What protobufjs knows of a declaration; the library itself is proto-loader's and not ours to import. */
interface Field {
  name: string;
  id: number;
  type: string;
  repeated: boolean;
  map: boolean;
  keyType?: string;
  partOf: {name: string} | null;
  resolvedType: {fullName: string} | null;
}
interface Declared {
  fullName: string;
  fields?: Record<string, Field>;
  values?: Record<string, number>;
  methods?: Record<string, {requestType: string; responseType: string; requestStream?: true; responseStream?: true}>;
  nestedArray?: Declared[];
}
type Root = Declared & {lookup(name: string): Declared | null};

const load = (files: string | string[], options: object): Root => {
  const root = loadProtosWithOptionsSync(files, options);
  root.resolveAll();
  return root as unknown as Root;
};

const deps = join(dirname(fileURLToPath(import.meta.resolve('@grpc/grpc-js-xds/package.json'))), 'deps');
const official = load(['envoy/service/auth/v3/external_auth.proto', rateLimitProto], {
  includeDirs: ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) => join(deps, name)),
  keepCase: true,
});
const ours = load(protoFiles, protoOptions);
const ofTests = load(rateLimitProto, rateLimitProtoOptions);

const factsOf = (field: Field) => ({
  number: field.id,
  type: field.resolvedType?.fullName ?? field.type,
  repeated: field.repeated,
  map: field.map ? field.keyType : false,
  oneof: field.partOf?.name,
});

/** Everything under a namespace that declares something. The copy has no health.proto: its tests speak it instead. */
const declarations = (at: Declared): Declared[] =>
  [...(at.fields || at.values || at.methods ? [at] : []), ...(at.nestedArray ?? []).flatMap(declarations)].filter(
    ({fullName}) => !fullName.startsWith('.grpc.health.') && !fullName.startsWith('.google.protobuf.'),
  );

describe('protos/', () => {
  const found = [...declarations(ours), ...declarations(ofTests)];

  for (const declared of found) {
    const name = declared.fullName.slice(1);
    it(`${name} is as published`, () => {
      const published: Declared | null = official.lookup(declared.fullName);
      assert.ok(published, 'not published under this name');
      for (const field of Object.values(declared.fields ?? {})) {
        const known: Field | undefined = published.fields?.[field.name];
        if (newerThanTheCopy.has(`${name}.${field.name}`)) {
          assert.equal(known, undefined, `${field.name} is in the copy now: take the exception out`);
          continue;
        }
        assert.ok(known, `${field.name} is not published`);
        assert.deepEqual(factsOf(field), factsOf(known), field.name);
      }
      for (const [value, number] of Object.entries(declared.values ?? {}))
        assert.equal(published.values?.[value], number, value);
      for (const [method, {requestType, responseType, requestStream, responseStream}] of Object.entries(
        declared.methods ?? {},
      )) {
        const known: (typeof declared.methods & object)[string] | undefined = published.methods?.[method];
        assert.ok(known, `${method} is not published`);
        assert.deepEqual(
          [requestType, responseType, requestStream, responseStream],
          [known.requestType, known.responseType, known.requestStream, known.responseStream],
        );
      }
    });
  }

  it('has declared what matters (else the comparison itself is broken)', () => {
    const names = found.map(({fullName}) => fullName.slice('.envoy.'.length));
    for (const name of [
      'service.auth.v3.Authorization',
      'service.auth.v3.CheckRequest',
      'service.auth.v3.CheckResponse',
      'service.auth.v3.AttributeContext.HttpRequest',
      'config.core.v3.HeaderValueOption.HeaderAppendAction',
      'type.v3.StatusCode',
      'service.ratelimit.v3.RateLimitRequest',
      'extensions.common.ratelimit.v3.RateLimitDescriptor.RateLimitOverride',
      'type.v3.RateLimitUnit',
    ])
      assert.ok(names.includes(name), name);
    const fieldOf = (message: string, field: string) =>
      ours.lookup(`.envoy.service.auth.v3.${message}`)?.fields?.[field] as Field;
    assert.equal(factsOf(fieldOf('CheckResponse', 'ok_response')).oneof, 'http_response');
    assert.equal(factsOf(fieldOf('CheckResponse', 'error_response')).oneof, 'http_response');
    assert.equal(factsOf(fieldOf('CheckResponse', 'error_response')).number, 5);
    assert.equal(factsOf(fieldOf('AttributeContext.HttpRequest', 'headers')).map, 'string');
  });
});
