/** A traffic board on simulated clock, store and archive, and the controllers that come after the first. */
import { SimArchive, SimArchiveDisk } from "../sim/archive.ts";
import { SimClock } from "../sim/clock.ts";
import { RecordingLog } from "../sim/log.ts";
import { SeededRandom } from "../sim/random.ts";
import { SimDisk, SimStore } from "../sim/store.ts";
import type { ArchivedEvent, NewEvent } from "../src/model/event.ts";
import type { TrafficSettings } from "../src/routing/settings.ts";
import { TrafficBoard } from "../src/routing/traffic-board.ts";
import { trafficSettings } from "./routing-fixtures.ts";

/** An archive whose disk may be full. */
class FullArchive extends SimArchive {
  isFull = false;

  override async append(event: NewEvent, signal: AbortSignal): Promise<ArchivedEvent> {
    if (this.isFull) throw new Error("the archive's disk is full");
    return super.append(event, signal);
  }
}

export class RoutingWorld {
  readonly clock = new SimClock();
  readonly log = new RecordingLog();
  readonly disk = new SimDisk();
  readonly archiveDisk = new SimArchiveDisk();
  readonly archive = new FullArchive(this.clock, this.archiveDisk);
  // Slow, as etcd is: what two changes do to each other in between has time to happen.
  readonly faults = { latencyMsMax: 20, failureRate: 0 };
  readonly store: SimStore;

  constructor(seed = 1) {
    const doors = { clock: this.clock, log: this.log, random: new SeededRandom(seed) };
    this.store = new SimStore(doors, this.disk, this.faults);
  }

  /** The controller of this term; earlier ones live on as long as somebody speaks to them. */
  async started(
    term: number,
    settings: TrafficSettings = trafficSettings(),
  ): Promise<TrafficBoard> {
    const { clock, log, store, archive } = this;
    const doors = { clock, log, random: new SeededRandom(term), store, archive };
    const board = new TrafficBoard(doors, settings, term);
    await clock.drive(() => board.load(new AbortController().signal));
    return board;
  }

  drive<T>(work: () => Promise<T>): Promise<T> {
    return this.clock.drive(work);
  }

  get events(): readonly ArchivedEvent[] {
    return this.archiveDisk.events;
  }

  get kinds(): readonly string[] {
    return this.events.map(({ kind }) => kind);
  }
}
