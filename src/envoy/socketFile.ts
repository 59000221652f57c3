// The file of a Unix socket: made way for, and opened to the group.
import {chmod, lstat, stat, unlink} from 'node:fs/promises';
import {connect} from 'node:net';
import {dirname} from 'node:path';
import {readingFault} from '../core/words/fileFault.ts';
import {listenFault} from '../core/words/listenFault.ts';

/**
 * Takes away the socket that a process which is gone left behind: only if it is a socket, and only after nobody answered
 * on it. Rejects if something else stands there, or somebody listens.
 */
export const makeWay = async (path: string): Promise<void> => {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new Error(`server.listen: ${path} ${readingFault(error)}`);
  });
  if (!found) {
    // Node says EACCES for it, which sends people looking for permissions.
    const folder = await stat(dirname(path)).catch(() => undefined);
    if (!folder) throw new Error(`server.listen: there is no folder ${dirname(path)}: make it, or choose another path`);
    return;
  }
  if (!found.isSocket()) throw new Error(`server.listen: ${path} exists and is not a socket: choose another path`);
  if (await answers(path)) throw new Error(`server.listen: another process listens on ${path}: stop it first`);
  await unlink(path);
};

/** Owner and group may connect: the proxy often runs as another user of the same group. */
export const openToGroup = (path: string): Promise<void> => chmod(path, 0o660);

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') return resolve(false);
      reject(new Error(`server.listen: cannot tell whether ${path} is in use: ${listenFault(error)}`));
    });
  });
