/** One standby as its upstream measures it: from the slot, and from the commits beyond it. */
import type { Lsn } from "../src/model/lsn.ts";
import type { ReplicaLag } from "../src/postgres/postgres.ts";
import type { SimFinishedData, SimHost, SimSlot } from "./host.ts";

type Upstream = {
  readonly data: SimFinishedData;
  /** Undefined while nobody streams through the slot. */
  readonly standby: SimHost | undefined;
  readonly nowMs: number;
};

export function readLag(name: string, slot: SimSlot, upstream: Upstream): ReplicaLag {
  const { data, standby, nowMs } = upstream;
  const replayedLsn = standby?.serving?.replayedLsn ?? slot.restartLsn;
  const flushed = beyond(data, slot.restartLsn, nowMs);
  const bytes = Math.max(data.flushedLsn - slot.restartLsn, 0);
  return {
    slot: name,
    isStreaming: standby !== undefined,
    flushedLsn: BigInt(slot.restartLsn) as Lsn,
    replayedLsn: BigInt(replayedLsn) as Lsn,
    lagBytes: Math.max(data.flushedLsn - replayedLsn, 0),
    lagMs: beyond(data, replayedLsn, nowMs).ageMs,
    rpoLagMs: flushed.ageMs,
    progressLagMs: bytes === 0 ? 0 : Math.max(flushed.ageMs, 1),
    sentBytes: slot.restartLsn,
    slotIsIntact: !slot.isLost,
    walFromLsn: undefined,
    loss: { transactions: flushed.count, bytes, isExact: true },
  };
}

/** The commits after `lsn`, and the age of the oldest. */
function beyond(
  { branch }: SimFinishedData,
  lsn: number,
  nowMs: number,
): { readonly count: number; readonly ageMs: number } {
  const { commits } = branch;
  let first = commits.length;
  while (first > 0 && (commits[first - 1]?.lsn ?? 0) > lsn) first -= 1;
  return { count: commits.length - first, ageMs: nowMs - (commits[first]?.atMs ?? nowMs) };
}
