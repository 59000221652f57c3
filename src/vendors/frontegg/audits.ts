// Tells Frontegg's audit log who was refused what: after the answer, from a queue that is bounded.

import type {Deny} from '../../core/decision.ts';
import {refusals} from '../../core/refusals.ts';
import {spelledAuthority} from '../../core/request/authority.ts';
import type {Request} from '../../core/request/request.ts';
import {rawPathOf} from '../../core/request/request.ts';
import type {VendorParts} from '../vendor.ts';
import type {FronteggApi} from './api.ts';
import {makeLosses} from './losses.ts';
import type {AuditSettings} from './settings.ts';

export interface Audits {
  /** Puts it into the queue, if it is the refusal of a caller whose tenant is known. Never throws. */
  denied(id: string, request: Request, decision: Deny, now: number): void;
  /** Sends what is waiting, for two seconds at most, and tells how many events were lost. */
  close(): Promise<void>;
}

/** Milliseconds for which events gather before they are sent. */
const pause = 500;
/** Calls under way at once: the API takes one event a call. */
const width = 4;
const lastSending = 2_000;

export const makeAudits = (
  name: string,
  settings: AuditSettings,
  api: FronteggApi,
  parts: Pick<VendorParts, 'after' | 'now' | 'log'>,
): Audits => {
  const waiting: {readonly tenant: string; readonly body: string}[] = [];
  let sending: Promise<void> | undefined;
  let underWay = 0;
  let cancel = () => {};
  let scheduled = false;
  let closed = false;
  const losses = makeLosses(name, parts);

  const sendNext = async (): Promise<void> => {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
      const headers = {'content-type': 'application/json', 'frontegg-tenant-id': event.tenant};
      const wasClosed = closed;
      underWay += 1;
      const fault = await sent(headers, event.body);
      underWay -= 1;
      // Closing has counted those that were under way.
      if (fault !== undefined && closed === wasClosed) losses.add(1, fault);
    }
  };
  /** Undefined: Frontegg has taken it. */
  const sent = async (headers: Readonly<Record<string, string>>, body: string): Promise<string | undefined> => {
    try {
      const {status} = await api.call(`audits:${name}`, '/audits/', {method: 'POST', headers, body});
      return status > 299 ? `Frontegg answers with status ${status}` : undefined;
    } catch (error) {
      return error instanceof Error ? error.message : 'Frontegg does not answer';
    }
  };
  const send = (): Promise<void> => {
    sending ??= Promise.all(Array.from({length: width}, sendNext)).then(() => {
      sending = undefined;
    });
    return sending;
  };
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    cancel = parts.after(pause, () => {
      scheduled = false;
      void send();
    });
  };

  return {
    denied(id, request, decision, now) {
      const {principal, reason, rule} = decision;
      // Without a verified tenant there is no audit log that it belongs to.
      if (principal?.tenant === undefined || !/^[\x21-\x7e]{1,256}$/.test(principal.tenant)) return;
      if (refusals[reason].kind === 'error') return;
      if (waiting.length >= settings.queue) return losses.add(1, 'more than the queue holds');
      const body = JSON.stringify({
        tenantId: principal.tenant,
        severity: settings.severity,
        time: new Date(now).toISOString(),
        action: 'Access denied',
        description: refusals[reason].sentence,
        reason,
        user: principal.email ?? principal.subject,
        // Never the query: it may hold secrets.
        resource: `${request.method} ${spelledAuthority(request.host) ?? ''}${rawPathOf(request.target)}`.slice(
          0,
          1_024,
        ),
        ip: request.source.address,
        rule,
        decision: id,
      });
      waiting.push({tenant: principal.tenant, body});
      schedule();
    },
    async close() {
      cancel();
      scheduled = false;
      const {promise, resolve} = Promise.withResolvers<void>();
      const stop = parts.after(lastSending, resolve);
      await Promise.race([sending === undefined ? send() : sending.then(send), promise]);
      stop();
      closed = true;
      losses.add(waiting.length + underWay, 'Frontegg had not taken them when Postern ended');
      waiting.length = 0;
      losses.close();
    },
  };
};
