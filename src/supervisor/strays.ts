/** PostgreSQL's processes of a Region that lost their parent: only where a Region is no PID namespace. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { processesIn } from "../postgres/process-table.ts";

/**
 * Postmasters and backends by where they stand, the data directories below `regionDirectory`. The number in a
 * `postmaster.pid` is no proof: after a crash it may be a stranger's by now, and what is named here is killed.
 */
export function strayServers(regionDirectory: string): readonly number[] {
  return instancesIn(regionDirectory).flatMap((name) =>
    processesIn(join(regionDirectory, name, "data"))
      .filter(({ isForeign }) => !isForeign)
      .map(({ pid }) => pid),
  );
}

/** None where there is no such directory: then nothing was ever started in it. */
function instancesIn(regionDirectory: string): readonly string[] {
  try {
    return readdirSync(regionDirectory);
  } catch {
    return [];
  }
}
