// Asks a running Postern for one decision, as Envoy does, and says whether it is the expected one. Needs Node alone:
// it writes the CheckRequest byte by byte (field numbers: envoy.service.auth.v3, google.rpc.Status).
// Settings come as one JSON text in POSTERN_CHECK: {url, ca?, request: {method, host, path, headers}, expect}.
import {readFileSync} from 'node:fs';
import {connect, constants} from 'node:http2';

const {url, ca, request, expect} = JSON.parse(process.env.POSTERN_CHECK);

const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
const field = (number, content) => {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes]);
};

const headers = {
  ':method': request.method,
  ':path': request.path,
  ':authority': request.host,
  ...Object.fromEntries(Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
};
const http = Buffer.concat([
  field(1, 'helm-test'),
  field(2, request.method),
  ...Object.entries(headers).map(([name, value]) => field(3, Buffer.concat([field(1, name), field(2, value)]))),
  field(4, request.path),
  field(5, request.host),
  field(6, 'https'),
  field(10, 'HTTP/1.1'),
]);
// CheckRequest.attributes = 1, AttributeContext.request = 4, Request.http = 2.
const message = field(1, field(4, field(2, http)));
const frame = Buffer.concat([Buffer.from([0]), Buffer.alloc(4), message]);
frame.writeUInt32BE(message.length, 1);

const readVarint = (bytes, at) => {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
};
/** The fields of a message: number -> the last value, a number or bytes. */
const fieldsOf = (bytes) => {
  const fields = new Map();
  for (let at = 0; at < bytes.length; ) {
    let key;
    [key, at] = readVarint(bytes, at);
    if ((key & 7) === 0) {
      let value;
      [value, at] = readVarint(bytes, at);
      fields.set(key >>> 3, value);
      continue;
    }
    if ((key & 7) !== 2) throw new Error(`wire type ${key & 7} is not expected in a CheckResponse`);
    let length;
    [length, at] = readVarint(bytes, at);
    fields.set(key >>> 3, bytes.subarray(at, at + length));
    at += length;
  }
  return fields;
};

const give = (verdict) => {
  console.log(`${request.method} ${request.host}${request.path}: ${verdict}; expected: ${expect}`);
  process.exit(verdict.split(' ')[0] === expect ? 0 : 1);
};

const session = connect(url, ca === undefined ? {} : {ca: readFileSync(ca)});
session.on('error', (error) => give(`error (${error.message})`));
const call = session.request({
  [constants.HTTP2_HEADER_METHOD]: 'POST',
  [constants.HTTP2_HEADER_PATH]: '/envoy.service.auth.v3.Authorization/Check',
  'content-type': 'application/grpc',
  te: 'trailers',
});
call.setTimeout(10_000, () => give('error (no answer within 10 s)'));
const chunks = [];
let grpcStatus;
const noteStatus = (received) => {
  if (received['grpc-status'] !== undefined)
    grpcStatus = `${received['grpc-status']} ${received['grpc-message'] ?? ''}`;
};
call.on('response', noteStatus);
call.on('trailers', noteStatus);
call.on('data', (chunk) => chunks.push(chunk));
call.on('error', (error) => give(`error (${error.message})`));
call.on('end', () => {
  if (grpcStatus === undefined || !grpcStatus.startsWith('0')) give(`error (gRPC status ${grpcStatus})`);
  // CheckResponse: status = 1, denied_response = 2, error_response = 5.
  const response = fieldsOf(Buffer.concat(chunks).subarray(5));
  const status = response.get(1);
  if (status === undefined) give('error (an answer without status)');
  const code = fieldsOf(status).get(1) ?? 0;
  if (code === 0) give('allowed');
  if (response.has(5)) give(`error (error_response, code ${code})`);
  const denied = response.get(2);
  const http = denied === undefined ? undefined : fieldsOf(denied).get(1);
  give(`denied (HTTP ${http === undefined ? 403 : fieldsOf(http).get(1)}, gRPC code ${code})`);
});
call.end(frame);
