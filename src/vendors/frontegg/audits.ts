// Tells Frontegg's audit log who was refused what: after the answer, from a queue that is bounded.
import type {Deny} from '../../core/decision.ts';
import {refusals} from '../../core/refusals.ts';
import type {Request} from '../../core/request.ts';
import {rawPathOf} from '../../core/request.ts';
import type {VendorParts} from '../vendor.ts';
import type {FronteggApi} from './api.ts';
import type {AuditSettings} from './settings.ts';

export interface Audits {
  /** Puts it into the queue, if it is the refusal of a caller whose tenant is known. Never throws. */
  denied(id: string, request: Request, decision: Deny, now: number): void;
  /** Sends what is waiting, for two seconds at most. */
  close(): Promise<void>;
}

/** Milliseconds for which events gather before they are sent. */
const pause = 500;
/** Calls under way at once: the API takes one event a call. */
const width = 4;
const lastSending = 2_000;
/** Milliseconds between two lines of the log about lost events. */
const quiet = 60_000;

export const makeAudits = (
  name: string,
  settings: AuditSettings,
  api: FronteggApi,
  parts: Pick<VendorParts, 'after' | 'now' | 'log'>,
): Audits => {
  const waiting: {readonly tenant: string; readonly body: string}[] = [];
  let sending: Promise<void> | undefined;
  let cancel = () => {};
  let scheduled = false;
  let lost = 0;
  let toldAt = Number.NEGATIVE_INFINITY;

  const lose = (why: string) => {
    lost += 1;
    if (parts.now() - toldAt < quiet) return;
    toldAt = parts.now();
    parts.log.warn({provider: name, lost}, `audit events are lost: ${why}`);
  };
  const sendNext = async (): Promise<void> => {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
      const headers = {'content-type': 'application/json', 'frontegg-tenant-id': event.tenant};
      try {
        const answer = await api.call(`audits:${name}`, '/audits/', {method: 'POST', headers, body: event.body});
        if (answer.status > 299) lose(`Frontegg answers with status ${answer.status}`);
      } catch (error) {
        lose(error instanceof Error ? error.message : 'Frontegg does not answer');
      }
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
      if (waiting.length >= settings.queue) return lose('more than the queue holds');
      const body = JSON.stringify({
        tenantId: principal.tenant,
        severity: settings.severity,
        time: new Date(now).toISOString(),
        action: 'Access denied',
        description: refusals[reason].sentence,
        reason,
        user: principal.email ?? principal.subject,
        // Never the query: it may hold secrets.
        resource: `${request.method} ${request.host}${rawPathOf(request.target)}`.slice(0, 1_024),
        ip: request.source.address,
        rule,
        decision: id,
      });
      waiting.push({tenant: principal.tenant, body});
      schedule();
    },
    async close() {
      cancel();
      const {promise, resolve} = Promise.withResolvers<void>();
      const stop = parts.after(lastSending, resolve);
      await Promise.race([sending === undefined ? send() : sending.then(send), promise]);
      stop();
      waiting.length = 0;
    },
  };
};
