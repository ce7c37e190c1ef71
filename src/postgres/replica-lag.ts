/** Reads, on a writer, how far behind each of its secondaries is. Holds what has to be remembered in between. */
import type { Clock } from "../env/env.ts";
import { describeError, Failure } from "../model/failure.ts";
import { formatLsn, parseLsn, type Lsn } from "../model/lsn.ts";
import { CommitCounter, type CountWindow } from "./commit-counter.ts";
import { OldestCommit, type ScanWindow, type Search, type WindowScan } from "./oldest-commit.ts";
import type { ReplicaLag, ReplicaLoss } from "./postgres.ts";
import {
  countQuery,
  type CountRow,
  slotsQuery,
  type SlotRow,
  windowQuery,
  type WindowRow,
} from "./queries.ts";
import type { Row } from "./sql-connection.ts";
import { WalSamples } from "./wal-samples.ts";

type Query = <R extends Row>(
  text: string,
  values: readonly unknown[],
  signal: AbortSignal,
) => Promise<readonly R[]>;

type SlotMemory = {
  readonly unflushed: OldestCommit;
  readonly unreplayed: OldestCommit;
  lastSent: Lsn | undefined;
  lastReplayed: Lsn | undefined;
  sentBytes: number;
};

/** One row, read. */
type Reading = {
  readonly flushed: Lsn | undefined;
  readonly replayed: Lsn | undefined;
  readonly end: Lsn;
  readonly segmentBytes: bigint;
  readonly nowMs: number;
};

export class ReplicaLagReader {
  readonly #query: Query;
  readonly #clock: Clock;
  #memory = new Map<string, SlotMemory>();
  #samples = new WalSamples();
  readonly #counter = new CommitCounter();
  #timeline: string | undefined;

  constructor(query: Query, clock: Clock) {
    this.#query = query;
    this.#clock = clock;
  }

  /** A slot that does not exist has no reading. @throws Failure `postgres.query-failed` */
  async read(slots: readonly string[], signal: AbortSignal): Promise<readonly ReplicaLag[]> {
    const rows = await this.#query<SlotRow>(slotsQuery, [slots], signal);
    const [first] = rows;
    if (!first) return [];
    this.#noticeTimeline(first.timeline);
    const end = parseLsn(first.wal_end);
    if (end !== undefined) this.#samples.add(end, this.#clock.monotonicMs());
    this.#forgetAllBut(slots);
    const lags: Omit<ReplicaLag, "loss">[] = [];
    for (const row of rows) lags.push(await this.#readSlot(row, signal));
    const losses = await this.#losses(lags, first, signal);
    return lags.map((lag) => ({ ...lag, loss: losses.get(lag.slot) }));
  }

  /** Positions of another timeline cannot be compared with what is remembered. */
  #noticeTimeline(timeline: string): void {
    if (this.#timeline === timeline) return;
    this.#timeline = timeline;
    this.#memory = new Map();
    this.#samples = new WalSamples();
    this.#counter.reset();
  }

  #forgetAllBut(slots: readonly string[]): void {
    for (const slot of this.#memory.keys()) if (!slots.includes(slot)) this.#memory.delete(slot);
  }

  async #readSlot(row: SlotRow, signal: AbortSignal): Promise<Omit<ReplicaLag, "loss">> {
    const memory = this.#remember(row);
    const reading = readingOf(row, memory);
    const { flushed, replayed, end } = reading;
    // WAL that a lost slot points at is gone, and with it the commits that the secondary lacks.
    const scannable = row.is_intact ? reading : undefined;
    const progressMs = flushed && this.#samples.ageMsBeyond(flushed, this.#clock.monotonicMs());
    const rpo = await this.#search(memory.unflushed, flushed, scannable, signal);
    const rpoLagMs = ageMs(rpo, reading.nowMs, progressMs);
    const unreplayedMs = replayed && this.#samples.ageMsBeyond(replayed, this.#clock.monotonicMs());
    const lag = await this.#search(memory.unreplayed, replayed, scannable, signal);
    return {
      slot: row.slot,
      isStreaming: row.is_streaming,
      flushedLsn: flushed,
      replayedLsn: replayed,
      lagBytes: replayed === undefined ? undefined : Number(end > replayed ? end - replayed : 0n),
      lagMs: ageMs(lag, reading.nowMs, unreplayedMs),
      rpoLagMs,
      progressLagMs: older(progressMs, rpoLagMs),
      sentBytes: memory.sentBytes,
      slotIsIntact: row.is_intact,
      walFromLsn: startOfFile(row.oldest_file, reading.segmentBytes),
    };
  }

  /** None for a slot whose WAL is gone: what it lacks can no longer be counted. */
  async #losses(
    lags: readonly Omit<ReplicaLag, "loss">[],
    { wal_end, segment_bytes }: SlotRow,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ReplicaLoss>> {
    const asked = lags.flatMap(({ slot, flushedLsn, slotIsIntact }) =>
      slotIsIntact && flushedLsn !== undefined ? [{ slot, flushedLsn }] : [],
    );
    const end = parseLsn(wal_end) ?? (0n as Lsn);
    const count: CountWindow = async ({ from, to, beyond }) => {
      const values = [formatLsn(from), formatLsn(to), formatLsn(beyond)];
      const rows = await this.#query<CountRow>(countQuery, values, signal).catch(emptyAtEnd);
      return {
        commits: rows[0]?.commits ?? 0,
        lastEndLsn: optionalLsn(rows[0]?.last_end ?? null),
      };
    };
    const positions = asked.map(({ flushedLsn }) => flushedLsn);
    const losses = await this.#counter.losses(positions, end, BigInt(segment_bytes), count);
    return new Map(
      asked.flatMap(({ slot }, index) => {
        const loss = losses[index];
        return loss ? [[slot, loss] as const] : [];
      }),
    );
  }

  #remember(row: SlotRow): SlotMemory {
    const memory = this.#memory.get(row.slot) ?? {
      unflushed: new OldestCommit(),
      unreplayed: new OldestCommit(),
      lastSent: undefined,
      lastReplayed: undefined,
      sentBytes: 0,
    };
    this.#memory.set(row.slot, memory);
    const sent = optionalLsn(row.sent);
    if (sent !== undefined) {
      const { lastSent } = memory;
      if (lastSent !== undefined && sent > lastSent) memory.sentBytes += Number(sent - lastSent);
      memory.lastSent = sent;
    }
    memory.lastReplayed = optionalLsn(row.replayed) ?? memory.lastReplayed;
    return memory;
  }

  async #search(
    commits: OldestCommit,
    position: Lsn | undefined,
    reading: Reading | undefined,
    signal: AbortSignal,
  ): Promise<Search | undefined> {
    if (position === undefined || !reading) return undefined;
    const scan: ScanWindow = async ({ from, to, beyond }) => {
      const values = [formatLsn(from), formatLsn(to), formatLsn(beyond)];
      const rows = await this.#query<WindowRow>(windowQuery, values, signal).catch(emptyAtEnd);
      return windowOf(rows[0]);
    };
    return commits.after(position, reading.end, reading.segmentBytes, scan);
  }
}

/** The name of a WAL file, without its timeline: 8 digits of the position's high half, 8 that count files in it. */
function startOfFile(name: string | null, segmentBytes: bigint): Lsn | undefined {
  if (name === null) return undefined;
  const [high, files] = [BigInt(`0x${name.slice(0, 8)}`), BigInt(`0x${name.slice(8)}`)];
  return ((high << 32n) | (files * segmentBytes)) as Lsn;
}

function readingOf(row: SlotRow, memory: SlotMemory): Reading {
  const flushed = optionalLsn(row.flushed) ?? optionalLsn(row.restart);
  // While it is away: what it had replayed when last seen, and it flushed at least that.
  const replayed = memory.lastReplayed ?? flushed;
  return {
    flushed,
    replayed,
    end: optionalLsn(row.wal_end) ?? (0n as Lsn),
    segmentBytes: BigInt(row.segment_bytes),
    nowMs: row.now_ms,
  };
}

/** pg_walinspect calls it an error when no whole record begins after a position. */
function emptyAtEnd(error: unknown): readonly [] {
  if (/could not find a valid record/.test(describeError(error))) return [];
  throw error;
}

function windowOf(row: WindowRow | undefined): WindowScan {
  const lastEndLsn = optionalLsn(row?.last_end ?? null);
  const endLsn = optionalLsn(row?.commit_end ?? null);
  if (endLsn === undefined) return { commit: undefined, lastEndLsn };
  const atMs = row?.commit_ms ?? undefined;
  // Silence here would be a lag of zero.
  if (atMs === undefined) {
    const where = `the commit record that ends at ${formatLsn(endLsn)}`;
    throw new Failure("postgres.query-failed", `${where} has no time that can be read`);
  }
  return { commit: { endLsn, atMs }, lastEndLsn };
}

/**
 * While a search is unfinished, or the WAL is gone, the age of the oldest WAL stands in: no commit in it is older.
 */
function ageMs(
  search: Search | undefined,
  nowMs: number,
  oldestWalMs: number | undefined,
): number | undefined {
  switch (search?.kind) {
    case "none":
      return 0;
    case "found":
      return Math.max(0, Math.round(nowMs - search.commit.atMs));
    default:
      return oldestWalMs;
  }
}

function older(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}

function optionalLsn(text: string | null): Lsn | undefined {
  return text === null ? undefined : parseLsn(text);
}
