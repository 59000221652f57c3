// The setting `answers`: where the application asks what was bought.
import {z} from 'zod';
import {bearerTokens, listenAddress} from '../config/values.ts';

export const answersSettings = z
  .strictObject({
    listen: listenAddress.describe('Where the application asks: host:port, or unix:///path/to.sock.'),
    trust: z
      .strictObject({
        token: bearerTokens
          .describe(
            'A service that sends this as `Authorization: Bearer` may ask for anybody. A list while it is changed: each counts.',
          )
          .exactOptional(),
        socket: z
          .literal(true)
          .describe('true: whoever may open the socket of `listen` may ask for anybody. Its owner and group may.')
          .exactOptional(),
      })
      .refine((value) => value.token !== undefined || value.socket !== undefined, {
        message: 'is empty: give token or socket, or take it out',
      })
      .describe(
        'Services that may ask for anybody, naming tenant and user in the context. Without it each caller asks for itself, by its own token.',
      )
      .exactOptional(),
  })
  .superRefine((value, context) => {
    if (value.trust?.socket === undefined || value.listen?.kind !== 'tcp') return;
    const message = 'trusts whoever reaches a port of the network: listen on unix:///path/to.sock, or use trust.token';
    context.addIssue({code: 'custom', path: ['trust', 'socket'], message});
  })
  .describe(
    "Answers for the application: OpenFeature's remote evaluation protocol (OFREP) over the same facts. See docs/guides/answers.md.",
  );

export type AnswersSettings = z.output<typeof answersSettings>;
