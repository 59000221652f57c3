// Which hosts are reached through the forward proxy.
import {BlockList, isIP} from 'node:net';

/** `10.0.0.0/8`, `fd00::/8`, `10.1.2.3`: address and length of the prefix; undefined: none of these. */
export const networkIn = (text: string): {readonly address: string; readonly bits?: number} | undefined => {
  const [, address = '', length] = /^\[?([0-9a-fA-F:.]+)\]?(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  if (length === undefined) return {address};
  const bits = Number(length);
  return bits > (version === 4 ? 32 : 128) ? undefined : {address, bits};
};

/**
 * `noProxy`: names, domains (`.acme.example` or `*.acme.example`: what lies below), addresses and networks, as in the
 * settings. Networks are compared with addresses that stand in a URL: a name is not looked up for it.
 */
export const makeIsProxied = (noProxy: readonly string[]): ((host: string) => boolean) => {
  const names = new Set<string>();
  const domains: string[] = [];
  const networks = new BlockList();
  for (const one of noProxy) {
    const network = networkIn(one);
    if (network !== undefined) {
      const family = isIP(network.address) === 4 ? 'ipv4' : 'ipv6';
      if (network.bits === undefined) networks.addAddress(network.address, family);
      else networks.addSubnet(network.address, network.bits, family);
      continue;
    }
    const name = one.toLowerCase().replace(/^\*/, '').replace(/\.$/, '');
    if (name.startsWith('.')) domains.push(name);
    else names.add(name);
  }
  return (host) => {
    const name = host
      .toLowerCase()
      .replace(/^\[|\]$/g, '')
      .replace(/\.$/, '');
    const version = isIP(name);
    if (version !== 0) return !networks.check(name, version === 4 ? 'ipv4' : 'ipv6');
    return !names.has(name) && !domains.some((domain) => name.endsWith(domain));
  };
};
