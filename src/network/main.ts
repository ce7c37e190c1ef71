/**
 * The network program: carries every link of the world. It outlives the controller, goes on with the
 * conditions it has, and asks for newer ones.
 */
import type { Clock, Log, Network } from "../env/env.ts";
import { nodeClock } from "../env/node/clock.ts";
import { NodeNetwork } from "../env/node/network.ts";
import { runProgram } from "../env/node/program.ts";
import { nodeRandom } from "../env/node/random.ts";
import type { Links } from "../link/link.ts";
import { TcpLinks } from "../link/tcp-links.ts";
import type { LinkDirection } from "../model/link.ts";
import { describeError } from "../model/failure.ts";
import { decode, encode } from "../wire/codec.ts";
import {
  conditionsHoldMs,
  networkAnswer,
  networkQuestion,
  type NetworkAnswer,
} from "../wire/network-protocol.ts";
import { networkSettings, type NetworkSettings } from "../wire/program-settings.ts";

/** 200 ms: a controller that restarts is found again within this. */
const retryMs = 200;

type Doors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly network: Network;
  readonly links: Links;
};

export async function main(settingsPath: string): Promise<void> {
  await runProgram("network", networkSettings, settingsPath, async ({ settings, log, signal }) => {
    const links = new TcpLinks({ clock: nodeClock, random: nodeRandom, log });
    const network = new NodeNetwork({ clock: nodeClock, onBug: rethrow });
    const doors = { clock: nodeClock, log, network, links };
    try {
      const applied = await openLinks(doors, settings, signal);
      await followController(doors, settings, applied, signal);
    } finally {
      await links.close();
    }
  });
}

/** The network program answers nobody, so no handler of its can have a bug. */
function rethrow(error: unknown): never {
  throw error;
}

/**
 * Opens every link as the controller wants it, or, where none answers yet, as leeward.yaml says. Asked first: a
 * network program that was killed must not mend for a moment what people have cut. Answers the revision in force.
 */
async function openLinks(
  doors: Doors,
  settings: NetworkSettings,
  signal: AbortSignal,
): Promise<number> {
  const wanted = await askForConditions(doors, settings, 0, signal).catch(() => undefined);
  await doors.links.apply(settings.routes, wanted?.directions ?? settings.directions);
  doors.log.info("network.links-open", {
    routes: settings.routes.length,
    revision: wanted?.revision ?? 0,
  });
  return wanted?.revision ?? 0;
}

/** Applies whatever conditions the controller answers with, until `signal` aborts. */
async function followController(
  doors: Doors,
  settings: NetworkSettings,
  inForce: number,
  signal: AbortSignal,
): Promise<void> {
  let applied = inForce;
  let isAnswered = true;
  while (!signal.aborted) {
    try {
      const answer = await askForConditions(doors, settings, applied, signal);
      if (answer.revision !== applied) await apply(doors, settings, answer);
      applied = answer.revision;
      isAnswered = true;
    } catch (error) {
      if (signal.aborted) return;
      if (isAnswered) doors.log.warn("network.controller-silent", { error: describeError(error) });
      isAnswered = false;
      await doors.clock.sleep(retryMs, signal).catch(() => undefined);
    }
  }
}

async function askForConditions(
  { network, links }: Doors,
  { controller, token }: NetworkSettings,
  applied: number,
  signal: AbortSignal,
): Promise<NetworkAnswer> {
  const question = encode(networkQuestion, {
    kind: "conditions",
    applied,
    traffic: links.traffic(),
  });
  const options = { token: token.reveal(), timeoutMs: 5 * conditionsHoldMs };
  const answered = await network.request(controller, question, options, signal);
  return decode(networkAnswer, "the controller's link conditions", answered);
}

async function apply(
  { links, log }: Doors,
  { routes }: NetworkSettings,
  { revision, directions, resets }: NetworkAnswer,
): Promise<void> {
  // First, or what a link that was down held would go on its way when it is mended.
  for (const { from, to } of resets) {
    log.info("network.link-reset", { from, to, connections: links.reset(from, to) });
  }
  await links.apply(routes, directions);
  log.info("network.conditions-applied", { revision, down: down(directions).join() });
}

function down(directions: readonly LinkDirection[]): readonly string[] {
  return directions
    .filter(({ conditions }) => !conditions.isUp)
    .map(({ from, to }) => `${from}>${to}`);
}
