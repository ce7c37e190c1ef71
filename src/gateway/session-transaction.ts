/**
 * Where a client stands in its transaction, and what it has SET: changes made inside a transaction hold at its commit
 * and are gone at its rollback, to a savepoint as well. Pure; told of each unit when it has ended.
 *
 *   idle ──begin──► deferred ──first statement──► open ──error──► failed
 *     ▲  (answered here, not sent yet)             │                 │
 *     └────────────────commit, rollback────────────┴─────────────────┘
 *   open ──its server is lost──► broken ──told, then rollback──► idle
 */
import type { Effect } from "../sql/sql.ts";
import { SessionSettings } from "./session-settings.ts";

export type TransactionPhase =
  | { readonly kind: "idle" }
  /** `sql` begins it, whenever something has to be done in it. */
  | { readonly kind: "deferred"; readonly sql: string; readonly isReadOnly: boolean }
  | { readonly kind: "open" }
  | { readonly kind: "failed" }
  /** Its server is gone, and everything that was done in it. */
  | { readonly kind: "broken"; readonly because: string; readonly isTold: boolean };

/** ReadyForQuery's status byte. */
export type Status = "I" | "T" | "E";

/** What a transaction carries, and a rollback takes back. */
type Carried = {
  readonly settings: SessionSettings;
  /** LISTEN and UNLISTEN take effect at the commit. */
  readonly channels: ReadonlySet<string>;
};

type Savepoint = Carried & { readonly name: string };

const noChannels: ReadonlySet<string> = new Set();

/** 10,000 savepoints: more than a PL/pgSQL loop with exceptions leaves open; beyond, the oldest are forgotten. */
const savepointsMax = 10_000;

export class SessionTransaction {
  readonly #startup: SessionSettings;
  #phase: TransactionPhase = { kind: "idle" };
  #settings: SessionSettings;
  #channels = noChannels;
  /** As it was when the transaction began. */
  #base: Carried;
  #savepoints: Savepoint[] = [];

  /** @param startup what the startup message asked for: RESET goes back to it */
  constructor(startup: SessionSettings) {
    this.#startup = startup;
    this.#settings = startup;
    this.#base = { settings: startup, channels: noChannels };
  }

  get phase(): TransactionPhase {
    return this.#phase;
  }

  get settings(): SessionSettings {
    return this.#settings;
  }

  /** What the startup message asked for. */
  get startup(): SessionSettings {
    return this.#startup;
  }

  /** What it listens to: as of the last commit. */
  get heard(): ReadonlySet<string> {
    return this.#phase.kind === "idle" ? this.#channels : this.#base.channels;
  }

  /** What it will listen to when the transaction commits. */
  get channels(): ReadonlySet<string> {
    return this.#channels;
  }

  get status(): Status {
    switch (this.#phase.kind) {
      case "idle":
        return "I";
      case "failed":
      case "broken":
        return "E";
      default:
        return "T";
    }
  }

  /** BEGIN was answered here. */
  defer(sql: string, isReadOnly: boolean): void {
    this.#begin();
    this.#phase = { kind: "deferred", sql, isReadOnly };
  }

  /** BEGIN is on its way to a server. */
  open(): void {
    this.#phase = { kind: "open" };
  }

  /** Ends a transaction that no server knows. */
  endHere(commits: boolean): void {
    if (!commits) this.#takeBack(this.#base);
    this.#end();
  }

  lose(because: string): void {
    this.#takeBack(this.#base);
    this.#savepoints = [];
    this.#phase = { kind: "broken", because, isTold: false };
  }

  tell(): void {
    if (this.#phase.kind === "broken") this.#phase = { ...this.#phase, isTold: true };
  }

  discardAll(): void {
    this.#settings = this.#startup;
    this.#channels = noChannels;
  }

  /** What somebody who looked into the server found to be set there. */
  replaceSettings(settings: SessionSettings): void {
    this.#settings = settings;
    if (this.#phase.kind === "idle") this.#base = { ...this.#base, settings };
  }

  listen(channel: string): void {
    this.#channels = new Set(this.#channels).add(channel);
  }

  /** Undefined: everything. */
  unlisten(channel: string | undefined): void {
    const rest = [...this.#channels].filter((one) => channel !== undefined && one !== channel);
    this.#channels = rest.length === 0 ? noChannels : new Set(rest);
  }

  /** A unit has ended with `status`; `effects` are those of all its statements, in order. */
  ended(effects: readonly Effect[], hadError: boolean, status: Status): void {
    if (hadError) return this.#endedInError(status);
    for (const effect of effects) this.#apply(effect);
    const isInside = this.#phase.kind !== "idle";
    if (status === "I" && isInside) this.endHere(false);
    if (status === "T" && !isInside) this.#begin();
    if (status === "T") this.#phase = { kind: "open" };
    if (status === "E") this.#phase = { kind: "failed" };
  }

  #endedInError(status: Status): void {
    if (status === "I" && this.#phase.kind !== "idle") this.endHere(false);
    if (status === "E") this.#phase = { kind: "failed" };
    if (status === "T") this.#phase = { kind: "open" };
  }

  #apply(effect: Effect): void {
    switch (effect.kind) {
      case "begin":
        if (this.#phase.kind === "idle") this.#begin();
        return;
      case "commit":
        // A transaction that has failed is rolled back by COMMIT, and PostgreSQL says so.
        return this.#leave(this.#phase.kind !== "failed", effect.chains);
      case "rollback":
        return this.#leave(false, effect.chains);
      case "prepare-transaction":
        return this.#leave(this.#phase.kind !== "failed", false);
      case "savepoint":
        if (this.#savepoints.length >= savepointsMax) this.#savepoints.shift();
        this.#savepoints.push({ name: effect.name, ...this.#carried() });
        return;
      case "release":
      case "rollback-to":
        return this.#backTo(effect.name, effect.kind === "rollback-to");
      default:
        this.#carry(effect);
    }
  }

  /** What it does to that which a rollback takes back. */
  #carry(effect: Effect): void {
    switch (effect.kind) {
      case "set":
        if (!effect.isLocal) this.#set(effect.name, effect.sql);
        return;
      case "reset-all":
        this.#settings = this.#resetAll();
        return;
      case "discard-all":
        return this.discardAll();
      case "listen":
        return this.listen(effect.channel);
      case "unlisten":
        return this.unlisten(effect.channel);
      default:
    }
  }

  #set(name: string, sql: string | undefined): void {
    const back = sql ?? this.#startup.entries.get(name);
    this.#settings =
      back === undefined ? this.#settings.without(name) : this.#settings.with(name, back);
  }

  /** RESET ALL leaves who the session is; DISCARD ALL does not. */
  #resetAll(): SessionSettings {
    const kept = ["session_authorization", "role"].flatMap((name) => {
      const sql = this.#settings.entries.get(name);
      return sql === undefined ? [] : [[name, sql] as const];
    });
    return SessionSettings.of([...this.#startup.entries, ...kept]);
  }

  #backTo(name: string, restores: boolean): void {
    const at = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name);
    const found = this.#savepoints[at];
    if (!found) return;
    if (restores) this.#takeBack(found);
    this.#savepoints.length = restores ? at + 1 : at;
  }

  #leave(commits: boolean, chains: boolean): void {
    if (!commits) this.#takeBack(this.#base);
    this.#end();
    if (chains) this.#begin();
  }

  #carried(): Carried {
    return { settings: this.#settings, channels: this.#channels };
  }

  #takeBack({ settings, channels }: Carried): void {
    this.#settings = settings;
    this.#channels = channels;
  }

  #begin(): void {
    this.#base = this.#carried();
    this.#savepoints = [];
    this.#phase = { kind: "open" };
  }

  #end(): void {
    this.#base = this.#carried();
    this.#savepoints = [];
    this.#phase = { kind: "idle" };
  }
}
