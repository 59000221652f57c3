// From a CheckResponse to its bytes. On the way of every request.
//
// protobufjs first copies the whole into objects of its own, then lists what is to be written, then writes it. Here it is
// written at once, from its end to its beginning: so the length of a message is known when it is to be written. What changes
// for a principal is the same for each of his requests, and is written once. test/envoy/write.test.ts compares the two.
import {derivedOnce} from '../core/derived.ts';
import type {
  CheckResponse,
  DeniedHttpResponse,
  HeaderValueOption,
  OkHttpResponse,
  Struct,
  StructValue,
} from './wire.ts';

/** Where it is written before it is copied; larger for a larger answer. */
let space = Buffer.allocUnsafe(16_384);
/** Where what has been written begins. */
let at = space.length;

/** The space was too small: one twice as large is taken, and all is written again. */
const tooSmall = new Error('the answer has no room');

const room = (bytes: number): void => {
  if (bytes > at) throw tooSmall;
};
const varint = (value: number): void => {
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length++;
  room(length);
  at -= length;
  let rest = value;
  for (let index = 0; index < length - 1; index++) {
    space[at + index] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  space[at + length - 1] = rest;
};
/** Before what has been written since `end`: its length, and the field that it is. */
const enclose = (field: number, end: number): void => {
  varint(end - at);
  varint(field * 8 + 2);
};
const text = (field: number, value: string): void => {
  const end = at;
  const length = Buffer.byteLength(value);
  room(length);
  at -= length;
  // Every character one byte: ASCII, of which nearly all is.
  if (length === value.length) space.write(value, at, length, 'latin1');
  else space.write(value, at, length, 'utf8');
  enclose(field, end);
};
const number = (field: number, value: number): void => {
  varint(value);
  varint(field * 8);
};
const texts = (field: number, values: readonly string[] = []): void => {
  for (let index = values.length - 1; index >= 0; index--) text(field, values[index] as string);
};

/** HeaderValueOption: header 1 (HeaderValue: key 1, value 2), append_action 3. Zero is not written, as in all of proto3. */
const headers = (field: number, values: readonly HeaderValueOption[] = []): void => {
  for (let index = values.length - 1; index >= 0; index--) {
    const {header, append_action: action} = values[index] as HeaderValueOption;
    const end = at;
    if (action !== undefined) number(3, action);
    const headerEnd = at;
    text(2, header.value);
    text(1, header.key);
    enclose(1, headerEnd);
    enclose(field, end);
  }
};

const denied = (field: number, {status, headers: lines, body}: DeniedHttpResponse): void => {
  const end = at;
  text(3, body);
  headers(2, lines);
  const statusEnd = at;
  number(1, status.code);
  enclose(1, statusEnd);
  enclose(field, end);
};

const ok = (changes: OkHttpResponse): void => {
  const end = at;
  texts(8, changes.query_parameters_to_remove);
  headers(6, changes.response_headers_to_add);
  texts(5, changes.headers_to_remove);
  headers(2, changes.headers);
  enclose(3, end);
};

/**
 * google.protobuf.Value: number 2 (a double), string 3, bool 4, struct 5, list 6 (of values 1). Zeros are written, as
 * what they are.
 */
const value = (of: StructValue): void => {
  if ('stringValue' in of) text(3, of.stringValue);
  else if ('structValue' in of) struct(5, of.structValue);
  else if ('boolValue' in of) number(4, of.boolValue ? 1 : 0);
  else if ('numberValue' in of) {
    room(8);
    at -= 8;
    space.writeDoubleLE(of.numberValue, at);
    varint(2 * 8 + 1);
  } else {
    const end = at;
    const {values} = of.listValue;
    for (let index = values.length - 1; index >= 0; index--) {
      const valueEnd = at;
      value(values[index] as StructValue);
      enclose(1, valueEnd);
    }
    enclose(6, end);
  }
};

/** google.protobuf.Struct: fields 1 (a map: key 1, value 2). */
const struct = (field: number, {fields}: Struct): void => {
  const end = at;
  const names = Object.keys(fields);
  for (let index = names.length - 1; index >= 0; index--) {
    const name = names[index] as string;
    const entryEnd = at;
    value(fields[name] as StructValue);
    enclose(2, entryEnd);
    text(1, name);
    enclose(1, entryEnd);
  }
  enclose(field, end);
};

/** What is written, from `at` to the end of the space. */
const writing = (write: () => void): void => {
  for (;;) {
    at = space.length;
    try {
      write();
      return;
    } catch (error) {
      if (error !== tooSmall) throw error;
      space = Buffer.allocUnsafe(2 * space.length);
    }
  }
};

/** Bytes that are kept, a character each. */
interface Prepared {
  readonly latin1: string;
}

/**
 * The same object is the same principal's, as a rule (allow.ts): its bytes are found again. Kept as a text: a short Buffer is
 * a part of a pool of 64 KiB, which it would keep with all that has long been sent (5.7 kB for each token in use).
 */
const changesOf = derivedOnce((changes: OkHttpResponse): Prepared => {
  writing(() => ok(changes));
  return {latin1: space.toString('latin1', at)};
});

const prepared = ({latin1}: Prepared): void => {
  room(latin1.length);
  at -= latin1.length;
  space.write(latin1, at, latin1.length, 'latin1');
};

/** The bytes of an answer. Throws for one without status, which to Envoy would be an allow. */
export const writeCheckResponse = (response: CheckResponse): Buffer => {
  const {status, ok_response: changes, denied_response: denial, error_response: failure} = response;
  if (!Number.isInteger(status.code)) throw new TypeError('an answer without status');
  const changed = changes && changesOf(changes);
  writing(() => {
    if (failure) denied(5, failure);
    if (response.dynamic_metadata) struct(4, response.dynamic_metadata);
    if (changed) prepared(changed);
    if (denial) denied(2, denial);
    const end = at;
    // Also the 0 of an allow, as protobufjs does: a reader who looks whether it is there sees that it was meant.
    number(1, status.code);
    enclose(1, end);
  });
  return Buffer.from(space.subarray(at));
};
