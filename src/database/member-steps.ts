/** What is left to do after a Region left, joined or came back: the change of the record itself is the claim. */
import type { Step, StepPlan } from "../engine/engine.ts";
import type { CommandAction } from "../model/assignment.ts";
import type { OperationDeed, OperationView } from "./operation-view.ts";
import { promoteStep } from "./promote-step.ts";

type MemberPlan = StepPlan<OperationView, OperationDeed>;

const nothing = { isResumable: true, beforeClaim: [] } as const;

/** 60 s: a Region that does not answer by then does it when it is back. */
const leaveMs = 60_000;

/** The Region stands alone from the claim on: a database system with epochs of its own. */
export const detachPlan: MemberPlan = { ...nothing, afterClaim: [promoteStep] };

/** The clone that follows is the work of every day, not of this operation. */
export const addPlan: MemberPlan = { ...nothing, afterClaim: [] };

export const rejoinPlan: MemberPlan = {
  ...nothing,
  afterClaim: [
    deedStep("set-aside", "What the Region holds becomes evidence, and then it is cloned.", () => ({
      kind: "set-aside",
      because: "a person asked it to rejoin",
    })),
  ],
};

export const removePlan: MemberPlan = {
  ...nothing,
  afterClaim: [
    deedStep(
      "discard",
      "The Region's copy is removed; what is no copy becomes evidence.",
      ({ record }) => ({ kind: "discard", forks: record.forks }),
    ),
  ],
};

function deedStep(
  name: string,
  says: string,
  actionOf: (view: OperationView) => CommandAction,
): Step<OperationView, OperationDeed> {
  return {
    name,
    says,
    deadlineMs: leaveMs,
    isOptional: true,
    decide: (view) => {
      const { to } = view.operation;
      const progress = view.progressOf(to, name);
      if (progress?.outcome === "done")
        return { kind: "done", learnt: {}, because: `${to} did it` };
      const failed = progress?.outcome === "failed" ? progress.because : undefined;
      return {
        kind: "do",
        deeds: [{ instance: view.instanceOf(to), step: name, action: actionOf(view) }],
        because: failed ?? `${to} has not answered yet`,
      };
    },
  };
}
