// From the bytes of a CheckRequest to the Request, as parse.ts makes it of the decoded message. On the way of every request.
//
// protobufjs makes an object of every message, a string of every value and a copy of both: a third of what a call costs.
// Here the fields that nobody reads are stepped over, names are compared as bytes, and a header's value becomes a string
// when somebody asks for it. Only the form in which Envoy writes is read: what is in any way unlike it (a field twice, of
// another wire type, cut off, raw headers) is left to protobufjs. test/envoy/read.test.ts holds both equal.
import type {Request} from '../core/request/request.ts';
import {type Line, makeHeaderLines, mostLines} from './headerLines.ts';
import {nameAt} from './names.ts';

/** Field number and wire type 2 (length-delimited), as they stand in a tag of one byte. */
const attributesTag = 0x0a;
const sourceTag = 0x0a;
const destinationTag = 0x12;
const requestTag = 0x22;
const extensionsTag = 0x52;
const httpTag = 0x12;

/** What is answered for a length where the message is not of the usual form. */
const unusual = -1;

/** Where the reader stands. One for all: a message is read without a pause. */
const none = Buffer.alloc(0);
let bytes: Buffer = none;
let at = 0;

/** A length, or unusual. At most three bytes, 2 MiB: maxMessage is less. */
const lengthWithin = (end: number): number => {
  if (at >= end) return unusual;
  let length = bytes[at++] as number;
  if (length >= 128) {
    if (at >= end) return unusual;
    const second = bytes[at++] as number;
    length = (length & 127) | ((second & 127) << 7);
    if (second >= 128) {
      if (at >= end) return unusual;
      const third = bytes[at++] as number;
      if (third >= 128) return unusual;
      length |= third << 14;
    }
  }
  return length <= end - at ? length : unusual;
};

/** Steps over a field that is not read. False: unusual. */
const skipped = (tag: number, end: number): boolean => {
  if (tag < 8 || tag > 127) return false;
  switch (tag & 7) {
    case 0: {
      for (let read = 0; read < 10; read++) {
        if (at >= end) return false;
        if ((bytes[at++] as number) < 128) return true;
      }
      return false;
    }
    case 2: {
      const length = lengthWithin(end);
      at += length;
      return length !== unusual;
    }
    default:
      return false;
  }
};

const text = (end: number): string | undefined => {
  const length = lengthWithin(end);
  if (length === unusual) return undefined;
  const from = at;
  at += length;
  return bytes.toString('utf8', from, at);
};
const name = (end: number): string | undefined => {
  const length = lengthWithin(end);
  if (length === unusual) return undefined;
  const from = at;
  at += length;
  return nameAt(bytes, from, at);
};

const nobody: Request['source'] = {address: '', principal: ''};

/** The first of an address that a Peer has: of a socket, a pipe, an internal listener. Undefined: unusual. */
const addressOf = (end: number): string | undefined => {
  if (at === end) return '';
  const kind = bytes[at++] as number;
  if (kind !== 0x0a && kind !== 0x12 && kind !== 0x1a) return undefined;
  const length = lengthWithin(end);
  // More than one kind, or one kind twice.
  if (length === unusual || at + length !== end) return undefined;
  const wanted = kind === 0x0a ? 0x12 : 0x0a;
  let found: string | undefined;
  while (at < end) {
    const tag = bytes[at++] as number;
    if (tag === wanted) {
      if (found !== undefined) return undefined;
      found = text(end);
      if (found === undefined) return undefined;
    } else if (tag >> 3 === wanted >> 3 || !skipped(tag, end)) return undefined;
  }
  return found ?? '';
};

const sourceOf = (end: number): Request['source'] | undefined => {
  let address: string | undefined;
  let principal: string | undefined;
  while (at < end) {
    const tag = bytes[at++] as number;
    if (tag === 0x0a && address === undefined) {
      const length = lengthWithin(end);
      if (length === unusual) return undefined;
      address = addressOf(at + length);
      if (address === undefined) return undefined;
    } else if (tag === 0x22 && principal === undefined) {
      principal = text(end);
      if (principal === undefined) return undefined;
    } else if (tag >> 3 === 1 || tag >> 3 === 4 || !skipped(tag, end)) return undefined;
  }
  return {address: address ?? '', principal: principal ?? ''};
};

/** An entry of a map of texts: key, then value, each once and in this order. Answers false where it is unusual. */
const lineOf = (line: Line): boolean => {
  // Whatever encloses it has seen to it that the entry ends where it says.
  const {end} = line;
  if (at >= end || bytes[at++] !== 0x0a) return false;
  const key = name(end);
  if (key === undefined) return false;
  line.name = key;
  if (at === end) {
    line.from = at;
    return true;
  }
  if (bytes[at++] !== 0x12) return false;
  const length = lengthWithin(end);
  line.from = at;
  at += length;
  return length !== unusual && at === end;
};

/** The rule that the route named, if this entry says so; false: it says something else; undefined: unusual. */
const ruleOf = (line: Line): string | undefined | false => {
  if (!lineOf(line)) return undefined;
  return line.name === 'rule' ? bytes.toString('utf8', line.from, line.end) : false;
};

const line: Line = {name: '', from: 0, end: 0};

/**
 * The question of a CheckRequest, or undefined where these bytes are not of the form in which Envoy writes: they may be as
 * good as any, and protobufjs reads them. The request holds on to the bytes.
 */
export const readCheckRequest = (message: Buffer): Request | undefined => {
  bytes = message;
  at = 0;
  const request = read(message.length);
  bytes = none;
  return request;
};

const read = (last: number): Request | undefined => {
  if (last === 0 || bytes[at++] !== attributesTag) return undefined;
  const length = lengthWithin(last);
  if (length === unusual || at + length !== last) return undefined;

  let source: Request['source'] | undefined;
  let destination = false;
  let namedRule: string | undefined;
  let http = -1;
  let httpEnd = -1;
  while (at < last) {
    const tag = bytes[at++] as number;
    if (tag !== sourceTag && tag !== requestTag && tag !== extensionsTag && tag !== destinationTag) {
      const field = tag >> 3;
      if (field === 1 || field === 2 || field === 4 || field === 10 || !skipped(tag, last)) return undefined;
      continue;
    }
    const size = lengthWithin(last);
    if (size === unusual) return undefined;
    const end = at + size;
    if (tag === sourceTag) {
      if (source !== undefined) return undefined;
      source = sourceOf(end);
      if (source === undefined) return undefined;
    } else if (tag === destinationTag) {
      if (destination) return undefined;
      destination = true;
    } else if (tag === requestTag) {
      if (http >= 0) return undefined;
      while (at < end) {
        const inner = bytes[at++] as number;
        if (inner === httpTag) {
          if (http >= 0) return undefined;
          const own = lengthWithin(end);
          if (own === unusual) return undefined;
          http = at;
          httpEnd = at + own;
          at = httpEnd;
        } else if (inner >> 3 === 2 || !skipped(inner, end)) return undefined;
      }
      if (http < 0) return undefined;
    } else {
      line.end = end;
      const rule = ruleOf(line);
      if (rule === undefined || (rule !== false && namedRule !== undefined)) return undefined;
      if (rule !== false) namedRule = rule;
    }
    at = end;
  }
  // About a connection, or nothing at all: seldom.
  if (http < 0) return undefined;
  at = http;
  const request = httpOf(httpEnd, source ?? nobody);
  if (request === undefined || namedRule === undefined) return request;
  return {...request, namedRule};
};

const httpOf = (end: number, source: Request['source']): Request | undefined => {
  let id: string | undefined;
  let method: string | undefined;
  let target: string | undefined;
  let host: string | undefined;
  let scheme: string | undefined;
  const headers = makeHeaderLines(bytes);
  let lines = 0;
  while (at < end) {
    const tag = bytes[at++] as number;
    switch (tag) {
      case 0x0a:
        if (id !== undefined) return undefined;
        id = text(end);
        if (id === undefined) return undefined;
        break;
      case 0x12:
        if (method !== undefined) return undefined;
        method = name(end);
        if (method === undefined) return undefined;
        break;
      case 0x1a: {
        const length = lengthWithin(end);
        if (length === unusual || ++lines > mostLines) return undefined;
        line.end = at + length;
        if (!lineOf(line) || !headers.add(line)) return undefined;
        break;
      }
      case 0x22:
        if (target !== undefined) return undefined;
        target = text(end);
        if (target === undefined) return undefined;
        break;
      case 0x2a:
        if (host !== undefined) return undefined;
        host = name(end);
        if (host === undefined) return undefined;
        break;
      case 0x32:
        if (scheme !== undefined) return undefined;
        scheme = name(end);
        if (scheme === undefined) return undefined;
        break;
      default: {
        const field = tag >> 3;
        // Field 13: raw headers, of which texts are made in another way.
        if (field <= 6 || field === 13 || !skipped(tag, end)) return undefined;
      }
    }
  }
  if (!method || !target) return undefined;
  return {
    kind: 'http',
    id: id ?? '',
    method,
    scheme: scheme ?? '',
    host: host ?? '',
    target,
    headers,
    source,
    read: [],
  };
};
