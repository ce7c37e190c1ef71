import fc from "fast-check";
import { expect, test } from "vitest";
import type { DatabaseId, Epoch, OperationId, RegionId } from "../model/region.ts";
import type { Operation } from "../model/operation.ts";
import type { Engine, FrameView, Step, StepDecision, StepPlan } from "./engine.ts";
import { decideFrame, firstStep } from "./frame.ts";

/** A made-up engine: each step answers what the test has put up for it. */
type View = FrameView & { readonly answer: StepDecision<string> };

const operation: Operation = {
  id: "switchover-orders-1" as OperationId,
  system: "systems/orders",
  database: "orders" as DatabaseId,
  kind: "switchover",
  from: "us-east-1" as RegionId,
  to: "us-west-2" as RegionId,
  requestedBy: "person",
  epoch: 1 as Epoch,
  startedWallMs: 0,
  phase: "before-claim",
  step: "one",
  steps: [],
  outcome: "running",
  because: "",
  isCancelled: false,
  overrideFence: undefined,
  pins: "refuse",
  estimatedLoss: undefined,
  token: undefined,
  fork: undefined,
  writePauseMs: undefined,
};

const named = (name: string, deadlineMs?: number, isOptional = false): Step<View, string> => ({
  name,
  says: "It does.",
  deadlineMs,
  isOptional,
  decide: ({ answer }) => answer,
});
const plan: StepPlan<View, string> = {
  isResumable: false,
  beforeClaim: [named("one", 100), named("two", 100)],
  afterClaim: [named("three"), named("four", 100, true), named("five")],
};
const nothing: StepPlan<View, string> = { isResumable: true, beforeClaim: [], afterClaim: [] };
const engine: Engine<View, string> = {
  name: "made up",
  plans: {
    switchover: plan,
    failover: { ...plan, isResumable: true },
    detach: { ...nothing, afterClaim: [named("three")] },
    add: nothing,
    rejoin: nothing,
    remove: nothing,
  },
};

const done: StepDecision<string> = { kind: "done", learnt: {}, because: "done" };
const waits: StepDecision<string> = { kind: "wait", because: "not yet" };
const asks: StepDecision<string> = { kind: "do", deeds: ["dig"], because: "a hole" };
const givesUp: StepDecision<string> = { kind: "give-up", because: "no way" };

function decide(
  fields: Partial<Operation>,
  answer: StepDecision<string>,
  view: Partial<FrameView> = {},
): ReturnType<typeof decideFrame<View, string>> {
  return decideFrame(engine, {
    operation: { ...operation, ...fields },
    stepMs: 0,
    isInherited: false,
    answer,
    ...view,
  });
}
const claimed = (at: string): Partial<Operation> => ({ phase: "claimed", step: at });

test("the steps before the claim follow each other, and the claim follows the last", () => {
  expect(decide({}, done)).toMatchObject({ kind: "next", step: "two" });
  expect(decide({ step: "two" }, done)).toMatchObject({ kind: "claim", step: "three" });
  expect(decide({}, waits)).toMatchObject({ kind: "wait" });
  expect(decide({}, asks)).toMatchObject({ kind: "do", deeds: ["dig"] });
});

test("the steps after the claim follow each other, and the last one ends it", () => {
  expect(decide(claimed("three"), done)).toMatchObject({ kind: "next", step: "four" });
  expect(decide(claimed("five"), done)).toMatchObject({ kind: "finish" });
  expect(decide({ kind: "add", ...claimed("end") }, waits)).toMatchObject({ kind: "finish" });
});

test("what a step has learnt goes into the journal with the step that follows", () => {
  const learnt = { writePauseMs: 250 };
  const knows = { ...done, learnt } as const;
  for (const fields of [{}, { step: "two" }, claimed("three"), claimed("five")]) {
    expect(decide(fields, knows)).toMatchObject({ learnt });
  }
});

test("an operation without steps before the claim begins with the claim", () => {
  expect(firstStep(engine.plans.detach)).toBe("claim");
  expect(firstStep(plan)).toBe("one");
  const kind = "detach" as const;
  expect(decide({ kind, step: "claim" }, waits)).toMatchObject({ kind: "claim", step: "three" });
  expect(decide({ kind: "add", step: "claim" }, waits)).toMatchObject({
    kind: "claim",
    step: undefined,
  });
});

test("O2: before the claim it is rolled back when cancelled, late, given up, or its controller died", () => {
  expect(decide({ isCancelled: true }, done)).toMatchObject({ kind: "roll-back" });
  expect(decide({}, givesUp)).toEqual({ kind: "roll-back", because: "no way" });
  expect(decide({}, waits, { stepMs: 100 })).toMatchObject({ kind: "wait" });
  expect(decide({}, waits, { stepMs: 101 })).toEqual({
    kind: "roll-back",
    because: "one took longer than 100 ms: not yet",
  });
  expect(decide({}, asks, { stepMs: 101 })).toMatchObject({ kind: "roll-back" });
  expect(decide({}, done, { isInherited: true })).toMatchObject({ kind: "roll-back" });
});

test("O2: what was done in time counts, however late it is heard", () => {
  expect(decide({}, done, { stepMs: 5_000 })).toMatchObject({ kind: "next" });
});

test("what can be resumed goes on under the next controller, before the claim too", () => {
  const inherited = { isInherited: true };
  expect(decide({ kind: "failover" }, waits, inherited)).toMatchObject({ kind: "wait" });
  expect(decide({ kind: "failover", isCancelled: true }, waits, inherited)).toMatchObject({
    kind: "roll-back",
  });
  expect(decide({ kind: "detach", step: "claim" }, waits, inherited)).toMatchObject({
    kind: "claim",
  });
});

test("O2: after the claim nothing leads back, neither a person, nor a deadline, nor another controller", () => {
  const worst = { stepMs: 1_000_000, isInherited: true };
  for (const answer of [waits, asks, givesUp]) {
    const decision = decide({ ...claimed("three"), isCancelled: true }, answer, worst);
    expect(["wait", "do"]).toContain(decision.kind);
  }
});

test("after the claim a step that can be left out is, when it is late or cannot be had", () => {
  expect(decide(claimed("four"), givesUp)).toMatchObject({ kind: "next", step: "five" });
  expect(decide(claimed("four"), waits, { stepMs: 100 })).toMatchObject({ kind: "wait" });
  expect(decide(claimed("four"), waits, { stepMs: 101 })).toEqual({
    kind: "next",
    step: "five",
    learnt: {},
    because: "went on without it: not yet",
  });
});

test("O2: a step that this version does not know is never taken for one that is done", () => {
  expect(decide({ step: "of old" }, done)).toMatchObject({ kind: "roll-back" });
  expect(decide({ step: "claim" }, done)).toMatchObject({ kind: "roll-back" });
  expect(decide(claimed("of old"), done)).toMatchObject({ kind: "next", step: "three" });
});

test("an operation that ended needs nothing, and nobody asks", () => {
  expect(() => decide({ phase: "ended" }, done)).toThrow("ended");
});

type Turn = {
  readonly answer: StepDecision<string>;
  readonly passMs: number;
  readonly isCancelled: boolean;
  readonly isRestarted: boolean;
};
const anyTurn: fc.Arbitrary<Turn> = fc.record({
  answer: fc.oneof(
    { weight: 6, arbitrary: fc.constant(done) },
    { weight: 2, arbitrary: fc.constantFrom(waits, asks) },
    { weight: 1, arbitrary: fc.constant(givesUp) },
  ),
  passMs: fc.integer({ min: 0, max: 60 }),
  isCancelled: fc.boolean(),
  isRestarted: fc.boolean(),
});
/** Cancels and restarts in some runs only, or few operations would ever get to the claim. */
const anyRun = fc
  .tuple(fc.array(anyTurn, { maxLength: 30 }), fc.boolean(), fc.boolean())
  .map(([turns, mayCancel, mayRestart]) =>
    turns.map((turn) => ({
      ...turn,
      isCancelled: mayCancel && turn.isCancelled,
      isRestarted: mayRestart && turn.isRestarted,
    })),
  );

type Walked = {
  readonly operation: Operation;
  /** Steps that said that they are done, in order. */
  readonly finished: readonly string[];
  readonly claims: number;
};

/** What the controller does with each decision, without a store. */
function walk(kind: Operation["kind"], turns: readonly Turn[]): Walked {
  let walked: Walked = {
    operation: { ...operation, kind, step: firstStep(engine.plans[kind]) },
    finished: [],
    claims: 0,
  };
  let stepMs = 0;
  let isInherited = false;
  // Nothing but silence at the end: what is bounded ends by its bound.
  const silence = { answer: waits, passMs: 60, isCancelled: false, isRestarted: false };
  for (const turn of [...turns, ...Array.from({ length: 8 }, () => silence)]) {
    const now = walked.operation;
    if (now.phase === "ended") break;
    stepMs = turn.isRestarted ? 0 : stepMs + turn.passMs;
    isInherited ||= turn.isRestarted;
    const isCancelled = now.isCancelled || (turn.isCancelled && now.phase === "before-claim");
    const asked = { ...now, isCancelled };
    const decision = decideFrame(engine, {
      operation: asked,
      stepMs,
      isInherited,
      answer: turn.answer,
    });
    const next = follow({ ...walked, operation: asked }, decision, turn.answer);
    if (next.operation.step !== now.step) stepMs = 0;
    walked = next;
  }
  return walked;
}

function follow(
  walked: Walked,
  decision: ReturnType<typeof decideFrame<View, string>>,
  answer: StepDecision<string>,
): Walked {
  const { operation: now, claims } = walked;
  const finished = answer.kind === "done" ? [...walked.finished, now.step] : walked.finished;
  switch (decision.kind) {
    case "next":
      return { operation: { ...now, step: decision.step }, finished, claims };
    case "claim": {
      const step = decision.step ?? "end";
      return { operation: { ...now, phase: "claimed", step }, finished, claims: claims + 1 };
    }
    case "finish":
      return { ...walked, finished, operation: ended(now, "completed") };
    case "roll-back":
      return { ...walked, operation: ended(now, "rolled-back") };
    default:
      return walked;
  }
}

function ended(now: Operation, outcome: "completed" | "rolled-back"): Operation {
  return { ...now, phase: "ended", outcome };
}

const anyKind = fc.constantFrom("switchover", "failover", "detach", "add");

test("O2: whatever happens, nothing is claimed before every step before it was done, and never twice", () => {
  fc.assert(
    fc.property(anyKind, anyRun, (kind, turns) => {
      const { finished, claims } = walk(kind, turns);
      const needed = engine.plans[kind].beforeClaim.map(({ name }) => name);
      expect(claims).toBeLessThanOrEqual(1);
      expect(claims === 0 ? needed : finished.slice(0, needed.length)).toEqual(needed);
    }),
    { numRuns: 500 },
  );
});

test("O2: whatever happens, what was claimed is never rolled back, and what was not is never completed", () => {
  fc.assert(
    fc.property(anyKind, anyRun, (kind, turns) => {
      const { operation: now, claims } = walk(kind, turns);
      expect(now.outcome === "rolled-back" && claims > 0).toBe(false);
      expect(now.outcome === "completed" && claims === 0).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test("O2: whatever happens, an operation ends, or is claimed and waits in a step that cannot be left out", () => {
  fc.assert(
    fc.property(anyKind, anyRun, (kind, turns) => {
      const { operation: now } = walk(kind, turns);
      const waitsIn = engine.plans[kind].afterClaim.find(({ name }) => name === now.step);
      expect(now.phase === "ended" || waitsIn?.isOptional === false).toBe(true);
    }),
    { numRuns: 500 },
  );
});
