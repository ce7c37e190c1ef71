/** A Region's name as `leeward.yaml` spells it, for example `us-east-1`. */
export type RegionId = string & { readonly brand: "RegionId" };

/** A global database's name, unique in one world, for example `orders`. */
export type DatabaseId = string & { readonly brand: "DatabaseId" };

/** Counts promotions of one global database and only grows. Every write path carries it (I1). */
export type Epoch = number & { readonly brand: "Epoch" };

/** Counts controllers. Agents keep the highest on disk and refuse commands of a lower one. */
export type ControllerTerm = number & { readonly brand: "ControllerTerm" };

/** The identity that `initdb` draws; equal on every member of one global database, on no two of different ones. */
export type SystemId = string & { readonly brand: "SystemId" };

/** One operation on one database system, unique for ever: `switchover-orders-7-2`. */
export type OperationId = string & { readonly brand: "OperationId" };

/** One PostgreSQL server: the `number`-th (from 1) instance of `database` in `region`. */
export type InstanceId = {
  readonly database: DatabaseId;
  readonly region: RegionId;
  readonly number: number;
};

/** How people and logs name an instance: `orders/us-east-1/1`. */
export function formatInstance(id: InstanceId): string {
  return `${id.database}/${id.region}/${id.number}`;
}

/** The physical slot on the writer that keeps WAL for this instance: `leeward_us_west_2_1`. */
export function slotName(region: RegionId, number: number): string {
  return `leeward_${region.replaceAll("-", "_")}_${number}`;
}
