// Ports and folders for one test.
import {randomInt} from 'node:crypto';
import {mkdtempSync, rmSync} from 'node:fs';
import {connect, createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

const given = new Set<number>();

/**
 * A TCP port of the loopback that nobody listens on now: `preferred` if that is one. Below the range from which systems
 * take the ports of outgoing connections, so that none of these snatches it before it is listened on.
 */
export const freePort = async (preferred?: number): Promise<number> => {
  for (let port = preferred; ; port = randomInt(12_000, 32_000)) {
    if (port === undefined || given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
};

/** Does somebody listen there? */
export const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });

const folders: string[] = [];
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, {recursive: true, force: true});
});

/** A new folder, short enough in name for Unix sockets, removed when the process ends. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-'));
  folders.push(folder);
  return folder;
};
