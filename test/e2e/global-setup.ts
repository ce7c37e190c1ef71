/**
 * Bundles the program once, into a directory of its own: a build that somebody makes meanwhile, or an edit,
 * changes nothing under a test that runs.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { makeOwnedDirectory, removeLeftBehind } from "./owned-directory.ts";
import { killIfAlive, processesOf } from "./processes.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A directory with `bin`, `dist` and `node_modules`, as npm would install it. */
    readonly program: string;
  }
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

// vitest asks for a default export here.
// oxlint-disable-next-line import/no-default-export
export default function setup(project: TestProject): () => void {
  for (const directory of removeLeftBehind()) {
    console.error(
      `Left behind by a run that is gone, and still in use, or not ours to remove: ${directory}`,
    );
  }
  const program = makeOwnedDirectory("program");
  const remove = (): void => rmSync(program, { recursive: true, force: true });
  try {
    const build = join(root, "scripts", "build.mjs");
    execFileSync(process.execPath, [build, program], { stdio: ["ignore", 2, 2] });
    const store = join("examples", "retail-store");
    // What the shop reads beside what was bundled: SQL, schemas, styles.
    const isSource = (path: string): boolean => !/\.ts$|\/(dist|\.leeward)(\/|$)/.test(path);
    cpSync(join(root, store), join(program, store), { recursive: true, filter: isSource });
    for (const name of ["bin", "package.json"]) {
      cpSync(join(root, name), join(program, name), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(program, "node_modules"));
    // Some tests run it as another user.
    chmodSync(program, 0o755);
  } catch (error) {
    remove();
    throw error;
  }
  project.provide("program", program);
  return () => {
    // Of a test that crashed before it could end its world.
    for (const { pid, command } of processesOf(program)) {
      console.error(`Left behind, and killed now: ${pid} ${command}`);
      killIfAlive(pid);
    }
    removeLeftBehind();
    remove();
  };
}
