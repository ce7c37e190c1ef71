import { beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { SimFileDisk, SimFiles } from "../../sim/files.ts";
import { Life } from "../../sim/life.ts";
import { SeededRandom } from "../../sim/random.ts";
import { nodeCertificates } from "../env/node/certificates.ts";
import { loadConfig } from "../config/load.ts";
import { stateLayout, type StateLayout } from "../config/state-directory.ts";
import type { RegionId } from "../model/region.ts";
import { claimStateDirectory, openStateDirectory, prepareWorld } from "./prepare.ts";
import type { PrepareDoors, PrepareOptions, Prepared } from "./prepare.ts";

const root = "/a place/.leeward";
const layout = stateLayout(root);

let disk: SimFileDisk;
let doors: PrepareDoors;

beforeEach(() => {
  disk = new SimFileDisk();
  const files = new SimFiles(disk, new Life());
  doors = {
    files,
    random: new SeededRandom(1),
    clock: new SimClock(),
    certificates: nodeCertificates,
  };
});

function optionsOf(name: string, regions = "us-east-1: {}, us-west-2: {}"): PrepareOptions {
  const text = `name: ${name}
regions: { ${regions} }
databases: { orders: { primary: us-east-1, roles: { app: {} } } }`;
  return {
    config: loadConfig(text, "leeward.yaml").config,
    configDirectory: "/a place",
    stateDirectory: root,
    version: "0.1.0",
    logLevel: "info",
    pgBin: undefined,
    platform: "linux",
    isRoot: false,
    self: ["leeward"],
    packages: { cacheDirectory: "/cache", searchPath: "/usr/bin" },
  };
}

async function start(options: PrepareOptions): Promise<Prepared> {
  const opened: StateLayout = openStateDirectory(doors.files, options);
  claimStateDirectory(doors, options.config, opened);
  return prepareWorld(doors, options, opened);
}

test("a first start says whose the directory is, and gives each program its own settings", async () => {
  await start(optionsOf("shop"));
  expect([...disk.texts.keys()]).toEqual([
    layout.worldRecord,
    layout.allSecrets,
    layout.certificates,
    layout.caCertificate,
    layout.controllerSecrets,
    layout.networkSecrets,
    layout.agentSecrets("us-east-1" as RegionId),
    layout.gatewaySecrets("us-east-1" as RegionId),
    layout.agentSecrets("us-west-2" as RegionId),
    layout.gatewaySecrets("us-west-2" as RegionId),
  ]);
});

test("a second start keeps every secret, every certificate and the identity", async () => {
  await start(optionsOf("shop"));
  const kept = [layout.worldRecord, layout.allSecrets, layout.certificates, layout.caCertificate];
  const before = kept.map((path) => disk.texts.get(path));
  await start(optionsOf("shop"));
  expect(kept.map((path) => disk.texts.get(path))).toEqual(before);
});

test("a Region that was added gets a credential of its own, and the others keep theirs", async () => {
  const { secrets: before } = await start(optionsOf("shop"));
  const { secrets: after } = await start(optionsOf("shop", "us-east-1: {}, us-west-2: {}, r3: {}"));
  expect(after.agentTokens["us-east-1"]?.reveal()).toBe(before.agentTokens["us-east-1"]?.reveal());
  expect(after.agentTokens["r3"]).toBeDefined();
});

test("the directory of another world is refused, and nothing in it changes", async () => {
  await start(optionsOf("shop"));
  const before = new Map(disk.texts);
  await expect(start(optionsOf("games"))).rejects.toThrow(
    expect.objectContaining({ code: "state.other-world" }) as Error,
  );
  expect(disk.texts).toEqual(before);
});

test("an empty or damaged record is no fresh directory", async () => {
  openStateDirectory(doors.files, optionsOf("shop"));
  doors.files.write(layout.worldRecord, "", 0o600);
  await expect(start(optionsOf("shop"))).rejects.toThrow(
    expect.objectContaining({ code: "state.damaged" }) as Error,
  );
});

test("opening a directory puts nothing into it", () => {
  openStateDirectory(doors.files, optionsOf("shop"));
  expect(disk.texts.size).toBe(0);
  expect(disk.directories.has(root)).toBe(true);
});

test("a full disk is named", async () => {
  openStateDirectory(doors.files, optionsOf("shop"));
  disk.isFull = true;
  await expect(start(optionsOf("shop"))).rejects.toThrow(
    expect.objectContaining({ code: "disk.full" }) as Error,
  );
});
