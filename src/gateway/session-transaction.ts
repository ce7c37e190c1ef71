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

type Savepoint = { readonly name: string; readonly settings: SessionSettings };

/** 10,000 savepoints: more than a PL/pgSQL loop with exceptions leaves open; beyond, the oldest are forgotten. */
const savepointsMax = 10_000;

export class SessionTransaction {
  readonly #startup: SessionSettings;
  #phase: TransactionPhase = { kind: "idle" };
  #settings: SessionSettings;
  /** As they were when the transaction began. */
  #base: SessionSettings;
  #savepoints: Savepoint[] = [];

  /** @param startup what the startup message asked for: RESET goes back to it */
  constructor(startup: SessionSettings) {
    this.#startup = startup;
    this.#settings = startup;
    this.#base = startup;
  }

  get phase(): TransactionPhase {
    return this.#phase;
  }

  get settings(): SessionSettings {
    return this.#settings;
  }

  /** What a server has after the client's last statement; a RESET leaves it at its own default. */
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
    if (!commits) this.#settings = this.#base;
    this.#end();
  }

  lose(because: string): void {
    this.#settings = this.#base;
    this.#savepoints = [];
    this.#phase = { kind: "broken", because, isTold: false };
  }

  tell(): void {
    if (this.#phase.kind === "broken") this.#phase = { ...this.#phase, isTold: true };
  }

  /** What somebody who looked into the server found to be set there. */
  replaceSettings(settings: SessionSettings): void {
    this.#settings = settings;
    if (this.#phase.kind === "idle") this.#base = settings;
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
        this.#savepoints.push({ name: effect.name, settings: this.#settings });
        return;
      case "release":
      case "rollback-to":
        return this.#backTo(effect.name, effect.kind === "rollback-to");
      case "set":
        if (!effect.isLocal) this.#set(effect.name, effect.sql);
        return;
      case "reset-all":
      case "discard-all":
        this.#settings = this.#resetAll(effect.kind === "discard-all");
        return;
      default:
    }
  }

  #set(name: string, sql: string | undefined): void {
    const back = sql ?? this.#startup.entries.get(name);
    this.#settings =
      back === undefined ? this.#settings.without(name) : this.#settings.with(name, back);
  }

  /** RESET ALL leaves who the session is; DISCARD ALL does not. */
  #resetAll(isEverything: boolean): SessionSettings {
    if (isEverything) return this.#startup;
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
    if (restores) this.#settings = found.settings;
    this.#savepoints.length = restores ? at + 1 : at;
  }

  #leave(commits: boolean, chains: boolean): void {
    if (!commits) this.#settings = this.#base;
    this.#end();
    if (chains) this.#begin();
  }

  #begin(): void {
    this.#base = this.#settings;
    this.#savepoints = [];
    this.#phase = { kind: "open" };
  }

  #end(): void {
    this.#base = this.#settings;
    this.#savepoints = [];
    this.#phase = { kind: "idle" };
  }
}
