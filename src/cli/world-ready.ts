/** Whether a world that is coming up is up, and how to wait for it. */
import type { ApiStatus } from "../api/api.ts";
import type { ApiClient } from "../api/client.ts";
import type { Frame } from "./frame.ts";
import { ProgressReporter } from "./progress.ts";

export type Readiness =
  | { readonly kind: "wait" }
  | { readonly kind: "ready" }
  /** It does not come up by itself as long as this is so. */
  | { readonly kind: "failed"; readonly because: string };

/** Pure. A failed instance, or service, counts only when nothing else moves any more. */
export function readiness(status: ApiStatus): Readiness {
  if (status.isReady) return { kind: "ready" };
  const instances = Object.entries(status.databases).flatMap(([database, { members }]) =>
    Object.entries(members).flatMap(([region, member]) =>
      member.instances.map((instance) => ({
        id: `${database}/${region}/${instance.number}`,
        instance,
      })),
    ),
  );
  const isMoving = instances.some(({ instance }) => moving.has(instance.state));
  const failed = instances
    .filter(({ instance }) => instance.state === "failed")
    .map(({ id, instance }) => [id, instance.because] as const);
  const failing = Object.entries(status.services).flatMap(([service, regions]) =>
    Object.entries(regions)
      .filter(([, { isFailing }]) => isFailing)
      .map(([region, { because }]) => [`${service}/${region}`, because] as const),
  );
  const reasons = [...failed, ...failing].map(
    ([id, because]) => `${id}: ${because ?? "no reason given"}`,
  );
  if (isMoving || reasons.length === 0) return { kind: "wait" };
  return { kind: "failed", because: reasons.join("; ") };
}

const moving = new Set(["unknown", "creating", "cloning", "starting"]);

/** 5 s: what a bad moment of a link broke is tried again after 1 s, then 2 s, then 4 s. */
const patienceMs = 5_000;

/** Shows progress until the world is ready, or has failed and stays so; rejects when `signal` aborts. */
export async function untilReady(
  frame: Frame,
  client: ApiClient,
  signal: AbortSignal,
): Promise<{ readonly status: ApiStatus; readonly failed: string | undefined }> {
  const { out, options, clock } = frame;
  const reporter = new ProgressReporter(out, {
    json: options.json,
    isTty: out.isTty,
    clock,
    region: undefined,
  });
  let failedAtMs: number | undefined;
  try {
    for await (const change of client.watch(undefined, signal)) {
      if (change.kind !== "status") continue;
      reporter.status(change.status);
      const judged = readiness(change.status);
      if (judged.kind === "ready") return { status: change.status, failed: undefined };
      if (judged.kind !== "failed") {
        failedAtMs = undefined;
        continue;
      }
      // A status comes every few seconds also when nothing changes.
      failedAtMs ??= clock.monotonicMs();
      if (clock.monotonicMs() - failedAtMs < patienceMs) continue;
      return { status: change.status, failed: judged.because };
    }
  } finally {
    reporter.done();
  }
  signal.throwIfAborted();
  throw new Error("a watch ends only with its signal");
}
