// What went wrong with a command, in words that an operator knows.
export {redisFault as faultOf} from '../core/words/redisFault.ts';
