/** What an agent tells its guard: once in a file of settings, then over and over on the lease board. No secrets. */
import { z } from "zod";
import type { DatabaseId, Epoch, RegionId } from "../model/region.ts";
import { branded, counter } from "./codec.ts";

const database = branded<DatabaseId>();

export const guardSettings = z.object({
  logLevel: z.enum(["debug", "info", "warn", "error"]),
  region: branded<RegionId>(),
  leaseBoardPath: z.string(),
  /** Of the agent that started it. */
  generation: z.number(),
  /** The first process of the Region: when it is gone, nothing of the Region may go on. */
  hostPid: z.number().int(),
  directories: z.array(z.object({ database, dataDirectory: z.string() })),
});

export const guardBoard = z.object({
  /** Deadlines of before the machine was started mean nothing. */
  bootId: z.string(),
  /** Of the agent that writes: a guard of an earlier one has been replaced. */
  generation: z.number(),
  leases: z.array(
    z.object({
      database,
      epoch: counter<Epoch>(),
      /** On the monotonic clock that all processes of the machine share. */
      untilMs: z.number(),
    }),
  ),
});

export type GuardSettings = z.output<typeof guardSettings>;
export type GuardBoard = z.output<typeof guardBoard>;
