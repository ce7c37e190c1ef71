/** A whole world on this machine, from its leeward.yaml to running programs, and back. */
import { dirname, join } from "node:path";
import { listeners, type AddressPlan } from "../config/addresses.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/config.ts";
import { stateDirectoryName, stateLayout, type StateLayout } from "../config/state-directory.ts";
import type { Certificates } from "../env/certificates.ts";
import type { Clock, Files, Log, Random } from "../env/env.ts";
import { describeError, Failure } from "../model/failure.ts";
import { findInstallation } from "../postgres/installation.ts";
import { observeRunAs } from "../postgres/observe-run-as.ts";
import { decideRunAs, runAsPrefix } from "../postgres/run-as.ts";
import { packageCacheDirectory } from "../service/debian-packages.ts";
import type { Secret } from "../std/secret.ts";
import type { LogLevel } from "../wire/program-settings.ts";
import { checkAddresses } from "./address-check.ts";
import { machineFacts } from "./machine-facts.ts";
import {
  claimStateDirectory,
  openStateDirectory,
  prepareWorld,
  type PrepareOptions,
} from "./prepare.ts";
import { haveNeededPrograms } from "./needed-programs.ts";
import { identify } from "../env/node/process-id.ts";
import { requireMajor } from "./postgres-major.ts";
import { isStateDirectory } from "./state-owner.ts";
import { Supervisor } from "./supervisor.ts";
import { writeSupervisorRecord } from "./supervisor-record.ts";
import { acquireWorldLock, type WorldLock } from "./world-lock.ts";

export type LocalWorldOptions = {
  /** The path of leeward.yaml. */
  readonly configFile: string;
  /** Undefined: `.leeward` beside the file. */
  readonly stateDirectory: string | undefined;
  readonly version: string;
  readonly logLevel: LogLevel;
  readonly pgBin: string | undefined;
  /** How this program itself is run: node and the script. */
  readonly self: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};

export type LocalWorldDoors = {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly certificates: Certificates;
  readonly log: (path: string) => Log;
};

export type OpenWorld = {
  readonly config: Config;
  /** What leeward.yaml asks for and this version does not do, or this machine cannot. */
  readonly notYet: readonly string[];
  readonly plan: AddressPlan;
  readonly layout: StateLayout;
  readonly apiToken: Secret;
  readonly supervisor: Supervisor;
  /** Stops every program cleanly, and lets the state directory go. */
  readonly close: () => Promise<void>;
};

export function stateDirectoryOf(
  options: Pick<LocalWorldOptions, "configFile" | "stateDirectory">,
): string {
  return options.stateDirectory ?? join(dirname(options.configFile), stateDirectoryName);
}

/** @throws Failure `config.not-found`, `config.invalid` */
export function readConfig(files: Files, configFile: string): ReturnType<typeof loadConfig> {
  const text = files.read(configFile);
  if (text === undefined) throw new Failure("config.not-found", `There is no ${configFile}`);
  return loadConfig(text, configFile);
}

/**
 * Starts the world; settles when its API serves. Its databases may take longer.
 * @throws Failure `world.already-running`, and everything that a config, a state directory or an address can do
 */
export async function openWorld(
  options: LocalWorldOptions,
  doors: LocalWorldDoors,
  signal: AbortSignal,
): Promise<OpenWorld> {
  const { config, notYet } = readConfig(doors.files, options.configFile);
  const stateDirectory = stateDirectoryOf(options);
  const facts = machineFacts();
  const prepare: PrepareOptions = {
    config,
    configDirectory: dirname(options.configFile),
    stateDirectory,
    isRoot: facts.isRoot,
    version: options.version,
    logLevel: options.logLevel,
    pgBin: options.pgBin,
    self: options.self,
    packages: packagesOf(options.environment, facts.isRoot),
    platform: facts.platform === "linux" ? "linux" : "other",
  };
  const layout = openOwnDirectory(doors.files, prepare);
  const lock = takeLock(layout);
  const leave = (): void => {
    try {
      doors.files.remove(layout.supervisor);
    } finally {
      lock.release();
    }
  };
  try {
    // Of a supervisor that was killed: until ours is written, nobody must take its number for a supervisor.
    doors.files.remove(layout.supervisor);
    claimStateDirectory(doors, config, layout);
    const { plan, secrets } = await prepareWorld(doors, prepare, layout);
    const bin = options.pgBin ?? config.postgres.bin;
    await Promise.all([
      checkAddresses(listeners(plan)),
      requirePostgres(config, bin, layout.root, { clock: doors.clock, signal }),
    ]);
    const log = doors.log(layout.log("supervisor"));
    const packages = { clock: doors.clock, random: doors.random, log, ...prepare.packages };
    const missing = await haveNeededPrograms(config, packages, signal);
    const supervisor = new Supervisor(
      { config, plan, layout, facts, self: options.self, environment: options.environment },
      { clock: doors.clock, log },
    );
    writeSupervisorRecord(doors.files, layout.supervisor, {
      pid: process.pid,
      born: identify(process.pid)?.born ?? "",
      api: plan.api,
      startedWallMs: doors.clock.wallMs(),
      version: options.version,
      configFile: options.configFile,
    });
    await startOrKill(supervisor, log, signal);
    return {
      config,
      notYet: [...notYet, ...missing],
      plan,
      layout,
      supervisor,
      apiToken: secrets.apiToken,
      close: () => supervisor.stop().finally(leave),
    };
  } catch (error) {
    leave();
    throw error;
  }
}

/** @throws Failure `state.other-world` for a directory that holds anything but a world */
function openOwnDirectory(files: Files, prepare: PrepareOptions): StateLayout {
  const layout = stateLayout(prepare.stateDirectory);
  if (isStateDirectory(files, layout)) return openStateDirectory(files, prepare);
  const message = `${layout.root} holds something else than the state of a world; nothing was put into it`;
  throw new Failure("state.other-world", message);
}

function packagesOf(
  environment: Readonly<Record<string, string>>,
  isRoot: boolean,
): PrepareOptions["packages"] {
  const { HOME: home = "/", XDG_CACHE_HOME: xdgCacheHome, PATH: searchPath = "" } = environment;
  return { cacheDirectory: packageCacheDirectory({ home, xdgCacheHome, isRoot }), searchPath };
}

/** Nothing is left running when the start fails. */
async function startOrKill(supervisor: Supervisor, log: Log, signal: AbortSignal): Promise<void> {
  try {
    await supervisor.start(signal);
  } catch (error) {
    // Why it did not start matters more to the caller than what its end met.
    await supervisor.kill().catch((left: unknown) => {
      log.error("supervisor.kill-failed", { error: describeError(left) });
    });
    throw error;
  }
}

/**
 * Agents would try it again and again, and nobody would see why.
 * @throws Failure `postgres.not-installed`, `postgres.cannot-run`, `config.invalid`
 */
async function requirePostgres(
  config: Config,
  bin: string | undefined,
  directory: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const installation = await findInstallation(bin, clock, signal);
  requireMajor(config, installation);
  runAsPrefix(decideRunAs(await observeRunAs(installation, directory, clock, signal)));
}

function takeLock(layout: StateLayout): WorldLock {
  const lock = acquireWorldLock(layout.lock);
  if (lock) return lock;
  throw new Failure("world.already-running", `The world in ${layout.root} is already running`);
}
