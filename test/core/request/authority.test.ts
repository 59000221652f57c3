// Authorities: one canonical form, and a refusal for whatever some reader takes for another host.
import assert from 'node:assert/strict';
import {isIPv6} from 'node:net';
import fc from 'fast-check';
import {canonicalAuthority, canonicalHost, spelledAuthority} from '../../../src/core/request/authority.ts';

describe('canonicalAuthority', () => {
  const canonical: [sent: string, spelled: string][] = [
    ['', ''],
    ['admin.example', 'admin.example'],
    ['ADMIN.Example', 'admin.example'],
    ['admin.example.', 'admin.example'],
    ['admin.example:80', 'admin.example:80'],
    ['Admin.Example.:8443', 'admin.example:8443'],
    ['admin.example:00080', 'admin.example:80'],
    ['admin.example:0', 'admin.example:0'],
    ['admin.example:65535', 'admin.example:65535'],
    ['localhost', 'localhost'],
    ['a', 'a'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['outbound_.80_._.reviews.default.svc.cluster.local', 'outbound_.80_._.reviews.default.svc.cluster.local'],
    ['r3---sn-x.example', 'r3---sn-x.example'],
    ['3com.example', '3com.example'],
    ['1.2.3.4', '1.2.3.4'],
    ['1.2.3.4:80', '1.2.3.4:80'],
    ['1.2.3.4.', '1.2.3.4'],
    ['127.0.0.255', '127.0.0.255'],
    ['[::1]', '[::1]'],
    ['[::1]:443', '[::1]:443'],
    ['[0:0:0::0001]', '[::1]'],
    ['[2001:DB8::A]', '[2001:db8::a]'],
    ['[::ffff:1.2.3.4]', '[::ffff:102:304]'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
    [`${'a.'.repeat(126)}a:65535`, `${'a.'.repeat(126)}a:65535`],
  ];
  for (const [sent, spelled] of canonical) {
    it(`reads ${JSON.stringify(sent)} as ${spelled}`, () => assert.equal(spelledAuthority(sent), spelled));
  }

  // What is sent -> who reads `admin.example`, the loopback address or nothing at all out of it.
  const ambiguous: [sent: string, readers: string][] = [
    ['admin.example:', 'an empty port: RFC 3986 allows it, Go and Node cut it off, others refuse'],
    ['admin.example:+80', 'Go, Python: admin.example'],
    ['admin.example:-80', 'whoever cuts at the colon'],
    ['admin.example:0x50', 'Go, Python: admin.example'],
    ['admin.example:8o', 'whoever cuts at the colon'],
    ['admin.example: 80', 'whoever trims'],
    ['admin.example:65536', 'whoever cuts at the colon'],
    ['admin.example:000080', 'whoever counts digits refuses'],
    ['admin.example:80:80', 'Python urlsplit: admin.example'],
    ['admin.example:80:', 'whoever cuts at the first colon'],
    ['admin.example::80', 'whoever cuts at the first colon'],
    ['user@admin.example', 'Node URL, Python urlsplit: admin.example'],
    ['user:pass@admin.example:80', 'Node URL'],
    ['@admin.example', 'Node URL'],
    ['admin.example@evil.example', 'whoever cuts at the @'],
    ['admin.example..', 'whoever strips all dots'],
    ['.admin.example', 'whoever strips dots'],
    ['admin..example', 'whoever drops empty labels'],
    ['.', 'the root'],
    ['..', 'the root, by one dot stripped'],
    ['admin.example%2e', 'Node URL: admin.example.'],
    ['admin%2eexample', 'Node URL: admin.example'],
    ['%61dmin.example', 'Node URL: admin.example'],
    ['admin.example%00', 'C strings'],
    ['admin.example\u0000.evil', 'C strings'],
    ['admin.example,other', 'whoever joins and splits lines'],
    ['other,admin.example', 'whoever takes the last line'],
    ['admin.example, admin.example', 'two lines'],
    [' admin.example', 'whoever trims'],
    ['admin.example ', 'whoever trims'],
    ['admin.example\t', 'whoever trims'],
    ['admin.example\n', 'whoever trims; `$` of regular expressions'],
    ['admin.example\r\nx: y', 'whoever splits lines'],
    ['admin .example', 'whoever drops white space'],
    ['admin.example/', 'Node URL: admin.example'],
    ['admin.example/x', 'Node URL: admin.example'],
    ['admin.example\\x', 'Node URL: admin.example'],
    ['admin.example?x', 'Node URL: admin.example'],
    ['admin.example#x', 'Node URL: admin.example'],
    ['http://admin.example', 'whoever takes URLs'],
    ['//admin.example', 'whoever takes URLs'],
    ['ADM\u0130N.example', 'Unicode folding'],
    ['adm\u0131n.example', 'Unicode folding'],
    ['\uff41dmin.example', 'UTS 46: admin.example'],
    ['admin\u3002example', 'UTS 46: admin.example'],
    ['admin\uff0eexample', 'UTS 46: admin.example'],
    ['ad\u00admin.example', 'UTS 46: admin.example'],
    ['b\u00fccher.example', 'UTS 46: xn--bcher-kva.example'],
    ['\u212aeys.example', 'lower case: keys.example'],
    ['*', 'a wildcard'],
    ['*.example', 'a wildcard'],
    ['-admin.example', 'no LDH label'],
    ['admin-.example', 'no LDH label'],
    [`${'a'.repeat(64)}.example`, 'a label too long'],
    [`${'a.'.repeat(127)}a`, 'a name too long'],
    ['127.1', 'inet_aton: 127.0.0.1'],
    ['127.0.1', 'inet_aton'],
    ['0x7f.1', 'inet_aton, Node URL: 127.0.0.1'],
    ['0x7f000001', 'inet_aton, Node URL: 127.0.0.1'],
    ['2130706433', 'inet_aton, Node URL: 127.0.0.1'],
    ['0177.0.0.1', 'octal to some, 177.0.0.1 to others'],
    ['127.0.0.01', 'octal or decimal'],
    ['127.0.0.0x1', 'Node URL: 127.0.0.1'],
    ['127.0.0.1..', 'whoever strips dots'],
    ['127.0.0.256', 'no address, and no name'],
    ['1.2.3.4.5', 'no address, and no name'],
    ['admin.0', 'WHATWG: no host'],
    ['::1', 'an address without brackets'],
    ['::1:80', 'with a port or without'],
    ['[::1', 'half a bracket'],
    ['::1]', 'half a bracket'],
    ['[::1]x', 'more behind it'],
    ['[::1].', 'more behind it'],
    ['[::1]:+80', 'Go'],
    ['[::1]80', 'more behind it'],
    ['[::1%25eth0]', 'a zone'],
    ['[::1%eth0]', 'a zone'],
    ['[v1.x]', 'IPvFuture'],
    ['[]', 'nothing'],
    ['[1.2.3.4]', 'no IPv6'],
    ['[::127.1]', 'no IPv6'],
    ['[1::2::3]', 'no IPv6'],
    ['[admin.example]', 'whoever strips brackets'],
    ['[[::1]]', 'whoever strips brackets'],
    [':80', 'no host'],
    ['"admin.example"', 'whoever strips quotes'],
    ['admin.example;x', 'whoever cuts there'],
    ['admin.example|x', 'cluster names'],
    ['\ud800', 'no text'],
    ['\ufffd', 'bytes that are not UTF-8'],
  ];
  for (const [sent, readers] of ambiguous) {
    it(`refuses ${JSON.stringify(sent)} (${readers})`, () => assert.equal(canonicalAuthority(sent), undefined));
  }

  const piece = fc.constantFrom(
    ...[
      'admin',
      '.',
      'example',
      ':',
      '80',
      '0',
      '@',
      '[',
      ']',
      '::1',
      '%2e',
      ' ',
      ',',
      '-',
      '_',
      '0x',
      '127',
      'A',
      '\u212a',
    ],
  );
  const odd = fc.oneof(
    fc.string({unit: 'binary', maxLength: 40}),
    fc.array(piece, {maxLength: 9}).map((pieces) => pieces.join('')),
    fc.ipV6().map((address) => `[${address}]`),
    fc.ipV4Extended(),
    fc.domain(),
  );

  it('never throws, and its own spelling is read as itself', () => {
    fc.assert(
      fc.property(odd, (sent) => {
        const spelled = spelledAuthority(sent);
        if (spelled !== undefined) assert.equal(spelledAuthority(spelled), spelled);
      }),
      {numRuns: 5_000},
    );
  });

  it('reads what Node reads, wherever it reads anything', () => {
    fc.assert(
      fc.property(odd, (sent) => {
        const host = canonicalHost(sent);
        if (host === undefined || host === '' || host.includes('_')) return;
        // Punycode that means nothing is a name to DNS, and none to URL.
        if (/(^|\.)xn--/.test(host)) return;
        const {hostname, username} = new URL(`http://${sent}/`);
        assert.deepEqual([hostname.replace(/\.$/, ''), username], [host, '']);
      }),
      {numRuns: 5_000},
    );
  });

  it('takes every IPv6 address, and nothing else between brackets', () => {
    const address = fc.oneof(
      fc.ipV6(),
      fc.array(fc.constantFrom('0', 'ff', ':', '::', '.', '1'), {maxLength: 12}).map((of) => of.join('')),
    );
    fc.assert(
      fc.property(address, (text) => {
        assert.equal(canonicalHost(`[${text}]`) !== undefined, isIPv6(text), text);
      }),
      {numRuns: 5_000},
    );
  });
});
