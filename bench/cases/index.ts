// The cases of the benchmark, in the order in which they run and stand in docs/performance.md. A case is a file and a line.
import type {Case} from '../support/case.ts';
import {bought} from './bought.ts';
import {churn} from './churn.ts';
import {envoy} from './envoy.ts';
import {floor} from './floor.ts';
import {grants} from './grants.ts';
import {holdings} from './holdings.ts';
import {http2} from './http2.ts';
import {largeRequests} from './large.ts';
import {memoryUse} from './memory.ts';
import {providers} from './providers.ts';
import {redis} from './redis.ts';
import {reload} from './reload.ts';
import {rules} from './rules.ts';
import {socket} from './socket.ts';
import {starting} from './start.ts';
import {tls} from './tls.ts';
import {verification} from './verification.ts';
import {waiting} from './waiting.ts';
import {watching} from './watching.ts';

export const cases: Readonly<Record<string, Case>> = {
  floor,
  verification,
  rules,
  grants,
  socket,
  waiting,
  memory: memoryUse,
  holdings,
  churn,
  start: starting,
  large: largeRequests,
  providers,
  tls,
  bought,
  watching,
  redis,
  reload,
  envoy,
  http2,
};
