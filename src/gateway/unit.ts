/**
 * A unit: what a client sends to get one ReadyForQuery. A simple query, a function call, or extended messages up to
 * Sync. Its bytes are kept until it has been answered, so that it can be sent again where that is safe.
 */
import type { Effect, Place, Statement } from "../sql/sql.ts";
import { frontend, target } from "../wire/postgres/message-types.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import type { PreparedRegistry, PreparedStatement } from "./prepared-statements.ts";

/** By the name that the client chose; the unnamed one under "". */
export type ClientStatements = Map<string, PreparedStatement>;

export type Unit = {
  /** Whole messages, one after the other. */
  readonly bytes: Buffer;
  readonly kind: "simple" | "extended" | "function-call";
  /**
   * Of each Parse, and of each Bind and Describe of a statement, in their order; undefined: the client has none of that
   * name, or, of a Parse, has one already.
   */
  readonly statements: readonly (PreparedStatement | undefined)[];
  /** Those that it executes, or would if it were not interrupted. */
  readonly executed: readonly PreparedStatement[];
  /** What its Parse and Close messages replaced, for the case that they come to nothing; in their order. */
  readonly replaced: readonly Replaced[];
  /** The names from before a statement in it that forgets them all. */
  readonly forgotten: Forgotten | undefined;
};

/** `at`: how many of `replaced` come before it. */
export type Forgotten = { readonly at: number; readonly names: ClientStatements };

/** `prepared`: what the message defines; undefined: it closes. */
export type Replaced = {
  readonly name: string;
  readonly before: PreparedStatement | undefined;
  readonly prepared: PreparedStatement | undefined;
};

/** What is known of a unit before it is sent. */
export type Meaning = {
  readonly place: Place;
  readonly because: string;
  readonly effects: readonly Effect[];
  readonly isReplayable: boolean;
  /** The statements that it executes. */
  readonly count: number;
};

/** A client that prepares more under different names than this leaks them; PostgreSQL itself would run out of memory. */
export type UnitLimits = { readonly preparedPerClientMax: number };

/** What the session's Parse messages mean. */
export type UnitWords = {
  readonly names: ClientStatements;
  /** Of its settings. */
  readonly parseKey: string;
};

/**
 * Reads a whole unit. The client's names are changed as its Parse and Close messages say; `undoAfter` takes that back.
 * @param bytes whole messages; the last one is a Query, a FunctionCall or a Sync, or anything that asks for an answer
 * @throws WireError for a message that is not what it should be, or one statement too many
 */
export function readUnit(
  bytes: Buffer,
  words: UnitWords,
  registry: PreparedRegistry,
  limits: UnitLimits,
): Unit {
  const type = bytes[0];
  if (type === frontend.query) {
    // As PostgreSQL does: the text is prepared without a name, too.
    words.names.delete("");
    return withoutNames(bytes, "simple");
  }
  if (type === frontend.functionCall) return withoutNames(bytes, "function-call");
  const reader = new ExtendedReader(bytes, words, registry, limits);
  return reader.read();
}

function withoutNames(bytes: Buffer, kind: "simple" | "function-call"): Unit {
  return { bytes, kind, statements: none, executed: none, replaced: none, forgotten: undefined };
}

const none = [] as const;

/** After an error: names are what they were, but for the first `done` Parse and Close messages, which were carried out. */
export function undoAfter(unit: Unit, done: number, names: ClientStatements): void {
  for (const { name, before } of unit.replaced.slice(done).toReversed()) {
    if (before === undefined) names.delete(name);
    else names.set(name, before);
  }
  const { forgotten } = unit;
  if (forgotten === undefined || done > forgotten.at) return;
  for (const [name, before] of forgotten.names) names.set(name, before);
}

/** DEALLOCATE ALL leaves the unnamed statement. */
export function forgetAll(names: ClientStatements): void {
  for (const name of names.keys()) if (name !== "") names.delete(name);
}

class ExtendedReader {
  readonly #bytes: Buffer;
  readonly #names: ClientStatements;
  readonly #parseKey: string;
  readonly #registry: PreparedRegistry;
  readonly #limits: UnitLimits;
  readonly #statements: (PreparedStatement | undefined)[] = [];
  readonly #executed: PreparedStatement[] = [];
  readonly #replaced: Replaced[] = [];
  #forgotten: Forgotten | undefined;

  constructor(
    bytes: Buffer,
    { names, parseKey }: UnitWords,
    registry: PreparedRegistry,
    limits: UnitLimits,
  ) {
    this.#bytes = bytes;
    this.#names = names;
    this.#parseKey = parseKey;
    this.#registry = registry;
    this.#limits = limits;
  }

  read(): Unit {
    const bytes = this.#bytes;
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      this.#message(bytes[at] ?? 0, at + 5, end);
      at = end;
    }
    return {
      bytes,
      kind: "extended",
      statements: this.#statements,
      executed: this.#executed,
      replaced: this.#replaced,
      forgotten: this.#forgotten,
    };
  }

  #message(type: number, start: number, end: number): void {
    switch (type) {
      case frontend.parse:
        return this.#parse(start, end);
      case frontend.bind:
        return this.#bind(start, end);
      case frontend.describe:
        if (this.#bytes[start] === target.statement) this.#describe(start, end);
        return;
      case frontend.close:
        if (this.#bytes[start] === target.statement) this.#close(start, end);
        return;
      default:
    }
  }

  #parse(start: number, end: number): void {
    const zero = endOfText(this.#bytes, start, end);
    endOfText(this.#bytes, zero + 1, end);
    const name = this.#bytes.toString("latin1", start, zero);
    const prepared = this.#registry.get(this.#bytes, zero + 1, end, this.#parseKey);
    const before = this.#names.get(name);
    if (before !== undefined && name !== "") {
      this.#statements.push(undefined);
      return;
    }
    if (before === undefined && this.#names.size >= this.#limits.preparedPerClientMax) {
      throw new WireError(
        `more than ${this.#limits.preparedPerClientMax} prepared statements in one session`,
      );
    }
    this.#names.set(name, prepared);
    this.#replaced.push({ name, before, prepared });
    this.#statements.push(prepared);
  }

  #bind(start: number, end: number): void {
    const portalEnd = endOfText(this.#bytes, start, end);
    const prepared = this.#named(portalEnd + 1, end);
    this.#statements.push(prepared);
    if (prepared === undefined) return;
    this.#executed.push(prepared);
    if (!prepared.forgetsAll) return;
    this.#forgotten = { at: this.#replaced.length, names: new Map(this.#names) };
    forgetAll(this.#names);
  }

  #describe(start: number, end: number): void {
    this.#statements.push(this.#named(start + 1, end));
  }

  #close(start: number, end: number): void {
    const zero = endOfText(this.#bytes, start + 1, end);
    const name = this.#bytes.toString("latin1", start + 1, zero);
    const before = this.#names.get(name);
    this.#names.delete(name);
    this.#replaced.push({ name, before, prepared: undefined });
  }

  #named(start: number, end: number): PreparedStatement | undefined {
    const zero = endOfText(this.#bytes, start, end);
    return this.#names.get(this.#bytes.toString("latin1", start, zero));
  }
}

/** 32 bytes: a name is shorter as a rule, and looked through sooner than a call out of JavaScript is made. */
const shortTextBytes = 32;

/** @throws WireError when the message ends before the text does */
export function endOfText(bytes: Buffer, start: number, end: number): number {
  const near = Math.min(end, start + shortTextBytes);
  for (let at = start; at < near; at += 1) if (bytes[at] === 0) return at;
  const zero = bytes.indexOf(0, near);
  if (zero === -1 || zero >= end) throw new WireError("a text in a message has no end");
  return zero;
}

/** @param statements of what it executes, each looked into by now */
export function meaningOf(statements: readonly Statement[]): Meaning {
  const only = statements[0];
  if (only !== undefined && statements.length === 1) return only;
  if (only === undefined) return parsingAlone;
  const writes = statements.find(({ place }) => place === "writer");
  return {
    place: writes ? "writer" : "anywhere",
    because: (writes ?? only).because,
    effects: statements.flatMap(({ effects }) => effects),
    isReplayable: statements.every(({ isReplayable }) => isReplayable),
    count: statements.reduce((sum, { count }) => sum + count, 0),
  };
}

/** A statement that is prepared or described is not run: any server that has the catalog will do. */
const parsingAlone: Meaning = {
  place: "anywhere",
  because: "nothing is executed",
  effects: [],
  isReplayable: true,
  count: 0,
};

/** Of what was not looked into in time: anything may have happened. */
export const unknownMeaning: Meaning = {
  place: "writer",
  because: "it was not looked into",
  effects: [{ kind: "opaque" }],
  isReplayable: false,
  count: 1,
};

/** PostgreSQL's fast-path calls name a function by its number alone. */
export const functionCallMeaning: Meaning = {
  place: "writer",
  because: "a function is called by its number",
  effects: [{ kind: "opaque" }],
  isReplayable: false,
  count: 1,
};
