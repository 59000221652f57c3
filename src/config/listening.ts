// Two servers cannot listen at one address: told before the second one fails to.
import {isIPv4} from 'node:net';
import {isObject} from '../core/isObject.ts';
import {type Finding, pathText, type SettingPath} from './findings.ts';
import {defaultListen} from './values.ts';

interface Listening {
  readonly path: SettingPath;
  readonly address: string;
  /** False: by default. */
  readonly written: boolean;
}

const ofServer = (listen: unknown): readonly Listening[] => {
  if (!Array.isArray(listen)) return at(['server', 'listen'], listen, defaultListen.server);
  return listen.flatMap((address, index) => at(['server', 'listen', index], address));
};

const at = (path: SettingPath, given: unknown, otherwise?: string): readonly Listening[] => {
  const address = given === undefined ? otherwise : given;
  return typeof address === 'string' ? [{path, address, written: given !== undefined}] : [];
};

const setting = (tree: Readonly<Record<string, unknown>>, part: string): unknown => {
  const value = tree[part];
  return isObject(value) ? (value as Readonly<Record<string, unknown>>).listen : undefined;
};

/** Looks at the settings as they stand in the file, right or wrong. */
export const listeningFindings = (tree: Readonly<Record<string, unknown>>): readonly Finding[] => {
  const all = [
    ...ofServer(setting(tree, 'server')),
    ...at(['admin', 'listen'], setting(tree, 'admin'), defaultListen.admin),
    ...at(['answers', 'listen'], setting(tree, 'answers')),
  ];
  return all.flatMap((one, index): readonly Finding[] => {
    const other = all.slice(0, index).find(({address}) => isSame(address, one.address));
    if (other === undefined) return [];
    const [told, beside] = one.written ? [one, other] : [other, one];
    const remedy = one.path[0] === other.path[0] ? 'take one out' : 'give each its own';
    const message = `is where ${pathText(beside.path)} is, too${beside.written ? '' : `, by default (${beside.address})`}: ${remedy}`;
    return [{path: told.path, at: 'value', message}];
  });
};

/** Linux takes `[::]` for IPv4, too. */
const takesIn = (host: string, other: string): boolean => host === '[::]' || (host === '0.0.0.0' && isIPv4(other));

/** A port of every address is one of each. Port 0 is any that is free. */
const isSame = (one: string, other: string): boolean => {
  if (one.startsWith('unix:') || other.startsWith('unix:')) return one === other;
  const [[host, port], [otherHost, otherPort]] = [partsOf(one), partsOf(other)];
  if (port !== otherPort || port === '0' || port === '') return false;
  return host === otherHost || takesIn(host, otherHost) || takesIn(otherHost, host);
};

const partsOf = (address: string): readonly [host: string, port: string] => {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, Math.max(0, colon)).toLowerCase();
  return [host === 'localhost' ? '127.0.0.1' : host, address.slice(colon + 1)];
};
