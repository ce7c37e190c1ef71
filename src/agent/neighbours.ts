/** What others may ask of a Region's agent: the agents of other Regions, and load balancers. */
import type { Clock, Json, Log, Network } from "../env/env.ts";
import type { DatabaseView } from "../database/region-agent.ts";
import { serveHealth } from "../env/node/health-server.ts";
import type { Address } from "../model/address.ts";
import { formatAddress } from "../model/address.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { Backoff } from "../std/backoff.ts";
import type { AgentSettings } from "../wire/program-settings.ts";
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

/** 500 ms: an agent that was killed a moment ago may still have it. */
const firstRetryMs = 500;
/** 10 s between tries at an address that somebody else keeps. */
const retryMsMax = 10_000;

async function listenUntilDone(
  address: Address,
  { clock, log }: Pick<Doors, "clock" | "log">,
  signal: AbortSignal,
  listen: () => Promise<void>,
): Promise<void> {
  const backoff = new Backoff(firstRetryMs, retryMsMax);
  while (!signal.aborted) {
    try {
      return await listen();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      const [at, retryInMs] = [formatAddress(address), backoff.nextMs()];
      log.warn("agent.address-not-served", { address: at, error: describeError(error), retryInMs });
      await clock.sleep(retryInMs, signal).catch(() => undefined);
    }
  }
}
