/** What the supervisor and its programs say over the lifeline. */
import { z } from "zod";
import { branded } from "./codec.ts";
import type { RegionId } from "../model/region.ts";

const region = branded<RegionId>();

/** From the supervisor. */
export const supervisorMessage = z.discriminatedUnion("kind", [
  /** End cleanly. */
  z.object({ kind: z.literal("stop") }),
  /** To the controller: which Regions run. Said at its start and at each change. */
  z.object({
    kind: z.literal("power"),
    regions: z.array(
      z.object({ region, state: z.enum(["starting", "running", "stopped", "killed"]) }),
    ),
  }),
  /** To the controller: the action with this id is done, or failed. */
  z.object({
    kind: z.literal("power-done"),
    id: z.number().int(),
    failure: z.nullable(z.object({ code: z.string(), message: z.string() })),
  }),
]);

/** From the controller. */
export const programMessage = z.discriminatedUnion("kind", [
  /** It serves now. */
  z.object({ kind: z.literal("ready") }),
  /** Do this to a Region, and say when it is done. */
  z.object({
    kind: z.literal("act"),
    id: z.number().int(),
    region,
    action: z.enum(["kill", "stop", "start"]),
  }),
]);

export type SupervisorMessage = z.output<typeof supervisorMessage>;
export type ProgramMessage = z.output<typeof programMessage>;
