/**
 * Prepared statements of all clients of a database. A client's name stands for a text and its parameter types, and
 * these for one name that every server knows it by: a client may meet any server, and many clients share one plan.
 */
import type { Statement } from "../sql/sql.ts";

export type PreparedStatement = {
  /** What a Parse message holds after the statement's name: text, zero, parameter types. */
  readonly body: Buffer;
  /** Of the text alone, in `body`. */
  readonly textBytes: number;
  /** What servers call it, with the final zero. */
  readonly serverName: Buffer;
  /** How often a client has asked for it. */
  uses: number;
  /** Undefined until it was looked into. */
  statement: Statement | undefined;
  /** It is DEALLOCATE ALL or DISCARD ALL: whoever executes it has no named statement any more. */
  readonly forgetsAll: boolean;
};

const forgetsAll = /^[\s;]*(deallocate(\s+prepare)?|discard)\s+all[\s;]*$/i;
/** 64 bytes: the longest text that is looked at for that. */
const forgetsAllBytesMax = 64;
/** 1 MiB: a larger text is of one client alone, and pushes nobody else's out. */
const sharedBytesMax = 1_048_576;

export function isLarge(statement: PreparedStatement | undefined): boolean {
  return statement !== undefined && statement.body.length > sharedBytesMax;
}

export type RegistryLimits = { readonly statementsMax: number; readonly bytesMax: number };

/** Least recently asked for is forgotten first. Whoever holds a statement keeps it; asked for again, it is a new one. */
export class PreparedRegistry {
  readonly #limits: RegistryLimits;
  readonly #byBody = new Map<string, PreparedStatement>();
  #bytes = 0;
  #drawn = 0;

  constructor(limits: RegistryLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byBody.size;
  }

  /**
   * @param bytes `bytes[start..end)` is a Parse message's content after the name
   * @param parseKey equal where the text means the same
   */
  get(bytes: Buffer, start: number, end: number, parseKey = ""): PreparedStatement {
    if (end - start > sharedBytesMax) return this.#define(bytes, start, end);
    const text = bytes.toString("latin1", start, end);
    const key = parseKey === "" ? text : `${parseKey}\0\0${text}`;
    const known = this.#byBody.get(key);
    if (known !== undefined) {
      known.uses += 1;
      // Sparingly: moving an entry to the end costs more than finding it.
      if ((known.uses & 63) === 0) this.#freshen(key, known);
      return known;
    }
    const statement = this.#define(bytes, start, end);
    this.#byBody.set(key, statement);
    this.#bytes += statement.body.length;
    this.#forget();
    return statement;
  }

  /** The catalog has changed: what statements are has to be found out again. */
  forgetMeanings(): void {
    for (const prepared of this.#byBody.values()) prepared.statement = undefined;
  }

  #define(bytes: Buffer, start: number, end: number): PreparedStatement {
    const body = Buffer.from(bytes.subarray(start, end));
    const textBytes = body.indexOf(0);
    this.#drawn += 1;
    return {
      body,
      textBytes,
      serverName: Buffer.from(`L${this.#drawn}\0`, "latin1"),
      uses: 1,
      statement: undefined,
      forgetsAll:
        textBytes <= forgetsAllBytesMax && forgetsAll.test(body.toString("latin1", 0, textBytes)),
    };
  }

  #freshen(key: string, statement: PreparedStatement): void {
    this.#byBody.delete(key);
    this.#byBody.set(key, statement);
  }

  #forget(): void {
    const { statementsMax, bytesMax } = this.#limits;
    for (const [key, { body }] of this.#byBody) {
      if (this.#byBody.size <= statementsMax && this.#bytes <= bytesMax) return;
      this.#byBody.delete(key);
      this.#bytes -= body.length;
    }
  }
}

/** What one server has prepared, by our names; least recently used first. */
export class ServerStatements {
  readonly #held = new Set<PreparedStatement>();
  /** Prepared, and of no use any more: closed before they are prepared again. */
  readonly #spoilt = new Set<PreparedStatement>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  has(statement: PreparedStatement): boolean {
    return this.#held.has(statement);
  }

  /** Answers the one that has to be closed for it, if any. */
  add(statement: PreparedStatement): PreparedStatement | undefined {
    this.#held.add(statement);
    if (this.#held.size <= this.#max) return undefined;
    const [oldest] = this.#held;
    if (oldest !== undefined) this.#held.delete(oldest);
    return oldest;
  }

  delete(statement: PreparedStatement): void {
    this.#held.delete(statement);
  }

  /** What it returns has changed since. */
  spoil(statement: PreparedStatement): void {
    this.#held.delete(statement);
    this.#spoilt.add(statement);
  }

  /** True when it has to be closed before it is prepared again; once. */
  takeSpoilt(statement: PreparedStatement): boolean {
    return this.#spoilt.delete(statement);
  }

  clear(): void {
    this.#held.clear();
    this.#spoilt.clear();
  }
}
