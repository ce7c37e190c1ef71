/** A unit on its way: what it is, and how often it was tried. */
import type { Meaning, Unit } from "./unit.ts";

export type UnitTask = {
  readonly unit: Unit;
  readonly meaning: Meaning;
  /** When the client had sent it. */
  readonly startedAtMs: number;
  /** It was flushed before its Sync: its answers are wanted, and more of it may come. */
  readonly isOpen: boolean;
  /** By a standby's refusal, and by a server lost meanwhile. */
  readonly retries: number;
};

/** A unit is tried again this often. */
export const retriesMax = 3;

export function triedAgain(task: UnitTask): UnitTask {
  return { ...task, retries: task.retries + 1 };
}
