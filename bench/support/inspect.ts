// The heap of a running program, told by its inspector (the Chrome DevTools Protocol) after what nobody uses was collected.
import type {PosternServer} from './stage.ts';

/** Has Node listen for it on a port that it chooses. */
export const inspectable = '--inspect=127.0.0.1:0';

interface Usage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize?: number;
  readonly backingStorageSize?: number;
}

/** Bytes in use, in the heap and outside of it for what is in it. The program was started with `inspectable`. */
export const heldBytes = async ({postern}: PosternServer): Promise<number> => {
  const [, url] = /Debugger listening on (ws:\S+)/.exec(postern.logs()) ?? [];
  if (url === undefined) throw new Error(`nothing inspects it:\n${postern.logs()}`);
  const socket = new WebSocket(url);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error(`${url} cannot be reached`)));
  });
  let last = 0;
  const ask = (method: string) =>
    new Promise<unknown>((resolve) => {
      const id = ++last;
      const heard = ({data}: MessageEvent) => {
        const answer = JSON.parse(String(data)) as {id?: number; result?: unknown};
        if (answer.id !== id) return;
        socket.removeEventListener('message', heard);
        resolve(answer.result);
      };
      socket.addEventListener('message', heard);
      socket.send(JSON.stringify({id, method}));
    });
  // What is outside of the heap is given back by a later round.
  for (let round = 0; round < 4; round++) await ask('HeapProfiler.collectGarbage');
  const {usedSize, backingStorageSize = 0} = (await ask('Runtime.getHeapUsage')) as Usage;
  socket.close();
  return usedSize + backingStorageSize;
};
