// The connections of the admin port: so many at once; beyond it the oldest that asks nothing goes, so that a probe always
// has its place.
import type {Server, ServerResponse} from 'node:http';
import type {Server as SecureServer} from 'node:https';
import type {Socket} from 'node:net';

const most = 256;

/** `closed` is told of each connection that has to go. `event`: of TLS, `secureConnection`: its sockets are those that ask. */
export const boundConnections = (
  server: Server | SecureServer,
  closed: () => void,
  event: 'connection' | 'secureConnection' = 'connection',
): void => {
  /** Oldest first; a connection that is answered becomes the youngest. */
  const silent = new Set<Socket>();
  const asking = new Set<Socket>();

  server.on(event, (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => {
      silent.delete(socket);
      asking.delete(socket);
    });
    if (silent.size + asking.size <= most) return;
    const [oldest = socket] = silent;
    silent.delete(oldest);
    closed();
    oldest.destroy();
  });
  server.prependListener('request', ({socket}, response: ServerResponse) => {
    silent.delete(socket);
    asking.add(socket);
    response.once('close', () => {
      asking.delete(socket);
      if (!socket.destroyed) silent.add(socket);
    });
  });
};
