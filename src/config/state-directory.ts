/** Where the state of a world lies, and how commands find it. Pure: the caller looks at the disk. */
import { dirname, join, resolve } from "node:path";
import { Failure } from "../model/failure.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";

export const configFileName = "leeward.yaml";
export const stateDirectoryName = ".leeward";

/** Absolute paths. Controller and agents share no file: each has its own directory and its own secrets. */
export type StateLayout = {
  readonly root: string;
  /** `world-record.ts`; written first, so that a directory with anything in it says whose it is. */
  readonly worldRecord: string;
  /** The text of leeward.yaml that the running world was started with. */
  readonly config: string;
  /** Who runs now: the supervisor's pid and addresses. */
  readonly supervisor: string;
  /** Held by the supervisor as long as it lives. */
  readonly lock: string;
  /** Mode 0700. */
  readonly secrets: string;
  /** Everything, mode 0600; read by the supervisor and by the owner's commands only. */
  readonly allSecrets: string;
  readonly controllerSecrets: string;
  readonly networkSecrets: string;
  readonly agentSecrets: (region: RegionId) => string;
  readonly gatewaySecrets: (region: RegionId) => string;
  /** Undefined: of the front door outside. */
  readonly frontSecrets: (region: RegionId | undefined) => string;
  /** The world's own authority and what it has issued, with their private keys, mode 0600. */
  readonly certificates: string;
  /** The authority's certificate, for clients: `sslrootcert`. */
  readonly caCertificate: string;
  readonly controller: string;
  readonly logs: string;
  /** A program's log: `controller`, `network`, `supervisor`, or `agent-<region>`. */
  readonly log: (program: string) => string;
  /** Holds a directory for each Region, which may be a mount point. */
  readonly regions: string;
  readonly region: (region: RegionId) => string;
  readonly agent: (region: RegionId) => string;
  /** What the Region's services keep, each in a directory of its own, with their logs. */
  readonly services: (region: RegionId) => string;
  readonly pooler: (region: RegionId) => string;
  /** What a Region's PgBouncer is told; `egrep ^gdbdemo` shows where its names lead. */
  readonly poolerFile: (region: RegionId) => string;
  /** The home of one PostgreSQL: data directory, server log, password file. */
  readonly instance: (region: RegionId, database: DatabaseId, number: number) => string;
};

export function stateLayout(root: string): StateLayout {
  const secrets = join(root, "secrets");
  const logs = join(root, "logs");
  const regions = join(root, "regions");
  const regionHome = (region: RegionId): string => join(regions, region);
  return {
    root,
    worldRecord: join(root, "world.json"),
    config: join(root, configFileName),
    supervisor: join(root, "supervisor.json"),
    lock: join(root, "supervisor.lock"),
    secrets,
    allSecrets: join(secrets, "world.json"),
    controllerSecrets: join(secrets, "controller.json"),
    networkSecrets: join(secrets, "network.json"),
    agentSecrets: (region) => join(secrets, `agent-${region}.json`),
    gatewaySecrets: (region) => join(secrets, `gateway-${region}.json`),
    frontSecrets: (region) =>
      join(secrets, `front${region === undefined ? "" : `-${region}`}.json`),
    certificates: join(secrets, "certificates.json"),
    caCertificate: join(root, "ca.pem"),
    controller: join(root, "controller"),
    logs,
    log: (program) => join(logs, `${program}.log`),
    regions,
    region: regionHome,
    agent: (region) => join(regionHome(region), "agent"),
    // No database's instance can be called so: those end with a number.
    services: (region) => join(regionHome(region), "services"),
    pooler: (region) => join(regionHome(region), "pgbouncer"),
    poolerFile: (region) => join(regionHome(region), "pgbouncer", "pgbouncer.ini"),
    instance: (region, database, number) => join(regionHome(region), `${database}-${number}`),
  };
}

export type Search = {
  /** Absolute. */
  readonly cwd: string;
  /** What `--state DIR` says: a state directory, or a directory that holds one. */
  readonly explicit: string | undefined;
  /** The state directories of the worlds that run for this user. */
  readonly running: readonly string[];
  readonly exists: (path: string) => boolean;
};

/**
 * The state directory that a command is about: the one named, else the nearest above `cwd`, else that of the
 * only world that runs. A `leeward.yaml` without state counts: its state directory would lie beside it.
 * @throws Failure `world.not-running` when there is none, `world.ambiguous` when there are several.
 */
export function findStateDirectory(search: Search): string {
  if (search.explicit !== undefined) return namedStateDirectory(search, search.explicit);
  for (const directory of upwards(search.cwd)) {
    const state = join(directory, stateDirectoryName);
    if (search.exists(state) || search.exists(join(directory, configFileName))) return state;
  }
  const [only, ...others] = search.running;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined) {
    const message = `There is no ${configFileName} and no ${stateDirectoryName} in ${search.cwd} or above it, and no world runs for this user`;
    throw new Failure("world.not-running", message);
  }
  const message = `Several worlds run for this user, and ${search.cwd} belongs to none of them: ${search.running.join(", ")}`;
  throw new Failure("world.ambiguous", message);
}

/** What `--state DIR` means, for `up` as for every other command: a state directory, or one that holds it. */
export function namedStateDirectory(
  { cwd, exists }: Pick<Search, "cwd" | "exists">,
  explicit: string,
): string {
  const named = resolve(cwd, explicit);
  const inside = join(named, stateDirectoryName);
  const isAroundIt = !exists(join(named, "world.json")) && exists(inside);
  return isAroundIt ? inside : named;
}

/**
 * The `leeward.yaml` of `leeward up [DIR]`: of the directory named (which may also be the file), else the
 * nearest above `cwd`.
 * @throws Failure `config.not-found`
 */
export function findConfigFile(search: {
  readonly cwd: string;
  readonly directory: string | undefined;
  readonly exists: (path: string) => boolean;
}): string {
  const { cwd, directory, exists } = search;
  if (directory !== undefined) {
    const named = resolve(cwd, directory);
    const file = /\.ya?ml$/.test(named) ? named : join(named, configFileName);
    if (exists(file)) return file;
    throw new Failure("config.not-found", `There is no ${file}`);
  }
  const file = upwards(cwd)
    .map((above) => join(above, configFileName))
    .find(exists);
  if (file !== undefined) return file;
  throw new Failure("config.not-found", `There is no ${configFileName} in ${cwd} or above it`);
}

function upwards(directory: string): readonly string[] {
  const above = dirname(directory);
  return above === directory ? [directory] : [directory, ...upwards(above)];
}
