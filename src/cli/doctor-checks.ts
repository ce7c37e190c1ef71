/** The checks of `leeward doctor`. Each tries the thing itself, as `up` would, and changes nothing. */
import { accessSync, constants, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { listeners, planAddresses } from "../config/addresses.ts";
import type { Config } from "../config/config.ts";
import { findConfigFile, namedStateDirectory, stateLayout } from "../config/state-directory.ts";
import { describeError, Failure } from "../model/failure.ts";
import { findInstallation } from "../postgres/installation.ts";
import { observeRunAs } from "../postgres/observe-run-as.ts";
import { decideRunAs } from "../postgres/run-as.ts";
import { checkAddresses } from "../supervisor/address-check.ts";
import { chooseIsolation } from "../supervisor/isolation.ts";
import { readConfig, stateDirectoryOf } from "../supervisor/local-world.ts";
import { machineFacts } from "../supervisor/machine-facts.ts";
import { isWorldLocked } from "../supervisor/world-lock.ts";
import type { Frame } from "./frame.ts";
import { formatBytes } from "./output.ts";

export type Finding = {
  readonly check: string;
  /** `note`: works, but not as well as it could. */
  readonly verdict: "ok" | "note" | "problem";
  readonly says: string;
  readonly wayOut: string | null;
};

/** 1 GB for the two databases of the example in two Regions, their WAL and the logs. */
const freeBytesMin = 1024 ** 3;

type Place = {
  readonly config: Config;
  readonly stateDirectory: string;
  readonly existing: string;
};

export async function examineMachine(
  frame: Frame,
  directory: string | undefined,
): Promise<readonly Finding[]> {
  const place = await attempt("leeward.yaml", async () => findPlace(frame, directory));
  const findings = [node(), isolation(), await postgres(frame, place.value)];
  if (!place.value) return [...findings, place.finding];
  return [
    ...findings,
    { check: "leeward.yaml", verdict: "ok", says: place.value.config.name, wayOut: null },
    writable(place.value),
    freeSpace(place.value),
    await addresses(frame, place.value),
  ];
}

function findPlace(frame: Frame, directory: string | undefined): Place {
  const { cwd, files, options } = frame;
  const { exists } = files;
  const configFile = findConfigFile({ cwd, directory, exists });
  const { config } = readConfig(files, configFile);
  const named = options.state && namedStateDirectory({ cwd, exists }, options.state);
  const stateDirectory = stateDirectoryOf({ configFile, stateDirectory: named });
  let existing = stateDirectory;
  while (!files.exists(existing)) existing = dirname(existing);
  return { config, stateDirectory, existing };
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isGood = major > 20 || (major === 20 && minor >= 19);
  return isGood
    ? { check: "Node", verdict: "ok", says: process.versions.node, wayOut: null }
    : {
        check: "Node",
        verdict: "problem",
        says: `${process.versions.node} is too old`,
        wayOut: "Install Node 20.19 or newer.",
      };
}

function isolation(): Finding {
  const facts = machineFacts();
  if (chooseIsolation(facts) === "pid-namespace") {
    const says = "each Region is a PID namespace: killing it leaves nothing behind";
    return { check: "Regions", verdict: "ok", says, wayOut: null };
  }
  return {
    check: "Regions",
    verdict: "note",
    says: "PID namespaces are not permitted here; the processes of a Region are killed one by one",
    wayOut:
      facts.platform === "linux"
        ? "Allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, or kernel.apparmor_restrict_unprivileged_userns=0), or run as root."
        : null,
  };
}

async function postgres(frame: Frame, place: Place | undefined): Promise<Finding> {
  const { clock, signal, env } = frame;
  const { value, finding } = await attempt("PostgreSQL", async () => {
    const bin = env["LEEWARD_PG_BIN"] ?? place?.config.postgres.bin;
    const installation = await findInstallation(bin, clock, signal);
    const where = place?.existing ?? frame.cwd;
    const runAs = decideRunAs(await observeRunAs(installation, where, clock, signal));
    return { installation, runAs };
  });
  if (!value) return finding;
  const { installation, runAs } = value;
  const says = `${installation.version} (${installation.kind}); ${runAs.because}`;
  return runAs.kind === "impossible"
    ? { check: "PostgreSQL", verdict: "problem", says, wayOut: runAs.wayOut }
    : { check: "PostgreSQL", verdict: "ok", says, wayOut: null };
}

function writable({ stateDirectory: path, existing }: Place): Finding {
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
    return { check: "State directory", verdict: "ok", says: path, wayOut: null };
  } catch {
    return {
      check: "State directory",
      verdict: "problem",
      says: `${existing} cannot be written`,
      wayOut: "Give this user the directory, or choose another with --state.",
    };
  }
}

function freeSpace({ existing }: Place): Finding {
  const { bavail, bsize } = statfsSync(existing);
  const free = bavail * bsize;
  const says = `${formatBytes(free)} free`;
  return free >= freeBytesMin
    ? { check: "Disk", verdict: "ok", says, wayOut: null }
    : {
        check: "Disk",
        verdict: "note",
        says,
        wayOut: `Make room for at least ${formatBytes(freeBytesMin)}.`,
      };
}

async function addresses(frame: Frame, { config, stateDirectory: path }: Place): Promise<Finding> {
  const platform = process.platform === "linux" ? "linux" : "other";
  const { value, finding } = await attempt("Addresses", async () => {
    const wanted = listeners(planAddresses(config, platform));
    if (isWorldLocked(frame.files, stateLayout(path).lock))
      return "in use by this world, which runs";
    await checkAddresses(wanted);
    return `all ${wanted.length} are free`;
  });
  return value === undefined
    ? finding
    : { check: "Addresses", verdict: "ok", says: value, wayOut: null };
}

/** The value, or the failure as a finding with the hint of its code. */
async function attempt<T>(
  check: string,
  work: () => Promise<T>,
): Promise<{ readonly value: T | undefined; readonly finding: Finding }> {
  try {
    return { value: await work(), finding: { check, verdict: "ok", says: "", wayOut: null } };
  } catch (error) {
    const wayOut = error instanceof Failure ? error.hint : null;
    return {
      value: undefined,
      finding: { check, verdict: "problem", says: describeError(error), wayOut },
    };
  }
}
