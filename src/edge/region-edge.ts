/** A Region's front door for its services: a listener for each, and the Region's own entry. */
import type { Address } from "../model/address.ts";
import type { RegionId } from "../model/region.ts";
import { onAbort } from "../std/on-abort.ts";
import { assert } from "../std/assert.ts";
import type { FrontSettings } from "../wire/program-settings.ts";
import type { FrontAnswer, FrontFacts, FrontQuestion } from "../wire/traffic-protocol.ts";
import type { EdgeDoors, EdgeEvents, EdgeParts } from "./edge.ts";
import { Exchange, type Asked } from "./exchange.ts";
import { HttpListener } from "./http-listener.ts";
import { edgeLimits, type EdgeLimits } from "./limits.ts";
import { refuse } from "./client-answer.ts";
import { answerOwn } from "./own-answer.ts";
import { unavailable } from "./refusal.ts";
import { reportRegion } from "./region-report.ts";
import { ReplicaSet } from "./replica-set.ts";
import { TcpListener } from "./tcp-listener.ts";

type Listener = HttpListener | TcpListener;

const drained = new Error("the Region has left");

/** Where the config says nothing of it: there is no entry. */
const panicPercentDefault = 50;

export class RegionEdge {
  readonly #parts: EdgeParts;
  readonly #settings: FrontSettings;
  readonly #region: RegionId;
  readonly #services: readonly ReplicaSet[];
  /** The Region's entry, if it has one. */
  readonly #entries: readonly Listener[];
  /** Of the services, for those who are in the Region. */
  readonly #doors: readonly Listener[];
  readonly #told = new AbortController();
  #databases: FrontAnswer["databases"] = [];

  /** @param settings of a Region's front door */
  constructor(
    doors: EdgeDoors,
    settings: FrontSettings,
    { changed }: EdgeEvents,
    limits: EdgeLimits = edgeLimits,
  ) {
    assert(settings.region !== undefined, "the settings are those of a Region");
    const { clock, random, log } = doors;
    this.#parts = { clock, random, log, changed, limits };
    this.#settings = settings;
    this.#region = settings.region;
    const headers = ["x-leeward-region", settings.region];
    const panicPercent = settings.entry?.panicPercent ?? panicPercentDefault;
    this.#services = settings.services.map(
      ({ service, health }) =>
        new ReplicaSet(this.#parts, { service, check: health, panicPercent, headers }),
    );
    this.#entries = this.#entryListeners();
    this.#doors = this.#serviceListeners();
  }

  /**
   * Serves until `signal` aborts, which cuts everything, or until it has been told that the Region leaves and what was
   * under way has ended.
   * @throws Failure `network.address-in-use`, `network.address-unavailable`
   */
  async run(signal: AbortSignal): Promise<void> {
    const life = new AbortController();
    const forget = onAbort(signal, () => life.abort(signal.reason));
    if (signal.aborted) life.abort(signal.reason);
    try {
      const listeners = [...this.#entries, ...this.#doors];
      await Promise.all(listeners.map((listener) => listener.listen(life.signal)));
      for (const service of this.#services) service.start(life.signal);
      await firstAbort(life.signal, this.#told.signal);
      if (!life.signal.aborted) await this.#leave(life.signal);
    } finally {
      forget();
      life.abort(new Error("the edge has ended"));
      for (const service of this.#services) service.follow([]);
    }
  }

  follow(answer: FrontAnswer): void {
    this.#databases = answer.databases;
    if (answer.isLeaving && !this.#told.signal.aborted) {
      this.#told.abort();
      this.#parts.changed();
    }
    // Who leaves finishes with the replicas that it has: they end on their own.
    if (this.#told.signal.aborted) return;
    for (const set of this.#services) {
      set.follow(answer.replicas.filter(({ service }) => service === set.service));
    }
  }

  serviceFacts(): FrontFacts["services"] {
    return this.#services.map((service) => service.facts());
  }

  /** Replicas that are listed, and those that were and still have something under way. */
  inUse(): FrontQuestion["inUse"] {
    return this.#services.flatMap(({ service, inUse }) =>
      inUse.map((number) => ({ service, number })),
    );
  }

  /**
   * First whoever looks at it sees that it leaves, and each answer is the last of its connection; then the entry closes,
   * and when that is empty, the services' doors: what people asked for may need them to its end.
   */
  async #leave(signal: AbortSignal): Promise<void> {
    const { clock, limits, log } = this.#parts;
    for (const listener of [...this.#entries, ...this.#doors]) listener.retire();
    await clock.sleep(limits.farewellMs, signal).catch(() => undefined);
    const enough = new AbortController();
    const forget = onAbort(signal, () => enough.abort(drained));
    const late = clock.sleep(limits.drainMs, enough.signal).then(
      () => enough.abort(drained),
      () => undefined,
    );
    for (const listeners of [this.#entries, this.#doors]) {
      if (enough.signal.aborted) break;
      await Promise.all(listeners.map((listener) => listener.closed(enough.signal)));
    }
    enough.abort(drained);
    await late;
    forget();
    log.info("edge.region-left", { region: this.#region, cut: this.#open() });
  }

  #open(): number {
    return this.#services.reduce((sum, { open }) => sum + open, 0);
  }

  #entryListeners(): readonly Listener[] {
    const { entry } = this.#settings;
    if (entry === undefined) return [];
    const set = this.#services.find(({ service }) => service === entry.service);
    const serve = (asked: Asked): void => {
      if (answerOwn(this.#parts, asked, () => this.#report())) return;
      if (set !== undefined) return new Exchange(this.#parts, asked, set).start();
      const why = `${entry.service} does not run in ${this.#region}.`;
      refuse(this.#parts, asked.request, asked.response, unavailable("service-absent", why));
    };
    return [this.#http(entry.address, serve)];
  }

  #serviceListeners(): readonly Listener[] {
    return this.#settings.services.flatMap(({ listen, protocol }, position): Listener[] => {
      const set = this.#services[position];
      if (listen === undefined || set === undefined) return [];
      if (protocol === "tcp") return [new TcpListener(this.#parts, listen, set)];
      return [this.#http(listen, (asked) => new Exchange(this.#parts, asked, set).start())];
    });
  }

  #http(address: Address, serve: (asked: Asked) => void): HttpListener {
    const { entry, outside } = this.#settings;
    // The entry outside has judged what its clients say of themselves.
    const believes = (client: string): boolean =>
      entry?.trustForwarded === true || (outside !== undefined && client === outside);
    return new HttpListener(this.#parts, { address, believes, serve });
  }

  #report(): { readonly isGood: boolean; readonly body: object } {
    const report = reportRegion({
      region: this.#region,
      service: this.#settings.entry?.service,
      database: this.#settings.healthDatabase,
      isLeaving: this.#told.signal.aborted,
      services: this.serviceFacts(),
      databases: this.#databases,
    });
    return { isGood: report.status === "healthy", body: report };
  }
}

function firstAbort(a: AbortSignal, b: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (a.aborted || b.aborted) return resolve();
    const forgetA = onAbort(a, () => end());
    const forgetB = onAbort(b, () => end());
    const end = (): void => {
      forgetA();
      forgetB();
      resolve();
    };
  });
}
