/** What the supervisor does for the controller: it holds the machines of the Regions. */
import { z } from "zod";
import type { Json } from "../env/env.ts";
import type { Lifeline } from "../env/node/lifeline.ts";
import { Failure, isFailureCode } from "../model/failure.ts";
import type { PowerAction, PowerState } from "../model/power.ts";
import type { RegionId } from "../model/region.ts";
import { supervisorMessage } from "../wire/supervisor-protocol.ts";

type Waiting = { readonly resolve: () => void; readonly reject: (error: Failure) => void };

export class Machines {
  readonly #lifeline: Lifeline;
  readonly #onChange: (region: RegionId, before: PowerState | undefined, now: PowerState) => void;
  readonly #power = new Map<RegionId, PowerState>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #busy = new Set<RegionId>();
  #lastId = 0;

  constructor(
    lifeline: Lifeline,
    onChange: (region: RegionId, before: PowerState | undefined, now: PowerState) => void,
  ) {
    this.#lifeline = lifeline;
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

  /** Settles when it is done; how long that may take is the supervisor's to bound. @throws Failure `region.busy` */
  async act(region: RegionId, action: PowerAction): Promise<void> {
    if (this.#busy.has(region)) {
      throw new Failure("region.busy", `Another command on Region ${region} is under way`);
    }
    this.#busy.add(region);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#lastId += 1;
        this.#waiting.set(this.#lastId, { resolve, reject });
        this.#lifeline.send({ kind: "act", id: this.#lastId, region, action });
      });
    } finally {
      this.#busy.delete(region);
    }
  }

  #note(region: RegionId, state: PowerState): void {
    const before = this.#power.get(region);
    this.#power.set(region, state);
    if (before !== state) this.#onChange(region, before, state);
  }

  #settle(id: number, failure: { readonly code: string; readonly message: string } | null): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (!failure) return waiting?.resolve();
    const code = isFailureCode(failure.code) ? failure.code : "region.busy";
    waiting?.reject(new Failure(code, failure.message));
  }
}
