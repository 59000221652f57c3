// The plain way from bytes to a Request, by protobufjs and parse.ts, and how the way by hand (read.ts) differs from it.

import {fileURLToPath} from 'node:url';
import {isDeepStrictEqual} from 'node:util';
import {loadSync} from '@grpc/proto-loader';
import type {Request} from '../../src/core/request/request.ts';
import {parse} from '../../src/envoy/parse.ts';
import {readCheckRequest} from '../../src/envoy/read.ts';
import type {CheckRequest} from '../../src/envoy/wire.ts';

const file = fileURLToPath(new URL('fieldsRead.proto', import.meta.url));
const definition = loadSync(file, {keepCase: true})['fieldsread.Authorization'] as unknown as {
  Check: {requestDeserialize(bytes: Buffer): CheckRequest};
};

/** By a decoder that knows only what is read, so that the two are to step over the same. */
const plainly = (bytes: Buffer): Request | 'malformed' => parse(definition.Check.requestDeserialize(bytes));

/** Whether the way by hand has an answer of its own, and what is wrong with it. It may always leave a message to the other. */
export const readBoth = (bytes: Buffer): {readonly own: boolean; readonly fault?: string} => {
  const own = readCheckRequest(bytes);
  if (own === undefined) return {own: false};
  const {read: _, headers, ...rest} = own;
  let plain: Request | 'malformed';
  try {
    plain = plainly(bytes);
  } catch (error) {
    return {own: true, fault: `it is read, and the plain way throws: ${(error as Error).message}`};
  }
  if (!isDeepStrictEqual({...rest, headers: new Map(headers)}, plain))
    return {own: true, fault: 'it is read as something else than by the plain way'};
  const {headers: plainHeaders} = plain as Request;
  for (const name of [...plainHeaders.keys(), 'authorization', '__proto__', '']) {
    if (headers.get(name) !== plainHeaders.get(name) || headers.has(name) !== plainHeaders.has(name))
      return {own: true, fault: `the header ${JSON.stringify(name)} is another one`};
  }
  const same =
    headers.size === plainHeaders.size && isDeepStrictEqual(new Set(headers.keys()), new Set(plainHeaders.keys()));
  return same ? {own: true} : {own: true, fault: 'the names are others'};
};
