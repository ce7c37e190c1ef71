/** Any series of commits against the plainest store there is, written without a look at the real one. */
import fc from "fast-check";
import { expect } from "vitest";
import type { Change, Compare, Entry, Revision } from "./store.ts";
import type { StoreWorld } from "./store-contract.ts";

const never = new AbortController().signal;

export type ModelStep =
  | { readonly kind: "restart" }
  | {
      readonly kind: "commit";
      readonly compare: readonly Compare[];
      readonly changes: readonly Change[];
    };

const keyArbitrary = fc.constantFrom("a", "b", "b/1", "b/2", "c");
const changeArbitrary: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant("put" as const),
    key: keyArbitrary,
    value: fc.constantFrom("0", "1"),
  }),
  fc.record({ kind: fc.constant("delete" as const), key: keyArbitrary }),
);
const compareArbitrary: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({ key: keyArbitrary, version: fc.nat(2) }),
  fc.record({ key: keyArbitrary, modRevision: fc.nat(8) as fc.Arbitrary<Revision> }),
  fc.record({ key: keyArbitrary, value: fc.constantFrom("0", "1") }),
);
const keysApart = {
  selector: (change: Change): string => JSON.stringify(change, ["key"]),
  maxLength: 3,
};
const commitArbitrary: fc.Arbitrary<ModelStep> = fc.record({
  kind: fc.constant("commit" as const),
  compare: fc.array(compareArbitrary, { maxLength: 2 }),
  changes: fc.oneof(
    fc.uniqueArray(changeArbitrary, keysApart),
    fc.constant([{ kind: "delete-prefix" as const, prefix: "b" }]),
  ),
});
const restartArbitrary: fc.Arbitrary<ModelStep> = fc.constant({ kind: "restart" });

/** Takes the steps on the real store and on a plain map, and compares each answer and the end. */
export async function followModel(world: StoreWorld, steps: readonly ModelStep[]): Promise<void> {
  const model = new Map<string, Entry>();
  let revision = 0;
  for (const step of steps) {
    if (step.kind === "restart") {
      world.restart();
      continue;
    }
    const holds = step.compare.every((claim) => {
      const found = model.get(claim.key);
      if ("version" in claim) return claim.version === (found ? found.version : 0);
      if ("value" in claim) return found !== undefined && found.value === claim.value;
      return claim.modRevision === (found ? found.modRevision : 0);
    });
    const isChange = holds && applyToModel(model, step.changes, revision + 1);
    if (isChange) revision += 1;
    const commit = await world.store().commit(step.compare, step.changes, never);
    expect(commit).toEqual({ succeeded: holds, revision });
  }
  const seen = await world.store().list("", never);
  const expected = [...model.keys()].toSorted().map((key) => model.get(key));
  expect(seen).toEqual({ revision, entries: expected });
}

function applyToModel(model: Map<string, Entry>, changes: readonly Change[], at: number): boolean {
  let changed = false;
  for (const change of changes) {
    if (change.kind === "put") {
      const { key, value } = change;
      const old = model.get(key);
      const modRevision = at as Revision;
      const createRevision = old ? old.createRevision : modRevision;
      const version = old ? old.version + 1 : 1;
      model.set(key, { key, value, createRevision, modRevision, version, lease: undefined });
      changed = true;
      continue;
    }
    for (const key of Array.from(model.keys())) {
      const hit = change.kind === "delete" ? key === change.key : key.startsWith(change.prefix);
      if (hit) changed = model.delete(key) || changed;
    }
  }
  return changed;
}

export const stepsArbitrary: fc.Arbitrary<ModelStep[]> = fc.array(
  fc.oneof(commitArbitrary, restartArbitrary),
  { maxLength: 25 },
);
