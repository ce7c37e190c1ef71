/** What the controller tells an agent: what each of its instances is to be, and single deeds to do once. */
import type { Secret } from "../std/secret.ts";
import type { Address } from "./address.ts";
import type { Role } from "./instance.ts";
import type { ControllerTerm, DatabaseId, Epoch, RegionId, SystemId } from "./region.ts";

/** A slot on the writer and the secondary instance that it belongs to. */
export type SlotOwner = {
  readonly slot: string;
  readonly region: RegionId;
  readonly number: number;
};

/** The desired state of one instance. It holds until the next one; the agent keeps it on disk. */
export type Assignment = {
  readonly database: DatabaseId;
  readonly number: number;
  readonly epoch: Epoch;
  /** Undefined until the database system was created. */
  readonly systemId: SystemId | undefined;
  readonly role: Role;
  /** Secondary only: where it streams from, in this Region's view of the links. */
  readonly upstream: UpstreamAssignment | undefined;
  /** Primary only: the slots that keep WAL for its secondaries. */
  readonly slots: readonly SlotOwner[];
};

export type UpstreamAssignment = {
  readonly address: Address;
  readonly slot: string;
  readonly applicationName: string;
};

/** A deed that is done once, by an operation; asked again with the same id, the agent repeats its answer. */
export type Command = {
  readonly id: string;
  readonly term: ControllerTerm;
  readonly epoch: Epoch;
  readonly operation: string;
  readonly step: string;
  readonly database: DatabaseId;
  readonly number: number;
  readonly action: CommandAction;
};

export type CommandAction =
  /** initdb. Only ever given once for a database system, at epoch 1. */
  | {
      readonly kind: "create";
      readonly databaseName: string;
      readonly owner: string | undefined;
      readonly roles: readonly {
        readonly name: string;
        readonly login: boolean;
        readonly superuser: boolean;
        readonly replication: boolean;
        readonly password: Secret;
      }[];
    }
  /** A new secondary from the writer; `replace` removes what a lost slot has made useless. */
  | {
      readonly kind: "clone";
      readonly upstream: UpstreamAssignment;
      readonly systemId: SystemId;
      readonly replace: boolean;
    };

/** The right to accept writes, counted from before the agent asked. */
export type LeaseGrant = {
  readonly database: DatabaseId;
  readonly epoch: Epoch;
  readonly ttlMs: number;
};
