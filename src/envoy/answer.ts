// The one place where a CheckResponse is made: no answer leaves without a status, and only an allow has code 0.
import type {CheckResponse, DeniedHttpResponse, OkHttpResponse, Struct} from './wire.ts';

const UNKNOWN = 2;

/** What is to be told to Envoy. `grpc`: the gRPC code of the refusal. */
export type Verdict =
  | {readonly say: 'allow'; readonly changes: OkHttpResponse}
  | {readonly say: 'deny'; readonly grpc: number; readonly response: DeniedHttpResponse}
  | {readonly say: 'error'; readonly grpc: number; readonly response: DeniedHttpResponse};

/**
 * Envoy lets a request through when `status.code` is 0, whatever `http_response` holds, and an unset status is 0. So the
 * status is always set here, to 0 for an allow alone; anything that is not one of the three verdicts is a bug and throws.
 */
export const answer = (verdict: Verdict, metadata: Struct): CheckResponse => {
  switch (verdict.say) {
    case 'allow':
      return {status: {code: 0}, ok_response: verdict.changes, dynamic_metadata: metadata};
    case 'deny':
      return {status: {code: refused(verdict.grpc)}, denied_response: verdict.response, dynamic_metadata: metadata};
    case 'error':
      return {status: {code: refused(verdict.grpc)}, error_response: verdict.response, dynamic_metadata: metadata};
    default:
      throw new TypeError('not a verdict');
  }
};

const refused = (code: number): number => (Number.isInteger(code) && code > 0 ? code : UNKNOWN);
