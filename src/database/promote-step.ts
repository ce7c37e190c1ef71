/** After the claim: the target becomes the writer. There is no way back, so it is tried until it succeeds. */
import type { Step } from "../engine/engine.ts";
import type { OperationDeed, OperationView } from "./operation-view.ts";

export const promoteStep: Step<OperationView, OperationDeed> = {
  name: "promote",
  says: "The target leaves recovery, makes its evidence slots, writes a mark and lets writes in.",
  deadlineMs: undefined,
  isOptional: false,
  decide: (view) => {
    const { overrideFence, to } = view.operation;
    const progress = view.progressOf(to, "promote");
    if (progress?.result?.kind === "promoted") {
      const { fork, writePauseMs } = progress.result;
      return { kind: "done", learnt: { fork, writePauseMs }, because: `${to} accepts writes` };
    }
    const failed =
      progress?.outcome === "failed" ? `it is tried again: ${progress.because}` : undefined;
    // A person who vouches gives up what the target has not reached, where the prechecks let him.
    const action = { kind: "promote", passOver: overrideFence !== undefined } as const;
    return {
      kind: "do",
      deeds: [{ instance: view.instanceOf(to), step: "promote", action }],
      because: failed ?? `${to} is being promoted`,
    };
  },
};
