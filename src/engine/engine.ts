/**
 * What an operation does to a database system, as a table of steps. The frame (`frame.ts`) walks through it and
 * knows no PostgreSQL: another engine (one managed call) brings another table. Every step is a pure function, asked
 * again and again, so that an operation that lost its controller goes on from what is journalled.
 */
import type { Operation, OperationKind } from "../model/operation.ts";

/** What the frame itself needs to see; an engine's view has more. */
export type FrameView = {
  readonly operation: Operation;
  /** How long the present step goes on, on this controller's clock, in ms. */
  readonly stepMs: number;
  /** The operation was begun by an earlier controller, and this one has not heard what its commands came to. */
  readonly isInherited: boolean;
};

/** What a step found out, to be journalled with the next one. */
export type Learnt = Partial<Pick<Operation, "token" | "fork" | "writePauseMs">>;

export type StepDecision<Deed> = { readonly because: string } & (
  | { readonly kind: "wait" }
  /** To be under way at once; a deed that was asked for before is not asked for twice. */
  | { readonly kind: "do"; readonly deeds: readonly Deed[] }
  | { readonly kind: "done"; readonly learnt: Learnt }
  /** It cannot be had. Before the claim everything is rolled back; afterwards it is asked again. */
  | { readonly kind: "give-up" }
);

export type Step<View, Deed> = {
  readonly name: string;
  /** What it does, for people: one sentence. */
  readonly says: string;
  /** Before the claim: then it is rolled back. After it: then the operation goes on without it, if it `isOptional`. */
  readonly deadlineMs: number | undefined;
  readonly isOptional: boolean;
  readonly decide: (view: View) => StepDecision<Deed>;
};

/** Between the two halves lies the claim: one compare-and-swap, the point of no return (I3). */
export type StepPlan<View, Deed> = {
  readonly beforeClaim: readonly Step<View, Deed>[];
  /** What an earlier controller began before the claim goes on; otherwise it is rolled back. */
  readonly isResumable: boolean;
  readonly afterClaim: readonly Step<View, Deed>[];
};

export interface Engine<View extends FrameView, Deed> {
  readonly name: string;
  readonly plans: Readonly<Record<OperationKind, StepPlan<View, Deed>>>;
}
