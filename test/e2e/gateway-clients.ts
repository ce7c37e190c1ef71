/**
 * Clients of the gateways of all kinds, in both Regions, as applications are: each connects by its own Region's
 * connection string, works on, and keeps account of what it was told, how long it waited, and every error.
 */
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { SeededRandom } from "../../sim/random.ts";
import { GatewayLedger, type LedgerResult } from "./gateway-ledger.ts";
import { work, workKinds, type Hands, type WorkKind } from "./gateway-work.ts";

/** From 40 to 120 ms between rounds: a world and its clients share the cores. */
const [pauseMsMin, pauseMsMax] = [40, 120] as const;
/** 50 ms before a connection is tried again. */
const reconnectMs = 50;
/** 15 s: to log in takes a few round trips. */
const loginMsMax = 15_000;
/** 60 s for an answer: four times as long as the longest hold. A client that hangs is an error, and not a hung test. */
const answerMsMax = 60_000;

/** On `performance.now`, from what was asked to its answer. */
export type Wait = {
  readonly client: string;
  readonly what: string;
  readonly startedMs: number;
  readonly endedMs: number;
};

export type ClientError = {
  readonly client: string;
  readonly kind: WorkKind;
  /** Of its connections, counted from 1. */
  readonly connection: number;
  readonly what: string;
  /** SQLSTATE, or what the machine calls it. */
  readonly code: string;
  readonly message: string;
  readonly atMs: number;
};

export type GatewayPlace = { readonly region: string; readonly url: string };

export class GatewayClients implements AsyncDisposable {
  readonly ledger: GatewayLedger;
  readonly waits: Wait[] = [];
  readonly errors: ClientError[] = [];
  /** What no client was told, and what must not be. */
  readonly wrongs: string[] = [];
  /** Notifications that did not come: nobody listened while the writer moved. */
  unheard = 0;
  readonly #end = new AbortController();
  readonly #clients: readonly OneClient[];
  readonly #running: Promise<unknown>;

  private constructor(ledger: GatewayLedger, places: readonly GatewayPlace[], count: number) {
    this.ledger = ledger;
    setMaxListeners(count, this.#end.signal);
    this.#clients = Array.from({ length: count }, (_, at) => {
      const place = places[at % places.length] as GatewayPlace;
      const kind = workKinds[Math.floor(at / places.length) % workKinds.length] as WorkKind;
      return new OneClient({ place, kind, number: at + 1 }, this);
    });
    this.#running = Promise.all(this.#clients.map((client) => client.run(this.#end.signal)));
  }

  /** Side by side in the Regions, and of all kinds in turn. They work when it settles. */
  static async start(places: readonly GatewayPlace[], count: number): Promise<GatewayClients> {
    const ledger = await GatewayLedger.create(places[0]?.url ?? "");
    const clients = new GatewayClients(ledger, places, count);
    await clients.untilAllWorked();
    return clients;
  }

  /** Each has ended a round without an error from now on. @throws Error after `boundMs`, with who has not */
  async untilAllWorked(boundMs = 30_000): Promise<void> {
    const before = new Map(this.#clients.map((client) => [client, client.rounds]));
    const untilMs = performance.now() + boundMs;
    for (;;) {
      const late = this.#clients.filter((one) => one.rounds < (before.get(one) ?? 0) + 2);
      if (late.length === 0) return;
      if (performance.now() > untilMs) {
        const errors = this.errors.slice(-5).map((error) => JSON.stringify(error));
        const names = late.map(({ name, doing }) => `${name} (${doing})`).join(", ");
        throw new Error(`Not within ${boundMs} ms: ${names} work.\n${errors.join("\n")}`);
      }
      await sleep(20);
    }
  }

  /** The longest that each client waited for one answer, of waits that touch this time. */
  longestWaits(fromMs: number, toMs: number): readonly Wait[] {
    const longest = new Map<string, Wait>();
    for (const wait of this.waits) {
      if (wait.endedMs < fromMs || wait.startedMs > toMs) continue;
      const known = longest.get(wait.client);
      if (known === undefined || lengthOf(wait) > lengthOf(known)) longest.set(wait.client, wait);
    }
    return [...longest.values()];
  }

  /** Ends all connections, when each has ended its round. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async check(url: string): Promise<LedgerResult> {
    return this.ledger.check(url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export function lengthOf({ startedMs, endedMs }: Wait): number {
  return endedMs - startedMs;
}

type Who = { readonly place: GatewayPlace; readonly kind: WorkKind; readonly number: number };

class OneClient {
  readonly name: string;
  rounds = 0;
  /** For people: what it waits for. */
  doing = "begins";
  readonly #who: Who;
  readonly #fleet: GatewayClients;
  readonly #random: SeededRandom;
  #connection = 0;

  constructor(who: Who, fleet: GatewayClients) {
    this.name = `${who.kind}-${who.number}-${who.place.region}`;
    this.#who = who;
    this.#fleet = fleet;
    this.#random = new SeededRandom(who.number);
  }

  async run(end: AbortSignal): Promise<void> {
    while (!end.aborted) {
      this.#connection += 1;
      const connected = new Connected(this.#who.place.url, this.name);
      try {
        await this.#wait("connect", () => connected.open(this.#who.kind === "listen"));
        while (!end.aborted && !connected.isLost) await this.#round(connected, end);
        if (!end.aborted) throw connected.lostBy ?? new Error("the connection ended");
      } catch (error) {
        this.#note(error);
        await sleep(reconnectMs);
      } finally {
        await connected.close();
      }
    }
  }

  /** @throws what ended the connection */
  async #round(connected: Connected, end: AbortSignal): Promise<void> {
    const { ledger, wrongs } = this.#fleet;
    const hands: Hands = {
      name: this.name,
      ledger,
      random: this.#random,
      client: connected.client,
      heard: connected.heard,
      wait: (what, ask) => this.#wait(what, ask),
      wrong: (what) => void wrongs.push(what),
      unheard: () => void (this.#fleet.unheard += 1),
    };
    try {
      await work[this.#who.kind](hands);
      this.rounds += 1;
    } catch (error) {
      if (connected.isLost || !isSaid(error)) throw error;
      this.#note(error);
      await connected.client.query("ROLLBACK");
    }
    this.doing = "pauses";
    const pauseMs = this.#random.between(pauseMsMin, pauseMsMax);
    await sleep(pauseMs, undefined, { signal: end }).catch(() => undefined);
  }

  async #wait<T>(what: string, ask: () => Promise<T>): Promise<T> {
    this.doing = what;
    const startedMs = performance.now();
    try {
      return await ask();
    } finally {
      const endedMs = performance.now();
      this.#fleet.waits.push({ client: this.name, what, startedMs, endedMs });
    }
  }

  #note(error: unknown): void {
    const { code = "", message, detail } = error as PgFailure;
    this.#fleet.errors.push({
      client: this.name,
      kind: this.#who.kind,
      connection: this.#connection,
      what: this.doing,
      code,
      message: detail === undefined ? message : `${message} (${detail})`,
      atMs: performance.now(),
    });
  }
}

type PgFailure = {
  readonly code?: string;
  readonly message: string;
  readonly detail?: string | undefined;
};

/** An error of one statement, after which the connection goes on. */
function isSaid(error: unknown): boolean {
  const { severity } = error as { readonly severity?: string; readonly severity_local?: string };
  return severity === "ERROR";
}

/** One connection of a client. */
class Connected {
  readonly client: pg.Client;
  readonly heard = new Set<string>();
  isLost = false;
  lostBy: Error | undefined;
  readonly #name: string;

  constructor(url: string, name: string) {
    this.#name = name;
    this.client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: loginMsMax,
      query_timeout: answerMsMax,
    });
    this.client.on("error", (error) => {
      this.isLost = true;
      this.lostBy ??= error;
    });
    this.client.on("end", () => (this.isLost = true));
    this.client.on("notification", ({ payload }) => this.heard.add(payload ?? ""));
  }

  async open(listens: boolean): Promise<void> {
    await this.client.connect();
    if (listens) await this.client.query(`LISTEN ${pg.escapeIdentifier(this.#name)}`);
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }
}
