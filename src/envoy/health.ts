// grpc.health.v1: says to gRPC callers what /readyz says over HTTP.
import {type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status} from '@grpc/grpc-js';

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;

interface Asked {
  readonly service?: string;
}
interface State {
  readonly status: number;
}
type Watch = ServerWritableStream<Asked, State>;

/** `serving`: the state from now on. `end`: ends every watch, so that a drain need not wait for them. */
export interface HealthService {
  readonly implementation: {
    Check(call: ServerUnaryCall<Asked, State>, callback: sendUnaryData<State>): void;
    Watch(call: Watch): void;
  };
  serving(yes: boolean): void;
  end(): void;
}

/** Watches at once, and of one connection. Each stays for as long as its caller likes. */
const mostWatches = 1_024;
const mostOfConnection = 16;

/** Answers for the server as a whole ('') and for each of `services`. NOT_SERVING until told otherwise. */
export const makeHealthService = (services: readonly string[], refused: () => void = () => {}): HealthService => {
  const known = new Set(['', ...services]);
  const watches = new Set<Watch>();
  const ofConnection = new Map<string, number>();
  const enter = (call: Watch): boolean => {
    const peer = call.getPeer();
    const own = ofConnection.get(peer) ?? 0;
    // Callers on a Unix socket have no address to be told apart by.
    const most = peer === 'unknown' ? mostWatches : mostOfConnection;
    if (watches.size >= mostWatches || own >= most) return false;
    ofConnection.set(peer, own + 1);
    watches.add(call);
    return true;
  };
  const leave = (call: Watch): void => {
    if (!watches.delete(call)) return;
    const peer = call.getPeer();
    const own = (ofConnection.get(peer) ?? 1) - 1;
    if (own === 0) ofConnection.delete(peer);
    else ofConnection.set(peer, own);
  };
  let state: State = {status: NOT_SERVING};

  return {
    implementation: {
      Check(call, callback) {
        if (known.has(call.request.service ?? '')) return callback(null, state);
        callback({code: status.NOT_FOUND, details: 'this server has no such service'});
      },
      Watch(call) {
        // A stream that breaks is not our concern; without a listener it would be an uncaught error.
        call.on('error', () => leave(call));
        call.on('cancelled', () => {
          leave(call);
          call.end();
        });
        if (!enter(call)) {
          refused();
          return void call.emit('error', {code: status.RESOURCE_EXHAUSTED, details: 'there are too many watches'});
        }
        call.write(known.has(call.request.service ?? '') ? state : {status: SERVICE_UNKNOWN});
      },
    },
    serving(yes) {
      const next = yes ? SERVING : NOT_SERVING;
      if (next === state.status) return;
      state = {status: next};
      for (const watch of watches) if (known.has(watch.request.service ?? '')) watch.write(state);
    },
    end() {
      for (const watch of watches) watch.end();
      watches.clear();
      ofConnection.clear();
    },
  };
};
