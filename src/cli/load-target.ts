/** What `leeward load` is about: the journeys that leeward.yaml names, and where they go. */
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import type { ApiTraffic } from "../api/traffic-api.ts";
import type { Config } from "../config/config.ts";
import { configFileName, findConfigFile } from "../config/state-directory.ts";
import type { Journey } from "../load/load.ts";
import { describeError, Failure } from "../model/failure.ts";
import { readConfig } from "../supervisor/local-world.ts";
import { readSupervisorRecord } from "../supervisor/supervisor-record.ts";
import { findWorld, unknown, withWorld } from "./context.ts";
import type { Frame } from "./frame.ts";

export type NamedJourney = { readonly profile: string; readonly journey: Journey };

/**
 * @param profile undefined: the first of the module
 * @throws Failure `load.unknown`, `load.module-unusable`, and what a leeward.yaml that cannot be read throws
 */
export async function findJourney(
  frame: Frame,
  name: string,
  profile: string | undefined,
): Promise<NamedJourney> {
  const file = configFileOf(frame);
  const { config } = readConfig(frame.files, file);
  const path = resolve(dirname(file), moduleOf(config, name, file));
  return pickProfile(await profilesIn(frame, path), profile, path);
}

/** Of the world that is running, from wherever it was started; else the one here or above. */
function configFileOf(frame: Frame): string {
  const { cwd, files } = frame;
  const layout = attempt(() => findWorld(frame));
  if (layout) {
    const record = readSupervisorRecord(files, layout.supervisor);
    const file = record?.configFile ?? join(dirname(layout.root), configFileName);
    if (files.exists(file)) return file;
  }
  return findConfigFile({ cwd, directory: undefined, exists: files.exists });
}

/** Undefined where no world runs: with --url none is needed. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure && error.code === "world.not-running") return undefined;
    throw error;
  }
}

function moduleOf({ load }: Config, name: string, file: string): string {
  const found = load.find((one) => one.name === name);
  if (found) return found.module;
  if (load.length === 0) throw new Failure("load.unknown", `${file} has no section \`load\``);
  const names = load.map((one) => one.name);
  throw new Failure("load.unknown", unknown("load", name, names));
}

const loadModule = z.object({
  profiles: z
    .record(
      z.string(),
      z.custom<Journey>((value) => typeof value === "function"),
    )
    .refine((profiles) => Object.keys(profiles).length > 0),
});

type Profiles = z.output<typeof loadModule>["profiles"];

async function profilesIn({ files }: Frame, path: string): Promise<Profiles> {
  if (!files.exists(path)) {
    throw new Failure("load.module-unusable", `${path} is not there; was it built?`);
  }
  const loaded: unknown = await import(pathToFileURL(path).href).catch((cause: unknown) => {
    throw new Failure("load.module-unusable", `${path} cannot be loaded: ${describeError(cause)}`);
  });
  const parsed = loadModule.safeParse(loaded);
  if (parsed.success) return parsed.data.profiles;
  throw new Failure("load.module-unusable", `${path} exports no \`profiles\`, or none that is one`);
}

/** @throws Failure `load.unknown` */
function pickProfile(profiles: Profiles, wanted: string | undefined, path: string): NamedJourney {
  const names = Object.keys(profiles);
  const profile = wanted ?? names[0] ?? "";
  const journey = Object.hasOwn(profiles, profile) ? profiles[profile] : undefined;
  if (journey) return { profile, journey };
  throw new Failure("load.unknown", `${unknown("profile", profile, names)} (${path})`);
}

export type Aim = { readonly region: string | undefined; readonly url: string | undefined };

/**
 * Where visitors go, as `http://127.0.0.1:8080`.
 * @throws Failure `load.no-entry`, `region.unknown`, `world.not-running`
 */
export async function findOrigin(frame: Frame, { region, url }: Aim): Promise<string> {
  if (url !== undefined) return url;
  const traffic = await withWorld(frame, ({ client }) => client.traffic.traffic(frame.signal));
  return originIn(traffic, region);
}

function originIn({ entry, regions }: ApiTraffic, region: string | undefined): string {
  if (region !== undefined && !Object.hasOwn(regions, region)) {
    throw new Failure("region.unknown", unknown("Region", region, Object.keys(regions)));
  }
  const at = region === undefined ? entry : regions[region]?.entry;
  if (at) return `http://${at.address}:${at.port}`;
  const whose = region === undefined ? "This world has no global entry" : `${region} has no entry`;
  throw new Failure("load.no-entry", whose);
}
