/** How much of a core a replica uses, from what its processes have used so far. */

/** Since a look at all of a replica's processes; of the first look there is no use yet. */
export type CpuLook = { readonly atMs: number; readonly ticks: number };

/** 1 s between two looks: with hundredths of a second counted, a shorter time would be coarser than a percent. */
export const cpuLookMs = 1_000;

/** The kernel counts in hundredths of a second for its users, whatever its own clock is. */
const ticksPerS = 100;

/**
 * In thousandths of a core between two looks. A process that was left by its parent takes its share with it when it
 * ends, so that less may have been used than before: that counts as none.
 */
export function cpuMillisBetween(before: CpuLook, now: CpuLook): number {
  const usedMs = (Math.max(0, now.ticks - before.ticks) * 1_000) / ticksPerS;
  return Math.round((usedMs * 1_000) / (now.atMs - before.atMs));
}

/** Of one replica, from look to look. */
export class CpuMeter {
  #before: CpuLook | undefined;
  #millis: number | undefined;

  /** Undefined before the second look. */
  get millis(): number | undefined {
    return this.#millis;
  }

  heard(now: CpuLook): void {
    const before = this.#before;
    // Two looks that are too near to each other say nothing; the later one is left out.
    if (before && now.atMs - before.atMs < cpuLookMs) return;
    this.#millis = before && cpuMillisBetween(before, now);
    this.#before = now;
  }
}
