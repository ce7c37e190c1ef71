/** What people hear of a service that does not run as it should: what is new, and not each time again. */
import type { Clock } from "../env/env.ts";
import type { NewEvent } from "../model/event.ts";
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";

/** The first 3 ends in a row are told of one by one; the next one says that it goes on like that, and is the last. */
const toldOneByOne = 3;
/** 30 s between two words on a check that goes back and forth. */
const flapMs = 30_000;

/** Of one replica. */
export class Trouble {
  readonly #service: ServiceId;
  readonly #region: RegionId;
  readonly #clock: Clock;
  readonly #tell: (event: NewEvent) => void;
  #failures = 0;
  #unreadyMs = -Infinity;

  constructor(
    place: { readonly service: ServiceId; readonly region: RegionId },
    clock: Clock,
    tell: (event: NewEvent) => void,
  ) {
    this.#service = place.service;
    this.#region = place.region;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** It ended, was never ready, or could not be started. */
  failed(number: number, because: string): void {
    this.#failures += 1;
    const name = this.#nameOf(number);
    if (this.#failures <= toldOneByOne) {
      const message = `${name} failed and is started again: ${because}.`;
      this.#event("service.replica-failed", message, number, because);
    } else if (this.#failures === toldOneByOne + 1) {
      const message = `${name} fails again and again; it is tried every 10 s without another word: ${because}.`;
      this.#event("service.crash-looping", message, number, because);
    }
  }

  /** It ran long enough: the next failure is a new one. */
  isOver(): void {
    this.#failures = 0;
  }

  /** It runs, was ready, and does not pass its check any more. */
  unready(number: number, because: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#unreadyMs < flapMs) return;
    this.#unreadyMs = nowMs;
    const message = `${this.#nameOf(number)} does not pass its check any more, and is sent nothing: ${because}.`;
    this.#event("service.replica-unready", message, number, because);
  }

  #nameOf(number: number): string {
    return `Replica ${number} of ${this.#service} in ${this.#region}`;
  }

  #event(kind: string, message: string, number: number, because: string): void {
    this.#tell({
      kind,
      message,
      region: this.#region,
      database: undefined,
      details: { service: this.#service, replica: number, because },
    });
  }
}
