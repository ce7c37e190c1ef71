/**
 * PostgreSQL as its agent knows it, on a simulated host. What takes time takes simulated time, and can be cut
 * short at any moment of it by a kill, a cut or a full disk.
 */
import { Failure } from "../src/model/failure.ts";
import type { Lsn } from "../src/model/lsn.ts";
import { formatInstance, type SystemId } from "../src/model/region.ts";
import type {
  CloneProgress,
  DataDirectory,
  Postgres,
  ReplicaLag,
  ServerStatus,
  StartAs,
  Upstream,
} from "../src/postgres/postgres.ts";
import { assert } from "../src/std/assert.ts";
import { onAbort } from "../src/std/on-abort.ts";
import type { SimClock } from "./clock.ts";
import { SimServer, type SimFinishedData, type SimHost } from "./host.ts";
import type { Life } from "./life.ts";
import type { SeededRandom } from "./random.ts";
import type { WalStream } from "./stream.ts";

/** How this PostgreSQL behaves, drawn per world. */
export type PostgresTemper = {
  /** The share of creations, starts and queries that fail for no reason that anybody knows. */
  readonly failureRate: number;
  readonly createMsMax: number;
  readonly startMsMax: number;
  readonly cloneBytesPerSecond: number;
};

export type SimPostgresDoors = {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly life: Life;
  readonly stream: WalStream;
  readonly witness: PostgresWitness;
};

/** Hears what a checker wants to know. */
export type PostgresWitness = {
  readonly created: (host: SimHost, systemId: SystemId) => void;
  readonly removed: (host: SimHost, data: SimFinishedData) => void;
  readonly started: (host: SimHost, as: StartAs) => void;
};

/** What a clone copies: rows are changed again and again, so that a database does not grow with its WAL. */
const clusterBytes = 8_000_000;
/** A clone looks this often whether the way is still open. */
const cloneStepMs = 250;

const never = new AbortController().signal;

export class SimPostgres implements Postgres {
  readonly #host: SimHost;
  readonly #doors: SimPostgresDoors;
  readonly #temper: PostgresTemper;
  /** The server that this agent started or adopted. */
  #held: SimServer | undefined;

  constructor(host: SimHost, doors: SimPostgresDoors, temper: PostgresTemper) {
    this.#host = host;
    this.#doors = doors;
    this.#temper = temper;
  }

  async inspect(signal: AbortSignal): Promise<DataDirectory> {
    await this.#spend(1, signal);
    const { data } = this.#host;
    if (data.kind !== "present") return data;
    return { kind: "present", systemId: data.systemId, isStandby: data.isStandby };
  }

  async remove({ force }: { readonly force: boolean }, signal: AbortSignal): Promise<void> {
    await this.#spend(50, signal);
    if (this.#host.server) throw this.#failed("postgres.stop-failed", "a server runs on it");
    const { data } = this.#host;
    if (data.kind === "present" && !force) return;
    if (data.kind === "present") this.#doors.witness.removed(this.#host, data);
    this.#host.data = { kind: "absent" };
  }

  async create(_spec: unknown, signal: AbortSignal): Promise<SystemId> {
    const { random, witness } = this.#doors;
    await this.#build(signal, async () => {
      await this.#spend(random.between(200, this.#temper.createMsMax), signal);
      this.#mayFail("postgres.create-failed");
    });
    const systemId = `7${random.hex(8)}` as SystemId;
    this.#host.data = this.#finished(systemId, false, clusterBytes);
    witness.created(this.#host, systemId);
    return systemId;
  }

  async clone(
    upstream: Upstream,
    systemId: SystemId,
    onProgress: (progress: CloneProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const fromLsn = await this.#build(signal, async () => {
      await this.#spend(20, signal);
      const source = this.#source(upstream);
      if (source.systemId !== systemId)
        throw this.#failed("postgres.other-cluster", `the upstream is ${source.systemId}`);
      const totalBytes = clusterBytes;
      const startLsn = source.flushedLsn;
      // Made anew: a slot that was lost before never serves again.
      source.slots.set(upstream.slot, { restartLsn: startLsn, isLost: false });
      let receivedBytes = 0;
      while (receivedBytes < totalBytes) {
        await this.#spend(cloneStepMs, signal);
        this.#source(upstream);
        if (this.#host.isDiskFull)
          throw this.#failed("disk.full", "there is no room for the clone");
        receivedBytes += (this.#temper.cloneBytesPerSecond * cloneStepMs) / 1000;
        onProgress({ receivedBytes: Math.min(receivedBytes, totalBytes), totalBytes });
      }
      return startLsn;
    });
    this.#host.data = this.#finished(systemId, true, fromLsn);
  }

  async adopt(signal: AbortSignal): Promise<boolean> {
    await this.#spend(10, signal);
    this.#held = this.#host.server;
    return this.#held !== undefined;
  }

  async start(as: StartAs, signal: AbortSignal): Promise<void> {
    const { random, stream, witness } = this.#doors;
    const host = this.#host;
    await this.#spend(5, signal);
    assert(!this.isRunning(), "a server is started that runs");
    const { data } = host;
    if (data.kind !== "present") throw this.#failed("postgres.data-missing", "there is no data");
    if (host.server) throw this.#failed("postgres.start-failed", "a server runs on it already");
    if (host.isDiskFull) throw this.#failed("disk.full", "there is no room to start");
    stream.settle();
    data.isStandby = as.kind !== "primary";
    const server = new SimServer(as);
    host.server = server;
    this.#held = server;
    witness.started(host, as);
    const startMs = random.between(50, this.#temper.startMsMax);
    // The server comes up by itself, also when the agent that began it is killed meanwhile.
    this.#doors.clock.after(startMs, () => {
      stream.settle();
      server.isReady = !server.hasEnded;
    });
    try {
      await this.#spend(startMs + 1, signal);
      if (server.hasEnded) throw this.#failed("postgres.start-failed", "it ended while it started");
      this.#mayFail("postgres.start-failed");
    } catch (error) {
      this.#endServer("it did not start");
      throw error;
    }
  }

  async stop(mode: "fast" | "immediate", signal: AbortSignal): Promise<void> {
    if (this.isRunning()) await this.#spend(mode === "fast" ? 200 : 20, signal);
    this.#endServer(`it was stopped (${mode})`);
  }

  isRunning(): boolean {
    return this.#held !== undefined && !this.#held.hasEnded;
  }

  ended(signal: AbortSignal): Promise<string> {
    const held = this.#held;
    if (!held) return Promise.resolve("is not running");
    const aborted = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      else onAbort(signal, () => reject(signal.reason as Error));
    });
    return this.#doors.life.live(Promise.race([held.ended, aborted]));
  }

  async status(signal: AbortSignal): Promise<ServerStatus> {
    const data = await this.#query(signal);
    const flushedLsn = BigInt(data.flushedLsn) as Lsn;
    return {
      systemId: data.systemId,
      timeline: 1,
      isInRecovery: !this.#host.isPrimary,
      flushedLsn,
      replayedLsn: flushedLsn,
      isStreaming: this.#doors.stream.slotOf(this.#host) !== undefined,
    };
  }

  async ensureSlots(slots: readonly string[], signal: AbortSignal): Promise<void> {
    const data = await this.#query(signal);
    for (const slot of slots) {
      if (!data.slots.has(slot))
        data.slots.set(slot, { restartLsn: data.flushedLsn, isLost: false });
    }
  }

  async replicaLags(slots: readonly string[], signal: AbortSignal): Promise<readonly ReplicaLag[]> {
    const data = await this.#query(signal);
    const { hosts } = this.#doors.stream;
    return slots.flatMap((name): ReplicaLag[] => {
      const slot = data.slots.get(name);
      if (!slot) return [];
      const lagBytes = data.flushedLsn - slot.restartLsn;
      return [
        {
          slot: name,
          isStreaming: hosts.some((other) => this.#doors.stream.slotOf(other) === slot),
          flushedLsn: BigInt(slot.restartLsn) as Lsn,
          replayedLsn: BigInt(slot.restartLsn) as Lsn,
          lagBytes,
          lagMs: lagBytes === 0 ? 0 : 1,
          rpoLagMs: lagBytes === 0 ? 0 : 1,
          progressLagMs: lagBytes === 0 ? 0 : 1,
          sentBytes: slot.restartLsn,
          slotIsIntact: !slot.isLost,
        },
      ];
    });
  }

  async follow(upstream: Upstream, signal: AbortSignal): Promise<void> {
    await this.#query(signal);
    assert(this.#held !== undefined, "a server that answers is held");
    this.#held.as = { kind: "secondary", upstream };
  }

  /** Fills the directory and removes the remains when that fails; a killed agent leaves them. */
  async #build<T>(signal: AbortSignal, fill: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#host.data.kind === "present")
      throw this.#failed("postgres.create-failed", "there is a data directory already");
    this.#host.data = { kind: "unfinished" };
    try {
      if (this.#host.isDiskFull) throw this.#failed("disk.full", "there is no room for a cluster");
      return await fill();
    } catch (error) {
      this.#host.data = { kind: "absent" };
      throw error;
    }
  }

  #source(upstream: Upstream): SimFinishedData {
    this.#doors.stream.settle();
    const source = this.#doors.stream.reach(this.#host, upstream.address)?.serving;
    if (source) return source;
    throw this.#failed("postgres.clone-failed", "the upstream does not answer");
  }

  /** The data of the running server, a moment later. */
  async #query(signal: AbortSignal): Promise<SimFinishedData> {
    await this.#spend(2, signal);
    this.#mayFail("postgres.query-failed");
    this.#doors.stream.settle();
    const { serving, server } = this.#host;
    if (serving && server === this.#held) return serving;
    throw this.#failed("postgres.query-failed", "the server does not accept connections");
  }

  #finished(systemId: SystemId, isStandby: boolean, flushedLsn: number): SimFinishedData {
    return { kind: "present", systemId, isStandby, flushedLsn, slots: new Map() };
  }

  #endServer(how: string): void {
    this.#doors.stream.settle();
    if (this.#held && this.#host.server === this.#held) this.#host.endServer(how);
    this.#held = undefined;
  }

  /** Takes simulated time. Whoever was killed meanwhile never comes back from it. */
  async #spend(ms: number, signal: AbortSignal): Promise<void> {
    await this.#doors.life.live(this.#doors.clock.sleep(ms, signal ?? never));
  }

  #mayFail(
    code: "postgres.create-failed" | "postgres.start-failed" | "postgres.query-failed",
  ): void {
    if (this.#doors.random.chance(this.#temper.failureRate)) throw this.#failed(code, "bad luck");
  }

  #failed(code: ConstructorParameters<typeof Failure>[0], because: string): Failure {
    return new Failure(code, `${formatInstance(this.#host.id)}: ${because}`);
  }
}
