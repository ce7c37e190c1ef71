/** Which instances there are, and who streams from whom. Pure; made from `leeward.yaml` by the program. */
import type { Address } from "../model/address.ts";
import type { Assignment, SlotOwner, UpstreamAssignment } from "../model/assignment.ts";
import { slotName, type DatabaseId, type InstanceId, type RegionId } from "../model/region.ts";
import type { RoleSpec } from "../postgres/postgres.ts";
import type { SystemRecord } from "./records.ts";

/** One PostgreSQL database system: a global database, or a local one in one Region. */
export type DatabaseSystem = {
  readonly key: string;
  readonly database: DatabaseId;
  readonly kind: "global" | "local";
  /** The primary Region at creation; afterwards the store knows better. */
  readonly firstPrimary: RegionId;
  readonly regions: readonly { readonly region: RegionId; readonly instances: number }[];
  /** Without the passwords, which travel in the create command. */
  readonly roles: readonly RoleSpec[];
  readonly owner: string | undefined;
};

/** Where programs in `from` reach an instance: directly in their own Region, through a link elsewhere. */
export type AddressOf = (from: RegionId, instance: InstanceId) => Address;

export function instancesOf(system: DatabaseSystem): readonly InstanceId[] {
  return system.regions.flatMap(({ region, instances }) =>
    Array.from({ length: instances }, (_, index) => ({
      database: system.database,
      region,
      number: index + 1,
    })),
  );
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
  addressOf: AddressOf,
): Assignment {
  return {
    database: instance.database,
    number: instance.number,
    epoch: record.epoch,
    systemId: record.systemId,
    role: isWriter(instance, record) ? "primary" : "secondary",
    upstream: upstreamAssignment(instance, record, addressOf),
    slots: downstreamsOf(instance, system, record).map(ownSlot),
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

function downstreamsOf(
  instance: InstanceId,
  system: DatabaseSystem,
  record: SystemRecord,
): readonly InstanceId[] {
  return instancesOf(system).filter((other) => {
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
