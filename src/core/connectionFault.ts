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
  EPROTO: 'it does not speak TLS there, or no version of it that is known here',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there, or no version of it that is known here',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS there, or no version of it that is known here',
};

const codeOf = (error: unknown): string => {
  const {code} = Object(error) as {readonly code?: unknown};
  return typeof code === 'string' ? code : '';
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
  const sentence = sentences[code];
  return sentence === undefined ? undefined : `${sentence} (${code})`;
};
