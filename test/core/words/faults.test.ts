// What libraries and the system say never reaches an operator: each known code has a sentence, an unknown one shows its code alone.
import assert from 'node:assert/strict';
import {connectionFault, connectionSentence} from '../../../src/core/words/connectionFault.ts';
import {readingFault} from '../../../src/core/words/fileFault.ts';
import {jsonFault} from '../../../src/core/words/jsonFault.ts';
import {listenFault} from '../../../src/core/words/listenFault.ts';
import {redisFault, replyFault} from '../../../src/core/words/redisFault.ts';

const theirs = 'Words of a library: see option maxRetriesPerRequest for details';
const withCode = (code: string | undefined, message = theirs) => Object.assign(new Error(message), {code});
const reply = (message: string) => Object.assign(new Error(message), {name: 'ReplyError'});

describe('the words of libraries', () => {
  const rows: readonly [what: string, said: string, expected: RegExp][] = [
    ['a refused connection', connectionSentence(withCode('ECONNREFUSED')), /^nothing listens there.*\(ECONNREFUSED\)$/],
    ['a code of undici', connectionSentence(withCode('UND_ERR_SOCKET')), /^the connection was cut/],
    ['a proxy that refuses', connectionSentence(withCode('UND_ERR_ABORTED')), /proxy refuses to lead there/],
    ['a code of the HTTP parser', connectionSentence(withCode('HPE_INVALID_CONSTANT')), /^its answer is no HTTP.*HPE_/],
    [
      'a code of OpenSSL',
      connectionSentence(withCode('ERR_SSL_NO_SHARED_CIPHER')),
      /^the TLS connection cannot be made/,
    ],
    ['too many files', connectionSentence(withCode('EMFILE')), /ulimit/],
    ['a code that nobody knows', connectionSentence(withCode('EWHATEVER')), /^the connection failed \(EWHATEVER\): /],
    ['no code at all', connectionSentence(withCode(undefined)), /^the connection failed: /],
    ['a code that is a sentence', connectionSentence(withCode('<script> alert')), /^the connection failed: /],
    ['nothing', connectionSentence(undefined), /^the connection failed: /],
    [
      'a file that is not there',
      readingFault(withCode('ENOENT')),
      /^cannot be read: there is no such file.*\(ENOENT\)$/,
    ],
    ['another fault of a file', readingFault(withCode('EWHATEVER')), /^cannot be read \(EWHATEVER\)$/],
    ['no fault of a file', readingFault('x'), /^cannot be read$/],
    ['an address in use', listenFault(withCode('EADDRINUSE')), /^it is in use: .*\(EADDRINUSE\)$/],
    [
      'the same within the words of gRPC',
      listenFault(new Error('No address added out of total 1 resolved errors: [listen EADDRINUSE: in use]')),
      /^it is in use: /,
    ],
    ['an address that nobody knows about', listenFault(new Error(theirs)), /^the system does not allow it: /],
    ['a full Redis', replyFault("OOM command not allowed when used memory > 'maxmemory'."), /^it is full.*\(OOM\)$/],
    [
      'a full Redis, in a script',
      replyFault('ERR Error running script (call to f_1): @user_script:3: @user_script: 3: -OOM command not allowed'),
      /^it is full/,
    ],
    [
      'a command that the ACL refuses',
      replyFault("NOPERM this user has no permissions to run the 'xread' command"),
      /^its ACL does not let this user run xread \(NOPERM\): allow what docs\/operate\.md lists$/,
    ],
    [
      'keys that the ACL refuses',
      replyFault('NOPERM No permissions to access a key'),
      /run what Postern needs, or use its/,
    ],
    [
      'a command that is not known',
      replyFault("ERR unknown command 'XREAD', with args"),
      /does not know the command XREAD/,
    ],
    ['another answer', replyFault('ERR value\u0007 is not an integer'), /^it refuses a command: ERR value\? is not/],
    [
      'an answer of Redis',
      redisFault(reply('MISCONF Redis is configured to save')),
      /^it cannot write its data to disk/,
    ],
    ['no error', redisFault(undefined), /^it failed for no reason that is known$/],
    [
      'JSON',
      jsonFault(new SyntaxError('Expected , in JSON at position 9 (line 2)'), '{"a": 1\n "b"'),
      /line 2, column 2 /,
    ],
    ['JSON that ends', jsonFault(new SyntaxError('Unexpected end of JSON input'), '{'), /it ends too early/],
  ];
  for (const [what, said, expected] of rows)
    it(what, () => {
      assert.match(said, expected);
      assert.ok(!said.includes('maxRetries'), said);
    });

  it('what is no connection is not taken for one', () => {
    for (const code of ['EMFILE', 'EACCES', 'ERR_INVALID_URL', undefined]) {
      assert.equal(connectionFault(withCode(code)), undefined);
    }
  });
});
