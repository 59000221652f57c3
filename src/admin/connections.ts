// The connections of the admin port: so many at once; beyond it the oldest that asks nothing, or holds up its own answer,
// goes, so that a probe always has its place.
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Server as SecureServer} from 'node:https';
import type {Socket} from 'node:net';

const most = 256;
/** A connection that is to end waits no longer for its answer, milliseconds. */
const longestAnswer = 5_000;

export interface BoundConnections {
  /** Ends all that there are now: those that ask nothing at once, the others when they have been answered. */
  end(): void;
}

/** What a connection asked last. */
interface Asked {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
}

/** `closed` is told of each connection that has to go. `event`: of TLS, `secureConnection`: its sockets are those that ask. */
export const boundConnections = (
  server: Server | SecureServer,
  closed: () => void,
  event: 'connection' | 'secureConnection' = 'connection',
): BoundConnections => {
  /** Oldest first; a connection that is answered becomes the youngest. */
  const silent = new Set<Socket>();
  const asking = new Map<Socket, Asked>();
  const ending = new WeakSet<Socket>();

  const dispensable = (): Socket | undefined => {
    const [oldest] = silent;
    if (oldest !== undefined) return oldest;
    for (const [socket, asked] of asking) if (isHeldUp(socket, asked)) return socket;
    return undefined;
  };

  server.on(event, (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => {
      silent.delete(socket);
      asking.delete(socket);
    });
    if (silent.size + asking.size <= most) return;
    silent.delete(socket);
    const gone = dispensable() ?? socket;
    if (gone !== socket) silent.add(socket);
    silent.delete(gone);
    asking.delete(gone);
    closed();
    gone.destroy();
  });
  server.prependListener('request', (message: IncomingMessage, response: ServerResponse) => {
    const {socket} = message;
    silent.delete(socket);
    // The youngest, also where it has sent several at once.
    asking.delete(socket);
    asking.set(socket, {message, response});
    response.once('close', () => {
      if (asking.get(socket)?.response !== response) return;
      asking.delete(socket);
      if (ending.has(socket)) socket.destroySoon();
      else if (!socket.destroyed) silent.add(socket);
    });
  });
  return {
    end() {
      for (const socket of silent) socket.destroy();
      const all = [...asking];
      for (const [socket, {response}] of all) {
        ending.add(socket);
        if (!response.headersSent) response.setHeader('connection', 'close');
      }
      setTimeout(() => {
        for (const [socket] of all) socket.destroy();
      }, longestAnswer).unref();
    },
  };
};

/** By the caller: the body does not come, or the answer is not read. */
const isHeldUp = (socket: Socket, {message, response}: Asked): boolean =>
  !message.complete || socket.writableLength > 0 || response.writableLength > 0;
