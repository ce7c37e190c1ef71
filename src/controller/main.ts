/**
 * The controller: keeps the truth, decides, serves the API. It stands outside the Regions, and the world goes
 * on while it is away.
 */
import { startApi } from "../api/server.ts";
import { SqliteArchive } from "../archive/sqlite-archive.ts";
import { DatabaseController, type DatabaseSettings } from "../database/controller.ts";
import { systemKey } from "../database/records.ts";
import type { Clock, Json, Log } from "../env/env.ts";
import { nodeClock } from "../env/node/clock.ts";
import { NodeNetwork } from "../env/node/network.ts";
import { nodeRandom } from "../env/node/random.ts";
import { runProgram, type ProgramContext } from "../env/node/program.ts";
import type { Archive } from "../archive/archive.ts";
import { describeError, Failure } from "../model/failure.ts";
import { formatInstance, type RegionId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import { controllerSettings, type ControllerSettings } from "../wire/program-settings.ts";
import { LinkBoard } from "./link-board.ts";
import { Machines } from "./machines.ts";
import { takeTerm } from "./term.ts";
import { TrafficControl } from "./traffic-control.ts";
import { LocalWorld } from "./world.ts";

/** The name that the network program's credential stands for; no Region can be called that. */
const networkPeer = "(network)";
/** The name of the front door outside. */
const frontPeer = "(front)";

/** 1 h: events are kept for days, so nobody notices the hour. */
const archiveSweepMs = 3_600_000;
/** 60 s: a Region that was away when its evidence became old is asked soon after it is back. */
const evidenceSweepMs = 60_000;
const dayMs = 86_400_000;

export async function main(settingsPath: string): Promise<void> {
  await runProgram("controller", controllerSettings, settingsPath, runController);
}

async function runController(context: ProgramContext<ControllerSettings>): Promise<void> {
  const { settings, log, signal, lifeline } = context;
  const clock = nodeClock;
  const store = new SqliteStore(settings.storePath, { clock, log });
  const archive = new SqliteArchive(settings.archivePath, clock);
  try {
    const term = await takeTerm(store, signal);
    const machines = new Machines(lifeline, clock, (...change) => world.notePower(...change));
    const databases = new DatabaseController(
      { clock, log, store, archive },
      databaseSettings(settings, (region) => machines.sinceStoppedMs(region)),
      term,
    );
    const traffic = new TrafficControl(
      { clock, log, random: nodeRandom, store, archive, databases },
      settings.traffic,
      term,
    );
    const links = new LinkBoard({ clock, store }, settings.links, term);
    await Promise.all([databases.load(signal), links.load(signal), traffic.load(signal)]);
    const world = new LocalWorld(
      { clock, log, archive, databases, links, machines, traffic, term },
      settings,
    );
    context.onMessage((message) => machines.hear(message));
    await serveAgents(settings, { databases, links, traffic }, signal);
    await startApi(world, apiOptions(settings, log), signal);
    lifeline.send({ kind: "ready" });
    log.info("controller.ready", { term });
    await Promise.all([
      databases.run(signal),
      traffic.run(signal),
      sweepForever(archive, settings.eventsKeepDays, { clock, log }, signal),
      sweepEvidenceForever(databases, settings.evidenceKeepDays, { clock, log }, signal),
    ]);
  } finally {
    archive.close();
    store.close();
  }
}

function apiOptions(settings: ControllerSettings, log: Log): Parameters<typeof startApi>[1] {
  return {
    address: settings.api,
    token: settings.apiToken,
    hosts: settings.apiHosts,
    log,
    clock: nodeClock,
    version: settings.version,
  };
}

/** Agents and the network program ask; each has a credential of its own. */
async function serveAgents(
  settings: ControllerSettings,
  parts: {
    readonly databases: DatabaseController;
    readonly links: LinkBoard;
    readonly traffic: TrafficControl;
  },
  signal: AbortSignal,
): Promise<void> {
  const peers = new Map<string, string>([
    [settings.networkToken.reveal(), networkPeer],
    [settings.frontToken.reveal(), frontPeer],
    ...settings.regions.map(({ token, region }) => [token.reveal(), region] as const),
  ]);
  const handler = (peer: string, message: Json, asked: AbortSignal): Promise<Json> => {
    if (peer === networkPeer) return parts.links.handle(message, asked);
    if (peer === frontPeer) return parts.traffic.desk.handleFront(message, asked);
    const region = peer as RegionId;
    return isAboutTraffic(message)
      ? parts.traffic.desk.handleAgent(region, message, asked)
      : parts.databases.handle(region, message, asked);
  };
  const onBug = (error: unknown): never => {
    throw error;
  };
  await new NodeNetwork({ clock: nodeClock, onBug }).serve(
    settings.control,
    (token) => peers.get(token),
    handler,
    signal,
  );
}

function isAboutTraffic(message: Json): boolean {
  return (
    typeof message === "object" &&
    message !== null &&
    "kind" in message &&
    message["kind"] === "traffic"
  );
}

function databaseSettings(
  settings: ControllerSettings,
  sinceStoppedMs: DatabaseSettings["sinceStoppedMs"],
): DatabaseSettings {
  return {
    systems: settings.systems.map((system) => ({
      ...system,
      key: systemKey(system.database, system.kind === "local" ? system.firstPrimary : undefined),
      name: system.database,
      roles: system.roles.map((role) => ({ ...role, password: undefined })),
    })),
    leaseTtlMs: settings.leaseTtlMs,
    leaseMarginMs: settings.leaseMarginMs,
    sinceStoppedMs,
    agentAddressOf: (from, to) => {
      const here = settings.regions.find(({ region }) => region === from);
      const found = here?.seen.find(({ region }) => region === to);
      assert(found !== undefined, `${from} has a link to the agent of ${to}`);
      return found.agent;
    },
    addressOf: (from, id) => {
      const here = settings.regions.find(({ region }) => region === from);
      const placed =
        from === id.region
          ? here?.instances
          : here?.seen.find(({ region }) => region === id.region)?.instances;
      const found = placed?.find(
        ({ database, number }) => database === id.database && number === id.number,
      );
      assert(found !== undefined, `${formatInstance(id)} has an address in ${from}`);
      return found.address;
    },
    passwordOf: (database, role) => {
      const found = settings.passwords.find(
        (known) => known.database === database && known.role === role,
      );
      if (found) return found.password;
      throw new Failure("state.damaged", `There is no password for role ${role} of ${database}`);
    },
  };
}

/** Nothing is removed by itself while nobody said for how long it is to be kept. */
async function sweepEvidenceForever(
  databases: DatabaseController,
  keepDays: number,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  if (keepDays === 0) return;
  while (!signal.aborted) {
    await clock.sleep(evidenceSweepMs, signal).catch(() => undefined);
    const outdatedMs = clock.wallMs() - keepDays * dayMs;
    for (const { region, item } of databases.evidence()) {
      if (item.atWallMs >= outdatedMs || signal.aborted) continue;
      log.info("controller.evidence-outdated", { region, name: item.name });
      await databases.removeEvidence(region, item.name, signal).catch((error: unknown) => {
        if (!signal.aborted) log.warn("controller.evidence-kept", { error: describeError(error) });
      });
    }
  }
}

async function sweepForever(
  archive: Archive,
  keepDays: number,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await archive
      .removeOlderThan(clock.wallMs() - keepDays * dayMs, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) log.error("archive.sweep-failed", { error: describeError(error) });
      });
    await clock.sleep(archiveSweepMs, signal).catch(() => undefined);
  }
}
