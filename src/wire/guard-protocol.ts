/** What an agent tells its guard: once in a file of settings, then over and over on the lease board. No secrets. */
import { z } from "zod";
import type { DatabaseId, Epoch, RegionId } from "../model/region.ts";
import { branded } from "./codec.ts";

export const guardSettings = z.object({
  logLevel: z.enum(["debug", "info", "warn", "error"]),
  region: branded<RegionId>(),
  leaseBoardPath: z.string(),
  /** Of the agent that started it. */
  generation: z.number(),
  /** The first process of the Region: when it is gone, nothing of the Region may go on. */
  hostPid: z.number().int(),
  directories: z.array(z.object({ database: branded<DatabaseId>(), dataDirectory: z.string() })),
});

export type GuardSettings = z.output<typeof guardSettings>;

export type GuardBoard = {
  /** Deadlines of before the machine was started mean nothing. */
  readonly bootId: string;
  /** Of the agent that writes: a guard of an earlier one has been replaced. */
  readonly generation: number;
  readonly leases: readonly {
    readonly database: DatabaseId;
    readonly epoch: Epoch;
    /** On the monotonic clock that all processes of the machine share. */
    readonly untilMs: number;
  }[];
};

export function formatBoard(board: GuardBoard): string {
  return JSON.stringify(board);
}

/**
 * Of a text that `formatBoard` made, as its checksum has said. Not checked again: the schema would cost a guard, which
 * does little else twice a second, five times as much as all the rest.
 */
export function parseBoard(text: string): GuardBoard {
  return JSON.parse(text) as GuardBoard;
}
