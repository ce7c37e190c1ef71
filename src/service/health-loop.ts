/** Checks one replica over and over, as long as it runs. */
import type { Clock } from "../env/env.ts";
import { pauseUntil } from "../env/pause-until.ts";
import type { Address } from "../model/address.ts";
import type { HealthCheck } from "../model/service.ts";
import type { Pulse } from "../std/pulse.ts";
import { checkHealth } from "./health-check.ts";
import type { Answer } from "./replica-decide.ts";

/** 100 ms between checks until the first good one: what is ready is to serve. */
const startCheckMs = 100;
/** 60 s: nothing begins to run without a beat; a look is a net below that. */
const idleLookMs = 60_000;

export type Checked = {
  readonly address: Address;
  readonly health: HealthCheck;
  /** What runs now; undefined: nothing. Another object is another process. */
  readonly subject: () => object | undefined;
  readonly isReady: () => boolean;
  readonly heard: (answer: Answer) => void;
  /** Beats when there may be a subject. */
  readonly pulse: Pulse;
};

/** Until `signal` aborts; never rejects. */
export async function checkForever(
  checked: Checked,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const { address, health, subject, isReady, heard, pulse } = checked;
  while (!signal.aborted) {
    const asked = subject();
    if (asked === undefined) {
      await pauseUntil(clock, pulse, clock.monotonicMs() + idleLookMs, signal);
      continue;
    }
    const answer = await checkHealth(address, health, clock, signal);
    // An answer says nothing of the process that came after the one that was asked.
    if (subject() === asked && !signal.aborted) heard(answer);
    const waitMs = isReady() ? health.intervalMs : Math.min(startCheckMs, health.intervalMs);
    const untilMs = clock.monotonicMs() + waitMs;
    // Others' news are no reason to ask more often; another process is.
    while (subject() === asked && clock.monotonicMs() < untilMs && !signal.aborted) {
      await pauseUntil(clock, pulse, untilMs, signal);
    }
  }
}
