/**
 * Temporary directories of tests, named after the process that made them: what a run leaves when it is killed, the next
 * one recognizes and removes.
 */
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "../../src/env/node/remove-tree.ts";
import { isAlive, processesOf } from "./processes.ts";

/** `leeward e2e 4711 Xa3bC9` among the temporary files: with spaces in it, always. Its maker removes it. */
export function makeOwnedDirectory(purpose: "e2e" | "program"): string {
  return mkdtempSync(join(tmpdir(), `leeward ${purpose} ${process.pid} `));
}

const ownedName = /^leeward (?:e2e|program) (\d+) \w{6}$/;

/**
 * Removes those whose maker is gone. What a process still uses is left alone: a world that outlived its run, or a person
 * who looks into it.
 * @returns the ones that are left
 */
export function removeLeftBehind(): readonly string[] {
  return readdirSync(tmpdir()).flatMap((name) => {
    const [, maker] = ownedName.exec(name) ?? [];
    if (maker === undefined || isAlive(Number(maker))) return [];
    const directory = join(tmpdir(), name);
    return processesOf(directory).length === 0 && isRemoved(directory) ? [] : [directory];
  });
}

/** False where it is another user's. */
function isRemoved(directory: string): boolean {
  try {
    removeTree(directory);
    return true;
  } catch {
    return false;
  }
}
