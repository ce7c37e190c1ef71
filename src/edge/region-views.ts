/** What the traffic state, and what was seen from here, say of each Region. */
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import type { TrafficState } from "../model/traffic.ts";
import type { RegionView } from "./choose-region.ts";

/** Before anybody has said anything. */
const unsaid = { isOn: true, dial: 100, weight: 128 };

/** @param state undefined: not known yet */
export function viewRegions(
  regions: readonly RegionId[],
  state: TrafficState | undefined,
  service: ServiceId,
  isHealthy: (region: RegionId) => boolean,
): readonly RegionView[] {
  return regions.map((region) => {
    const said = state?.regions.find((traffic) => traffic.region === region) ?? unsaid;
    const { dial, weight } = said;
    const isOn = said.isOn && isServiceOn(state, service, region);
    return { region, isOn, isHealthy: isHealthy(region), dial, weight };
  });
}

/** Where the service is not named at all it does not run, and its check says so. */
function isServiceOn(
  state: TrafficState | undefined,
  service: ServiceId,
  region: RegionId,
): boolean {
  const said = state?.services.find((one) => one.service === service && one.region === region);
  return said?.isOn ?? true;
}
