/**
 * Clients in every Region, which write wherever a server takes it: the checkers hear of each acknowledgement, and
 * of the true time of it. A client asks its own Region's server first, so that two writers would be seen.
 */
import type { SimClock } from "./clock.ts";
import type { SimCommit } from "./history.ts";
import type { SimHost } from "./host.ts";
import type { Place, SimNetwork } from "./network.ts";
import type { SeededRandom } from "./random.ts";
import type { WalStream } from "./stream.ts";

export type ClientDoors = {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly network: SimNetwork;
  readonly stream: WalStream;
  readonly acknowledged: (host: SimHost, commit: SimCommit) => void;
};

/** A commit that waits for a standby looks this often whether it may be acknowledged. */
const waitStepMs = 50;
/** After this long its client has given up. */
const waitMsMax = 5_000;

/** One client. `hosts` are the servers of its database system, `everyMs` the mean pause between its writes. */
export function startClient(
  place: Place,
  hosts: readonly SimHost[],
  everyMs: number,
  doors: ClientDoors,
): void {
  const { clock, random, network } = doors;
  const reaches = (host: SimHost): boolean =>
    host.place === place ||
    (!network.isCut(place, host.place) && !network.isCut(host.place, place));
  const own = hosts.filter((host) => host.place === place);
  const others = hosts.filter((host) => host.place !== place);
  const ordered = [...own, ...others];
  const write = (): void => {
    const taker = ordered.find((host) => host.takesWrites && reaches(host));
    if (taker) writeTo(taker, doors);
    clock.after(random.between(0, 2 * everyMs), write);
  };
  clock.after(random.between(0, 2 * everyMs), write);
}

function writeTo(host: SimHost, { clock, stream, acknowledged }: ClientDoors): void {
  const { serving: data, server } = host;
  if (!data || !server) return;
  const commit = stream.commit(host, data);
  if (server.synchronous.length === 0) return acknowledged(host, commit);
  const giveUpAtMs = clock.monotonicMs() + waitMsMax;
  const look = (): void => {
    stream.settle();
    if (server.hasEnded || !host.serving || clock.monotonicMs() > giveUpAtMs) return;
    const isSafe = stream
      .streamers(host)
      .some(
        ({ upstream, serving }) =>
          upstream !== undefined &&
          server.synchronous.includes(upstream.applicationName) &&
          serving?.branch === commit.branch &&
          serving.flushedLsn >= commit.lsn,
      );
    if (isSafe || server.synchronous.length === 0) return acknowledged(host, commit);
    clock.after(waitStepMs, look);
  };
  clock.after(waitStepMs, look);
}
