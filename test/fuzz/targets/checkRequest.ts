// The bytes of a CheckRequest: each gets one well-formed answer, and a rule that wants something lets nobody in.
import {readBoth} from '../../envoy/plainRead.ts';
import {openGate} from '../gate.ts';
import {must, type Target} from '../target.ts';

export const checkRequest: Target = {
  name: 'checkRequest',
  seeds: [''],
  words: [
    'GET',
    '/admin',
    'admin.example',
    'authorization',
    'Bearer ',
    'cookie',
    ':path',
    'rule',
    'rest',
    '\x0a\x05',
    '\x12\x80',
    '\xff\xff\xff\xff\x0f',
  ],
  longest: 100_000,
  async open() {
    const gate = await openGate();
    return {
      seeds: [
        gate.bytesOf({path: '/admin/x', headers: {authorization: 'Bearer x.y.z', cookie: 'sid=1; a=b'}}),
        gate.bytesOf({
          host: 'admin.example',
          method: 'POST',
          path: '/?access_token=x',
          headers: {'content-type': 'application/grpc'},
        }),
        gate.bytesOf({path: '/orgs/acme/a?b=c'}),
      ],
      async run(input) {
        const answered = await gate.askBytes(input);
        return () => {
          must(!answered?.allowed || answered.rule === 'rest', 'let in without a credential');
          const {fault} = readBoth(input);
          must(fault === undefined, `read by hand: ${fault}`);
        };
      },
      close: gate.close,
    };
  },
};
