/** What `switchover`, `failover` and `operations` print with `--json`, as far as a benchmark reads it. */
import { z } from "zod";
import { operation } from "../src/api/operations-api.ts";

export type OperationAnswer = z.output<typeof operation>;

/** @throws Error when it is another kind of answer */
export function parseOperations(text: string): readonly OperationAnswer[] {
  return z.object({ operations: z.array(operation) }).parse(JSON.parse(text)).operations;
}

/** The one that was asked for. @throws Error unless it is the only one and completed */
export function completedOperation(text: string): OperationAnswer {
  const [only, ...more] = parseOperations(text);
  if (!only || more.length > 0) throw new Error(`One operation was asked for: ${text}`);
  if (only.outcome !== "completed") throw new Error(`The operation was not completed: ${text}`);
  return only;
}

/** On the wall clock, in ms; undefined where the step is missing or not measured. */
export function stepEndedWallMs({ steps }: OperationAnswer, name: string): number | undefined {
  const step = steps.find((one) => one.name === name);
  return step === undefined || step.ms === null ? undefined : Date.parse(step.startedAt) + step.ms;
}
