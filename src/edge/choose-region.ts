/**
 * To which Region a request goes. Planned whenever something changes, for each Region that a client can be near to;
 * drawn for each request.
 */
import type { RegionId } from "../model/region.ts";
import * as law from "../model/region-plan.ts";
import type { RoutingPolicy } from "../model/traffic.ts";

export type RegionView = law.RegionStanding;
export type Share = law.RegionShare;
export type Plan = law.RegionPlan;

/** @param order the Regions as the policy wants them tried; those that are missing are not tried */
export function planRegions(
  views: readonly RegionView[],
  policy: RoutingPolicy,
  order: readonly RegionId[],
): Plan {
  const inOrder = order.flatMap((id) => views.filter(({ region }) => region === id));
  return law.planRegions(policy, inOrder);
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

function climb(
  steps: readonly Share[],
  draw: () => number,
  avoid: RegionId | undefined,
): RegionId | undefined {
  for (const { region, share } of steps) {
    if (region !== avoid && (share >= 1 || draw() < share)) return region;
  }
  const rest = steps.filter(({ region }) => region !== avoid);
  return law.lastResort(rest);
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
  return law.lastResort(rest);
}
