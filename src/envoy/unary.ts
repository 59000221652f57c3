// A unary method that is answered where grpc-js lets others in (server interceptors, gRFC L112), before it makes a
// call of its own. On the way of every request.
import {
  type Deadline,
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';

/** What of a call its handler sees; grpc-js' own is one of these, too. */
export interface UnaryCall<Request> {
  readonly request: Request;
  readonly metadata: Metadata;
  /** Nobody waits for the answer any more. */
  readonly cancelled: boolean;
  getDeadline(): Deadline;
}

/** What the end of a call says that has none of its own to say. */
export interface Failed {
  readonly code: status;
  readonly details: string;
}

export type UnaryHandler<Request, Response> = (
  call: UnaryCall<Request>,
  answer: (failed: Failed | null, response?: Response) => void,
) => void;

/**
 * Has `handle` answer the calls of `path`; others go their way. grpc-js makes a stream to write to, a list of metadata and
 * some ten functions of each call: a fifth of what a call costs here.
 */
export const answering = <Request, Response>(
  path: string,
  handle: UnaryHandler<Request, Response>,
): ServerInterceptor => {
  return (method, call) => (method.path === path ? new Answered(call, handle) : (call as ServerInterceptingCall));
};

/** What stands in place of the method's handler, for grpc-js wants one: it is never asked. */
export const answeredBefore = (_call: unknown, callback: sendUnaryData<never>): void =>
  callback({code: status.INTERNAL, details: 'grpc-js has changed: its interceptors are not asked'});

const noMetadata = new Metadata();
const fine = {code: status.OK, details: 'OK', metadata: null};
const nothing = (): void => {};

/** A class, for one is made for each call: it is the call and what listens to it. */
class Answered<Request, Response> extends ServerInterceptingCall implements UnaryCall<Request> {
  readonly #call: ServerInterceptingCallInterface;
  readonly #handle: UnaryHandler<Request, Response>;
  #request: Request | undefined;
  metadata: Metadata = noMetadata;
  cancelled = false;

  constructor(call: ServerInterceptingCallInterface, handle: UnaryHandler<Request, Response>) {
    super(call);
    this.#call = call;
    this.#handle = handle;
  }

  get request(): Request {
    return this.#request as Request;
  }

  /** The listener of grpc-js' own call is told nothing. */
  override start(): void {
    this.#call.start(this);
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.metadata = metadata;
    this.#call.startRead();
  }

  onReceiveMessage(message: Request): void {
    if (this.#request !== undefined) this.#refuse('a second message');
    else {
      this.#request = message;
      this.#call.startRead();
    }
  }

  onReceiveHalfClose(): void {
    if (this.#request === undefined) {
      this.#refuse('no message');
      return;
    }
    try {
      this.#handle(this, (failed, response) => this.#answer(failed, response));
    } catch {
      // As grpc-js does for its own: nothing of this may reach the connection.
      this.#call.sendStatus({code: status.UNKNOWN, details: 'Unknown error', metadata: null});
    }
  }

  onCancel(): void {
    this.cancelled = true;
  }

  #answer(failed: Failed | null, response: Response | undefined): void {
    if (failed !== null) {
      this.#call.sendStatus({...failed, metadata: null});
      return;
    }
    this.#call.sendMetadata(noMetadata);
    // Node sends the status when the message has left: nobody need wait for that to say it.
    this.#call.sendMessage(response, nothing);
    this.#call.sendStatus(fine);
  }

  #refuse(what: string): void {
    const details = `one message is expected, and there was ${what}`;
    this.#call.sendStatus({code: status.UNIMPLEMENTED, details, metadata: null});
  }
}
