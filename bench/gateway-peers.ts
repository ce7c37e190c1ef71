/** The programs that the gateway is measured with and against: found, or installed where that is possible. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

export type Peers = {
  /** Undefined: nothing can be measured with it. */
  readonly pgbench: string | undefined;
  readonly pgbouncer:
    | { readonly path: string; readonly version: string; readonly poolsPrepared: boolean }
    | undefined;
  readonly pgpool: { readonly path: string; readonly version: string } | undefined;
  /** What is missing, and what was installed, for people. */
  readonly remarks: readonly string[];
};

/** Programs and the Debian packages that bring them. */
const packages = {
  pgbench: "postgresql-client-15 postgresql-15",
  pgbouncer: "pgbouncer",
  pgpool: "pgpool2",
} as const;
type Program = keyof typeof packages;

/** 5 min: a package list and three packages over a slow line. */
const installBoundMs = 300_000;
/** Prepared statements in transaction pooling are as old as this. */
const poolsPreparedSince = [1, 21] as const;

/** Finds pgbench, PgBouncer (`PGBOUNCER_BIN` names another) and pgpool-II; as root on Debian it installs what is missing. */
export function findPeers(): Peers {
  const remarks: string[] = [];
  const named = process.env["PGBOUNCER_BIN"];
  const pgbench = findOrInstall("pgbench", remarks);
  const pgbouncer = named ?? findOrInstall("pgbouncer", remarks);
  const pgpool = findOrInstall("pgpool", remarks);
  return {
    pgbench,
    pgbouncer: pgbouncer === undefined ? undefined : describePgbouncer(pgbouncer),
    pgpool: pgpool === undefined ? undefined : { path: pgpool, version: versionOf(pgpool) },
    remarks,
  };
}

function findOrInstall(program: Program, remarks: string[]): string | undefined {
  const found = find(program);
  if (found !== undefined) return found;
  const names = packages[program];
  const by = `apt-get install ${names}`;
  if (process.getuid?.() !== 0 || find("apt-get") === undefined) {
    remarks.push(`${program} is missing: \`${by}\` as root brings it`);
    return undefined;
  }
  console.error(`Installing ${names} …`);
  const options = { stdio: ["ignore", 2, 2] as ["ignore", 2, 2], timeout: installBoundMs };
  // Debian starts the servers that it installs, unless it is told that the machine runs no services (RUNLEVEL).
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const words = ["install", "-y", "--no-install-recommends", ...names.split(" ")];
  const install = (): number | null => spawnSync("apt-get", words, { ...options, env }).status;
  if (install() !== 0) {
    spawnSync("apt-get", ["update"], { ...options, env });
    install();
  }
  const installed = find(program);
  remarks.push(
    installed === undefined ? `${program} is missing, and \`${by}\` failed` : `installed: ${names}`,
  );
  return installed;
}

/** Debian keeps servers out of the way of ordinary users. */
function find(program: string): string | undefined {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/lib/postgresql/15/bin`;
  return path
    .split(":")
    .map((directory) => `${directory}/${program}`)
    .find((file) => existsSync(file));
}

function describePgbouncer(path: string): Peers["pgbouncer"] {
  const version = versionOf(path);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [sinceMajor, sinceMinor] = poolsPreparedSince;
  const poolsPrepared = major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
  return { path, version, poolsPrepared };
}

function versionOf(path: string): string {
  // pgpool-II tells it on standard error.
  const { stdout, stderr } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return /\d+(\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? "unknown";
}
