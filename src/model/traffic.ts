/**
 * Where people and programs are sent: names, routing controls, dials and weights, origins. The controller keeps one
 * state of all of it; each Region's front door, and the one outside, follow that state.
 */
import type { DatabaseId, RegionId } from "./region.ts";
import type { ServiceId } from "./service.ts";

/** A routing control's name, unique in one world. */
export type ControlId = string & { readonly brand: "ControlId" };

/** A group of controls with the safety rules over them. */
export type PanelId = string & { readonly brand: "PanelId" };

/** A safety rule's name, unique in its panel. */
export type RuleId = string & { readonly brand: "RuleId" };

export const routingPolicies = ["nearest", "failover", "weighted"] as const;

/**
 * `nearest`: the Region of the client, then the others in the order of their distance. `failover`: in the order of the
 * config. `weighted`: by weight. In all of them only healthy Regions that are on, as far as their dials let them.
 */
export type RoutingPolicy = (typeof routingPolicies)[number];

/** What every front door follows. A larger revision is newer; the same revision is the same state. */
export type TrafficState = {
  readonly revision: number;
  readonly names: readonly DatabaseNames[];
  /** In the order of the config. */
  readonly regions: readonly RegionTraffic[];
  readonly services: readonly ServiceTraffic[];
  /** Undefined: the world has no distribution. */
  readonly distribution: DistributionState | undefined;
};

/** Where a database's two names lead. Both move together, in one change. */
export type DatabaseNames = {
  readonly database: DatabaseId;
  /** Counts the moves, from 1. */
  readonly version: number;
  /** Undefined in a local database: each Region has a writer of its own. */
  readonly writer: RegionId | undefined;
  /** The Regions that have a copy to read from now; a view takes its own Region if it is among them. */
  readonly readers: readonly RegionId[];
};

export type RegionTraffic = {
  readonly region: RegionId;
  /** All its routing controls are On. */
  readonly isOn: boolean;
  /** Percent of what would come here that may come. */
  readonly dial: number;
  /** 0 to 255; 0: only when nobody else is healthy. */
  readonly weight: number;
};

export type ServiceTraffic = {
  readonly service: ServiceId;
  readonly region: RegionId;
  /** Its Region says that at least one replica is ready. */
  readonly isHealthy: boolean;
  /** Its Region's controls, and those of this service alone, are On. */
  readonly isOn: boolean;
};

export type DistributionState = {
  readonly origin: RegionId;
  /** Changes with each change of the origin; a change names the one that it replaces. */
  readonly tag: string;
  /** Counts invalidations: what was kept under a lower one is not used any more. */
  readonly invalidations: number;
};

/** How many replicas a service is to have in a Region. */
export type ReplicaTarget = {
  readonly service: ServiceId;
  readonly region: RegionId;
  readonly replicas: number;
};
