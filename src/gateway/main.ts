/** The gateway's program: started by the Region's agent, and not ended by the agent's death. */
import { NodeByteSockets } from "../env/node/byte-sockets.ts";
import { nodeClock } from "../env/node/clock.ts";
import { runCompanion, type CompanionContext } from "../env/node/companion.ts";
import { NodeNetwork } from "../env/node/network.ts";
import { nodeRandom } from "../env/node/random.ts";
import { describeError } from "../model/failure.ts";
import { openStatementBook } from "../sql/open-book.ts";
import { gatewaySettings, type GatewaySettings } from "../wire/program-settings.ts";
import { followAgent, tellAgent, type AgentAddress } from "./agent-line.ts";
import { Gateway } from "./gateway.ts";

export async function main(settingsPath: string): Promise<void> {
  await runCompanion("gateway", gatewaySettings, settingsPath, run);
}

async function run({ settings, log, end, host }: CompanionContext<GatewaySettings>): Promise<void> {
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
  await Promise.all([gateway.run(), following]);
}
