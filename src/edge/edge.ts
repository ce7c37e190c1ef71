/** What the edge is made with, by its programs: the front door of a Region, and the one outside. */
import type { Clock, Log, Random } from "../env/env.ts";
import type { EdgeLimits } from "./limits.ts";

export type EdgeDoors = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type EdgeEvents = {
  /** Somebody's health has turned, or who is asked has; counts alone do not tell. Must not wait. */
  readonly changed: () => void;
};

/** What all parts of one edge share. */
export type EdgeParts = EdgeDoors & EdgeEvents & { readonly limits: EdgeLimits };
