// The port at which the application asks: plain or by TLS, with bounds of its own.
import {chmod} from 'node:fs/promises';
import {createServer, type RequestListener, type Server} from 'node:http';
import {createServer as createSecureServer, type Server as SecureServer} from 'node:https';
import type {Socket} from 'node:net';
import type {SecureContextOptions} from 'node:tls';
import {boundConnections} from '../admin/connections.ts';
import {closed, listen} from '../admin/listening.ts';
import {makeArriving} from '../core/arriving.ts';
import type {Health} from '../core/health.ts';
import type {AnswersSettings} from './settings.ts';

/** The certificate that it shows, and the authorities of those that it wants to be shown. */
export interface AnswersCertificates {
  readonly first: SecureContextOptions;
  health(): Health;
  close(): void;
}

/** `authorityGone`: callers may be connected whose certificate no authority vouches for any more. */
type Renewed = (contents: SecureContextOptions, change: {readonly authorityGone: boolean}) => void;

export interface ListenerParts {
  readonly settings: Pick<AnswersSettings, 'listen' | 'tls'>;
  /** Absent without TLS. `renewed` is told when they have changed. Rejects where they cannot be used. */
  readonly certificates?: ((renewed: Renewed) => Promise<AnswersCertificates>) | undefined;
  readonly limited: (limit: 'connections') => void;
}

export interface Listener {
  /** Listens, and answers where. Rejects if it cannot. */
  start(): Promise<string>;
  /** How its certificates are; empty without TLS. */
  health(): readonly Health[];
  close(): Promise<void>;
}

const ownerAndGroup = 0o660;
const limits = {
  maxHeaderSize: 64 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 1_000,
};
const secureLimits = {handshakeTimeout: 5_000, minVersion: 'TLSv1.2'} as const;
/** Connections at once, those included that have not shown who they are yet. */
const mostConnections = 1_024;

export const makeListener = (
  {settings, certificates: load, limited}: ListenerParts,
  answering: RequestListener,
): Listener => {
  let server: Server | SecureServer | undefined;
  let certificates: AnswersCertificates | undefined;
  const make = async (): Promise<Server | SecureServer> => {
    if (load === undefined) {
      const plain = createServer(limits, answering);
      boundConnections(plain, () => limited('connections'));
      return plain;
    }
    const asks = settings.tls?.clientCa !== undefined;
    let secure: SecureServer | undefined;
    let endAll = () => {};
    certificates = await load((contents, {authorityGone}) => {
      secure?.setSecureContext({...contents, minVersion: secureLimits.minVersion});
      if (authorityGone) endAll();
    });
    const options = {...limits, ...secureLimits, ...certificates.first, requestCert: asks, rejectUnauthorized: asks};
    secure = createSecureServer(options, answering);
    secure.maxConnections = mostConnections;
    secure.on('drop', () => limited('connections'));
    // What is no TLS, or shows no good certificate, is closed; nobody hears more of it.
    secure.on('tlsClientError', (_, socket) => socket.destroy());
    const arriving = makeArriving<Socket>(mostConnections, () => limited('connections'));
    secure.prependListener('connection', arriving.came).on('secureConnection', arriving.arrived);
    const bound = boundConnections(secure, () => limited('connections'), 'secureConnection');
    endAll = () => {
      arriving.end();
      bound.end();
    };
    return secure;
  };
  return {
    start: async () => {
      server = await make();
      const where = await listen(server, settings.listen, 'answers.listen');
      if (settings.listen.kind === 'unix') await chmod(settings.listen.path, ownerAndGroup);
      return load === undefined ? where : where.replace(/^http:/, 'https:');
    },
    health: () => (certificates === undefined ? [] : [certificates.health()]),
    close: async () => {
      certificates?.close();
      if (server !== undefined) await closed(server);
    },
  };
};
