/** Runs seeds one after another, and gathers what they showed. */
import { SimWorld, type Outcome } from "./world.ts";

export type SeedRange = {
  readonly firstSeed: number;
  readonly seeds: number;
  /** Every so many seeds one is run: several processes share a range. */
  readonly stride: number;
  readonly faultsMs: number;
};

export type Findings = {
  readonly seeds: number;
  readonly simulatedMs: number;
  readonly acks: number;
  readonly thawedAcks: number;
  /** How many operations ended, by kind and outcome. */
  readonly operations: Readonly<Record<string, number>>;
  readonly bad: readonly { readonly seed: number; readonly violations: readonly string[] }[];
};

/** Each such seed runs twice, and both runs have to be the same run. */
const repeatEvery = 50;

export async function explore({
  firstSeed,
  seeds,
  stride,
  faultsMs,
}: SeedRange): Promise<Findings> {
  let found = nothing;
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += stride)
    found = merge(found, findingsOf(seed, await runSeed(seed, faultsMs)));
  return found;
}

export const nothing: Findings = {
  seeds: 0,
  simulatedMs: 0,
  acks: 0,
  thawedAcks: 0,
  operations: {},
  bad: [],
};

export function merge(a: Findings, b: Findings): Findings {
  const kinds = [...new Set([...Object.keys(a.operations), ...Object.keys(b.operations)])];
  return {
    seeds: a.seeds + b.seeds,
    simulatedMs: a.simulatedMs + b.simulatedMs,
    acks: a.acks + b.acks,
    thawedAcks: a.thawedAcks + b.thawedAcks,
    operations: Object.fromEntries(
      kinds.toSorted().map((kind) => [kind, (a.operations[kind] ?? 0) + (b.operations[kind] ?? 0)]),
    ),
    bad: [...a.bad, ...b.bad],
  };
}

async function runSeed(seed: number, faultsMs: number): Promise<Outcome> {
  const world = new SimWorld(seed);
  const outcome = await world.run(faultsMs).catch((error: unknown) => {
    // A world that cannot be lived through is a finding like any other.
    world.referee.violate(`the world came to an end: ${String(error)}`);
    return world.outcome();
  });
  if (seed % repeatEvery !== 0) return outcome;
  const again = await new SimWorld(seed).run(faultsMs);
  if (again.trace === outcome.trace) return outcome;
  return { ...outcome, violations: [...outcome.violations, "two runs of this seed differ"] };
}

function findingsOf(seed: number, outcome: Outcome): Findings {
  const { simulatedMs, acks, thawedAcks, operations, violations } = outcome;
  return {
    seeds: 1,
    simulatedMs,
    acks,
    thawedAcks,
    operations: Object.fromEntries(operations),
    bad: violations.length === 0 ? [] : [{ seed, violations }],
  };
}
