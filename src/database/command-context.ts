/** What a command on one instance works with. */
import type { Clock, Log } from "../env/env.ts";
import type { WriteGate } from "../engine/write-gate.ts";
import type { Address } from "../model/address.ts";
import type { Assignment } from "../model/assignment.ts";
import type { NewEvent } from "../model/event.ts";
import type { CommandResult, InstanceState } from "../model/instance.ts";
import type { InstanceId } from "../model/region.ts";
import type { Postgres } from "../postgres/postgres.ts";
import type { HandOverMark, Seal } from "./agent-state.ts";
import type { KeptServer } from "./kept-server.ts";

export type CommandContext = {
  readonly id: InstanceId;
  /** Where this very instance listens. */
  readonly address: Address;
  readonly clock: Clock;
  readonly log: Log;
  readonly postgres: Postgres;
  readonly server: KeptServer;
  readonly gate: WriteGate;
  readonly region: RegionDuties;
  /** The newest one; it may change while a command is carried out. */
  readonly assignment: () => Assignment | undefined;
  readonly become: (state: InstanceState) => void;
  /** What is kept of former writers is another than was looked at last. */
  readonly evidenceChanged: () => void;
  /** For the archive. */
  readonly tell: (event: NewEvent) => void;
  /** Slots for those that stream from it. */
  readonly ensureSlots: (signal: AbortSignal) => Promise<void>;
  /** When the old writer acknowledged a probe last, for the promotion that follows; by operation. */
  readonly lastAck: { operation: string; atMs: number | undefined };
};

/** Tells what a command that goes on has found out so far. */
export type FoundOut = (result: CommandResult) => void;

/** What the whole agent does for its instances. */
export type RegionDuties = {
  /** How long the right to write under the assigned epoch lasts, in ms; 0 when there is none. */
  readonly leaseLeftMs: () => number;
  /** Asks the controller now, and not at the next report. */
  readonly askForLease: () => void;
  /** The mark that keeps the writer down, if there is one. */
  readonly handedOver: () => HandOverMark | undefined;
  /** Durable when it answers. */
  readonly noteHandOver: (mark: HandOverMark) => void;
  /** Settles when nothing that was promised binds any more. */
  readonly seal: (seal: Seal, signal: AbortSignal) => Promise<void>;
};
