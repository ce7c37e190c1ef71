/** `world.json`: whose state a state directory holds, so that no world ever runs on another's data. */
import { z } from "zod";
import { Failure } from "../model/failure.ts";
import type { Config } from "./config.ts";

/** Grows when an older Leeward could not use the state any more. */
const stateVersion = 1;

/** 16 bytes: never drawn twice. */
const worldIdBytes = 16;

const worldRecord = z.object({
  version: z.literal(stateVersion),
  worldId: z.string().min(1),
  name: z.string(),
  world: z.int(),
  regions: z.array(z.string()),
});

export type WorldRecord = z.output<typeof worldRecord>;

export function newWorldRecord(
  config: Config,
  random: { hex(bytes: number): string },
): WorldRecord {
  return {
    version: stateVersion,
    worldId: random.hex(worldIdBytes),
    name: config.name,
    world: config.world,
    regions: [...config.regions],
  };
}

export function formatWorldRecord(record: WorldRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

/**
 * @param path where the text comes from, for the message.
 * @throws Failure `state.newer-version`, `state.damaged`
 */
export function parseWorldRecord(text: string, path: string): WorldRecord {
  const json = parseJson(text, path);
  const version = z.object({ version: z.number() }).safeParse(json);
  if (version.success && version.data.version > stateVersion) {
    throw new Failure(
      "state.newer-version",
      `${path} was written by a newer Leeward: its state has version ${version.data.version}, this one knows ${stateVersion}`,
    );
  }
  const parsed = worldRecord.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new Failure(
    "state.damaged",
    `${path} does not hold what it should: ${z.prettifyError(parsed.error)}`,
  );
}

/**
 * The record of the state directory after a start with `config`. Regions may be added; the data of one that
 * is no longer named would be left behind unseen, so that is refused.
 * @throws Failure `state.other-world`
 */
export function adoptWorldRecord(record: WorldRecord, config: Config, path: string): WorldRecord {
  const differences = [
    ...(record.name === config.name ? [] : [`its name is ${record.name}, not ${config.name}`]),
    ...(record.world === config.world
      ? []
      : [`its \`world\` is ${record.world}, not ${config.world}`]),
    ...record.regions
      .filter((region) => !config.regions.some((named) => named === region))
      .map((region) => `it has a Region ${region}, which leeward.yaml does not name`),
  ];
  if (differences.length > 0) {
    throw new Failure(
      "state.other-world",
      `${path} belongs to another world: ${differences.join("; ")}`,
    );
  }
  return { ...record, regions: [...config.regions] };
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure("state.damaged", `${path} is not JSON`, { cause });
  }
}
