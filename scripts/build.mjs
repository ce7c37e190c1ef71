/** Compiles what is run without a compiler, where a source is newer than the last build: `src`, and the example's services. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Each is compiled into its own `dist`, beside its sources. */
const parts = [
  { project: "tsconfig.build.json", directory: ".", sources: ["src"] },
  {
    project: "examples/retail-store/tsconfig.json",
    directory: "examples/retail-store",
    sources: ["services", "databases", "load"],
  },
];

function newestSourceMs({ project, directory, sources }) {
  const times = sources
    .map((name) => join(root, directory, name))
    .filter((path) => existsSync(path))
    .flatMap((path) => readdirSync(path, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  const settings = ["tsconfig.json", project, "package-lock.json"];
  return Math.max(...times, ...settings.map((name) => statSync(join(root, name)).mtimeMs));
}

function buildPart(part) {
  const startedMs = Date.now();
  const dist = join(root, part.directory, "dist");
  const stamp = join(dist, ".built");
  if (existsSync(stamp) && Number(readFileSync(stamp, "utf8")) > newestSourceMs(part)) return;
  console.error(`Building ${part.directory === "." ? "" : `${part.directory} `}…`);
  rmSync(dist, { recursive: true, force: true });
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", join(root, part.project)], {
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) process.exit(status ?? 1);
  // A source that was saved while the compiler ran must look newer than this build.
  writeFileSync(stamp, `${startedMs}\n`);
}

export function build() {
  for (const part of parts) buildPart(part);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
