/**
 * The frame of every operation. Pure. It keeps the two promises that no engine may break: before the claim
 * everything can be rolled back and is, by a deadline; after it, the operation only goes forward (I3, I6).
 *
 *   before-claim: step ─► step ─► … ─► CLAIM ─► step ─► … ─► finish
 *        └─ cancelled, deadline, give-up, controller restarted ─► roll back
 */
import { assert } from "../std/assert.ts";
import type { Engine, FrameView, Learnt, Step, StepDecision, StepPlan } from "./engine.ts";

export type FrameDecision<Deed> = { readonly because: string } & (
  | { readonly kind: "wait" }
  | { readonly kind: "do"; readonly deeds: readonly Deed[] }
  | { readonly kind: "next"; readonly step: string; readonly learnt: Learnt }
  /** `step`: the first after it; undefined when nothing is left to do. */
  | { readonly kind: "claim"; readonly step: string | undefined; readonly learnt: Learnt }
  | { readonly kind: "finish"; readonly learnt: Learnt }
  | { readonly kind: "roll-back" }
);

/** What the operation needs next. The operation must not have ended. */
export function decideFrame<View extends FrameView, Deed>(
  engine: Engine<View, Deed>,
  view: View,
): FrameDecision<Deed> {
  const { operation } = view;
  assert(operation.phase !== "ended", "an operation that ended needs nothing");
  const plan = engine.plans[operation.kind];
  return operation.phase === "before-claim" ? beforeClaim(plan, view) : afterClaim(plan, view);
}

/** The first step's name, where the journal begins. */
export function firstStep<View, Deed>(plan: StepPlan<View, Deed>): string {
  return plan.beforeClaim[0]?.name ?? "claim";
}

function beforeClaim<View extends FrameView, Deed>(
  plan: StepPlan<View, Deed>,
  view: View,
): FrameDecision<Deed> {
  const { operation, isInherited, stepMs } = view;
  if (operation.isCancelled) return { kind: "roll-back", because: "it was cancelled" };
  const step = plan.beforeClaim.find(({ name }) => name === operation.step);
  if (plan.beforeClaim.length === 0) {
    return { kind: "claim", ...claimed(plan), learnt: {}, because: "nothing to do before it" };
  }
  // Begun by another version of Leeward: whether its steps prove what ours do, nobody knows.
  if (!step) {
    return { kind: "roll-back", because: `there is no step ${operation.step} before the claim` };
  }
  if (isInherited && !plan.isResumable) {
    // What its commands came to is not known, and writes may be held: latency is all that clients may see.
    return {
      kind: "roll-back",
      because: "the controller was restarted before the point of no return",
    };
  }
  const decision = step.decide(view);
  switch (decision.kind) {
    case "done": {
      const following = next(plan.beforeClaim, step);
      const { because, learnt } = decision;
      return following
        ? { kind: "next", step: following.name, learnt, because }
        : { kind: "claim", ...claimed(plan), learnt, because };
    }
    case "give-up":
      return { kind: "roll-back", because: decision.because };
    default:
      return isLate(step, stepMs)
        ? {
            kind: "roll-back",
            because: `${step.name} took longer than ${step.deadlineMs} ms: ${decision.because}`,
          }
        : decision;
  }
}

function afterClaim<View extends FrameView, Deed>(
  plan: StepPlan<View, Deed>,
  view: View,
): FrameDecision<Deed> {
  const { operation, stepMs } = view;
  const step = plan.afterClaim.find(({ name }) => name === operation.step);
  if (!step) return afresh(plan, operation.step);
  const decision: StepDecision<Deed> = step.decide(view);
  if (decision.kind === "done") return onwards(plan, step, decision.learnt, decision.because);
  if (step.isOptional && (decision.kind === "give-up" || isLate(step, stepMs))) {
    return onwards(plan, step, {}, `went on without it: ${decision.because}`);
  }
  return decision.kind === "give-up" ? { kind: "wait", because: decision.because } : decision;
}

/** A step that another version of Leeward knew must not end what nobody finished: every step may be done again. */
function afresh<View, Deed>(plan: StepPlan<View, Deed>, step: string): FrameDecision<Deed> {
  const [first] = plan.afterClaim;
  if (!first) return { kind: "finish", learnt: {}, because: "every step is done" };
  const because = `there is no step ${step} after the claim`;
  return { kind: "next", step: first.name, learnt: {}, because };
}

function onwards<View, Deed>(
  plan: StepPlan<View, Deed>,
  step: Step<View, Deed>,
  learnt: Learnt,
  because: string,
): FrameDecision<Deed> {
  const following = next(plan.afterClaim, step);
  return following
    ? { kind: "next", step: following.name, learnt, because }
    : { kind: "finish", learnt, because };
}

function claimed<View, Deed>(plan: StepPlan<View, Deed>): { readonly step: string | undefined } {
  return { step: plan.afterClaim[0]?.name };
}

function next<View, Deed>(
  steps: readonly Step<View, Deed>[],
  step: Step<View, Deed>,
): Step<View, Deed> | undefined {
  return steps[steps.indexOf(step) + 1];
}

function isLate<View, Deed>({ deadlineMs }: Step<View, Deed>, stepMs: number): boolean {
  return deadlineMs !== undefined && stepMs > deadlineMs;
}
