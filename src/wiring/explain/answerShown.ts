// An answer to Envoy as it may be shown: cookies and credentials that it sets or hands on are left out.
import type {HeaderValueOption} from '../../envoy/wire.ts';
import type {Answered} from '../offline/offline.ts';

type Answer = Answered['answer'];

/** Headers whose values are secrets, or hold one beside other things. */
const secret = new Set(['authorization', 'cookie', 'proxy-authorization', 'sec-websocket-protocol', 'set-cookie']);

export const answerShown = (answer: Answer): Answer => {
  if ('failure' in answer) return answer;
  const {ok_response: ok, denied_response: denied, error_response: failed, ...rest} = answer;
  return {
    ...rest,
    ...(ok && {
      ok_response: {
        ...ok,
        ...(ok.headers && {headers: ok.headers.map(headerShown)}),
        ...(ok.response_headers_to_add && {response_headers_to_add: ok.response_headers_to_add.map(headerShown)}),
      },
    }),
    ...(denied && {denied_response: {...denied, headers: denied.headers.map(headerShown)}}),
    ...(failed && {error_response: {...failed, headers: failed.headers.map(headerShown)}}),
  };
};

const headerShown = (option: HeaderValueOption): HeaderValueOption => {
  const {key, value} = option.header;
  if (!secret.has(key.toLowerCase())) return option;
  const [, name = ''] = key.toLowerCase() === 'set-cookie' ? (/^([^=;\s]{1,64}=)/.exec(value) ?? []) : [];
  return {...option, header: {key, value: `${name}[redacted]`}};
};
