/** Files that are not compiled: SQL and styles stay where they were written, also for what runs from `dist`. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * @param path from the directory of leeward.yaml on
 * @throws Error when there is no leeward.yaml above the code that runs
 */
export function exampleFile(...path: readonly string[]): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    if (existsSync(join(at, "leeward.yaml"))) return join(at, ...path);
  }
  throw new Error(`No leeward.yaml lies above ${fileURLToPath(import.meta.url)}`);
}
