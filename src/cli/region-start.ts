/** Whether a Region that was started has come up. Pure. */
import type { ApiInstance, ApiStatus } from "../api/api.ts";

export type StartView = {
  readonly status: ApiStatus;
  readonly region: string;
  /** It was stopped or killed before; reports older than the start speak of its former life. */
  readonly wasDown: boolean;
  /** Since the start was asked for, in ms. */
  readonly elapsedMs: number;
};

export type StartDecision =
  | { readonly kind: "wait" }
  /** Every instance serves, or is fenced, or answers while its upstream is away, or waits for a person. */
  | {
      readonly kind: "up";
      readonly fenced: readonly string[];
      readonly alone: readonly string[];
      readonly diverged: readonly string[];
    }
  /** Its links are cut, so that nobody outside can see its instances. */
  | { readonly kind: "unseen" }
  | { readonly kind: "failed"; readonly because: string };

export function decideStart(view: StartView): StartDecision {
  const { status, region: name, wasDown, elapsedMs } = view;
  const region = status.regions[name];
  if (!region || region.state === "stopped" || region.state === "killed") return { kind: "wait" };
  if (region.isIsolated) return { kind: "unseen" };
  const { reportAgeMs } = region;
  if (reportAgeMs === null || (wasDown && reportAgeMs > elapsedMs)) return { kind: "wait" };
  const instances = instancesIn(status, name);
  const failed = instances.filter(({ instance }) => instance.state === "failed");
  if (failed.length > 0) {
    const reasons = failed.map(
      ({ id, instance }) => `${id}: ${instance.because ?? "no reason given"}`,
    );
    return { kind: "failed", because: reasons.join("; ") };
  }
  const fenced = instances.filter(({ instance }) => instance.state === "fenced");
  // It serves reads already; how long its upstream stays away is not this command's to wait for.
  const alone = instances.filter(
    ({ instance, upstreamServes }) => instance.state === "catching-up" && !upstreamServes,
  );
  const serving = instances.filter(({ instance }) => instance.state === "serving");
  // With `rejoin: automatic` it is about to be cloned.
  const diverged = instances.filter(
    ({ instance, comesBack }) => instance.state === "diverged" && !comesBack,
  );
  const settled = [serving, fenced, alone, diverged];
  if (settled.flat().length < instances.length) return { kind: "wait" };
  const ids = (found: typeof instances): readonly string[] => found.map(({ id }) => id);
  return { kind: "up", fenced: ids(fenced), alone: ids(alone), diverged: ids(diverged) };
}

function instancesIn(
  { databases }: ApiStatus,
  region: string,
): readonly {
  readonly id: string;
  readonly instance: ApiInstance;
  readonly upstreamServes: boolean;
  /** By itself, when its data left the common history. */
  readonly comesBack: boolean;
}[] {
  return Object.entries(databases).flatMap(([database, { members, writer, rejoin }]) =>
    (members[region]?.instances ?? []).map((instance) => ({
      id: `${database}/${region}/${instance.number}`,
      instance,
      upstreamServes: writer?.state === "serving",
      comesBack: rejoin === "automatic",
    })),
  );
}
