/** How many replicas each service is to have in each Region: the records of the store, and what a controller knows. */
import type { Clock } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import type { Scaling } from "../model/service.ts";
import { assert } from "../std/assert.ts";
import { nearest } from "../std/nearest.ts";
import type { Store } from "../store/store.ts";
import { CpuMeans } from "./cpu-means.ts";
import { emptyHistory, type ScaleHistory } from "./history.ts";
import { ScaleBook } from "./scale-book.ts";
import { scaleKey, type Place, type ScaleRecord } from "./scale-record.ts";

/** Three: each means that another controller's change went through, and two live side by side for moments. */
const conflictsMax = 3;

/** One service in one Region. What is not in its record is lost with the controller. */
export type Seat = {
  readonly place: Place;
  readonly scaling: Scaling;
  readonly means: CpuMeans;
  history: ScaleHistory;
  /** Of the last look, before any limit. */
  recommended: number | undefined;
  /** Of the last look. */
  because: string;
  /** Of the hold in its record, monotonic. */
  heldUntilMs: number;
};

export type SeatChange = { readonly seat: Seat; readonly record: ScaleRecord };

export class Seats {
  readonly #clock: Clock;
  readonly #book: ScaleBook;
  readonly all: readonly Seat[];

  constructor(
    { clock, store }: { readonly clock: Clock; readonly store: Store },
    places: readonly { readonly place: Place; readonly scaling: Scaling }[],
  ) {
    this.#clock = clock;
    this.#book = new ScaleBook(store);
    this.all = places.map(({ place, scaling }) => newSeat(place, scaling));
  }

  /** @throws Failure of the store */
  async load(signal: AbortSignal): Promise<void> {
    await this.#book.open(
      this.all.map(({ place }) => place),
      signal,
    );
    for (const seat of this.all) this.#noteHold(seat);
  }

  /** Never more than the address plan has room for, whatever an earlier config allowed. */
  current({ place, scaling }: Seat): number {
    const record = this.#book.get(place);
    const isOutdated = record?.by === "load" && scaling.cpuPercent === undefined;
    if (record === undefined || isOutdated) return scaling.min;
    return Math.min(record.replicas, scaling.max);
  }

  /** Undefined: as the config says. */
  by({ place }: Seat): ScaleRecord["by"] | undefined {
    return this.#book.get(place)?.by;
  }

  /** Undefined when there is none, or none any more. */
  hold({ place, heldUntilMs }: Seat): ScaleRecord["hold"] {
    const hold = this.#book.get(place)?.hold;
    const leftMs = heldUntilMs - this.#clock.monotonicMs();
    return hold && leftMs > 0 ? { replicas: hold.replicas, leftMs } : undefined;
  }

  /** Of one Region, or (undefined) of all. @throws Failure `service.unknown`, `region.unknown` */
  ofService(service: string, region: string | undefined): readonly Seat[] {
    const seats = this.all.filter(({ place }) => place.service === service);
    if (seats.length === 0) {
      const names = this.all.map(({ place }) => place.service);
      throw new Failure("service.unknown", unknownName("service", service, names));
    }
    if (region === undefined) return seats;
    const here = seats.filter(({ place }) => place.region === region);
    if (here.length > 0) return here;
    const where = seats.map(({ place }) => place.region).join(", ");
    const message = `${service} does not run in "${region}"; it runs in ${where}`;
    throw new Failure("region.unknown", message);
  }

  /** @throws Failure `region.unknown` */
  ofRegion(region: string): readonly Seat[] {
    const seats = this.all.filter(({ place }) => place.region === region);
    if (seats.length > 0) return seats;
    const names = this.all.map(({ place }) => place.region);
    throw new Failure("region.unknown", unknownName("Region with services", region, names));
  }

  /** Reads again what a failed change left in doubt. Decide only upon what is there afterwards. */
  async settle(signal: AbortSignal): Promise<void> {
    const settled = await this.#book.settle(signal);
    for (const seat of this.all) {
      if (settled.includes(scaleKey(seat.place))) this.#noteHold(seat);
    }
  }

  /** All of them or none. @throws Failure `store.conflict` when another controller was faster */
  async change(changes: readonly SeatChange[], signal: AbortSignal): Promise<void> {
    await this.#book.change(
      changes.map(({ seat, record }) => ({ place: seat.place, record })),
      signal,
    );
    for (const { seat } of changes) this.#noteHold(seat);
  }

  /** Plans and changes; plans anew upon what it is by then when another controller was faster. */
  async plan<C extends SeatChange>(
    plan: () => readonly C[],
    signal: AbortSignal,
  ): Promise<readonly C[]> {
    for (let conflicts = 0; ; conflicts++) {
      await this.settle(signal);
      const changes = plan();
      try {
        await this.change(changes, signal);
        return changes;
      } catch (error) {
        const isConflict = error instanceof Failure && error.code === "store.conflict";
        if (!isConflict || conflicts === conflictsMax) throw error;
      }
    }
  }

  #noteHold(seat: Seat): void {
    const hold = this.#book.get(seat.place)?.hold;
    seat.heldUntilMs = this.#clock.monotonicMs() + (hold?.leftMs ?? 0);
  }
}

function newSeat(place: Place, scaling: Scaling): Seat {
  assert(scaling.min <= scaling.max, `${place.service} has bounds in order`);
  return {
    place,
    scaling,
    means: new CpuMeans(),
    history: emptyHistory,
    recommended: undefined,
    because: "",
    heldUntilMs: 0,
  };
}

function unknownName(noun: string, name: string, known: readonly string[]): string {
  const names = [...new Set(known)];
  const meant = nearest(name, names);
  const list = names.length === 0 ? "there is none" : `there are: ${names.join(", ")}`;
  return `There is no ${noun} "${name}"; ${meant === undefined ? list : `did you mean ${meant}?`}`;
}
