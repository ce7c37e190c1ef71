/**
 * The agent: stands in a Region, owns its PostgreSQL instances, holds the leases. When it is killed, its
 * servers go on and the next agent adopts them; when its supervisor is gone, it takes everything down.
 */
import { RegionAgent } from "../database/region-agent.ts";
import type { PlainRoute } from "../database/route.ts";
import type { Log } from "../env/env.ts";
import { NodeByteSockets } from "../env/node/byte-sockets.ts";
import { nodeClock } from "../env/node/clock.ts";
import { nodeDatagrams } from "../env/node/datagrams.ts";
import { nodeFiles } from "../env/node/files.ts";
import { NodeNetwork } from "../env/node/network.ts";
import { runProgram, type ProgramContext } from "../env/node/program.ts";
import { nodeRandom } from "../env/node/random.ts";
import { describeError } from "../model/failure.ts";
import { formatInstance, type InstanceId } from "../model/region.ts";
import { findInstallation } from "../postgres/installation.ts";
import { observeRunAs } from "../postgres/observe-run-as.ts";
import { decideRunAs } from "../postgres/run-as.ts";
import { PostgresServer } from "../postgres/server.ts";
import { assert } from "../std/assert.ts";
import { onAbort } from "../std/on-abort.ts";
import { agentSettings, type AgentSettings } from "../wire/program-settings.ts";
import { machinePrograms } from "./machine-programs.ts";
import { serveNeighbours, type RegionWindow } from "./neighbours.ts";
import { RegionGateway } from "./region-gateway.ts";
import { RegionTraffic } from "./region-traffic.ts";
import { openGuard } from "./region-guard.ts";

/** 10 s for what stands in front of the databases; what is left of it then is killed. */
const trafficLeaveMsMax = 10_000;
/** 25 s for all instances to stop cleanly; with what goes before, the supervisor kills the Region after 40 s. */
const leaveTimeoutMs = 25_000;

export async function main(settingsPath: string): Promise<void> {
  await runProgram("agent", agentSettings, settingsPath, runAgent);
}

async function runAgent(context: ProgramContext<AgentSettings>): Promise<void> {
  const { settings, log, signal } = context;
  const servers = await openServers(settings, log, signal);
  const guard = openGuard(settings, { clock: nodeClock, log, files: nodeFiles });
  const network = new NodeNetwork({ clock: nodeClock, onBug: rethrow });
  const gateway = new RegionGateway(
    settings.gateway,
    { clock: nodeClock, log, network },
    process.ppid,
  );
  const traffic = openTraffic(settings, log, network);
  // In a PID namespace the kernel has done so already.
  context.onOrphaned(() => {
    for (const server of servers.values()) server.abandon();
    gateway.kill();
    traffic.kill();
    guard.kill();
  });
  const agent = new RegionAgent(
    {
      clock: nodeClock,
      log,
      files: nodeFiles,
      network,
      board: guard.board,
      postgresOf: (id) => {
        const server = servers.get(formatInstance(id));
        assert(server !== undefined, `${formatInstance(id)} was opened`);
        return server;
      },
      addressOf: (id) => placeOf(settings, id).address,
      gateOf: (database) => gateway.gateOf(database),
      gateway: {
        facts: gateway.facts,
        routesChanged: () => {
          gateway.routesChanged();
          traffic.routesChanged();
        },
      },
    },
    regionOf(settings),
  );
  const routes = (): readonly PlainRoute[] => agent.routes();
  const window: RegionWindow = {
    answerPeer: (peer, message, asked) => agent.handlePeer(peer, message, asked),
    view: (database) => agent.view(database),
  };
  const neighbours = { clock: nodeClock, log, network, onBug: rethrow };
  const end = new AbortController();
  await Promise.all([
    agent.run(end.signal),
    serveNeighbours(window, settings, neighbours, end.signal),
    gateway.run(routes, traffic.lookAgain, end.signal),
    traffic.run(
      {
        routes,
        tell: (event) => agent.tell(event),
        gatewayServes: () => gateway.facts().state === "serving",
      },
      end.signal,
    ),
    leaveFirst({ traffic, gateway }, end, signal),
  ]);
  const late = deadline(leaveTimeoutMs);
  await agent.leave(late).catch((error: unknown) => {
    // The supervisor kills what is left.
    log.error("agent.leave-failed", { error: describeError(error) });
  });
  await guard.close();
}

function openTraffic(settings: AgentSettings, log: Log, network: NodeNetwork): RegionTraffic {
  const doors = { clock: nodeClock, log, random: nodeRandom, files: nodeFiles, network };
  const sockets = new NodeByteSockets({ clock: nodeClock, onAcceptError: rethrow });
  const programs = machinePrograms(doors, settings.packages);
  const all = { ...doors, ...programs, sockets, datagrams: nodeDatagrams };
  return new RegionTraffic(settings, all, process.ppid);
}

function regionOf({
  region,
  controller,
  token,
  instances,
  peers,
  statePath,
}: AgentSettings): ConstructorParameters<typeof RegionAgent>[1] {
  return {
    instances: instances.map(({ database, number }) => ({ database, region, number })),
    controller,
    token: token.reveal(),
    peers: peers.map((peer) => ({ ...peer, token: peer.token.reveal() })),
    statePath,
  };
}

function placeOf(
  settings: AgentSettings,
  { database, number }: InstanceId,
): AgentSettings["instances"][number] {
  const found = settings.instances.find(
    (one) => one.database === database && one.number === number,
  );
  assert(found !== undefined, "an agent asks for its own instances");
  return found;
}

/**
 * While people, services and the gateway's clients are let go, in this order, the agent renews the leases as ever.
 * Settles when `end` was aborted.
 */
async function leaveFirst(
  { traffic, gateway }: { readonly traffic: RegionTraffic; readonly gateway: RegionGateway },
  end: AbortController,
  signal: AbortSignal,
): Promise<void> {
  if (!signal.aborted) await new Promise<void>((resolve) => void onAbort(signal, resolve));
  await traffic.leave(deadline(trafficLeaveMsMax));
  await gateway.leave();
  end.abort(signal.reason);
}

async function openServers(
  settings: AgentSettings,
  log: Log,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PostgresServer>> {
  const { region, allowFrom, postgres, regionDirectory } = settings;
  const installation = await findInstallation(postgres.bin, nodeClock, signal);
  const runAs = decideRunAs(await observeRunAs(installation, regionDirectory, nodeClock, signal));
  log.info("agent.postgres-found", {
    version: installation.version,
    bin: installation.binDirectory,
    runAs: runAs.kind,
    because: runAs.because,
  });
  return new Map(
    settings.instances.map(({ database, number, address, directory, passwords, settings: own }) => {
      const id: InstanceId = { database, region, number };
      const server = new PostgresServer({
        directory,
        address,
        installation,
        runAs,
        passwords,
        allowFrom,
        settings: own,
        slotWalKeepMegabytes: postgres.maxSlotWalKeepMb,
        clock: nodeClock,
        random: nodeRandom,
        log: log.child({ instance: formatInstance(id) }),
      });
      return [formatInstance(id), server];
    }),
  );
}

function deadline(ms: number): AbortSignal {
  const late = new AbortController();
  void nodeClock.sleep(ms, new AbortController().signal).then(() => late.abort());
  return late.signal;
}

/** A bug in an answer ends the agent, as a bug anywhere else in it does. */
function rethrow(error: unknown): never {
  throw error;
}
