/** The application's services: processes with replicas in each Region. */
import type { RegionId } from "./region.ts";

/** A service's name as `leeward.yaml` spells it, for example `webapp`; one name in all Regions. */
export type ServiceId = string & { readonly brand: "ServiceId" };

/** The `number`-th (from 1) process of a service in a Region. */
export type ReplicaId = {
  readonly service: ServiceId;
  readonly region: RegionId;
  readonly number: number;
};

/** How people and logs name a replica: `webapp/us-east-1/1`. */
export function formatReplica({ service, region, number }: ReplicaId): string {
  return `${service}/${region}/${number}`;
}

export const serviceKinds = ["command", "redis", "rabbitmq"] as const;

/** `command`: the user's own program. The others are started by Leeward from the packages of the machine. */
export type ServiceKind = (typeof serviceKinds)[number];

export const serviceProtocols = ["http", "tcp"] as const;

export type ServiceProtocol = (typeof serviceProtocols)[number];

/** When something counts as healthy. Thresholds are numbers of answers in a row. */
export type HealthCheck = {
  /** Answered with 200 to 399. Undefined: a TCP connection is enough. */
  readonly path: string | undefined;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
};

/** How many replicas, by the Kubernetes HPA's rules. `cpuPercent` undefined: as many as `min`, or as a person says. */
export type Scaling = {
  readonly min: number;
  readonly max: number;
  /** Of `cpuRequestMillis`, as a mean over the replicas. */
  readonly cpuPercent: number | undefined;
  /** Thousandths of a core that one replica is meant to use. */
  readonly cpuRequestMillis: number;
  /** A ratio of measured to wanted that is nearer to 1 than this changes nothing. */
  readonly tolerance: number;
  readonly scaleDownStabilizationMs: number;
};

/**
 * `starting`: runs and has not been ready yet. `unready`: was ready and does not answer its check any more.
 * `waiting`: it ended, and is started again after a pause. `stopping`: told to end.
 */
export const replicaStates = ["starting", "ready", "unready", "waiting", "stopping"] as const;

export type ReplicaState = (typeof replicaStates)[number];
