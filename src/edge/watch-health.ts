/** Looks at one endpoint over and over until its signal aborts. */
import type { HealthCheck } from "../model/service.ts";
import type { EdgeParts } from "./edge.ts";
import type { Endpoint } from "./endpoint.ts";
import { probe } from "./probe.ts";

export type Watch = {
  readonly endpoint: Endpoint;
  readonly check: HealthCheck;
  readonly from: string | undefined;
};

/** Settles when `signal` aborts; never rejects. From the beginning of one look to that of the next: `intervalMs`. */
export async function watchHealth(
  doors: EdgeParts,
  { endpoint, check, from }: Watch,
  signal: AbortSignal,
): Promise<void> {
  const target = { address: endpoint.address, path: check.path, from };
  try {
    while (!signal.aborted) {
      const nextMs = doors.clock.monotonicMs() + check.intervalMs;
      endpoint.probed(await probe(doors, target, check, signal), check);
      const leftMs = nextMs - doors.clock.monotonicMs();
      if (leftMs > 0) await doors.clock.sleep(leftMs, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
