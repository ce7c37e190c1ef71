/**
 * What an instance has on its machine: a data directory, evidence, and perhaps a server process. All of it outlives
 * the agent; the directories outlive everything but their disk.
 */
import type { Address } from "../src/model/address.ts";
import type { EvidenceNote } from "../src/model/evidence.ts";
import type { Fork } from "../src/model/fork.ts";
import type { InstanceId, SystemId } from "../src/model/region.ts";
import type { StartAs, Upstream } from "../src/postgres/postgres.ts";
import type { Branch, HistoryPoint } from "./history.ts";
import type { Place } from "./network.ts";

export type SimSlot = { restartLsn: number; isLost: boolean };

export type SimData =
  | { readonly kind: "absent" }
  | { readonly kind: "unfinished" }
  | {
      readonly kind: "present";
      readonly systemId: SystemId;
      isStandby: boolean;
      branch: Branch;
      /** On disk, which is what a crash leaves. */
      flushedLsn: number;
      replayedLsn: number;
      /** As pg_control has it: where the last checkpoint's record begins, or how far a standby replayed at least. */
      control: { readonly lsn: number; readonly isClean: boolean };
      /** Of its last promotion. */
      fork: Fork | undefined;
      hasEvidenceSlots: boolean;
      readonly slots: Map<string, SimSlot>;
    };

export type SimFinishedData = Extract<SimData, { readonly kind: "present" }>;

/** A data directory that was moved to where evidence is kept. */
export type SimEvidence = { readonly note: EvidenceNote; readonly data: SimFinishedData };

/** WAL on its way to a standby. */
type Shipment = HistoryPoint & { readonly flushAtMs: number; readonly replayAtMs: number };

/** A server process. */
export class SimServer {
  as: StartAs;
  isReady = false;
  hasEnded = false;
  /** Its clients' writes are let in. */
  writesAreOpen = false;
  /** Takes no new writes, sends what it has, and ends. */
  isStopping = false;
  /** The standbys, one of which a commit waits for; none when empty. */
  synchronous: readonly string[] = [];
  cancelledWaits = 0;
  /** It has streamed from its upstream: a connection that hangs is not noticed at once. */
  wasStreaming = false;
  readonly shipments: Shipment[] = [];
  readonly ended: Promise<string>;
  readonly #settle: (how: string) => void;

  constructor(as: StartAs) {
    this.as = as;
    let settle: (how: string) => void = () => undefined;
    this.ended = new Promise((resolve) => (settle = resolve));
    this.#settle = settle;
  }

  end(how: string): void {
    this.hasEnded = true;
    this.#settle(how);
  }
}

export class SimHost {
  readonly id: InstanceId;
  readonly address: Address;
  data: SimData = { kind: "absent" };
  readonly evidence = new Map<string, SimEvidence>();
  isDiskFull = false;
  /** SIGSTOP: the processes of the server are there and do nothing. */
  isPaused = false;
  server: SimServer | undefined;

  constructor(id: InstanceId, address: Address) {
    this.id = id;
    this.address = address;
  }

  get place(): Place {
    return this.id.region;
  }

  /** The data of a server that answers; undefined when none does. */
  get serving(): SimFinishedData | undefined {
    return this.server?.isReady && !this.isPaused && this.data.kind === "present"
      ? this.data
      : undefined;
  }

  get isPrimary(): boolean {
    return this.server?.as.kind === "primary";
  }

  /** Whether it would acknowledge a client's write now, but for standbys that the commit waits for. */
  get takesWrites(): boolean {
    const { server } = this;
    return (
      this.serving !== undefined &&
      this.isPrimary &&
      server?.writesAreOpen === true &&
      !server.isStopping &&
      !this.isDiskFull
    );
  }

  get upstream(): Upstream | undefined {
    return this.server?.as.kind === "secondary" ? this.server.as.upstream : undefined;
  }

  endServer(how: string): void {
    this.server?.end(how);
    this.server = undefined;
    this.isPaused = false;
  }
}

export function pointOf({ branch, flushedLsn }: SimFinishedData): HistoryPoint {
  return { branch, lsn: flushedLsn };
}

/** What a creation or a clone leaves. */
export function newData(
  systemId: SystemId,
  { branch, lsn }: HistoryPoint,
  isStandby: boolean,
): SimFinishedData {
  return {
    kind: "present",
    systemId,
    isStandby,
    branch,
    flushedLsn: lsn,
    replayedLsn: lsn,
    control: { lsn, isClean: true },
    fork: undefined,
    hasEvidenceSlots: false,
    slots: new Map(),
  };
}
