// The way of one request. (Being written.)
export type {Check, CheckContext} from './core/decision.ts';
