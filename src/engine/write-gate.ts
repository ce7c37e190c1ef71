/**
 * Where the writes of one database's clients pass, before they reach its writer. A switchover holds it, so that
 * clients meet latency instead of errors; a gateway and a pooler have one, and one is in `local-gate.ts`.
 */
import type { Epoch, RegionId } from "../model/region.ts";

export interface WriteGate {
  /**
   * Lets no new write pass, and settles when none is in flight: true. False when some still are after `withinMs`;
   * they go on, and the gate lets writes pass again. A hold ends by itself `withinMs` after it began, whatever
   * became of whoever asked for it. A hold of a lower epoch than one that was held or released before answers false.
   */
  hold(epoch: Epoch, withinMs: number, signal: AbortSignal): Promise<boolean>;
  /** Writes pass again, to `writer`. Ignored when `epoch` is lower than that of the hold: it speaks of the past. */
  release(epoch: Epoch, writer: RegionId): void;
}
