// Why there is no connection, in words that say what to do: what libraries and Node say is for their own authors.

const untrusted =
  'its certificate is signed by nobody who is trusted here (self-signed, or by a private authority): name that authority in ca';

/** By `code` of the error. */
const sentences: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  CERT_HAS_EXPIRED: 'its certificate has expired: it must be renewed there',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: one of the clocks is wrong',
  ENOTFOUND: 'there is no host of this name: look at the spelling and at the name server',
  EAI_AGAIN: 'the name server does not answer',
  ECONNREFUSED: 'nothing listens there: look at host and port, and whether it runs',
  ECONNRESET: 'the connection was cut by the other side or on the way',
  EPIPE: 'the connection was cut by the other side or on the way',
  UND_ERR_SOCKET: 'the connection was cut by the other side or on the way',
  ETIMEDOUT: 'no connection in time: a firewall or network policy may drop what is sent there',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time: a firewall or network policy may drop what is sent there',
  EHOSTUNREACH: 'there is no way to this host: look at routes and network policies',
  ENETUNREACH: 'there is no way to this network: look at routes and network policies',
  EADDRNOTAVAIL:
    'this machine has no address or port left to call from: look at its network, and at how many connections it holds',
  EAFNOSUPPORT: 'this machine does not speak that kind of address (IPv4 or IPv6)',
  ECONNABORTED: 'the connection was cut by the other side or on the way',
  ENETDOWN: 'the network of this machine is down',
  EHOSTDOWN: 'this host does not answer on its network',
  ENODATA: 'the name server knows the name, and no address of it',
  ESERVFAIL: 'the name server fails: look at it, and at those whom it asks',
  EREFUSED: 'the name server refuses to answer',
  CERT_REVOKED: 'its certificate was taken back: it must be renewed there',
  CERT_UNTRUSTED: untrusted,
  INVALID_CA: 'an authority of its certificate may not sign such: look at the chain that it sends',
  INVALID_PURPOSE: 'its certificate is not one for servers: have it issued as such',
  CERT_SIGNATURE_FAILURE: 'its certificate is damaged or forged',
  CERT_CHAIN_TOO_LONG: 'the chain of its certificate is too long',
  HOSTNAME_MISMATCH: 'its certificate is for another name: ask by a name that it bears',
  UND_ERR_HEADERS_TIMEOUT: 'it took the request, and did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'its answer stopped in the middle',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of its answer are too long',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its answer is shorter or longer than it says',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'its answer is too long',
  UND_ERR_ABORTED: 'the call was ended before it was answered; through a proxy: the proxy refuses to lead there',
  UND_ERR_PRX_TLS: 'the TLS connection to the proxy failed: look at its certificate, and at remote.ca',
  UND_ERR_DESTROYED: 'the connections to it were ended, for the settings have changed or the program ends',
  UND_ERR_CLOSED: 'the connections to it were ended, for the settings have changed or the program ends',
  EPROTO: 'it does not speak TLS there, or no version of it that is known here',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there, or no version of it that is known here',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS there, or no version of it that is known here',
};

/** What files have, too: of an error from nowhere it does not say that a connection failed. */
const ofThisMachine: Readonly<Record<string, string>> = {
  EMFILE: 'too many files and connections are open in this process: raise its limit (ulimit -n)',
  ENFILE: 'too many files and connections are open on this machine',
  EACCES: 'the system does not permit to connect there: look at firewalls of this machine',
  EPERM: 'the system does not permit to connect there: look at firewalls of this machine',
};

const codeOf = (error: unknown): string => {
  const {code} = Object(error) as {readonly code?: unknown};
  return typeof code === 'string' ? code : '';
};

/** The sentence for this error; of one that is not known no more than its code, for its words are its library's. */
export const connectionSentence = (error: unknown): string => {
  const code = codeOf(error);
  const own = ofThisMachine[code];
  if (own !== undefined) return `${own} (${code})`;
  const shown = /^[\w-]{1,64}$/.test(code) ? ` (${code})` : '';
  return (
    connectionFault(error) ?? `the connection failed${shown}: look at what listens there, and at what is in between`
  );
};

/** The sentence for this error, with its code for those who search; undefined: there is none for it. */
export const connectionFault = (error: unknown): string | undefined => {
  const code = codeOf(error);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const {reason} = error as {readonly reason?: unknown};
    const what = typeof reason === 'string' ? `: ${reason.replace(/[^ -~]/g, '?').slice(0, 200)}` : '';
    return `its certificate is for another name${what} (${code}); ask by a name that it bears`;
  }
  const alert = /^ERR_SSL_(?:SSL|TLS)V\d+_ALERT_(\w+)|^ERR_SSL_ALERT_(\w+)/.exec(code);
  if (alert) return `it refuses our certificate, or wants one (${code}): look at cert and key`;
  if (code.startsWith('HPE_')) return `its answer is no HTTP that can be read (${code}): is it the right port?`;
  if (code.startsWith('ERR_SSL_') && !(code in sentences)) {
    return `the TLS connection cannot be made (${code}): look at versions, ciphers and certificates of both sides`;
  }
  const sentence = sentences[code];
  return sentence === undefined ? undefined : `${sentence} (${code})`;
};
