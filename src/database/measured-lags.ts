import type { SlotOwner } from "../model/assignment.ts";
import type { MeasuredLag } from "../model/instance.ts";
import type { Postgres } from "../postgres/postgres.ts";

/** How far behind the writer's secondaries are, by the Region that each slot belongs to. */
export async function measureLags(
  postgres: Postgres,
  slots: readonly SlotOwner[],
  signal: AbortSignal,
): Promise<readonly MeasuredLag[]> {
  if (slots.length === 0) return [];
  const names = slots.map(({ slot }) => slot);
  const lags = await postgres.replicaLags(names, signal);
  return lags.flatMap((lag) => {
    const owner = slots.find(({ slot }) => slot === lag.slot);
    if (!owner) return [];
    const { isStreaming, lagBytes, lagMs, rpoLagMs, progressLagMs, sentBytes, slotIsIntact } = lag;
    const { region, number } = owner;
    return [
      {
        region,
        number,
        isStreaming,
        lagBytes,
        lagMs,
        rpoLagMs,
        progressLagMs,
        sentBytes,
        slotIsIntact,
      },
    ];
  });
}
