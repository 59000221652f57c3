// Which hosts are reached through the forward proxy.

/** `noProxy`: names, domains (`.acme.example` or `*.acme.example`: what lies below) and addresses, as in the settings. */
export const makeIsProxied = (noProxy: readonly string[]): ((host: string) => boolean) => {
  const names = new Set<string>();
  const domains: string[] = [];
  for (const one of noProxy) {
    const name = one.toLowerCase().replace(/^\*/, '');
    if (name.startsWith('.')) domains.push(name);
    else names.add(name);
  }
  return (host) => {
    const name = host
      .toLowerCase()
      .replace(/^\[|\]$/g, '')
      .replace(/\.$/, '');
    return !names.has(name) && !domains.some((domain) => name.endsWith(domain));
  };
};
