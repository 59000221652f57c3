// Runs the cases of one file: each request is decided offline, and compared with what its case expects.
import type {Decision} from '../../core/decision.ts';
import type {Request} from '../../core/request/request.ts';
import type {Configuration} from '../../wiring/decider.ts';
import type {CaseFile} from './caseFile.ts';
import {type Actual, actualOf, differences} from './compare.ts';
import {decideCases, type RunParts} from './decide.ts';

/** What one case came to. `differences`: a sentence for each thing that is not as expected; none: it passed. */
export interface CaseResult {
  readonly it: string;
  readonly request: Request;
  readonly decision: Decision;
  readonly actual: Actual;
  readonly differences: readonly string[];
}

/** In the order of the file. Rejects with CommandError where a token cannot be made. */
export const runCases = async (
  configuration: Configuration,
  file: CaseFile,
  parts: RunParts,
): Promise<readonly CaseResult[]> => {
  const decided = await decideCases(configuration, file, parts);
  return decided.map(({one, request, answered}) => {
    const actual = actualOf(answered, request);
    return {
      it: one.it,
      request,
      decision: answered.decision,
      actual,
      differences: differences(one.expect, actual),
    };
  });
};
