// Which URLs carry secrets in the clear over a network.

const isLoopback = (host: string) => host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);

/** True for `http:` to anything but loopback. */
export const isInsecureUrl = (url: string): boolean => {
  const parsed = URL.parse(url);
  return parsed !== null && parsed.protocol === 'http:' && !isLoopback(parsed.hostname);
};
