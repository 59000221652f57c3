// The messages of the wire as proto-loader hands them out: every field may be absent.
import type {Request} from '../core/request/request.ts';

/** One line of a header. Envoy sends `raw_value` in requests with `encode_raw_headers`; we send `value`. */
export interface HeaderValue {
  readonly key?: string;
  readonly value?: string;
  readonly raw_value?: Buffer;
}

export interface Peer {
  readonly address?: {
    readonly socket_address?: {readonly address?: string};
    readonly pipe?: {readonly path?: string};
    readonly envoy_internal_address?: {readonly server_listener_name?: string};
  };
  readonly principal?: string;
}

export interface HttpRequest {
  readonly id?: string;
  readonly method?: string;
  readonly scheme?: string;
  readonly host?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly header_map?: {readonly headers?: readonly HeaderValue[]};
}

/** `envoy.service.auth.v3.CheckRequest`: the part of it that Postern reads. */
export interface CheckRequest {
  /** Bytes on the wire; put there by the server, no field of the message. */
  readonly size?: number;
  /** What it asks, where the server has read that from the bytes already (read.ts). No field of the message. */
  readonly asked?: Request | 'malformed';
  readonly attributes?: {
    readonly source?: Peer;
    readonly destination?: Peer;
    readonly request?: {readonly http?: HttpRequest};
    readonly context_extensions?: Readonly<Record<string, string>>;
  };
}

/** `append` stays unset: with `append_action` alone old and new Envoys do the same. */
export interface HeaderValueOption {
  readonly header: {readonly key: string; readonly value: string};
  readonly append_action?: 0 | 2;
}

export interface OkHttpResponse {
  readonly headers?: readonly HeaderValueOption[];
  readonly headers_to_remove?: readonly string[];
  readonly response_headers_to_add?: readonly HeaderValueOption[];
  readonly query_parameters_to_remove?: readonly string[];
}

export interface DeniedHttpResponse {
  readonly status: {readonly code: number};
  readonly headers: readonly HeaderValueOption[];
  readonly body: string;
}

/** A `google.protobuf.Struct`. Its keys are camelCase whatever `keepCase` says: `string_value` would be lost silently. */
export interface Struct {
  readonly fields: Readonly<Record<string, StructValue>>;
}

export type StructValue =
  | {readonly stringValue: string}
  | {readonly numberValue: number}
  | {readonly boolValue: boolean}
  | {readonly listValue: {readonly values: readonly StructValue[]}}
  | {readonly structValue: Struct};

/** `envoy.service.auth.v3.CheckResponse`. `status` is never absent here: for Envoy an absent one means allow. */
export interface CheckResponse {
  readonly status: {readonly code: number};
  readonly ok_response?: OkHttpResponse;
  readonly denied_response?: DeniedHttpResponse;
  readonly error_response?: DeniedHttpResponse;
  readonly dynamic_metadata?: Struct;
}

/** Ends the call with a gRPC status instead of an answer. */
export interface CallFailure {
  readonly failure: {readonly code: number; readonly details: string};
}
