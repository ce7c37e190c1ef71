/** Which instances there are, and who streams from whom. Pure; made from `leeward.yaml` by the program. */
import type { Address } from "../model/address.ts";
import type { Assignment, PeerAgent, SlotOwner, UpstreamAssignment } from "../model/assignment.ts";
import { slotName, type DatabaseId, type InstanceId, type RegionId } from "../model/region.ts";
import type { RoleSpec } from "../postgres/postgres.ts";
import type { SystemRecord } from "./records.ts";

/** One PostgreSQL database system: a global database, or a local one in one Region. */
export type DatabaseSystem = {
  readonly key: string;
  /** What people call it; that of a detached Region is `<database>-<region>`. */
  readonly name: DatabaseId;
  /** The database of its instances, which keep their place when their Region is detached. */
  readonly database: DatabaseId;
  readonly kind: "global" | "local";
  /** The primary Region at creation; afterwards the store knows better. */
  readonly firstPrimary: RegionId;
  readonly regions: readonly { readonly region: RegionId; readonly instances: number }[];
  /** Without the passwords, which travel in the create command. */
  readonly roles: readonly RoleSpec[];
  readonly owner: string | undefined;
  /** Who decides on a failover. A local system has none, and says `manual`. */
  readonly failover: "manual" | "automatic";
  /** Whether a former writer comes back by itself. */
  readonly rejoin: "manual" | "automatic";
  /** Above this RPO lag commits wait for a secondary; 0: they never do. */
  readonly rpoGuardMs: number;
  /** After a failover, none happens by itself for this long. */
  readonly failoverPauseMs: number;
};

/** Where programs in `from` reach an instance: directly in their own Region, through a link elsewhere. */
export type AddressOf = (from: RegionId, instance: InstanceId) => Address;

/** Where the agent of `from` reaches the agent of `to`, through a link. */
export type AgentAddressOf = (from: RegionId, to: RegionId) => Address;

export type Addresses = { readonly addressOf: AddressOf; readonly agentAddressOf: AgentAddressOf };

/** Every instance that has a place, in Regions that are members and in those that are not. */
export function placesOf(system: DatabaseSystem): readonly InstanceId[] {
  return system.regions.flatMap(({ region, instances }) =>
    Array.from({ length: instances }, (_, index) => ({
      database: system.database,
      region,
      number: index + 1,
    })),
  );
}

/** The instances of the member Regions. */
export function instancesOf(
  system: DatabaseSystem,
  record: Pick<SystemRecord, "members">,
): readonly InstanceId[] {
  return placesOf(system).filter(({ region }) => record.members.includes(region));
}

/** The first instance of a Region: the one that streams across the link, and that may be promoted. */
export function firstIn(system: DatabaseSystem, region: RegionId): InstanceId {
  return { database: system.database, region, number: 1 };
}

/** The system of a Region that was detached from `system`; its instances stay where they are. */
export function detachedSystem(system: DatabaseSystem, region: RegionId): DatabaseSystem {
  return {
    ...system,
    // No database of leeward.yaml has such a key, whatever it is called.
    key: `${system.key}@${region}`,
    name: `${system.name}-${region}` as DatabaseId,
    firstPrimary: region,
    regions: system.regions.filter((one) => one.region === region),
    failover: "manual",
  };
}

export function isWriter(instance: InstanceId, record: SystemRecord): boolean {
  return instance.region === record.primary && instance.number === 1;
}

/**
 * The first instance of a secondary Region streams from the writer, over the link; the others of a Region
 * stream from their Region's first, so that each byte crosses a link once.
 */
export function upstreamOf(instance: InstanceId, record: SystemRecord): InstanceId | undefined {
  if (isWriter(instance, record)) return undefined;
  return instance.number === 1
    ? { ...instance, region: record.primary }
    : { ...instance, number: 1 };
}

export function assignmentOf(
  instance: InstanceId,
  system: DatabaseSystem,
  record: SystemRecord,
  addresses: Addresses,
): Assignment {
  const writes = isWriter(instance, record);
  return {
    database: instance.database,
    number: instance.number,
    epoch: record.epoch,
    version: record.version,
    systemId: record.systemId,
    role: writes ? "primary" : "secondary",
    writer: record.primary,
    isPromoted: record.isPromoted,
    upstream: mayFollow(instance, record)
      ? upstreamAssignment(instance, record, addresses.addressOf)
      : undefined,
    slots: downstreamsOf(instance, system, record).map(ownSlot),
    forks: record.forks,
    operation: record.operation,
    failsafe: writes ? failsafeOf(instance.region, record, addresses) : [],
    rpoGuardMs: writes ? system.rpoGuardMs : 0,
  };
}

export function upstreamAssignment(
  instance: InstanceId,
  record: SystemRecord,
  addressOf: AddressOf,
): UpstreamAssignment | undefined {
  const upstream = upstreamOf(instance, record);
  if (upstream === undefined) return undefined;
  const slot = slotName(instance.region, instance.number);
  return { address: addressOf(instance.region, upstream), slot, applicationName: slot };
}

/**
 * Nobody follows a writer that is not promoted yet, because nobody knows yet where its history leaves the old one;
 * and what a condemned Region holds is evidence, not a copy (I5).
 */
function mayFollow(instance: InstanceId, record: SystemRecord): boolean {
  const followsWriter = instance.number === 1;
  return !record.condemned.includes(instance.region) && (!followsWriter || record.isPromoted);
}

/** Whoever may be promoted, or is about to be one who may: without their promises the writer does not go on alone. */
function failsafeOf(
  region: RegionId,
  { candidates, asked }: SystemRecord,
  { agentAddressOf }: Addresses,
): readonly PeerAgent[] {
  return [...new Set([...candidates, ...asked])]
    .filter((other) => other !== region)
    .map((other) => ({ region: other, address: agentAddressOf(region, other) }));
}

function downstreamsOf(
  instance: InstanceId,
  system: DatabaseSystem,
  record: SystemRecord,
): readonly InstanceId[] {
  return instancesOf(system, record).filter((other) => {
    const upstream = upstreamOf(other, record);
    return upstream?.region === instance.region && upstream.number === instance.number;
  });
}

function ownSlot(instance: InstanceId): SlotOwner {
  return {
    slot: slotName(instance.region, instance.number),
    region: instance.region,
    number: instance.number,
  };
}
