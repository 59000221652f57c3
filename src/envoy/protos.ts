// The definitions in protos/, loaded.
import {fileURLToPath} from 'node:url';
import {loadSync, type PackageDefinition} from '@grpc/proto-loader';

/** What is loaded: these files, and what they import. */
export const protoFiles = ['envoy/service/auth/v3/external_auth.proto', 'grpc/health/v1/health.proto'];

/** How: `protos` stands beside `src` in a checkout and beside `dist` in the package. */
export const protoOptions = {
  includeDirs: ['../../protos', '../../../protos'].map((path) => fileURLToPath(new URL(path, import.meta.url))),
  keepCase: true,
  longs: Number,
};

/** The services and messages by full name: what the server serves and what a client can speak. Reads the files. */
export const loadProtos = (): PackageDefinition => loadSync(protoFiles, protoOptions);
