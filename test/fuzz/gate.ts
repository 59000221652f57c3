// A whole Postern in this process, asked as Envoy asks: bytes of a CheckRequest in, a CheckResponse out.
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import type {ServerUnaryCall} from '@grpc/grpc-js';
import {loadSettings} from '../../src/config/load.ts';
import {loadProtos} from '../../src/envoy/protos.ts';
import {makeReadMessage} from '../../src/envoy/readMessage.ts';
import {makeService} from '../../src/envoy/service.ts';
import type {CheckRequest, CheckResponse} from '../../src/envoy/wire.ts';
import {writeCheckResponse} from '../../src/envoy/write.ts';
import {clocks} from '../../src/wiring/clocks.ts';
import {makeDecider} from '../../src/wiring/decider.ts';
import {makeShared} from '../../src/wiring/shared.ts';
import {makeSigner, type Signer} from '../providers/tokens.ts';
import {temporaryFolder} from '../support/ports.ts';
import {writeFiles} from '../support/postern.ts';
import {must, Violation} from './target.ts';

/** What is answered: to whom, if it is an allow, and by which rule. */
export interface Answered {
  readonly allowed: boolean;
  readonly rule: string | undefined;
  readonly status: number | undefined;
  readonly response: CheckResponse;
}

export interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Gate {
  readonly signer: Signer;
  readonly issuer: string;
  /** A token of u1 in the tenant acme, without any role. */
  readonly token: string;
  /** Throws a Violation for an answer that is none. */
  ask(asked: Asked): Promise<Answered>;
  /** The same for the bytes on the wire; undefined where they are no message, which grpc-js answers itself. */
  askBytes(bytes: Buffer): Promise<Answered | undefined>;
  bytesOf(asked: Asked): Buffer;
  close(): Promise<void>;
}

const definition = loadProtos()['envoy.service.auth.v3.Authorization'];
if (definition === undefined || !('Check' in definition)) throw new Error('the protos have no Check');
const {requestDeserialize, requestSerialize, responseSerialize} = (
  definition as unknown as Record<
    string,
    {
      requestDeserialize(bytes: Buffer): CheckRequest;
      requestSerialize(message: object): Buffer;
      responseSerialize(message: object): Buffer;
    }
  >
).Check as never as {
  requestDeserialize(bytes: Buffer): CheckRequest;
  requestSerialize(message: object): Buffer;
  responseSerialize(message: object): Buffer;
};

const readMessage = makeReadMessage(requestDeserialize);

const messageOf = ({method = 'GET', host = 'api.example', path = '/', headers = {}}: Asked) => ({
  attributes: {
    source: {address: {socket_address: {address: '127.0.0.1', port_value: 4_000}}},
    request: {http: {id: '1', method, host, path, scheme: 'https', protocol: 'HTTP/1.1', headers}},
  },
});

/**
 * Rules: `admin-host` (host admin.example) and `admin` (/admin/**) want the role superadmin, which nobody has; `tenant`
 * (/orgs/{org}/**) wants that tenant; `private` (/private/**) anybody who is verified; `rest` is public.
 */
export const openGate = async (settings: Readonly<Record<string, unknown>> = {}): Promise<Gate> => {
  const signer = await makeSigner('ES256', 'k1');
  const keys = createServer((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({keys: [signer.jwk]}));
  });
  await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(keys.address() as AddressInfo).port}`;
  const folder = temporaryFolder();
  const superadmin = () => ({require: {roles: ['superadmin']}});
  writeFiles(folder, {
    'postern.yaml': {
      log: {level: 'silent'},
      providers: [
        {
          name: 'acme',
          type: 'oidc',
          issuer,
          jwksUri: `${issuer}/keys`,
          audience: ['api'],
          credentials: [
            {header: 'authorization', scheme: 'Bearer'},
            {cookie: 'sid'},
            {cookie: '__Host-sid'},
            {query: 'access_token'},
          ],
          claims: {tenant: 'org_id', roles: 'roles'},
        },
      ],
      rules: [
        {name: 'admin-host', match: {hosts: ['admin.example']}, ...superadmin()},
        {name: 'admin', match: {path: '/admin/**'}, ...superadmin()},
        {name: 'tenant', match: {path: '/orgs/{org}/**'}, require: {tenant: '{org}'}},
        {name: 'private', match: {path: '/private/**'}, require: {}},
        {name: 'rest', match: {}, public: true},
      ],
      ...settings,
    },
  });
  const loaded = await loadSettings(join(folder, 'postern.yaml'));
  if (loaded.settings === undefined) throw new Error(JSON.stringify(loaded.errors, null, 2));
  const shared = await makeShared(loaded.settings, () => []);
  const decider = await makeDecider(loaded, shared);
  await decider.start();
  const now = Math.floor(Date.now() / 1_000);
  const token = await signer.token({
    iss: issuer,
    aud: 'api',
    sub: 'u1',
    org_id: 'acme',
    iat: now - 10,
    exp: now + 86_400,
  });

  let bug: unknown;
  const service = makeService({
    inForce: () => decider,
    newId: () => 'd',
    now: clocks.now,
    log: {
      error: (fields) => {
        bug = (fields as {err?: unknown}).err ?? fields;
      },
    },
  });
  const answerTo = (message: CheckRequest): Promise<CheckResponse> =>
    new Promise((resolve, reject) => {
      const call = {request: message, cancelled: false, getDeadline: () => Number.POSITIVE_INFINITY};
      let answers = 0;
      service.check(call as unknown as ServerUnaryCall<CheckRequest, CheckResponse>, (error, value) => {
        answers += 1;
        if (answers > 1) reject(new Violation('answered twice'));
        else if (error) reject(new Violation(`ended with ${JSON.stringify(error)}`));
        else resolve(value as CheckResponse);
      });
    });

  const read = (response: CheckResponse): Answered => {
    if (bug !== undefined) {
      const error = bug;
      bug = undefined;
      throw error;
    }
    must(Number.isInteger(response.status?.code), 'an answer without status');
    const {denied_response: denied, error_response: error, ok_response: ok} = response;
    const allowed = response.status.code === 0;
    must([denied, error, ok].filter((one) => one !== undefined).length === 1, 'not exactly one of three answers');
    must(allowed === (ok !== undefined), 'the status says another thing than the answer');
    for (const {header} of [...(ok?.headers ?? []), ...(denied?.headers ?? []), ...(error?.headers ?? [])]) {
      must(/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(header.key), `a header ${JSON.stringify(header.key)}`);
      must(/^[ -~]*$/.test(header.value), `a value of ${header.key} that is no value`);
    }
    // What cannot be written would be thrown behind our back.
    must(writeCheckResponse(response).equals(responseSerialize(response)), 'written in another way than by protobufjs');
    const told = response.dynamic_metadata?.fields.postern;
    const fields = told !== undefined && 'structValue' in told ? told.structValue.fields : {};
    const rule = fields.rule !== undefined && 'stringValue' in fields.rule ? fields.rule.stringValue : undefined;
    return {allowed, rule, status: (denied ?? error)?.status.code, response};
  };

  const bytesOf = (asked: Asked): Buffer => requestSerialize(messageOf(asked));
  const askBytes = async (bytes: Buffer): Promise<Answered | undefined> => {
    let message: CheckRequest;
    try {
      message = readMessage(bytes);
    } catch {
      return undefined;
    }
    return read(await answerTo(message));
  };
  return {
    signer,
    issuer,
    token,
    bytesOf,
    askBytes,
    // Over the wire's form, so that what is asked is what Envoy could ask.
    ask: async (asked) => (await askBytes(bytesOf(asked))) as Answered,
    async close() {
      await decider.close();
      await shared.close();
      service.close();
      await new Promise((resolve) => keys.close(resolve));
    },
  };
};

/** Bytes as Envoy hands a header on: what is not UTF-8 becomes `!`. */
export const textOf = (input: Buffer): string => {
  const text = input.toString('utf8');
  return text.includes('\ufffd') ? input.toString('latin1').replaceAll(/[\x80-\xff]/g, '!') : text;
};
