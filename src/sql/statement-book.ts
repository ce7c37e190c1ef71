/** Remembers what each text is, by its fingerprint; asks the parser about what it has not seen. */
import { isAscii, isUtf8 } from "node:buffer";
import type { Clock } from "../env/env.ts";
import { fingerprint, overrideOf, TEXT_BYTES_MAX } from "./fingerprint.ts";
import { judge } from "./judge.ts";
import type { Override } from "./override.ts";
import type { Parsed } from "./parser-thread.ts";
import type { CatalogFacts, Reading, Statement, StatementBook } from "./sql.ts";
import { command, type TextUses, unread } from "./text-uses.ts";
import { TwoAges } from "./two-ages.ts";

/** Some 1 kB each; an application has hundreds of statements, a reporting tool thousands. */
const ENTRIES_MAX = 20_000;
const KEYS_SIZE_MAX = 32 * 1024 * 1024;

/** After that the standby is asked again: a refusal may have come from what is gone by now. */
const REFUSED_MS = 600_000;

type Entry = {
  readonly uses: TextUses;
  readonly override: Override | undefined;
  /** As judged by `facts`. */
  statement: Statement;
  facts: CatalogFacts | undefined;
  /** 0: it was not. */
  refusedUntilMs: number;
};

export interface TextParser {
  parse(text: string): Promise<Parsed>;
  close(): Promise<void>;
}

export class CachingStatementBook implements StatementBook {
  readonly #clock: Clock;
  readonly #parser: TextParser;
  readonly #entries = new TwoAges<Entry>(ENTRIES_MAX, KEYS_SIZE_MAX);
  /** By key: texts that are alike wait for one answer. */
  readonly #learning = new Map<string, Promise<Entry>>();
  #facts: CatalogFacts | undefined;

  constructor(clock: Clock, parser: TextParser) {
    this.#clock = clock;
    this.#parser = parser;
    for (const [key, uses] of sinceBirth) this.#entries.set(key, this.#enter(key, uses));
  }

  known(bytes: Buffer, start: number, end: number, reading: Reading): Statement | undefined {
    const refusal = unreadable(bytes, start, end, reading);
    if (refusal) return refusal;
    const key = fingerprint(bytes, start, end);
    if (key === undefined) return noFingerprint;
    const entry = this.#entries.get(key);
    return entry && this.#current(entry);
  }

  async learn(bytes: Buffer, start: number, end: number, reading: Reading): Promise<Statement> {
    const refusal = unreadable(bytes, start, end, reading);
    if (refusal) return refusal;
    const key = fingerprint(bytes, start, end);
    if (key === undefined) return noFingerprint;
    const entry = this.#entries.get(key) ?? (await this.#find(key, bytes, start, end));
    return this.#current(entry);
  }

  refused(bytes: Buffer, start: number, end: number): void {
    const key = fingerprint(bytes, start, end);
    const entry = key === undefined ? undefined : this.#entries.get(key);
    if (entry) entry.refusedUntilMs = this.#clock.monotonicMs() + REFUSED_MS;
  }

  use(facts: CatalogFacts): void {
    this.#facts = facts;
  }

  close(): Promise<void> {
    return this.#parser.close();
  }

  #current(entry: Entry): Statement {
    if (entry.facts !== this.#facts) {
      entry.facts = this.#facts;
      entry.statement = judge(entry.uses, this.#facts, entry.override);
    }
    if (entry.refusedUntilMs === 0) return entry.statement;
    if (this.#clock.monotonicMs() < entry.refusedUntilMs) return afterRefusal(entry.statement);
    entry.refusedUntilMs = 0;
    return entry.statement;
  }

  #find(key: string, bytes: Buffer, start: number, end: number): Promise<Entry> {
    const earlier = this.#learning.get(key);
    if (earlier) return earlier;
    const answer = this.#ask(key, bytes.toString("utf8", start, end)).finally(() =>
      this.#learning.delete(key),
    );
    this.#learning.set(key, answer);
    return answer;
  }

  async #ask(key: string, text: string): Promise<Entry> {
    const { uses, isFinal } = await this.#parser.parse(text);
    const entry = this.#enter(key, uses);
    if (isFinal) this.#entries.set(key, entry);
    return entry;
  }

  #enter(key: string, uses: TextUses): Entry {
    const override = overrideOf(key);
    const statement = judge(uses, this.#facts, override);
    return { uses, override, statement, facts: this.#facts, refusedUntilMs: 0 };
  }
}

function afterRefusal(statement: Statement): Statement {
  if (statement.place === "writer") return statement;
  return { ...statement, place: "writer", because: "a standby refused it", isReplayable: false };
}

/** Every session's first and last words are known before a parser runs. */
const sinceBirth = (() => {
  const begin = command({ kind: "begin", isReadOnly: false }, "writer", "it may write");
  const commit = command({ kind: "commit", chains: false }, "anywhere", "it ends a transaction");
  const rollback = command(
    { kind: "rollback", chains: false },
    "anywhere",
    "it ends a transaction",
  );
  const texts: readonly (readonly [string, TextUses])[] = [
    ["begin", begin],
    ["begin transaction", begin],
    ["start transaction", begin],
    ["commit", commit],
    ["end", commit],
    ["rollback", rollback],
    ["abort", rollback],
  ];
  return texts.flatMap(([text, uses]) => [[text, uses] as const, [`${text};`, uses] as const]);
})();

const tooLong = judge(unread("it is too long to be looked into"), undefined, undefined);
const otherReading = judge(
  unread("its client's encoding or quoting is unusual"),
  undefined,
  undefined,
);
const noFingerprint = judge(unread("PostgreSQL's scanner refuses it"), undefined, undefined);

function unreadable(
  bytes: Buffer,
  start: number,
  end: number,
  reading: Reading,
): Statement | undefined {
  if (end - start > TEXT_BYTES_MAX) return tooLong;
  if (!reading.isAsciiSafe || !reading.standardConformingStrings) return otherReading;
  if (end - start <= SHORT && isShortAscii(bytes, start, end)) return undefined;
  const text = bytes.subarray(start, end);
  // A name in another encoding would not be found in the catalog.
  return isAscii(text) || (reading.isUtf8 && isUtf8(text)) ? undefined : otherReading;
}

/** Below that a loop is quicker than a call out of JavaScript. */
const SHORT = 256;

function isShortAscii(bytes: Buffer, start: number, end: number): boolean {
  let bits = 0;
  for (let at = start; at < end; at += 1) bits |= bytes[at] ?? 0;
  return bits < 128;
}
