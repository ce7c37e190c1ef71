/**
 * The controller's loop for replicas: samples what the agents report, and every 15 s decides how many replicas each
 * service is to have in each Region. What was decided is in the store; agents follow it.
 */
import type { Clock, Log } from "../env/env.ts";
import type { NewEvent } from "../model/event.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import type { Scaling, ServiceId } from "../model/service.ts";
import type { ReplicaTarget } from "../model/traffic.ts";
import { AssertionError } from "../std/assert.ts";
import type { Store } from "../store/store.ts";
import type { ReplicaFacts } from "../wire/traffic-protocol.ts";
import { decide, policyPeriodMs } from "./decide.ts";
import { noteAsked } from "./history.ts";
import { scaledEvent, setEvent, warmedEvent, type TargetChange } from "./scale-events.ts";
import type { Place, ScaleRecord } from "./scale-record.ts";
import { Seats, type Seat, type SeatChange } from "./seats.ts";
import { usageOf } from "./usage.ts";
import { warm, warmMs, type Warmth } from "./warming.ts";

/** 15 s: the HPA's own pace (`--horizontal-pod-autoscaler-sync-period`). */
export const syncMs = 15_000;
/** 1 s: as often as agents report. */
export const sampleMs = 1_000;

export type ScaledService = {
  readonly service: ServiceId;
  readonly regions: readonly RegionId[];
  readonly scaling: Scaling;
};

export type ScalerDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  /** Of all services of a Region, as its agent told last; undefined: it is lost, or silent. */
  readonly replicasIn: (region: RegionId) => readonly ReplicaFacts[] | undefined;
  /** For the archive. Never rejects. */
  readonly tell: (event: NewEvent) => Promise<void>;
  /** Targets of the Region are others now. */
  readonly changed: (region: RegionId) => void;
};

/** How a target came about, for people. */
export type TargetView = ReplicaTarget & {
  readonly by: ScaleRecord["by"] | "config";
  /** What was found at the last look; empty before the first. */
  readonly because: string;
  /** What the formula asked for at the last look, before any limit. */
  readonly recommended: number | undefined;
  /** Not fewer for so long. */
  readonly hold: { readonly replicas: number; readonly leftMs: number } | undefined;
};

export type Warming = {
  readonly region: RegionId;
  readonly percent: number;
  /** So long the Region keeps what it has now. */
  readonly holdMs: number;
  readonly services: readonly (TargetChange & Warmth)[];
};

export class Scaler {
  readonly #doors: ScalerDoors;
  readonly #seats: Seats;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(doors: ScalerDoors, services: readonly ScaledService[]) {
    this.#doors = doors;
    const places = services.flatMap(({ service, regions, scaling }) =>
      regions.map((region) => ({ place: { service, region }, scaling })),
    );
    this.#seats = new Seats(doors, places);
  }

  /** Reads what earlier controllers left. Comes before all other methods. @throws Failure of the store */
  load(signal: AbortSignal): Promise<void> {
    return this.#seats.load(signal);
  }

  /** Samples and decides until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#doors;
    // From the last decision and not on a grid: two in one period of the policies would count as one step.
    let decidedMs = clock.monotonicMs();
    while (!signal.aborted) {
      await clock.sleep(sampleMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      this.#sample();
      if (clock.monotonicMs() - decidedMs < syncMs) continue;
      decidedMs = clock.monotonicMs();
      await this.#inTurn(() => this.#sync(signal)).catch((error: unknown) => {
        if (error instanceof AssertionError) throw error;
        if (!signal.aborted) log.error("scaling.sync-failed", { error: describeError(error) });
      });
    }
  }

  /** What the Region's agent is to run, of every service that it has. */
  targets(region: RegionId): readonly ReplicaTarget[] {
    const seats = this.#seats.all.filter(({ place }) => place.region === region);
    return seats.map((seat) => ({ ...seat.place, replicas: this.#seats.current(seat) }));
  }

  /** In the order of the config. */
  views(): readonly TargetView[] {
    return this.#seats.all.map((seat) => ({
      ...seat.place,
      replicas: this.#seats.current(seat),
      by: this.#seats.by(seat) ?? "config",
      because: seat.because,
      recommended: seat.recommended,
      hold: this.#seats.hold(seat),
    }));
  }

  /**
   * A person's number, in one Region or (undefined) in all that have the service; autoscaling goes on from there, and
   * leaves a service alone that has 0. Ends a hold.
   * @throws Failure `service.unknown`, `region.unknown`, `scale.out-of-range`, `store.conflict`
   */
  set(
    service: string,
    region: string | undefined,
    replicas: number,
    signal: AbortSignal,
  ): Promise<readonly TargetChange[]> {
    return this.#inTurn(async () => {
      const seats = this.#seats.ofService(service, region);
      for (const { scaling, place } of seats) checkRange(place, replicas, scaling);
      const because = "a person said so";
      const record: ScaleRecord = { replicas, by: "person", because, hold: undefined };
      const plan = (): readonly Planned[] => seats.map((seat) => this.#planned(seat, record));
      const changes = await this.#seats.plan(plan, signal);
      for (const { seat } of changes) this.#noteAsked(seat, replicas, because);
      const moves = changes.map(moveOf);
      const news = moves.filter(({ from, to }) => from !== to);
      await this.#announce(news.map((move) => ({ move, event: setEvent(move) })));
      return moves;
    });
  }

  /**
   * Warms a Region before traffic comes to it: every service of it gets `percent` of what the Region has that carries
   * the most, within its bounds, and nothing of it ends for ten minutes.
   * @throws Failure `region.unknown`, `store.conflict`
   */
  pre(region: string, percent: number, signal: AbortSignal): Promise<Warming> {
    return this.#inTurn(async () => {
      const seats = this.#seats.ofRegion(region);
      const plan = (): readonly Warmed[] => seats.map((seat) => this.#warmed(seat, percent));
      const changes = await this.#seats.plan(plan, signal);
      const services = changes.map((change) => ({ ...moveOf(change), ...change.warmth }));
      await this.#announce(
        services.map((one) => ({ move: one, event: warmedEvent(one, one.because, warmMs) })),
      );
      return { region: region as RegionId, percent, holdMs: warmMs, services };
    });
  }

  #planned(seat: Seat, record: ScaleRecord): Planned {
    return { seat, record, from: this.#seats.current(seat) };
  }

  #warmed(seat: Seat, percent: number): Warmed {
    const everywhere = this.#seats
      .ofService(seat.place.service, undefined)
      .map((one) => Math.max(this.#seats.current(one), one.recommended ?? 0));
    const current = this.#seats.current(seat);
    const warmth = warm({ scaling: seat.scaling, current, everywhere, percent });
    const { replicas, because } = warmth;
    const hold = { replicas, leftMs: warmMs };
    return { ...this.#planned(seat, { replicas, by: "warming", because, hold }), warmth };
  }

  #sample(): void {
    for (const { place, means } of this.#seats.all) {
      const replicas = this.#replicasOf(place);
      if (replicas === undefined) means.clear();
      else means.take(replicas);
    }
  }

  /** A change that fails keeps no other from its own. @throws Failure of the last that failed */
  async #sync(signal: AbortSignal): Promise<void> {
    let failure: unknown;
    for (const seat of this.#seats.all) {
      await this.#decide(seat, signal).catch((error: unknown) => {
        if (error instanceof AssertionError) throw error;
        // Another controller was faster: the next look is upon what it is then.
        const isConflict = error instanceof Failure && error.code === "store.conflict";
        if (!isConflict) failure = error;
      });
    }
    if (failure !== undefined) throw failure;
  }

  async #decide(seat: Seat, signal: AbortSignal): Promise<void> {
    const { place, scaling, means } = seat;
    await this.#seats.settle(signal);
    const current = this.#seats.current(seat);
    const hold = this.#seats.hold(seat);
    const replicas = this.#replicasOf(place);
    const decision = decide({
      scaling,
      current,
      usage: replicas && usageOf(replicas, current, (replica) => means.of(replica)),
      history: seat.history,
      floor: hold?.replicas ?? 0,
      nowMs: this.#doors.clock.monotonicMs(),
    });
    means.clear();
    const { because, history, recommended } = decision;
    if (decision.kind === "scale") {
      const record: ScaleRecord = { replicas: decision.replicas, by: "load", because, hold };
      await this.#seats.change([{ seat, record }], signal);
    }
    Object.assign(seat, { because, history, recommended });
    if (decision.kind === "keep") return;
    const move = { ...place, from: current, to: decision.replicas };
    await this.#announce([{ move, event: scaledEvent(move, because) }]);
  }

  #replicasOf({ service, region }: Place): readonly ReplicaFacts[] | undefined {
    return this.#doors.replicasIn(region)?.filter((replica) => replica.service === service);
  }

  /** What a person says counts as asked for, so that the window holds it; it is no step of the autoscaler. */
  #noteAsked(seat: Seat, replicas: number, because: string): void {
    const { scaleDownStabilizationMs: windowMs } = seat.scaling;
    const spans = { windowMs, periodMs: policyPeriodMs };
    const nowMs = this.#doors.clock.monotonicMs();
    seat.history = noteAsked({ ...seat.history, steps: [] }, replicas, nowMs, spans);
    seat.because = because;
  }

  async #announce(
    news: readonly { readonly move: TargetChange; readonly event: NewEvent }[],
  ): Promise<void> {
    for (const region of new Set(news.map(({ move }) => move.region))) this.#doors.changed(region);
    for (const { event } of news) await this.#doors.tell(event);
  }

  /** One after the other: a decision and a person's wish at once would each be worked out from what was before. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

type Planned = SeatChange & { readonly from: number };
type Warmed = Planned & { readonly warmth: Warmth };

function moveOf({ seat, from, record }: Planned): TargetChange {
  return { ...seat.place, from, to: record.replicas };
}

function checkRange({ service, region }: Place, replicas: number, { max }: Scaling): void {
  if (Number.isInteger(replicas) && replicas >= 0 && replicas <= max) return;
  const message = `${service} cannot have ${replicas} replicas in ${region}: it has room for 0 to ${max}`;
  throw new Failure("scale.out-of-range", message);
}
