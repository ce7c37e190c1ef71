/** The gateway's program: started by the Region's agent, and not ended by the agent's death. */
import { NodeByteSockets } from "../env/node/byte-sockets.ts";
import type { Clock } from "../env/env.ts";
import { nodeClock } from "../env/node/clock.ts";
import { NodeNetwork } from "../env/node/network.ts";
import { nodeLog } from "../env/node/log.ts";
import { isProcessAlive } from "../env/node/process-life.ts";
import { readSettings } from "../env/node/program.ts";
import { nodeRandom } from "../env/node/random.ts";
import { describeError, Failure } from "../model/failure.ts";
import { openStatementBook } from "../sql/open-book.ts";
import { gatewaySettings, type GatewaySettings } from "../wire/program-settings.ts";
import { followAgent, tellAgent, type AgentAddress } from "./agent-line.ts";
import { Gateway } from "./gateway.ts";

/** sysexits(3) EX_TEMPFAIL: another gateway of this Region still runs. */
const anotherRuns = 75;
const crashed = 70;

export async function main(settingsPath: string): Promise<void> {
  const settings = readSettings(gatewaySettings, settingsPath);
  const log = nodeLog("gateway", settings.logLevel).child({ region: settings.region });
  const die = (error: unknown): never => {
    log.error("program.crashed", { error: describeError(error), stack: (error as Error).stack });
    process.exit(crashed);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  const end = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => end.abort(new Error(`the gateway was told to end by ${name}`)));
  }
  log.info("program.started", { pid: process.pid });
  try {
    await run(settings, log, end);
  } catch (error) {
    if (error instanceof Failure && error.code === "network.address-in-use") {
      log.info("gateway.another-runs", { error: describeError(error) });
      process.exit(anotherRuns);
    }
    die(error);
  }
  log.info("program.ended", {});
  process.exit(0);
}

async function run(
  settings: GatewaySettings,
  log: ReturnType<typeof nodeLog>,
  end: AbortController,
): Promise<void> {
  const network = new NodeNetwork({
    clock: nodeClock,
    onBug: (error) => {
      throw error;
    },
  });
  const doors = { clock: nodeClock, log, network };
  const agent: AgentAddress = {
    address: settings.agent.address,
    token: settings.agent.token.reveal(),
  };
  const gateway = await Gateway.open(
    settings,
    {
      clock: nodeClock,
      log,
      random: nodeRandom,
      sockets: new NodeByteSockets({
        clock: nodeClock,
        onAcceptError: (error) =>
          log.warn("gateway.accept-failed", { error: describeError(error) }),
      }),
      openBook: () => openStatementBook({ clock: nodeClock, log }),
      tell: (question) => void tellAgent(agent, question, doors, end.signal),
    },
    end.signal,
  );
  // Before anything is asked: whoever asks is taken for the Region's gateway.
  await gateway.listen();
  const host = new HostWatch(nodeClock, end);
  const serving = Promise.all([gateway.run(), host.run()]);
  const following = followAgent(
    agent,
    doors,
    {
      pid: process.pid,
      counters: () => gateway.counters(),
      heard: ({ routes, hostPid }) => {
        host.pid = hostPid;
        gateway.follow(routes);
      },
    },
    end.signal,
  ).then(() => end.abort(new Error("the Region stops")));
  await Promise.all([serving, following]);
}

/** 500 ms between looks: what outlives its Region must not outlive it for long. */
const hostEveryMs = 500;

/** Ends the gateway with the first process of its Region, also where no namespace does so. */
class HostWatch {
  pid = process.ppid;
  readonly #clock: Clock;
  readonly #end: AbortController;

  constructor(clock: Clock, end: AbortController) {
    this.#clock = clock;
    this.#end = end;
  }

  async run(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      if (!isProcessAlive(this.pid)) this.#end.abort(new Error("the Region has ended"));
      await this.#clock.sleep(hostEveryMs, signal).catch(() => undefined);
    }
  }
}
