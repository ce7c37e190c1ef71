/** The physics of replication: WAL grows where writes are taken, and flows where the ways are open. */
import type { Address } from "../src/model/address.ts";
import { formatAddress } from "../src/model/address.ts";
import type { SimClock } from "./clock.ts";
import { isPrefix, type SimCommit } from "./history.ts";
import { pointOf, type SimFinishedData, type SimHost, type SimSlot } from "./host.ts";
import type { Place } from "./network.ts";

export type WalTerms = {
  /** Of WAL that is no commit of a client. */
  readonly bytesPerSecond: number;
  /** A slot that holds more than this is lost, as `max_slot_wal_keep_size` has it. */
  readonly slotKeepBytes: number;
  /** How long a standby takes to have WAL on its disk, and then to replay it. */
  readonly flushLagMs: number;
  readonly replayLagMs: number;
};

/** What one commit adds. */
const commitBytes = 200;

export class WalStream {
  readonly #clock: SimClock;
  readonly #terms: WalTerms;
  readonly #isOpen: (a: Place, b: Place) => boolean;
  readonly #hosts: SimHost[] = [];
  readonly #byAddress = new Map<string, SimHost>();
  /** For a standby that fetches what was written just now, and is kept nothing for. */
  readonly #noSlot: SimSlot = { restartLsn: 0, isLost: false };
  #settledAtMs = 0;
  #commits = 0;

  /** `isOpen`: bytes go both ways between the places. */
  constructor(clock: SimClock, terms: WalTerms, isOpen: (a: Place, b: Place) => boolean) {
    this.#clock = clock;
    this.#terms = terms;
    this.#isOpen = isOpen;
  }

  get hosts(): readonly SimHost[] {
    return this.#hosts;
  }

  add(host: SimHost): void {
    this.#hosts.push(host);
    this.#byAddress.set(formatAddress(host.address), host);
  }

  /** The host whose server answers a connection from `from`, if one does. */
  reach(from: Place, address: Address): SimHost | undefined {
    const to = this.#byAddress.get(formatAddress(address));
    return to?.serving && this.#isOpen(from, to.place) ? to : undefined;
  }

  /** The slot through which the host streams now; undefined when it does not. */
  slotOf(host: SimHost): SimSlot | undefined {
    const { upstream, serving: own } = host;
    if (!upstream || !own) return undefined;
    const source = this.reach(host.place, upstream.address)?.serving;
    const slot = upstream.slot === "" ? this.#noSlot : source?.slots.get(upstream.slot);
    if (!source || !slot || slot.isLost || source.systemId !== own.systemId) return undefined;
    return isPrefix(pointOf(own), pointOf(source)) ? slot : undefined;
  }

  /** Those that stream from `host` now, by the name of their slot. */
  streamers(host: SimHost): readonly SimHost[] {
    const address = formatAddress(host.address);
    return this.#hosts.filter(
      (other) =>
        other.upstream !== undefined &&
        formatAddress(other.upstream.address) === address &&
        this.slotOf(other) !== undefined,
    );
  }

  /** A client's transaction is in the WAL and on disk. Call it where writes are taken. */
  commit(host: SimHost, data: SimFinishedData): SimCommit {
    this.settle();
    data.flushedLsn += commitBytes;
    data.replayedLsn = data.flushedLsn;
    const { branch, flushedLsn: lsn } = data;
    const commit = { id: (this.#commits += 1), lsn, branch, host, atMs: this.#clock.monotonicMs() };
    data.branch.commits.push(commit);
    return commit;
  }

  /** Leeward's own WAL: a checkpoint's record, a mark. */
  append(data: SimFinishedData, bytes: number): void {
    this.settle();
    data.flushedLsn += bytes;
    data.replayedLsn = data.flushedLsn;
  }

  /** Everything that the source has reaches those that stream from it: it waits for them before it ends. */
  flush(source: SimHost): void {
    this.settle();
    for (const host of this.streamers(source)) {
      this.#ship(host);
      this.#arrive(host, Infinity);
    }
  }

  /** Whether a commit on `host` would be acknowledged: one of the standbys that it waits for streams. */
  isCovered(host: SimHost): boolean {
    const names = host.server?.synchronous ?? [];
    if (names.length === 0) return true;
    return this.streamers(host).some(
      ({ upstream }) => upstream !== undefined && names.includes(upstream.applicationName),
    );
  }

  /** Whether a standby is connected and hears nothing: a server that shuts down waits for it. */
  waitsFor(host: SimHost): boolean {
    const address = formatAddress(host.address);
    return this.#hosts.some(
      (other) =>
        other.upstream !== undefined &&
        formatAddress(other.upstream.address) === address &&
        other.server?.isReady === true &&
        this.slotOf(other) === undefined &&
        (other.isPaused || !this.#isOpen(other.place, host.place)) &&
        other.server.wasStreaming,
    );
  }

  /** Lets everything that happened since the last call happen. Call it before any way or server changes. */
  settle(): void {
    const nowMs = this.#clock.monotonicMs();
    const newBytes = Math.floor(((nowMs - this.#settledAtMs) / 1000) * this.#terms.bytesPerSecond);
    this.#settledAtMs = nowMs;
    for (const host of this.#hosts) {
      const own = host.isPrimary ? host.serving : undefined;
      if (!own || host.server?.isStopping) continue;
      own.flushedLsn += newBytes;
      own.replayedLsn = own.flushedLsn;
    }
    for (const host of this.#hosts) {
      if (host.isPrimary || !host.serving) continue;
      this.#ship(host);
      this.#arrive(host, nowMs);
    }
    for (const { serving } of this.#hosts) if (serving) this.#loseSlots(serving);
  }

  #ship(host: SimHost): void {
    const source = host.upstream && this.reach(host.place, host.upstream.address)?.serving;
    const { server } = host;
    if (!server) return;
    if (!source || !this.slotOf(host)) {
      // What has not arrived never does; what has is replayed.
      const nowMs = this.#clock.monotonicMs();
      const lost = server.shipments.findIndex(({ flushAtMs }) => flushAtMs > nowMs);
      if (lost >= 0) server.shipments.length = lost;
      return;
    }
    const last = server.shipments.at(-1) ?? (host.serving && pointOf(host.serving));
    if (last?.branch === source.branch && last.lsn === source.flushedLsn) return;
    const flushAtMs = this.#clock.monotonicMs() + this.#terms.flushLagMs;
    const replayAtMs = flushAtMs + this.#terms.replayLagMs;
    server.shipments.push({ ...pointOf(source), flushAtMs, replayAtMs });
  }

  #arrive(host: SimHost, nowMs: number): void {
    const { serving: own, server } = host;
    if (!own || !server) return;
    for (const { branch, lsn, flushAtMs } of server.shipments) {
      if (flushAtMs > nowMs) break;
      if (lsn < own.flushedLsn) continue;
      own.branch = branch;
      own.flushedLsn = lsn;
    }
    for (;;) {
      const [first] = server.shipments;
      if (!first || first.replayAtMs > nowMs) break;
      own.replayedLsn = Math.max(own.replayedLsn, first.lsn);
      server.shipments.shift();
    }
    const slot = this.slotOf(host);
    if (slot) slot.restartLsn = Math.max(slot.restartLsn, own.flushedLsn);
    server.wasStreaming = slot !== undefined || server.wasStreaming;
  }

  #loseSlots(data: SimFinishedData): void {
    for (const slot of data.slots.values()) {
      if (data.flushedLsn - slot.restartLsn > this.#terms.slotKeepBytes) slot.isLost = true;
    }
  }
}
