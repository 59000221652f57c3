// Which known word a mistyped one was meant to be: in core, since more than settings are mistyped.
export {nearest, suggestion} from '../core/nearest.ts';
