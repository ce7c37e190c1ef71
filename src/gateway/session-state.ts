/** What a session is, apart from what it does right now: its transaction, its names, what binds it, what it has seen. */
import { readingOf } from "../sql/reading.ts";
import type { Effect, PinReason, Reading } from "../sql/sql.ts";
import {
  consistencySetting,
  parseConsistency,
  showConsistency,
  type ConsistencyLevel,
} from "./consistency.ts";
import type { SessionIdentity } from "./session-home.ts";
import { type SessionSettings, valueSetBy } from "./session-settings.ts";
import { SessionTransaction, type Status } from "./session-transaction.ts";
import { SessionToken } from "./session-token.ts";
import { formatToken, parseToken } from "./token.ts";
import type { ClientStatements } from "./unit.ts";

export class SessionState {
  readonly transaction: SessionTransaction;
  readonly names: ClientStatements = new Map();
  readonly pins = new Set<PinReason>();
  readonly #identity: SessionIdentity;
  #level: ConsistencyLevel;
  readonly seen: SessionToken;
  #needsLook = false;
  /** The transaction that is open has changed the catalog. */
  #definesNow = false;
  /** Something in the transaction that is open may have changed how it commits. */
  #isFlushUnsure = false;
  /** Of these settings, and of what this server reported: most sessions set nothing, and never anything else. */
  #reading:
    | {
        readonly settings: SessionSettings;
        readonly reported: ReadonlyMap<string, string>;
        readonly reading: Reading;
      }
    | undefined;

  constructor(identity: SessionIdentity) {
    this.#identity = identity;
    this.#level = identity.level;
    this.seen = new SessionToken(identity.token);
    this.transaction = new SessionTransaction(identity.startup);
  }

  get level(): ConsistencyLevel {
    return this.#level;
  }

  /** Code has run that may have changed anything, or ended what binds the session: look, when it is outside a transaction. */
  get needsLook(): boolean {
    return this.#needsLook;
  }

  /** Whether a transaction that ends with these has perhaps not waited for its flush, whatever is set after it. */
  mayCommitUnflushed(effects: readonly Effect[]): boolean {
    return this.#isFlushUnsure || effects.some(unsuresFlush);
  }

  /** Whether a unit with these has changed the catalog for others, or may have: at its transaction's end. */
  defined(effects: readonly Effect[], status: Status): boolean {
    const defines = this.#definesNow || effects.some(({ kind }) => kind === "ddl");
    this.#definesNow = defines && status !== "I";
    return defines && status === "I";
  }

  /** A unit has ended at a server. */
  ended(effects: readonly Effect[], hadError: boolean, status: Status): void {
    this.#isFlushUnsure = status !== "I" && this.mayCommitUnflushed(effects);
    const wasInside = this.transaction.phase.kind !== "idle";
    this.transaction.ended(effects, hadError, status);
    // Some of it may have been done; and an advisory lock outlives the error of its own statement.
    if (hadError && (effects.length > 1 || effects.some(leavesTraces))) this.#needsLook = true;
    // What was made in the transaction may have gone with it.
    if (wasInside && status === "I" && this.pins.size > 0) this.#needsLook = true;
    if (hadError) return;
    for (const effect of effects) this.#bind(effect);
  }

  looked(settings: SessionSettings, pins: readonly PinReason[]): void {
    this.#needsLook = false;
    this.transaction.replaceSettings(settings);
    for (const pin of visiblePins) this.pins.delete(pin);
    for (const pin of pins) this.pins.add(pin);
  }

  /** DISCARD ALL, where nothing but what is kept here is to be forgotten. */
  discardAll(): void {
    this.transaction.discardAll();
    this.#forget();
  }

  #forget(): void {
    this.pins.clear();
    this.#level = this.#identity.level;
  }

  /**
   * How the client's texts are to be read now.
   * @param reported what a server said to this user of what the client has not set; empty before any was met
   */
  reading(reported: ReadonlyMap<string, string>): Reading {
    const { settings } = this.transaction;
    const known = this.#reading;
    if (known?.settings === settings && known.reported === reported) return known.reading;
    const of = (name: string, usual: string): string => {
      const set = settings.entries.get(name);
      return set === undefined ? (reported.get(name) ?? usual) : valueSetBy(set);
    };
    const reading = readingOf(
      of("client_encoding", "UTF8"),
      of("standard_conforming_strings", "on"),
    );
    this.#reading = { settings, reported, reading };
    return reading;
  }

  /** What SHOW answers for a setting of the gateway's own; undefined when there is none of that name. */
  show(name: string): string | undefined {
    const setting = consistencySetting(name);
    if (setting !== undefined) return showConsistency(setting, this.#level);
    if (name === "leeward.token") {
      const token = this.seen.latest;
      return token === undefined ? "" : formatToken(token);
    }
    return name === "leeward.database" ? this.#identity.name : undefined;
  }

  /**
   * SET of a setting of the gateway's own; RESET and DEFAULT without a value.
   * @returns what is wrong with it; undefined when it is done
   */
  set(name: string, value: string | undefined): SettingTrouble | undefined {
    const setting = consistencySetting(name);
    if (setting !== undefined) {
      if (value === undefined) {
        this.#level = this.#identity.level;
        return undefined;
      }
      const parsed = parseConsistency(setting, value);
      if (parsed.kind === "invalid") return { kind: "invalid", hint: parsed.hint };
      this.#level = parsed.level;
      return undefined;
    }
    if (name !== "leeward.token") return { kind: "unknown" };
    const token = value === undefined || value === "" ? undefined : parseToken(value);
    if (value !== undefined && value !== "" && token === undefined) {
      return { kind: "invalid", hint: "A token is what SHOW leeward.token has answered." };
    }
    this.seen.set(token);
    return undefined;
  }

  #bind(effect: Effect): void {
    switch (effect.kind) {
      case "pin":
        this.pins.add(effect.because);
        return;
      case "prepare":
        this.pins.add("prepared statement");
        return;
      case "opaque":
      case "unpin":
      case "deallocate":
        this.#needsLook = true;
        return;
      case "discard-all":
        return this.#forget();
      case "reset-all":
        this.#level = this.#identity.level;
        return;
      default:
    }
  }
}

export type SettingTrouble =
  | { readonly kind: "unknown" }
  | { readonly kind: "invalid"; readonly hint: string };

/** What a look sees; the others last as long as the session. */
const visiblePins: readonly PinReason[] = [
  "temporary table",
  "cursor with hold",
  "advisory lock",
  "prepared statement",
];

/** Of a setting that is over with its transaction, nobody can tell afterwards; code that sets something is not read. */
function unsuresFlush(effect: Effect): boolean {
  if (effect.kind === "set") return effect.isLocal && effect.name === "synchronous_commit";
  return effect.kind === "opaque";
}

function leavesTraces({ kind }: Effect): boolean {
  return kind === "pin" || kind === "prepare" || kind === "opaque" || kind === "unpin";
}
