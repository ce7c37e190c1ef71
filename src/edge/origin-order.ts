/** Whom a distribution asks: its origin, each time, and for reads then the nearest Region that is On. */
import type { RegionId } from "../model/region.ts";
import type { TrafficState } from "../model/traffic.ts";

type Place = { readonly region: RegionId; readonly order: readonly RegionId[] };

/** The first is asked first, the second when that fails. @param regions all of them, never none */
export function originOrder(
  regions: readonly Place[],
  state: TrafficState | undefined,
): readonly RegionId[] {
  const origin = state?.distribution?.origin ?? regions[0]?.region;
  const place = regions.find(({ region }) => region === origin);
  if (place === undefined) return [];
  const isOn = (region: RegionId): boolean =>
    state?.regions.find((traffic) => traffic.region === region)?.isOn ?? true;
  const others = place.order.filter((region) => region !== place.region && isOn(region));
  return [place.region, ...others];
}
