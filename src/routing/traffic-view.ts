/** The traffic state, made from the config, what people set, and how the services are. Pure. */
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import type { ControlId, DistributionState, TrafficState } from "../model/traffic.ts";
import { firstTag } from "./origin.ts";
import type { TrafficSettings } from "./settings.ts";
import type { StoredTraffic } from "./stored-traffic.ts";

export function viewTraffic(
  settings: TrafficSettings,
  stored: StoredTraffic,
  isHealthy: (region: RegionId, service: ServiceId) => boolean,
): Omit<TrafficState, "revision"> {
  const states = controlStates(settings, stored);
  const isOn = (region: RegionId, service: ServiceId | undefined): boolean =>
    settings.panels.every(({ controls }) =>
      controls.every(
        (control) =>
          control.region !== region ||
          (control.service !== undefined && control.service !== service) ||
          states.get(control.id) === true,
      ),
    );
  return {
    names: stored.names,
    regions: settings.regions.map(({ region, dial, weight }) => ({
      region,
      isOn: isOn(region, undefined),
      dial: stored.dials.get(region) ?? dial,
      weight: stored.weights.get(region) ?? weight,
    })),
    services: settings.services.flatMap(({ service, regions }) =>
      regions.map((region) => ({
        service,
        region,
        isHealthy: isHealthy(region, service),
        isOn: isOn(region, service),
      })),
    ),
    distribution: viewDistribution(settings, stored),
  };
}

/** Every control of the config: as somebody set it, or as the config has it. */
export function controlStates(
  settings: TrafficSettings,
  stored: StoredTraffic,
): ReadonlyMap<ControlId, boolean> {
  return new Map(
    settings.panels.flatMap(({ controls }) =>
      controls.map(({ id, isOn }) => [id, stored.controls.get(id)?.isOn ?? isOn] as const),
    ),
  );
}

export function viewDistribution(
  { distribution }: TrafficSettings,
  { origin, invalidations }: StoredTraffic,
): DistributionState | undefined {
  if (distribution === undefined) return undefined;
  const first = { origin: distribution.origin, tag: firstTag(distribution.origin) };
  return { ...(origin ?? first), invalidations };
}
