/** Which Regions may serve people, and how much of them each: one law for requests, which draw, and names, which say shares. */
import type { RegionId } from "./region.ts";
import type { RoutingPolicy } from "./traffic.ts";

export type RegionStanding = {
  readonly region: RegionId;
  /** Every routing control over it is On. */
  readonly isOn: boolean;
  readonly isHealthy: boolean;
  /** Percent of what would come that may come. */
  readonly dial: number;
  readonly weight: number;
};

export type RegionShare = { readonly region: RegionId; readonly share: number };

/**
 * `ladder`: the first that its dial lets in; a share is of what comes so far. `shares`: by chance; they add up to 1.
 * `isFailOpen`: nobody is healthy, and a check that fails everywhere is more likely wrong than right. `nobody`: all are
 * Off, which is what a person has said.
 */
export type RegionPlan =
  | {
      readonly kind: "ladder";
      readonly isFailOpen: boolean;
      readonly steps: readonly RegionShare[];
    }
  | {
      readonly kind: "shares";
      readonly isFailOpen: boolean;
      readonly parts: readonly RegionShare[];
    }
  | { readonly kind: "nobody" };

/** @param candidates in the order of preference, which `weighted` does not look at */
export function planRegions(
  policy: RoutingPolicy,
  candidates: readonly RegionStanding[],
): RegionPlan {
  const on = candidates.filter(({ isOn }) => isOn);
  if (on.length === 0) return { kind: "nobody" };
  const healthy = on.filter(({ isHealthy }) => isHealthy);
  const isFailOpen = healthy.length === 0;
  const eligible = isFailOpen ? on : healthy;
  if (policy === "weighted") return { kind: "shares", isFailOpen, parts: byWeight(eligible) };
  const steps = eligible.map(({ region, dial }) => ({ region, share: dial / 100 }));
  return { kind: "ladder", isFailOpen, steps };
}

/** A weight of 0 counts when nobody else is left, and so does a dial of 0. */
function byWeight(eligible: readonly RegionStanding[]): readonly RegionShare[] {
  const measures: readonly ((standing: RegionStanding) => number)[] = [
    ({ weight, dial }) => weight * dial,
    ({ dial }) => dial,
    ({ weight }) => weight,
    () => 1,
  ];
  for (const measure of measures) {
    const sum = eligible.reduce((total, standing) => total + measure(standing), 0);
    if (sum > 0) {
      return eligible.map((one) => ({ region: one.region, share: measure(one) / sum }));
    }
  }
  return [];
}

/** Whom a ladder takes whatever its dial says: a dial turns traffic away only to somebody. */
export function lastResort(steps: readonly RegionShare[]): RegionId | undefined {
  return (steps.find(({ share }) => share > 0) ?? steps[0])?.region;
}

/** How much each takes in the long run: shares above 0, which add up to 1; none where nobody may serve. */
export function sharesOf(plan: RegionPlan): readonly RegionShare[] {
  if (plan.kind === "nobody") return [];
  const shares = plan.kind === "shares" ? plan.parts : descend(plan.steps);
  return shares.filter(({ share }) => share > 0);
}

/** Each takes of what comes to it what its dial lets in, and the rest goes to the next. */
function descend(steps: readonly RegionShare[]): readonly RegionShare[] {
  let rest = 1;
  const taken = steps.map(({ region, share }) => {
    const own = rest * share;
    rest -= own;
    return { region, share: own };
  });
  const last = lastResort(steps);
  return taken.map(({ region, share }) => ({
    region,
    share: region === last ? share + rest : share,
  }));
}
