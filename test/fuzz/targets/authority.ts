// The authority of a request: the rules of a host hold for every spelling that some upstream takes for that host.
import {openGate, textOf} from '../gate.ts';
import {must, type Target} from '../target.ts';

const byUrl = (authority: string): string | undefined => URL.parse(`http://${authority}`)?.hostname;
const unbracketed = (host: string): string => host.replaceAll(/[[\]]/g, '');
const cleaned = (host: string): string => host.trim().toLowerCase().replace(/\.$/, '');

/** As libraries of Go, Java, Node and Python read it, and as people do with one line of code. */
const hostsIn = (authority: string): readonly (string | undefined)[] => {
  const behindAt = authority.slice(authority.lastIndexOf('@') + 1);
  return [authority, behindAt, authority.split(',')[0] as string, authority.split('/')[0] as string]
    .flatMap((text) => [text, text.split(':', 1)[0], text.slice(0, Math.max(0, text.lastIndexOf(':'))), byUrl(text)])
    .map((host) => host && cleaned(unbracketed(host)));
};

export const authority: Target = {
  name: 'authority',
  seeds: [
    'api.example', 'admin.example', 'ADMIN.example:443', 'admin.example.', 'admin.example:+80', 'user@admin.example',
    'admin.example:80:80', 'admin.example%2e', 'admin.example,other', '[::1]:80', '127.0.0.1', 'xn--dmin-moa.example',
  ], // biome-ignore format: a table
  words: ['admin.example', 'admin', '.example', ':80', ':+80', ':0x50', '@', '..', '\u3002', '%2e', '[', ']', '\u017f', '\uff41'], // biome-ignore format: a table
  longest: 16_000,
  async open() {
    const gate = await openGate();
    return {
      async run(input) {
        const host = textOf(input);
        const {allowed} = await gate.ask({host});
        if (!allowed) return undefined;
        return () => must(!hostsIn(host).includes('admin.example'), 'let through, and may mean admin.example');
      },
      close: gate.close,
    };
  },
};
