/**
 * PostgreSQL as its agent knows it, on a simulated host. What takes time takes simulated time, and can be cut
 * short at any moment of it by a kill, a cut or a full disk.
 */
import type { Address } from "../src/model/address.ts";
import type { EvidenceItem, EvidenceNote, EvidenceSlot } from "../src/model/evidence.ts";
import { Failure } from "../src/model/failure.ts";
import type { Fork } from "../src/model/fork.ts";
import type { Lsn } from "../src/model/lsn.ts";
import { formatInstance, type SystemId } from "../src/model/region.ts";
import type {
  CloneProgress,
  DataDirectory,
  Postgres,
  ReplicaLag,
  ServerStatus,
  StartAs,
  Token,
  Upstream,
  WriteMark,
} from "../src/postgres/postgres.ts";
import { assert } from "../src/std/assert.ts";
import { onAbort } from "../src/std/on-abort.ts";
import type { SimClock } from "./clock.ts";
import { Branch } from "./history.ts";
import { newData, SimServer, type SimFinishedData, type SimHost } from "./host.ts";
import type { Life } from "./life.ts";
import type { PostgresWitness } from "./postgres-witness.ts";
import type { SeededRandom } from "./random.ts";
import { readLag } from "./replica-lag.ts";
import { beginPromotion, beginShutdown } from "./server-process.ts";
import type { WalStream } from "./stream.ts";

/** 50 GiB: the disks of simulated data are never full, those of journals and stores are. */
const roomBytes = 50 * 1024 ** 3;

/** How this PostgreSQL behaves, drawn per world. */
export type PostgresTemper = {
  /** The share of creations, starts and queries that fail for no reason that anybody knows. */
  failureRate: number;
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

/** What a clone copies: rows are changed again and again, so that a database does not grow with its WAL. */
const clusterBytes = 8_000_000;
/** A clone looks this often whether the way is still open. */
const cloneStepMs = 250;
/** As the real one: a query of a server that does not answer is given up. */
const queryTimeoutMs = 5_000;
const probeTimeoutMs = 500;
/** Of a mark, a probe's row, a checkpoint's record. */
const recordBytes = 120;

const never = new AbortController().signal;

export class SimPostgres implements Postgres {
  readonly #host: SimHost;
  readonly #doors: SimPostgresDoors;
  readonly #temper: PostgresTemper;
  /** The server that this agent started or adopted. */
  #held: SimServer | undefined;
  #fences = 0;

  constructor(host: SimHost, doors: SimPostgresDoors, temper: PostgresTemper) {
    this.#host = host;
    this.#doors = doors;
    this.#temper = temper;
  }

  async inspect(signal: AbortSignal): Promise<DataDirectory> {
    await this.#spend(1, signal);
    const { data } = this.#host;
    if (data.kind !== "present") return data;
    const { systemId, isStandby, branch, control } = data;
    const end = { timeline: branch.timeline, lsn: toLsn(control.lsn), isClean: control.isClean };
    return { kind: "present", systemId, isStandby, end };
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
    this.#fill(systemId, new Branch(1, undefined, this.#host), clusterBytes, false);
    witness.created(this.#host, systemId);
    return systemId;
  }

  async clone(
    upstream: Upstream,
    systemId: SystemId,
    onProgress: (progress: CloneProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const from = await this.#build(signal, async () => {
      await this.#spend(20, signal);
      const source = this.#source(upstream);
      if (source.systemId !== systemId)
        throw this.#failed("postgres.other-cluster", `the upstream is ${source.systemId}`);
      const totalBytes = clusterBytes;
      const { branch, flushedLsn } = source;
      // Made anew: a slot that was lost before never serves again.
      source.slots.set(upstream.slot, { restartLsn: flushedLsn, isLost: false });
      let receivedBytes = 0;
      while (receivedBytes < totalBytes) {
        await this.#spend(cloneStepMs, signal);
        this.#source(upstream);
        if (this.#host.isDiskFull)
          throw this.#failed("disk.full", "there is no room for the clone");
        receivedBytes += (this.#temper.cloneBytesPerSecond * cloneStepMs) / 1000;
        onProgress({ receivedBytes: Math.min(receivedBytes, totalBytes), totalBytes });
      }
      return { branch, lsn: flushedLsn };
    });
    this.#fill(systemId, from.branch, from.lsn, true);
  }

  async adopt(signal: AbortSignal): Promise<boolean> {
    await this.#spend(10, signal);
    this.#held = this.#host.server;
    return this.#held !== undefined;
  }

  async start(as: StartAs, signal: AbortSignal): Promise<void> {
    const { random, stream, witness } = this.#doors;
    const host = this.#host;
    const fences = this.#fences;
    await this.#spend(5, signal);
    assert(!this.isRunning(), "a server is started that runs");
    if (this.#fences !== fences) throw this.#failed("postgres.start-failed", "it was fenced");
    const { data } = host;
    if (data.kind !== "present") throw this.#failed("postgres.data-missing", "there is no data");
    if (host.server) throw this.#failed("postgres.start-failed", "a server runs on it already");
    if (host.isDiskFull) throw this.#failed("disk.full", "there is no room to start");
    stream.settle();
    data.isStandby = as.kind !== "primary";
    data.control = { ...data.control, isClean: false };
    // A standby's data that are started as a primary's go on with their timeline's number, and with nothing else.
    if (as.kind === "primary" && data.branch.writer !== host)
      data.branch = new Branch(
        data.branch.timeline,
        { branch: data.branch, lsn: data.flushedLsn },
        host,
      );
    const server = new SimServer(as);
    host.server = server;
    this.#held = server;
    witness.started(host, as);
    const startMs = random.between(50, this.#temper.startMsMax);
    // The server comes up by itself, also when the agent that began it is killed meanwhile.
    this.#doors.clock.after(startMs, () => {
      stream.settle();
      if (server.hasEnded) return;
      data.replayedLsn = data.flushedLsn;
      server.isReady = true;
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

  async stop(mode: "fast" | "immediate", signal: AbortSignal): Promise<boolean> {
    const { clock, random, stream } = this.#doors;
    const server = this.#held;
    if (server && !server.hasEnded && mode === "fast") {
      beginShutdown(this.#host, server, { clock, stream, tookMs: random.between(20, 200) });
      await this.#spend(1, signal);
      await this.ended(signal);
    } else if (server && !server.hasEnded) {
      await this.#spend(20, signal);
      this.#endServer(`it was stopped (${mode})`);
    }
    this.#held = undefined;
    const { data } = this.#host;
    return data.kind === "present" && data.control.isClean;
  }

  async fence(signal: AbortSignal): Promise<void> {
    this.#fences += 1;
    this.#doors.stream.settle();
    this.#host.endServer("it was killed");
    await this.#spend(this.#doors.random.between(1, 30), signal);
    // What was about to start a server is gone as well.
    this.#doors.stream.settle();
    this.#host.endServer("it was killed");
    this.#held = undefined;
  }

  isRunning(): boolean {
    return this.#held !== undefined && !this.#held.hasEnded;
  }

  ended(signal: AbortSignal): Promise<string> {
    const held = this.#held;
    if (!held) return Promise.resolve("is not running");
    return this.#doors.life.live(
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        const forget = onAbort(signal, () => reject(signal.reason as Error));
        void held.ended.then((how) => {
          forget();
          return resolve(how);
        });
      }),
    );
  }

  diskFreeBytes(): number {
    return roomBytes;
  }

  async status(signal: AbortSignal): Promise<ServerStatus> {
    const data = await this.#query(signal);
    return {
      systemId: data.systemId,
      timeline: data.branch.timeline,
      isInRecovery: !this.#host.isPrimary,
      flushedLsn: toLsn(data.flushedLsn),
      replayedLsn: toLsn(data.replayedLsn),
      isStreaming: this.#doors.stream.slotOf(this.#host) !== undefined,
    };
  }

  async ensureSlots(slots: readonly string[], signal: AbortSignal): Promise<void> {
    const data = await this.#query(signal);
    for (const slot of slots) {
      if (!data.slots.has(slot))
        data.slots.set(slot, { restartLsn: data.flushedLsn, isLost: false });
    }
    const inUse = new Set(
      this.#doors.stream.streamers(this.#host).map(({ upstream }) => upstream?.slot),
    );
    for (const slot of data.slots.keys()) {
      if (!slots.includes(slot) && !inUse.has(slot)) data.slots.delete(slot);
    }
  }

  async replicaLags(slots: readonly string[], signal: AbortSignal): Promise<readonly ReplicaLag[]> {
    const data = await this.#query(signal);
    const { stream, clock } = this.#doors;
    const streamers = stream.streamers(this.#host);
    return slots.flatMap((name): ReplicaLag[] => {
      const slot = data.slots.get(name);
      const standby = streamers.find(({ upstream }) => upstream?.slot === name);
      return slot ? [readLag(name, slot, { data, standby, nowMs: clock.monotonicMs() })] : [];
    });
  }

  async follow(upstream: Upstream, signal: AbortSignal): Promise<void> {
    await this.#query(signal);
    assert(this.#held !== undefined, "a server that answers is held");
    if (this.#host.isPrimary) throw this.#failed("postgres.query-failed", "it is a primary");
    this.#held.as = { kind: "secondary", upstream };
  }

  async checkpoint(signal: AbortSignal): Promise<void> {
    await this.#spend(this.#doors.random.between(5, 200), signal);
    const data = await this.#query(signal);
    data.control = { lsn: data.flushedLsn, isClean: false };
    this.#doors.stream.append(data, recordBytes);
  }

  async promote(signal: AbortSignal): Promise<Fork> {
    const { clock, stream, random, witness } = this.#doors;
    const data = await this.#query(signal);
    const server = this.#host.server as SimServer;
    if (!this.#host.isPrimary) {
      const tookMs = random.between(10, 150);
      beginPromotion(this.#host, server, { clock, stream, tookMs, promoted: witness.promoted });
      await this.#spend(tookMs + 1, signal);
      if (server.hasEnded || !this.#host.isPrimary)
        throw this.#failed("postgres.promote-failed", "it ended while it was promoted");
    }
    if (data.fork) return data.fork;
    throw this.#failed("postgres.promote-failed", "it was never a standby");
  }

  async openWrites(_mark: WriteMark, signal: AbortSignal): Promise<void> {
    const data = await this.#query(signal);
    if (!this.#host.isPrimary) throw this.#failed("postgres.query-failed", "it is in recovery");
    if (this.#host.isDiskFull) throw this.#failed("disk.full", "the mark could not be written");
    data.hasEvidenceSlots = true;
    await this.#spend(this.#doors.random.between(2, 20), signal);
    const again = await this.#query(signal);
    this.#doors.stream.append(again, recordBytes);
    const { server } = this.#host;
    if (server && !server.isStopping) server.writesAreOpen = true;
  }

  async token(signal: AbortSignal): Promise<Token> {
    await this.#spend(1, signal);
    const { data, server } = this.#host;
    if (server || data.kind !== "present" || data.isStandby || !data.control.isClean)
      throw this.#failed("postgres.stop-failed", "it was not shut down cleanly");
    const { systemId, branch, control } = data;
    return { systemId, timeline: branch.timeline, lsn: toLsn(control.lsn) };
  }

  async probe(at: Address, signal: AbortSignal): Promise<boolean> {
    const { stream } = this.#doors;
    await this.#spend(1, signal);
    stream.settle();
    const target = stream.reach(this.#host.place, at);
    const data = target?.serving;
    if (!target || !data) {
      await this.#spend(this.#doors.random.between(1, probeTimeoutMs), signal);
      return false;
    }
    if (!target.takesWrites || !stream.isCovered(target)) return false;
    stream.append(data, recordBytes);
    return true;
  }

  closeProbes(): void {
    // A probe of this twin keeps no connection.
  }

  async advanceEvidence(
    flushedLsn: Lsn | undefined,
    signal: AbortSignal,
  ): Promise<readonly EvidenceSlot[]> {
    const data = await this.#query(signal);
    data.hasEvidenceSlots = true;
    const slot = { confirmedLsn: flushedLsn, retainedBytes: 0, isIntact: true, isPinned: false };
    return [{ database: this.#host.id.database, ...slot }];
  }

  async dropEvidenceSlots(signal: AbortSignal): Promise<void> {
    const data = await this.#query(signal);
    data.hasEvidenceSlots = false;
  }

  async setSynchronous(standbys: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#query(signal);
    if (this.#host.server) this.#host.server.synchronous = standbys;
  }

  async cancelledWaits(signal: AbortSignal): Promise<number> {
    await this.#spend(1, signal);
    return this.#host.server?.cancelledWaits ?? 0;
  }

  async setAside(note: EvidenceNote, signal: AbortSignal): Promise<void> {
    await this.#spend(10, signal);
    const { data, evidence, server } = this.#host;
    if (server) throw this.#failed("postgres.stop-failed", "a server runs on it");
    if (data.kind !== "present") return;
    const there = evidence.get(note.name);
    if (there) this.#doors.witness.evidenceLost(this.#host, there);
    evidence.set(note.name, { note, data });
    this.#host.data = { kind: "absent" };
    await this.#spend(10, signal);
  }

  async evidence(signal: AbortSignal): Promise<readonly EvidenceItem[]> {
    await this.#spend(1, signal);
    return [...this.#host.evidence.values()].map(({ note }) => ({
      ...note,
      bytes: clusterBytes,
      path: `/evidence/${note.name}`,
    }));
  }

  async removeEvidence(name: string, signal: AbortSignal): Promise<void> {
    await this.#spend(20, signal);
    const evidence = this.#host.evidence.get(name);
    if (evidence) this.#doors.witness.evidenceLost(this.#host, evidence);
    this.#host.evidence.delete(name);
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
    const source = this.#doors.stream.reach(this.#host.place, upstream.address)?.serving;
    if (source) return source;
    throw this.#failed("postgres.clone-failed", "the upstream does not answer");
  }

  /** The data of the running server, a moment later. */
  async #query(signal: AbortSignal): Promise<SimFinishedData> {
    await this.#spend(2, signal);
    if (this.#host.isPaused) await this.#spend(queryTimeoutMs, signal);
    this.#mayFail("postgres.query-failed");
    this.#doors.stream.settle();
    const { serving, server } = this.#host;
    if (serving && server === this.#held && !server?.isStopping) return serving;
    throw this.#failed("postgres.query-failed", "the server does not accept connections");
  }

  #fill(systemId: SystemId, branch: Branch, lsn: number, isStandby: boolean): void {
    this.#host.data = newData(systemId, { branch, lsn }, isStandby);
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

function toLsn(position: number): Lsn {
  return BigInt(position) as Lsn;
}
