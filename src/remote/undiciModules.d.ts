// The parts of undici that are loaded by themselves: it has types for the whole alone.
declare module 'undici/lib/core/connect.js' {
  import {buildConnector} from 'undici';
  export default buildConnector;
}
declare module 'undici/lib/dispatcher/agent.js' {
  import {Agent} from 'undici';
  export default Agent;
}
declare module 'undici/lib/dispatcher/proxy-agent.js' {
  import {ProxyAgent} from 'undici';
  export default ProxyAgent;
}
declare module 'undici/lib/dispatcher/dispatcher.js' {
  import {Dispatcher} from 'undici';
  export default Dispatcher;
}
declare module 'undici/lib/api/index.js' {
  const verbs: object;
  export default verbs;
}
