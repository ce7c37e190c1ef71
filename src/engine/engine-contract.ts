import { expect, test } from "vitest";
import { decideFrame } from "./frame.ts";
import type { Engine, FrameView, Step } from "./engine.ts";
import type { Operation, OperationKind } from "../model/operation.ts";

/** An engine, and what its steps may be shown. */
export type EngineHarness<View extends FrameView, Deed> = {
  readonly engine: Engine<View, Deed>;
  /** Views of an operation of this kind in this step: rich ones, and one in which nobody says anything. */
  views(kind: OperationKind, at: Pick<Operation, "phase" | "step">): readonly View[];
  /** What makes two deeds the same one. */
  readonly nameOf: (deed: Deed) => string;
};

const kinds: readonly OperationKind[] = [
  "switchover",
  "failover",
  "detach",
  "add",
  "rejoin",
  "remove",
];

/** What the frame relies on, whichever engine brings the steps. */
export function registerEngineContract<View extends FrameView, Deed>(
  harness: EngineHarness<View, Deed>,
): void {
  const { engine, views, nameOf } = harness;

  test.for(kinds)(
    "the steps of %s have names of their own, which the frame does not use",
    (kind) => {
      const { beforeClaim, afterClaim } = engine.plans[kind];
      const names = [...beforeClaim, ...afterClaim].map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(["claim", "end", ""]).not.toContain(name);
    },
  );

  test.for(kinds)("the steps of %s say what they do", (kind) => {
    const { beforeClaim, afterClaim } = engine.plans[kind];
    for (const { says } of [...beforeClaim, ...afterClaim]) expect(says).toMatch(/^[A-Z].*\.$/);
  });

  test.for(kinds)(
    "O2: every step of %s before the claim has a bound, and none can be left out",
    (kind) => {
      for (const { name, deadlineMs, isOptional } of engine.plans[kind].beforeClaim) {
        expect({ name, isBounded: (deadlineMs ?? 0) > 0, isOptional }).toEqual({
          name,
          isBounded: true,
          isOptional: false,
        });
      }
    },
  );

  test.for(kinds)("a step of %s after the claim that can be left out has a bound", (kind) => {
    for (const { name, deadlineMs, isOptional } of engine.plans[kind].afterClaim) {
      expect({ name, isLeft: isOptional && deadlineMs === undefined }).toEqual({
        name,
        isLeft: false,
      });
    }
  });

  test.for(kinds)("the steps of %s answer the same view alike, and say why", (kind) => {
    for (const { step, view } of shown(kind)) {
      const [first, second] = [step.decide(view), step.decide(view)];
      expect(second).toEqual(first);
      expect(first.because).not.toBe("");
    }
  });

  test.for(kinds)("the steps of %s ask for each deed once in one breath", (kind) => {
    for (const { step, view } of shown(kind)) {
      const decision = step.decide(view);
      const names = decision.kind === "do" ? decision.deeds.map(nameOf) : ["none"];
      expect(names.length).toBeGreaterThan(0);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test.for(kinds)("the steps of %s do not change what they are shown", (kind) => {
    for (const { step, view } of shown(kind)) {
      const before = structuredClone(view.operation);
      step.decide(view);
      expect(view.operation).toEqual(before);
    }
  });

  test.for(kinds)("the frame knows what to do in every step of %s", (kind) => {
    for (const { view } of shown(kind)) {
      expect(decideFrame(engine, view).because).not.toBe("");
    }
  });

  function shown(
    kind: OperationKind,
  ): readonly { readonly step: Step<View, Deed>; readonly view: View }[] {
    const { beforeClaim, afterClaim } = engine.plans[kind];
    const at = (phase: "before-claim" | "claimed", steps: readonly Step<View, Deed>[]) =>
      steps.flatMap((step) =>
        views(kind, { phase, step: step.name }).map((view) => ({ step, view })),
      );
    return [...at("before-claim", beforeClaim), ...at("claimed", afterClaim)];
  }
}
