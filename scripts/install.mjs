/**
 * Installs what is missing and builds what is stale; does nothing, fast, when all is in place.
 * Plain JavaScript without dependencies: it runs on a fresh clone, before anything else exists.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What npm wrote down of its last installation has every package that the lockfile asks for. */
function isInstalled() {
  const hidden = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(hidden)) return false;
  const installed = JSON.parse(readFileSync(hidden, "utf8")).packages;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === "" || entry.optional || installed[path]?.version === entry.version,
  );
}

function install() {
  console.error("Installing packages (npm ci) …");
  // npm sets npm_execpath when it runs us, and so do others, which know no lockfile of npm's. Without it npm is
  // on the PATH.
  const npm = process.env["npm_execpath"] ?? "";
  const [command, ...args] = /npm-cli\.c?js$/.test(npm)
    ? [process.execPath, npm, "ci"]
    : ["npm", "ci"];
  const { status } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) {
    console.error("`npm ci` failed; its own words are above. Mend that and run the command again.");
    process.exit(status ?? 1);
  }
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Leeward needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}
if (!isInstalled()) install();
await build().catch(() => process.exit(1));
