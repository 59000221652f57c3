// Root hooks of every test run: nothing that a test starts may outlive the run.
import {endAll, leftRunning} from './processes.ts';

// Without a handler a SIGTERM would skip the `exit` event, in which what still runs is killed.
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

export const mochaHooks = {
  async afterAll() {
    const left = leftRunning();
    await endAll();
    if (left.length > 0) throw new Error(`Left running by the tests: ${left.join(', ')}. Stop it in an after hook.`);
  },
};
