import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./bench-world.ts";

/** What is measured is the present source. @throws Error when it does not compile */
export function build(): void {
  const { status } = spawnSync(process.execPath, [join(root, "scripts", "build.mjs")], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("The sources do not compile");
}
