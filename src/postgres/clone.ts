/**
 * Receives a clone in a thread of its own, because summing up and writing a gigabyte must not delay a lease. The
 * parent watches: it reports progress, and ends it, and with it its socket and files, when it stalls.
 */
import type { Worker } from "node:worker_threads";
import type { Clock } from "../env/env.ts";
import { startThreadBeside } from "../env/node/thread.ts";
import { Failure } from "../model/failure.ts";
import { CloneCounters, type CloneAnswer, type CloneOrder } from "./clone-order.ts";
import { diskFull } from "./disk-space.ts";
import type { CloneProgress } from "./postgres.ts";

/** Four times a second is as often as a person can read. */
const PROGRESS_MS = 250;

/** A link that carries nothing for so long is cut; a slow one (64 kbit/s) still brings a message in 4 s. */
const STALL_MS_MAX = 30_000;

/** Before the first byte the upstream makes a checkpoint, as fast as its disk can. */
const FIRST_BYTE_MS_MAX = 180_000;

export async function receiveClone(
  order: Omit<CloneOrder, "counters">,
  clock: Clock,
  onProgress: (progress: CloneProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const memory = CloneCounters.memory();
  const workerData = { ...order, counters: memory } satisfies CloneOrder;
  const worker = startThreadBeside(import.meta.url, "clone-worker", { workerData });
  const counters = new CloneCounters(memory);
  const over = new AbortController();
  const watching = AbortSignal.any([signal, over.signal]);
  try {
    const stall = watch(counters, clock, onProgress, watching);
    const answer = await Promise.race([answerOf(worker), stall]);
    if (answer.kind === "failed") throw failureOf(answer, order);
    // The last one, which is the only one of a small clone.
    onProgress(progressOf(counters.read()));
  } finally {
    over.abort();
    await worker.terminate();
  }
}

function answerOf(worker: Worker): Promise<CloneAnswer> {
  return new Promise((resolve) => {
    const fail = (message: string): void =>
      resolve({ kind: "failed", code: "postgres.clone-failed", message });
    worker.once("message", (answer: CloneAnswer) => resolve(answer));
    worker.once("error", (error) => fail(`its thread ended: ${error.message}`));
    worker.once("exit", (code) => fail(`its thread ended with code ${code}`));
  });
}

/** Settles only when the clone stalls; rejects when the signal aborts. */
async function watch(
  counters: CloneCounters,
  clock: Clock,
  onProgress: (progress: CloneProgress) => void,
  signal: AbortSignal,
): Promise<CloneAnswer> {
  let last = counters.read();
  let movedMs = clock.monotonicMs();
  for (;;) {
    await clock.sleep(PROGRESS_MS, signal);
    const now = counters.read();
    const hasMoved = now.receivedBytes !== last.receivedBytes || now.steps !== last.steps;
    if (hasMoved) movedMs = clock.monotonicMs();
    if (now.receivedBytes !== last.receivedBytes) onProgress(progressOf(now));
    last = now;
    const limitMs = now.receivedBytes === 0 ? FIRST_BYTE_MS_MAX : STALL_MS_MAX;
    if (clock.monotonicMs() - movedMs > limitMs) {
      const message = `nothing arrived for ${limitMs / 1000} s, after ${now.receivedBytes} bytes`;
      return { kind: "failed", code: "postgres.clone-failed", message };
    }
  }
}

/** The estimate leaves out the WAL that comes along. */
function progressOf(seen: { totalBytes: number; receivedBytes: number }): CloneProgress {
  const { totalBytes, receivedBytes } = seen;
  return {
    receivedBytes,
    totalBytes: totalBytes === 0 ? undefined : Math.max(totalBytes, receivedBytes),
  };
}

function failureOf(
  answer: Extract<CloneAnswer, { kind: "failed" }>,
  order: Pick<CloneOrder, "host" | "port" | "directory">,
): Failure {
  if (answer.code === "disk.full") return diskFull(order.directory, answer.message);
  const upstream = `${order.host}:${order.port}`;
  return new Failure(answer.code, `The clone from ${upstream} failed: ${answer.message}`);
}
