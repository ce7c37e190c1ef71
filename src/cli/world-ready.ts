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

/** Pure. A failed instance counts only when nothing else moves any more: a clone is tried again. */
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
  const failed = instances.filter(({ instance }) => instance.state === "failed");
  if (isMoving || failed.length === 0) return { kind: "wait" };
  const reasons = failed.map(
    ({ id, instance }) => `${id}: ${instance.because ?? "no reason given"}`,
  );
  return { kind: "failed", because: reasons.join("; ") };
}

const moving = new Set(["unknown", "creating", "cloning", "starting"]);

/** Shows progress until the world is ready or has failed; rejects when `signal` aborts. */
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
  try {
    for await (const change of client.watch(undefined, signal)) {
      if (change.kind !== "status") continue;
      reporter.status(change.status);
      const judged = readiness(change.status);
      if (judged.kind === "ready") return { status: change.status, failed: undefined };
      if (judged.kind === "failed") return { status: change.status, failed: judged.because };
    }
  } finally {
    reporter.done();
  }
  signal.throwIfAborted();
  throw new Error("a watch ends only with its signal");
}
