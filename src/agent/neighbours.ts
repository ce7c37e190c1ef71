/** What others may ask of a Region's agent: the agents of other Regions, and load balancers. */
import type { Clock, Json, Log, Network } from "../env/env.ts";
import type { DatabaseView } from "../database/region-agent.ts";
import { serveHealth } from "../env/node/health-server.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { AgentSettings } from "../wire/program-settings.ts";
import { listenUntilDone } from "./listen-until-done.ts";
import { answerRest } from "./rest.ts";

/** Answered from what the agent knows, without asking anybody. */
export type RegionWindow = {
  /** A `peerQuestion` from the agent of `region`, as JSON; its `peerAnswer`. Throw a `Failure` to refuse. */
  readonly answerPeer: (region: RegionId, message: Json, signal: AbortSignal) => Promise<Json>;
  readonly view: (database: DatabaseId) => DatabaseView | undefined;
};

type Doors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly network: Network;
  readonly onBug: (error: unknown) => void;
};

/**
 * Answers both until `signal` aborts. An address that is taken is tried again and again: the databases do not wait
 * for it.
 */
export async function serveNeighbours(
  window: RegionWindow,
  settings: AgentSettings,
  { clock, log, network, onBug }: Doors,
  signal: AbortSignal,
): Promise<void> {
  const { region, listen, rest, peers, instances } = settings;
  const accepted = new Map(peers.map((peer) => [peer.accepts.reveal(), peer.region]));
  const databases = [...new Set(instances.map(({ database }) => database))];
  const view = { region, databases, view: window.view };
  await Promise.all([
    listenUntilDone(listen, { clock, log }, signal, () =>
      network.serve(
        listen,
        (token) => accepted.get(token),
        (peer, message, asked) => window.answerPeer(peer as RegionId, message, asked),
        signal,
      ),
    ),
    listenUntilDone(rest, { clock, log }, signal, () =>
      serveHealth(rest, (question) => answerRest(question, view), onBug, signal),
    ),
  ]);
}
