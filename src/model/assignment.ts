/** What the controller tells an agent: what each of its instances is to be, and single deeds to do once. */
import type { Secret } from "../std/secret.ts";
import type { Address } from "./address.ts";
import type { Fork } from "./fork.ts";
import type { Role } from "./instance.ts";
import type { Lsn } from "./lsn.ts";
import type { PinRule } from "./operation.ts";
import type { PredefinedRole } from "./predefined-role.ts";
import type {
  ControllerTerm,
  DatabaseId,
  Epoch,
  OperationId,
  RegionId,
  SystemId,
} from "./region.ts";

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
  /** Of the record that this was made from. It grows with each change; an agent refuses a lower one. */
  readonly version: number;
  /** Undefined until the database system was created. */
  readonly systemId: SystemId | undefined;
  readonly role: Role;
  /** Whose Region's first instance writes in this epoch. Undefined only in what an earlier version of Leeward kept. */
  readonly writer: RegionId | undefined;
  /** False between the claim of the epoch and its writer's promotion, which is a command's work alone. */
  readonly isPromoted: boolean;
  /**
   * Secondary only: where it streams from, in this Region's view of the links. Undefined while the new writer is
   * not promoted yet: then it keeps the one it has.
   */
  readonly upstream: UpstreamAssignment | undefined;
  /** The slots that keep WAL for those that stream from it. */
  readonly slots: readonly SlotOwner[];
  /** Where the system's timelines left each other, oldest first. */
  readonly forks: readonly Fork[];
  /** The operation that holds the system now. What an earlier one asked for, is void (I6). */
  readonly operation: OperationId | undefined;
  /** Primary only: whose promises together replace the lease while no controller answers. */
  readonly failsafe: readonly PeerAgent[];
  /** Primary only: above this RPO lag commits wait for a secondary; 0 is off. */
  readonly rpoGuardMs: number;
};

/** The agent of another Region, in this Region's view of the links. */
export type PeerAgent = { readonly region: RegionId; readonly address: Address };

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
  /** Of the record when it was given; an agent that follows a higher one refuses it. */
  readonly version: number;
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
        readonly memberOf: readonly PredefinedRole[];
        readonly password: Secret;
      }[];
    }
  /** A new secondary from the writer; `replace` removes what a lost slot has made useless. */
  | {
      readonly kind: "clone";
      readonly upstream: UpstreamAssignment;
      readonly systemId: SystemId;
      readonly replace: boolean;
    }
  /** To the old writer, before its writes are held: makes the checkpoint of the shutdown short. */
  | { readonly kind: "checkpoint" }
  /** To the target: probes the old writer, and settles when its stream has ended and everything is replayed. */
  | { readonly kind: "await-handover"; readonly upstream: UpstreamAssignment }
  /** To the old writer: holds writes, notes that it handed over, shuts down cleanly. Result: the token. */
  | { readonly kind: "hand-over"; readonly withinMs: number; readonly pins: PinRule }
  /** To the old writer: notes that it is fenced, kills every process. */
  | { readonly kind: "fence" }
  /** To the target: from now on no promise for this epoch; settles when the last one given has run out. */
  | { readonly kind: "seal"; readonly epoch: Epoch }
  /** To the target: follows another survivor until it has flushed and replayed `untilLsn`. */
  | {
      readonly kind: "catch-up";
      readonly upstream: UpstreamAssignment;
      readonly untilLsn: Lsn;
      readonly withinMs: number;
    }
  /** To the target, with the lease of the new epoch: promote, slots, evidence slots, mark, open. */
  /** `passOver`: a person gave up the timelines that it has not reached. */
  | { readonly kind: "promote"; readonly passOver: boolean }
  /** Data that left the common history become evidence; the next clone finds an empty place. */
  | { readonly kind: "set-aside"; readonly because: string }
  /** To a secondary that leaves: a copy is removed; anything else becomes evidence. */
  | { readonly kind: "discard"; readonly forks: readonly Fork[] }
  | { readonly kind: "remove-evidence"; readonly name: string };

/** The right to accept writes, counted from before the agent asked. */
export type LeaseGrant = {
  readonly database: DatabaseId;
  readonly epoch: Epoch;
  readonly ttlMs: number;
};
