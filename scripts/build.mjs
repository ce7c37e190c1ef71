/** Compiles `src` to `dist` when a source is newer than the last build. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "dist", ".built");

function newestSourceMs() {
  const times = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  const settings = ["tsconfig.json", "tsconfig.build.json", "package-lock.json"];
  return Math.max(...times, ...settings.map((name) => statSync(join(root, name)).mtimeMs));
}

export function build() {
  const startedMs = Date.now();
  if (existsSync(stamp) && Number(readFileSync(stamp, "utf8")) > newestSourceMs()) return;
  console.error("Building …");
  rmSync(join(root, "dist"), { recursive: true, force: true });
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], {
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) process.exit(status ?? 1);
  // A source that was saved while the compiler ran must look newer than this build.
  writeFileSync(stamp, `${startedMs}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
