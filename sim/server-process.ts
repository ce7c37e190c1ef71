/** What a server does by itself once it was told to, also when the agent that told it is killed meanwhile. */
import type { SimClock } from "./clock.ts";
import { Branch } from "./history.ts";
import { pointOf, type SimHost, type SimServer } from "./host.ts";
import { newestTimeline } from "../src/model/fork.ts";
import type { Lsn } from "../src/model/lsn.ts";
import type { WalStream } from "./stream.ts";

type Machinery = {
  readonly clock: SimClock;
  readonly stream: WalStream;
  readonly tookMs: number;
};

/** A server that waits longer than this for those that stream from it is killed by its agent. */
const shutdownWaitMsMax = 15_000;
const shutdownStepMs = 250;
/** Of the shutdown's checkpoint. */
const checkpointBytes = 120;

/** SIGINT: no more writes, everything is sent to those that stream, a checkpoint, the end. */
export function beginShutdown(host: SimHost, server: SimServer, machinery: Machinery): void {
  if (server.isStopping) return;
  const { clock, stream, tookMs } = machinery;
  stream.settle();
  server.isStopping = true;
  const giveUpAtMs = clock.monotonicMs() + shutdownWaitMsMax;
  const attempt = (): void => {
    stream.settle();
    if (server.hasEnded) return;
    const isLate = clock.monotonicMs() >= giveUpAtMs;
    if (isLate || (server.isReady && host.isDiskFull)) return host.endServer("it was killed");
    if (host.isPaused || !server.isReady || stream.waitsFor(host))
      return void clock.after(shutdownStepMs, attempt);
    end(host, stream);
  };
  clock.after(tookMs, attempt);
}

function end(host: SimHost, stream: WalStream): void {
  const { data } = host;
  if (data.kind === "present" && host.isPrimary) {
    stream.flush(host);
    const lsn = data.flushedLsn;
    stream.append(data, checkpointBytes);
    stream.flush(host);
    data.control = { lsn, isClean: true };
  } else if (data.kind === "present") {
    data.control = { lsn: data.replayedLsn, isClean: true };
  }
  host.endServer("it was stopped");
}

/** `pg_promote`: a timeline of its own, from the end of all that was received. */
export function beginPromotion(
  host: SimHost,
  server: SimServer,
  machinery: Machinery & { readonly promoted: (host: SimHost) => void },
): void {
  const { clock, stream, tookMs, promoted } = machinery;
  clock.after(tookMs, () => {
    stream.settle();
    const { serving: data } = host;
    if (server.hasEnded || server.isStopping || !data || host.isPrimary || host.isDiskFull) return;
    const { timeline: parent } = data.branch;
    const branch = new Branch(Math.max(parent, passedOver(server)) + 1, pointOf(data), host);
    data.branch = branch;
    data.replayedLsn = data.flushedLsn;
    data.fork = { timeline: branch.timeline, parent, lsn: BigInt(branch.forkLsn) as Lsn };
    data.isStandby = false;
    data.control = { lsn: branch.forkLsn, isClean: false };
    server.shipments.length = 0;
    server.as = { kind: "primary" };
    promoted(host);
  });
}

function passedOver({ as }: SimServer): number {
  return as.kind === "fenced" ? newestTimeline(as.passOver ?? []) : 0;
}
