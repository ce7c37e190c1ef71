/** The list of an operation's steps, as people read it. Pure. */
import type { OperationStep } from "../model/operation.ts";

export function openStep(name: string, startedWallMs: number): OperationStep {
  return { name, startedWallMs, ms: undefined, because: "" };
}

/** The last step ended, and the claim before it, if that is new. `ms` undefined: nobody measured it. */
export function closeStep(
  steps: readonly OperationStep[],
  watch: { readonly stepMs: number | undefined; readonly claimMs: number | undefined },
  because: string,
): readonly OperationStep[] {
  return steps.map((step, index) => {
    if (step.name === "claim") return { ...step, ms: step.ms ?? watch.claimMs };
    return index === steps.length - 1 && step.ms === undefined
      ? { ...step, ms: watch.stepMs, because }
      : step;
  });
}
