/** Which Regions a name that people reach leads to, and how much of them to each. */
import {
  planRegions,
  sharesOf,
  type RegionShare,
  type RegionStanding,
} from "../model/region-plan.ts";
import type { RoutingPolicy } from "../model/traffic.ts";

export type Candidate = RegionStanding;

/**
 * Shares above 0, which add up to 1; none where nobody is On.
 * @param candidates in the order of preference
 */
export function regionShares(
  policy: RoutingPolicy,
  candidates: readonly Candidate[],
): readonly RegionShare[] {
  return sharesOf(planRegions(policy, candidates));
}
