/**
 * Where the writes of one database's clients pass, before they reach its writer. A switchover holds it, so that
 * clients meet latency instead of errors; a gateway and a pooler have one, and one is in `local-gate.ts`.
 */
import type { PinRule } from "../model/operation.ts";
import type { Epoch, RegionId } from "../model/region.ts";

export type HoldTerms = { readonly withinMs: number; readonly pins: PinRule };

/** `because` is for the person who asked for the operation. */
export type HoldOutcome = { readonly isHeld: boolean; readonly because: string };

export interface WriteGate {
  /**
   * Lets no new write pass, and settles when none is in flight: it is held. It is not when some still are after
   * `withinMs`, or earlier where the gate does not wait that long; they go on, and the gate lets writes pass again. A
   * hold ends by itself `withinMs` after it began, whatever became of whoever asked for it. One of a lower epoch than
   * was held or released before is refused.
   */
  hold(epoch: Epoch, terms: HoldTerms, signal: AbortSignal): Promise<HoldOutcome>;
  /** Writes pass again, to `writer`. Ignored when `epoch` is lower than that of the hold: it speaks of the past. */
  release(epoch: Epoch, writer: RegionId): void;
}
