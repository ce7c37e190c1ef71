/** The Region's front door, as its agent has it. */
import type { ServiceId } from "../model/service.ts";
import type { AgentSettings } from "../wire/program-settings.ts";
import type { FrontFacts } from "../wire/traffic-protocol.ts";
import { Companion, type CompanionDoors } from "./companion.ts";
import { FrontDesk, type FrontNews } from "./front-desk.ts";

/** 7 s for requests that are under way; what stands in front of the databases has 10 s in all. */
const leaveMsMax = 7_000;

export type FrontHooks = {
  readonly news: () => FrontNews;
  readonly healthChanged: () => void;
};

export class RegionFront {
  readonly #desk: FrontDesk;
  readonly #companion: Companion;

  constructor(
    settings: NonNullable<AgentSettings["front"]>,
    doors: CompanionDoors,
    hooks: FrontHooks,
    hostPid: number,
  ) {
    const { clock } = doors;
    const heard = (): void => this.#companion.keeper.called();
    const desk = new FrontDesk({ clock, ...hooks, heard, hostPid });
    this.#desk = desk;
    this.#companion = new Companion("front", settings, doors, {
      desk,
      changed: hooks.healthChanged,
    });
  }

  /** As it told them last; undefined while none serves. */
  get facts(): FrontFacts | undefined {
    return this.#companion.keeper.state === "serving" ? this.#desk.facts : undefined;
  }

  /** Nothing is under way to a replica that it is told of no more. */
  isIdle(service: ServiceId, number: number): boolean {
    const { keeper } = this.#companion;
    if (keeper.isAbsent) return true;
    // One that has not called yet may send it something.
    return this.#desk.caller !== undefined && !this.#desk.uses(service, number);
  }

  /** What it follows may be something else. */
  readonly newsChanged = (): void => this.#desk.changed();

  /** Until `signal` aborts. It goes on then, unless `leave` was called. */
  run(signal: AbortSignal): Promise<void> {
    return this.#companion.run(signal);
  }

  /** It finishes what is under way and ends, before the services do. */
  leave(): Promise<void> {
    return this.#companion.leave(leaveMsMax);
  }

  kill(): void {
    this.#companion.kill();
  }
}
