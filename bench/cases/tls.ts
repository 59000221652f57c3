// TLS between Envoy and Postern, on connections that stay.
import {readFileSync} from 'node:fs';
import {makeAuthority, makeCertificate} from '../../test/envoy/certificatesFor.ts';
import {beside} from '../support/beside.ts';
import type {Case} from '../support/case.ts';

export const tls: Case = {
  what: 'TLS beside none, on connections that stay',
  async measure(stage) {
    const folder = stage.folder();
    const authority = makeAuthority(folder, 'authority');
    const files = makeCertificate(folder, 'authority', 'server');
    const messages = await stage.checks(1_000);
    const secured = await stage.postern({...stage.usual, server: {tls: files}});
    return beside(stage, {
      'in the clear': {server: await stage.postern(), messages},
      TLS: {server: {...secured, ca: readFileSync(authority, 'utf8')}, messages},
    });
  },
};
