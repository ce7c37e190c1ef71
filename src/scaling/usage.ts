/** What each replica of a service says to the formula: how much CPU it uses, or why it says nothing. Pure. */
import { assert } from "../std/assert.ts";
import type { ReplicaFacts } from "../wire/traffic-protocol.ts";

/**
 * `measured`: thousandths of a core, as a mean since the last decision. `missing`: it is ready, and nobody has measured
 * it yet. `unready`: it starts, or is to be started; what it uses says nothing about the load.
 */
export type ReplicaUsage =
  | { readonly kind: "measured"; readonly cpuMillis: number }
  | { readonly kind: "missing" }
  | { readonly kind: "unready" };

/**
 * 5 min, as Kubernetes has it (`--horizontal-pod-autoscaler-cpu-initialization-period`): what a process uses while it
 * is not ready in its first minutes is its own start. Later, a replica that answers no more is most likely overloaded,
 * and counts.
 */
export const initializationMs = 300_000;

/** Whether what the replica uses now is work that clients gave it. */
export function isAtWork({ state, ageMs }: ReplicaFacts): boolean {
  return state === "ready" || (state === "unready" && ageMs >= initializationMs);
}

/**
 * One for each replica that the service has or is to have; those that end are left out. `meanOf` answers the mean use
 * since the last decision, undefined where it was never measured.
 */
export function usageOf(
  replicas: readonly ReplicaFacts[],
  current: number,
  meanOf: (replica: ReplicaFacts) => number | undefined,
): readonly ReplicaUsage[] {
  assert(current >= 0, "a service has no negative number of replicas");
  const staying = replicas.filter(({ number, state }) => number <= current && state !== "stopping");
  const known = staying.map((replica): ReplicaUsage => {
    if (!isAtWork(replica)) return { kind: "unready" };
    const cpuMillis = meanOf(replica);
    return cpuMillis === undefined ? { kind: "missing" } : { kind: "measured", cpuMillis };
  });
  const absent = Math.max(0, current - staying.length);
  return [...known, ...Array.from({ length: absent }, (): ReplicaUsage => ({ kind: "unready" }))];
}
