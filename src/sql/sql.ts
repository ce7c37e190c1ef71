/**
 * What a statement is, for somebody who has to decide where it runs and what it leaves behind in its session. Unknown
 * means the writer (I8).
 */

/** `anywhere`: a standby answers it as the writer would. `writer`: it writes, or nobody can say that it does not. */
export type Place = "anywhere" | "writer";

/** What a statement does to its session or transaction, beside its result. */
export type Effect =
  | { readonly kind: "begin"; readonly isReadOnly: boolean }
  | { readonly kind: "commit"; readonly chains: boolean }
  | { readonly kind: "rollback"; readonly chains: boolean }
  | { readonly kind: "savepoint" | "release" | "rollback-to"; readonly name: string }
  | { readonly kind: "prepare-transaction" }
  | { readonly kind: "set-transaction"; readonly isReadOnly: boolean | undefined }
  /** `sql` sets it again in another server, as a whole statement without a semicolon; undefined: RESET, or DEFAULT. */
  | {
      readonly kind: "set";
      readonly name: string;
      readonly sql: string | undefined;
      /** As plain text when it is one literal, for settings of Leeward's own. */
      readonly value: string | undefined;
      readonly isLocal: boolean;
    }
  | { readonly kind: "reset-all" }
  | { readonly kind: "discard-all" }
  | { readonly kind: "show"; readonly name: string }
  | { readonly kind: "listen"; readonly channel: string }
  /** Undefined: all. */
  | { readonly kind: "unlisten"; readonly channel: string | undefined }
  /** SQL-level PREPARE, EXECUTE, DEALLOCATE; `name` undefined: all. */
  | { readonly kind: "prepare" | "execute"; readonly name: string }
  | { readonly kind: "deallocate"; readonly name: string | undefined }
  /** It leaves something in its server that cannot move to another. */
  | { readonly kind: "pin"; readonly because: PinReason }
  /** It may have ended a pin; look at the server whether it has. */
  | { readonly kind: "unpin" }
  /** It runs code that may have changed anything of its session; look at the server afterwards. */
  | { readonly kind: "opaque" }
  /** It asks the client for data before it ends. */
  | { readonly kind: "copy-in" }
  /** It changes the catalog that classification rests on. */
  | { readonly kind: "ddl" };

export type PinReason =
  | "temporary table"
  | "cursor with hold"
  | "advisory lock"
  | "prepared statement"
  | "loaded library"
  /** currval and lastval tell what nextval did in the same server's session. */
  | "sequence value";

/** All statements of one text together. Frozen; equal texts share one. */
export type Statement = {
  readonly place: Place;
  /** In words, for whoever asks why. */
  readonly because: string;
  /** 0 for an empty text. */
  readonly count: number;
  /** In the order of the text. */
  readonly effects: readonly Effect[];
  /** It may be sent again to the writer after a standby refused it: nothing that it did there outlives the refusal. */
  readonly isReplayable: boolean;
  /** Every statement is one that runs inside a transaction without ending it or beginning one. */
  readonly isPlain: boolean;
};

/** How the bytes of a text are to be read: `readingOf` in `reading.ts`. Where either is unusual, a text means something else, and is not looked into. */
export type Reading = {
  /** `client_encoding` is one whose bytes below 128 are ASCII everywhere: UTF8, LATIN1, EUC…; not SJIS, BIG5, GBK… */
  readonly isAsciiSafe: boolean;
  /** Where it is not, a text with other bytes than ASCII is not looked into: its names would not be the catalog's. */
  readonly isUtf8: boolean;
  readonly standardConformingStrings: boolean;
};

export interface StatementBook {
  /**
   * What the text is, when it is known already: this text, or one that differs from it in its constants alone. The
   * bytes are `bytes[start..end)` without the final zero. Some hundred nanoseconds to some microseconds.
   */
  known(bytes: Buffer, start: number, end: number, reading: Reading): Statement | undefined;
  /** Finds out, off the event loop. Never rejects: what cannot be parsed or is too large goes to the writer. */
  learn(bytes: Buffer, start: number, end: number, reading: Reading): Promise<Statement>;
  /** A standby refused it: texts like this one go to the writer for ten minutes. */
  refused(bytes: Buffer, start: number, end: number): void;
  /**
   * What the catalog says now; statements that were judged by another are judged again. Whoever has kept a statement
   * asks for it again.
   */
  use(facts: CatalogFacts): void;
  close(): Promise<void>;
}

/** What a database's catalog knows about its functions and relations. By bare name, over all schemas: one that is dangerous makes all dangerous. */
export type CatalogFacts = {
  /** Every function, procedure, aggregate or window function there is. */
  readonly functions: ReadonlySet<string>;
  /** Those with an overload that is VOLATILE, or that reaches one (an operator's or a cast's function counts under its own name). */
  readonly volatileFunctions: ReadonlySet<string>;
  /**
   * Those whose code may change its session: set_config, temporary tables, advisory locks, dynamic SQL, other
   * languages. Operators and types behind which such a function stands are in it by their own names.
   */
  readonly opaqueFunctions: ReadonlySet<string>;
  /** Operators by symbol, and types by name, behind which a volatile function stands. */
  readonly volatileOperators: ReadonlySet<string>;
  readonly volatileTypes: ReadonlySet<string>;
  /** Views, rules, policies that reach a volatile function; unlogged and foreign tables. */
  readonly taintedRelations: ReadonlySet<string>;
  /** Settings that functions set, of those that applications make up: `app.tenant`. */
  readonly customSettings: ReadonlySet<string>;
  /** Relations whose use may run an opaque function: by a trigger, a view, a rule, a default, a foreign key. */
  readonly opaqueRelations: ReadonlySet<string>;
};
