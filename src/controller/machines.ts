/** What the supervisor does for the controller: it holds the machines of the Regions. */
import { z } from "zod";
import { withDeadline } from "../env/deadline.ts";
import type { Clock, Json } from "../env/env.ts";
import type { Lifeline } from "../env/node/lifeline.ts";
import { Failure, isFailureCode } from "../model/failure.ts";
import type { PowerAction, PowerState } from "../model/power.ts";
import type { RegionId } from "../model/region.ts";
import { supervisorMessage } from "../wire/supervisor-protocol.ts";

/** 45 s: the supervisor gives a Region 30 s to stop, then 5 s to die; more means that it does not answer. */
const actMaxMs = 45_000;

type Waiting = { readonly resolve: () => void; readonly reject: (error: Failure) => void };

export class Machines {
  readonly #lifeline: Lifeline;
  readonly #clock: Clock;
  readonly #onChange: (region: RegionId, before: PowerState | undefined, now: PowerState) => void;
  readonly #power = new Map<RegionId, PowerState>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #busy = new Map<RegionId, PowerAction>();
  /** Of those that were stopped, and run since. */
  readonly #startedAtMs = new Map<RegionId, number>();
  #lastId = 0;

  constructor(
    lifeline: Lifeline,
    clock: Clock,
    onChange: (region: RegionId, before: PowerState | undefined, now: PowerState) => void,
  ) {
    this.#lifeline = lifeline;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  hear(message: Json): void {
    const heard = z.decode(supervisorMessage, message as z.input<typeof supervisorMessage>);
    if (heard.kind === "power")
      for (const { region, state } of heard.regions) this.#note(region, state);
    if (heard.kind === "power-done") this.#settle(heard.id, heard.failure);
  }

  power(region: RegionId): PowerState {
    return this.#power.get(region) ?? "starting";
  }

  /** An action on it is under way. */
  isBusy(region: RegionId): boolean {
    return this.#busy.has(region);
  }

  /** Since a person's stop of it was over, in ms; 0 from the asking for it on. Undefined: it was not stopped. */
  sinceStoppedMs(region: RegionId): number | undefined {
    if (this.power(region) === "stopped" || this.#busy.get(region) === "stop") return 0;
    const startedAtMs = this.#startedAtMs.get(region);
    return startedAtMs === undefined ? undefined : this.#clock.monotonicMs() - startedAtMs;
  }

  /** Settles when it is done. @throws Failure `region.busy`, also when the supervisor does not end it in time */
  async act(region: RegionId, action: PowerAction): Promise<void> {
    if (this.#busy.has(region)) {
      throw new Failure("region.busy", `Another command on Region ${region} is under way`);
    }
    this.#busy.set(region, action);
    this.#lastId += 1;
    const id = this.#lastId;
    const expired = (): Failure =>
      new Failure(
        "region.busy",
        `The ${action} of Region ${region} did not end within ${actMaxMs} ms`,
      );
    const never = new AbortController().signal;
    try {
      await withDeadline(this.#clock, { ms: actMaxMs, expired }, never, () =>
        this.#ask(id, region, action),
      );
    } finally {
      this.#waiting.delete(id);
      this.#busy.delete(region);
    }
  }

  #ask(id: number, region: RegionId, action: PowerAction): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#lifeline.send({ kind: "act", id, region, action });
    });
  }

  #note(region: RegionId, state: PowerState): void {
    const before = this.#power.get(region);
    this.#power.set(region, state);
    if (before === state) return;
    if (before === "stopped" && state === "running") {
      this.#startedAtMs.set(region, this.#clock.monotonicMs());
    } else this.#startedAtMs.delete(region);
    this.#onChange(region, before, state);
  }

  #settle(id: number, failure: { readonly code: string; readonly message: string } | null): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (!failure) return waiting?.resolve();
    const code = isFailureCode(failure.code) ? failure.code : "region.busy";
    waiting?.reject(new Failure(code, failure.message));
  }
}
