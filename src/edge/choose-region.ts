/**
 * To which Region a request goes. Planned whenever something changes, for each Region that a client can be near to;
 * drawn for each request.
 */
import type { RegionId } from "../model/region.ts";
import type { RoutingPolicy } from "../model/traffic.ts";

export type RegionView = {
  readonly region: RegionId;
  /** Its routing controls, and those of the service. */
  readonly isOn: boolean;
  readonly isHealthy: boolean;
  /** Percent of what would come that may come. */
  readonly dial: number;
  readonly weight: number;
};

export type Share = { readonly region: RegionId; readonly share: number };

/**
 * `ladder`: the first that its dial lets in. `shares`: by chance, in proportion. `fail-open`: nobody is healthy, so that
 * the checks are not believed. `nobody`: all are Off.
 */
export type Plan =
  | { readonly kind: "ladder"; readonly isFailOpen: boolean; readonly steps: readonly Share[] }
  | { readonly kind: "shares"; readonly isFailOpen: boolean; readonly parts: readonly Share[] }
  | { readonly kind: "nobody" };

/** @param order the Regions as the policy wants them tried; those that are missing are not tried */
export function planRegions(
  views: readonly RegionView[],
  policy: RoutingPolicy,
  order: readonly RegionId[],
): Plan {
  const on = order.flatMap((id) => views.filter(({ region, isOn }) => isOn && region === id));
  if (on.length === 0) return { kind: "nobody" };
  const healthy = on.filter(({ isHealthy }) => isHealthy);
  const isFailOpen = healthy.length === 0;
  const candidates = isFailOpen ? on : healthy;
  if (policy === "weighted") return { kind: "shares", isFailOpen, parts: sharesOf(candidates) };
  const steps = candidates.map(({ region, dial }) => ({ region, share: dial / 100 }));
  return { kind: "ladder", isFailOpen, steps };
}

/** A weight of 0 counts when all are 0, and so does a dial. */
function sharesOf(candidates: readonly RegionView[]): readonly Share[] {
  const parts = (share: (view: RegionView) => number): readonly Share[] =>
    candidates.map((view) => ({ region: view.region, share: share(view) }));
  const some = (shares: readonly Share[]): boolean => shares.some(({ share }) => share > 0);
  const dialled = parts(({ weight, dial }) => weight * dial);
  if (some(dialled)) return dialled;
  const dials = parts(({ dial }) => dial);
  if (some(dials)) return dials;
  const weights = parts(({ weight }) => weight);
  return some(weights) ? weights : parts(() => 1);
}

/**
 * @param draw a number in [0, 1), new at each call
 * @param avoid failed already for this request
 */
export function pickRegion(
  plan: Plan,
  draw: () => number,
  avoid: RegionId | undefined,
): RegionId | undefined {
  if (plan.kind === "nobody") return undefined;
  return plan.kind === "ladder"
    ? climb(plan.steps, draw, avoid)
    : drawShare(plan.parts, draw, avoid);
}

/** What no dial lets in goes to the first that lets in anything: a dial turns traffic away only to somebody. */
function climb(
  steps: readonly Share[],
  draw: () => number,
  avoid: RegionId | undefined,
): RegionId | undefined {
  for (const { region, share } of steps) {
    if (region !== avoid && (share >= 1 || draw() < share)) return region;
  }
  const rest = steps.filter(({ region }) => region !== avoid);
  return (rest.find(({ share }) => share > 0) ?? rest[0])?.region;
}

function drawShare(
  parts: readonly Share[],
  draw: () => number,
  avoid: RegionId | undefined,
): RegionId | undefined {
  const rest = parts.filter(({ region }) => region !== avoid);
  const sum = rest.reduce((total, { share }) => total + share, 0);
  let left = draw() * sum;
  for (const { region, share } of rest) {
    left -= share;
    if (left < 0) return region;
  }
  return rest[0]?.region;
}
