/** `supervisor.json`: who runs the world of this state directory, for the commands that look for it. */
import { z } from "zod";
import type { Files } from "../env/env.ts";

const supervisorRecord = z.object({
  pid: z.number().int().positive(),
  /** With the pid, which may be a stranger's by now: see `ProcessId`. */
  born: z.string(),
  /** The address of the API. */
  api: z.object({ host: z.string(), port: z.number().int() }),
  startedWallMs: z.number(),
  version: z.string(),
  /** The path of its leeward.yaml; missing where an earlier version of Leeward runs it. */
  configFile: z.string().optional(),
});

export type SupervisorRecord = z.output<typeof supervisorRecord>;

export function writeSupervisorRecord(files: Files, path: string, record: SupervisorRecord): void {
  files.write(path, JSON.stringify(record), 0o600);
}

/** Undefined when no supervisor wrote one, or it cannot be understood. */
export function readSupervisorRecord(files: Files, path: string): SupervisorRecord | undefined {
  const text = files.read(path);
  if (text === undefined) return undefined;
  try {
    return supervisorRecord.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
