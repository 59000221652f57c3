// A server of HTTP on an address or a socket: where it listens, how it ends, and what it reads of a body.
import {lstat, rm} from 'node:fs/promises';
import type {IncomingMessage, Server} from 'node:http';
import {type AddressInfo, connect} from 'node:net';
import {listenFault} from '../core/words/listenFault.ts';
import type {AdminSettings} from './settings.ts';

type ListenAddress = AdminSettings['listen'];

/** Listens, and answers where. Rejects if it cannot, in words that name the setting. */
export const listen = async (server: Server, address: ListenAddress, setting: string): Promise<string> => {
  if (address.kind === 'unix') await removeAbandoned(address.path);
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      reject(new Error(failure(setting, address, error), {cause: error}));
    server.once('error', failed);
    const where = address.kind === 'unix' ? {path: address.path} : {host: address.host, port: address.port};
    server.listen(where, () => {
      server.off('error', failed);
      resolve(
        address.kind === 'unix' ? `unix://${address.path}` : `http://${written(server.address() as AddressInfo)}`,
      );
    });
  });
};

const written = ({family, address, port}: AddressInfo) =>
  family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;

const failure = (setting: string, address: ListenAddress, error: NodeJS.ErrnoException) => {
  const where = address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
  if (error.code === 'EADDRINUSE') return `${setting}: ${where} is in use: stop what listens there, or choose another`;
  if (error.code === 'EACCES') return `${setting}: ${where} may not be used by this user: choose another`;
  return `${setting}: cannot listen on ${where}: ${listenFault(error)}`;
};

/** A socket file on which nobody listens was left by a process that died; only then is it removed. */
const removeAbandoned = async (path: string) => {
  const file = await lstat(path).catch(() => undefined);
  if (file === undefined || !file.isSocket()) return;
  const code = await new Promise<string | undefined>((resolve) => {
    const probe = connect({path});
    probe.once('connect', () => {
      probe.destroy();
      resolve(undefined);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  if (code === 'ECONNREFUSED') await rm(path, {force: true});
};

/** Stops listening, lets answers under way end for a second, and closes what is left. */
export const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    if (!server.listening) return resolve();
    const last = setTimeout(() => server.closeAllConnections(), 1_000);
    server.close(() => {
      clearTimeout(last);
      resolve();
    });
    server.closeIdleConnections();
  });

/** The body as text, or undefined if it has more bytes. Rejects if the caller goes away. */
export const bodyOf = async (request: IncomingMessage, longest: number): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > longest) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
};
