// The connections of the admin port: so many at once; beyond it the oldest that asks nothing goes, so that a probe always
// has its place.
import type {Server, ServerResponse} from 'node:http';
import type {Server as SecureServer} from 'node:https';
import type {Socket} from 'node:net';

const most = 256;
/** A connection that is to end waits no longer for its answer, milliseconds. */
const longestAnswer = 5_000;

export interface BoundConnections {
  /** Ends all that there are now: those that ask nothing at once, the others when they have been answered. */
  end(): void;
}

/** `closed` is told of each connection that has to go. `event`: of TLS, `secureConnection`: its sockets are those that ask. */
export const boundConnections = (
  server: Server | SecureServer,
  closed: () => void,
  event: 'connection' | 'secureConnection' = 'connection',
): BoundConnections => {
  /** Oldest first; a connection that is answered becomes the youngest. */
  const silent = new Set<Socket>();
  const asking = new Map<Socket, ServerResponse>();
  const ending = new WeakSet<Socket>();

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
    asking.set(socket, response);
    response.once('close', () => {
      asking.delete(socket);
      if (ending.has(socket)) socket.destroySoon();
      else if (!socket.destroyed) silent.add(socket);
    });
  });
  return {
    end() {
      for (const socket of silent) socket.destroy();
      const all = [...asking];
      for (const [socket, response] of all) {
        ending.add(socket);
        if (!response.headersSent) response.setHeader('connection', 'close');
      }
      setTimeout(() => {
        for (const [socket] of all) socket.destroy();
      }, longestAnswer).unref();
    },
  };
};
