import type { SlotOwner } from "../model/assignment.ts";
import type { MeasuredLag } from "../model/instance.ts";
import type { Lsn } from "../model/lsn.ts";
import type { Postgres } from "../postgres/postgres.ts";

export type SlotLag = MeasuredLag & {
  readonly slot: string;
  /** What the secondary has on disk; undefined while nobody knows. */
  readonly flushedLsn: Lsn | undefined;
};

/** How far behind the writer's secondaries are, by the Region that each slot belongs to. */
export async function measureLags(
  postgres: Postgres,
  slots: readonly SlotOwner[],
  signal: AbortSignal,
): Promise<readonly SlotLag[]> {
  if (slots.length === 0) return [];
  const names = slots.map(({ slot }) => slot);
  const lags = await postgres.replicaLags(names, signal);
  return lags.flatMap((lag) => {
    const owner = slots.find(({ slot }) => slot === lag.slot);
    if (!owner) return [];
    const { replayedLsn: _replayedLsn, ...measured } = lag;
    return [{ ...measured, region: owner.region, number: owner.number }];
  });
}
