/** What a supervisor in the background is told on its command line, and says on its output. No secrets. */
import { z } from "zod";

export const launchOptions = z.object({
  configFile: z.string(),
  stateDirectory: z.string(),
  version: z.string(),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
  pgBin: z.nullable(z.string()),
});

export type LaunchOptions = z.output<typeof launchOptions>;

/** One line of JSON: the API serves, or what went wrong. */
export const launchAnswer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("serving"), notYet: z.array(z.string()) }),
  z.object({ kind: z.literal("failed"), code: z.string(), message: z.string() }),
]);

export type LaunchAnswer = z.output<typeof launchAnswer>;
