// Connections whose TLS handshake is under way: so many at once, and ended all together.

interface Socket {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  once(event: 'close', run: () => void): unknown;
  destroy(): unknown;
}

export interface Arriving<S extends Socket> {
  came(socket: S): void;
  /** The socket over it, once the handshake is done: it is the one with the same address and port. */
  arrived(socket: S): void;
  end(): void;
}

/** `closed` is told of each that has to go since there are more than `most`: the oldest. */
export const makeArriving = <S extends Socket>(most: number, closed: () => void): Arriving<S> => {
  const sockets = new Set<S>();
  return {
    came(socket) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      if (sockets.size <= most) return;
      const [oldest] = sockets;
      sockets.delete(oldest as S);
      closed();
      oldest?.destroy();
    },
    arrived({remoteAddress, remotePort}) {
      for (const socket of sockets) {
        if (socket.remotePort !== remotePort || socket.remoteAddress !== remoteAddress) continue;
        sockets.delete(socket);
        return;
      }
    },
    end() {
      for (const socket of sockets) socket.destroy();
    },
  };
};
