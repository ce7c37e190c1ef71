/** One move of the writer under a client that writes: what the client saw of it. */
import { setTimeout as sleep } from "node:timers/promises";
import { monotonicMs } from "./monotonic.ts";
import type { WriteClientProcess } from "./write-client-process.ts";
import {
  firstBy,
  longestGap,
  looksAt,
  secondWriters,
  type Acknowledgement,
  type WriteLog,
} from "./write-log.ts";

/** Before the move, so that the gap has two ends, and after it, so that a second writer would be seen. */
const aroundMs = 1_000;
/** 60 s: far beyond every limit; then the move failed. */
const moveBoundMs = 60_000;

export type Move = {
  /** On the machine's monotonic clock. */
  readonly startedMs: number;
  readonly gapMs: number;
  /** By the new writer. */
  readonly first: Acknowledgement;
  /** Acknowledged, and not in the new writer's database. */
  readonly missing: readonly number[];
  /** Acknowledged by the old writer after the new one had begun. */
  readonly second: readonly Acknowledgement[];
  /** Writes that the old server refused afterwards. */
  readonly refusals: number;
  readonly log: WriteLog;
};

/**
 * @param to the address of the server that is to be the writer
 * @param act settles when it is done as far as its user can tell
 */
export async function measureMove(
  client: WriteClientProcess,
  to: string,
  act: () => Promise<unknown>,
): Promise<Move> {
  await client.take();
  await sleep(aroundMs);
  await client.untilAcknowledged(undefined, moveBoundMs);
  const startedMs = monotonicMs();
  await act();
  await client.untilAcknowledged(to, moveBoundMs).catch(async (cause: unknown) => {
    throw new Error(`The client saw no move: ${describe(await client.take())}`, { cause });
  });
  await sleep(aroundMs);
  const log = await client.take();
  const first = firstBy(log, to);
  const [before] = log.acknowledged;
  if (!before || before.host === to) throw new Error(`${to} was the writer before the move`);
  return {
    startedMs,
    gapMs: longestGap(log).ms,
    first,
    missing: await client.missing(log, to),
    second: secondWriters(log),
    refusals: looksAt(log, before.host, first.ackMs),
    log,
  };
}

/** `127.0.1.11 acknowledged 99, 127.0.2.11 25006 191`. */
function describe({ acknowledged, failed }: WriteLog): string {
  const counts = new Map<string, number>();
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
  for (const { host } of acknowledged) count(`${host} acknowledged`);
  for (const { host, code } of failed) count(`${host} ${code}`);
  return [...counts].map((pair) => pair.join(" ")).join(", ");
}
