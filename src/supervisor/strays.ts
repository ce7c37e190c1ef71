/** PostgreSQL servers of a Region that lost their parent: only where a Region is no PID namespace. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The postmasters that the data directories below `regionDirectory` name. */
export function strayServers(regionDirectory: string): readonly number[] {
  return readdirSync(regionDirectory).flatMap((name) => {
    try {
      const path = join(regionDirectory, name, "data", "postmaster.pid");
      const pid = Number(readFileSync(path, "utf8").split("\n")[0]);
      return Number.isInteger(pid) && pid > 1 ? [pid] : [];
    } catch {
      return [];
    }
  });
}
