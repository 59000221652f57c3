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

/** Answers for the server as a whole ('') and for each of `services`. NOT_SERVING until told otherwise. */
export const makeHealthService = (services: readonly string[]): HealthService => {
  const known = new Set(['', ...services]);
  const watches = new Set<Watch>();
  let state: State = {status: NOT_SERVING};

  return {
    implementation: {
      Check(call, callback) {
        if (known.has(call.request.service ?? '')) return callback(null, state);
        callback({code: status.NOT_FOUND, details: 'this server has no such service'});
      },
      Watch(call) {
        // A stream that breaks is not our concern; without a listener it would be an uncaught error.
        call.on('error', () => watches.delete(call));
        call.on('cancelled', () => {
          watches.delete(call);
          call.end();
        });
        if (!known.has(call.request.service ?? '')) return void call.write({status: SERVICE_UNKNOWN});
        watches.add(call);
        call.write(state);
      },
    },
    serving(yes) {
      const next = yes ? SERVING : NOT_SERVING;
      if (next === state.status) return;
      state = {status: next};
      for (const watch of watches) watch.write(state);
    },
    end() {
      for (const watch of watches) watch.end();
      watches.clear();
    },
  };
};
