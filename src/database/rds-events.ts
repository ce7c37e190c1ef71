/**
 * Aurora's events in Aurora's words, for automation that was written for them. They go along in the details of our
 * own events. What Aurora calls a DB cluster is a global database's part in one Region; its name is
 * `<database>-<region>`, as in the metrics.
 */
import type { NewEvent } from "../model/event.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";

export type ClusterName = { readonly database: DatabaseId; readonly region: RegionId };

/** Rules of event buses compare this string, so it is spelt exactly as Aurora sends it. */
const clusterCategory = "global-failover";
const instanceCategory = "notification, global database";
const configurationCategory = "configuration change";

type RdsEvent = {
  readonly categories: string;
  /** `cluster`: `DB cluster orders-us-west-2 in Region us-west-2`. */
  readonly says: (cluster: string, reason: string) => string;
};

const clusterEvent = (says: RdsEvent["says"]): RdsEvent => ({ categories: clusterCategory, says });

const rdsEvents = {
  "0181": clusterEvent((cluster) => `Global switchover to ${cluster} started.`),
  "0182": clusterEvent((cluster) => `Old primary ${cluster} successfully shut down.`),
  "0183": clusterEvent(
    (_, reason) =>
      `Waiting for data synchronization across global cluster members. Current lags behind primary DB cluster: ${reason}.`,
  ),
  "0184": clusterEvent((cluster) => `New primary ${cluster} was successfully promoted.`),
  "0185": clusterEvent((cluster) => `Global switchover to ${cluster} finished.`),
  "0186": clusterEvent((cluster) => `Global switchover to ${cluster} is cancelled.`),
  "0187": clusterEvent((cluster) => `Global switchover to ${cluster} failed.`),
  "0228": {
    categories: configurationCategory,
    says: (cluster) => `${cluster} was promoted to a standalone cluster.`,
  },
  "0238": clusterEvent((cluster) => `Global failover to ${cluster} completed.`),
  "0239": clusterEvent((cluster) => `Global failover to ${cluster} failed.`),
  "0240": clusterEvent(
    (cluster) => `Started resynchronizing members of ${cluster} after global failover.`,
  ),
  "0241": clusterEvent(
    (cluster) => `Finished resynchronizing members of ${cluster} after global failover.`,
  ),
  "0390": { categories: instanceCategory, says: () => "The attempt to block writes succeeded." },
  "0391": { categories: instanceCategory, says: () => "The attempt to block writes timed out." },
  "0397": clusterEvent(
    () => "Aurora finished changing the DNS name that the global writer endpoint resolves to.",
  ),
  "0423": clusterEvent(
    (_, reason) =>
      `Waiting for data synchronization with the target DB cluster. Current target DB cluster lag behind the primary DB cluster: ${reason}.`,
  ),
} as const satisfies Record<string, RdsEvent>;

export type RdsEventNumber = keyof typeof rdsEvents;

/** What goes into the details of our own event. `reason` is read by 0183 and 0423 only. */
export function rdsDetails(
  number: RdsEventNumber,
  { database, region }: ClusterName,
  reason = "",
): NewEvent["details"] {
  const { categories, says } = rdsEvents[number];
  return {
    rdsEventId: `RDS-EVENT-${number}`,
    rdsCategories: categories,
    rdsMessage: says(`DB cluster ${database}-${region} in Region ${region}`, reason),
  };
}
