/** What happened in this Region, on its way to the archive. Events go with the reports, and stay until one was taken. */
import type { NewEvent } from "../model/event.ts";

/** 200: an hour of one every 18 s while no controller answers; the oldest are dropped then. */
const waitingMax = 200;
/** 50 in one report, a few KiB. */
const perReportMax = 50;

export class AgentEvents {
  readonly #waiting: NewEvent[] = [];

  add(event: NewEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length > waitingMax) this.#waiting.shift();
  }

  /** The oldest ones, for the next report. */
  next(): readonly NewEvent[] {
    return this.#waiting.slice(0, perReportMax);
  }

  /** A report that carried these was taken. */
  taken(events: readonly NewEvent[]): void {
    const isTaken = new Set(events);
    const left = this.#waiting.filter((event) => !isTaken.has(event));
    this.#waiting.splice(0, this.#waiting.length, ...left);
  }
}
