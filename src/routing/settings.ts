/** What of `leeward.yaml` the traffic state starts from. People's changes go before it. */
import type { PanelConfig } from "../config/config.ts";
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";

export type TrafficSettings = {
  /** All Regions of the world, in the order of the config. */
  readonly regions: readonly {
    readonly region: RegionId;
    readonly dial: number;
    readonly weight: number;
  }[];
  readonly panels: readonly PanelConfig[];
  /** Undefined: the world has no distribution. */
  readonly distribution: { readonly origin: RegionId } | undefined;
  readonly services: readonly {
    readonly service: ServiceId;
    readonly regions: readonly RegionId[];
  }[];
};
