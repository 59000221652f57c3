// Whether a request names this port by a name that is its own. A web page may have its own name lead here (DNS rebinding)
// and would then read what the port says to anybody who reaches it; the browser sends the name of the page.
import {isIP} from 'node:net';

/**
 * Own names: every address (kubelets and Prometheus ask by the pod's), `localhost`, the names of `hosts` (the setting, and
 * the address that is listened on), and names that nobody can register for a page of theirs: those without a dot, and
 * those of a cluster. Without a Host header no browser asks.
 */
export const makeIsOwnHost = (hosts: readonly string[]): ((host: string | undefined) => boolean) => {
  const own = new Set(hosts.map((host) => host.toLowerCase()));
  return (host) => {
    if (host === undefined || host === '') return true;
    const name = nameOf(host.toLowerCase());
    if (isIP(name) !== 0 || own.has(name)) return true;
    return /^([a-z0-9_-]+|[a-z0-9_.-]+\.(localhost|svc|cluster\.local))$/.test(name);
  };
};

/** Without port, brackets and the dot at the end. */
const nameOf = (host: string): string => {
  const bracketed = /^\[([^\]]*)\](:\d*)?$/.exec(host);
  return bracketed?.[1] ?? host.replace(/:\d*$/, '').replace(/\.$/, '');
};
