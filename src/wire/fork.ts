/** Where a timeline left its parent, in messages and in what programs keep. */
import { z } from "zod";
import type { Fork } from "../model/fork.ts";
import { lsn } from "./codec.ts";

export const fork: z.ZodType<Fork> = z.object({
  timeline: z.number().int(),
  parent: z.number().int(),
  lsn,
});
