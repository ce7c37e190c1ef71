/** Which Regions a name that people reach leads to, and how much of them to each. */
import type { RegionId } from "../model/region.ts";
import type { RoutingPolicy } from "../model/traffic.ts";

export type Candidate = {
  readonly region: RegionId;
  readonly isHealthy: boolean;
  /** Every routing control over it is On. */
  readonly isOn: boolean;
  /** Percent of what would come that may come. */
  readonly dial: number;
  readonly weight: number;
};

/** `share` is above 0, and all of them add up to 1. */
export type RegionShare = { readonly region: RegionId; readonly share: number };

/**
 * Who is healthy and On; when nobody is healthy, everybody who is On: a check that fails everywhere is more likely
 * wrong than right. Off is what a person has said, and stays Off: nobody On gives none.
 * @param candidates in the order of preference, which `weighted` does not look at
 */
export function regionShares(
  policy: RoutingPolicy,
  candidates: readonly Candidate[],
): readonly RegionShare[] {
  const on = candidates.filter(({ isOn }) => isOn);
  const healthy = on.filter(({ isHealthy }) => isHealthy);
  const eligible = healthy.length > 0 ? healthy : on;
  return policy === "weighted" ? byWeight(eligible) : inOrder(eligible);
}

/**
 * Each takes of what comes to it what its dial lets in, and the rest goes to the next. What no dial lets in goes to the
 * first that lets in anything: a dial turns traffic away only to somebody. A dial at 0 counts unless all are there.
 */
function inOrder(eligible: readonly Candidate[]): readonly RegionShare[] {
  let rest = 1;
  const taken = eligible.map(({ region, dial }) => {
    const share = (rest * dial) / 100;
    rest -= share;
    return { region, share };
  });
  const first = taken.find(({ share }) => share > 0) ?? taken[0];
  return taken
    .map((one) => (one === first ? { region: one.region, share: one.share + rest } : one))
    .filter(({ share }) => share > 0);
}

/** A weight of 0 counts when nobody else is left, and so does a dial of 0. */
function byWeight(eligible: readonly Candidate[]): readonly RegionShare[] {
  const measures: readonly ((candidate: Candidate) => number)[] = [
    ({ weight, dial }) => weight * dial,
    ({ dial }) => dial,
    ({ weight }) => weight,
    () => 1,
  ];
  for (const measure of measures) {
    const sum = eligible.reduce((total, candidate) => total + measure(candidate), 0);
    if (sum > 0) {
      return eligible
        .map((candidate) => ({ region: candidate.region, share: measure(candidate) / sum }))
        .filter(({ share }) => share > 0);
    }
  }
  return [];
}
