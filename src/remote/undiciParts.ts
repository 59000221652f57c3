// What is used of undici, and not the whole, which takes 13 MiB more and as much time as Node itself to start.
import api from 'undici/lib/api/index.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';

export {default as makeConnector} from 'undici/lib/core/connect.js';
export {default as Agent} from 'undici/lib/dispatcher/agent.js';
export {default as ProxyAgent} from 'undici/lib/dispatcher/proxy-agent.js';

// As its own index does: every dispatcher has the verbs.
Object.assign(Dispatcher.prototype, api);
