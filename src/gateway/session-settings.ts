/**
 * What a client has SET, as a value: two sessions, or a session and a server, are alike when their keys are. The
 * statements that set them again are kept as the client wrote them, because only PostgreSQL knows what they mean.
 */
import type { Effect } from "../sql/sql.ts";

/**
 * What PostgreSQL looks at when it prepares a text: which names it sees, and how it reads constants. `'1/2/2030'::date`
 * is a day from then on, whoever executes the statement.
 */
const parseSettings = [
  "search_path",
  "datestyle",
  "intervalstyle",
  "timezone",
  "client_encoding",
  "standard_conforming_strings",
  "transform_null_equals",
  "array_nulls",
  "xmloption",
  "lc_monetary",
];

export class SessionSettings {
  static readonly none = new SessionSettings(new Map());

  /** Name, in lower case, to the statement that sets it. */
  readonly entries: ReadonlyMap<string, string>;
  /** Equal for equal settings. */
  readonly key: string;
  /** Equal where a text that is prepared means the same. */
  readonly parseKey: string;

  private constructor(entries: ReadonlyMap<string, string>) {
    this.entries = entries;
    this.key = [...entries]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, sql]) => `${name}\0${sql}`)
      .join("\0");
    this.parseKey = parseSettings.map((name) => entries.get(name) ?? "").join("\0");
    if (/^\0*$/.test(this.parseKey)) this.parseKey = "";
  }

  /** @param statements pairs of a name and the statement that sets it; the last one of a name counts */
  static of(statements: Iterable<readonly [string, string]>): SessionSettings {
    return new SessionSettings(new Map(statements));
  }

  with(name: string, sql: string): SessionSettings {
    if (this.entries.get(name) === sql) return this;
    return new SessionSettings(new Map(this.entries).set(name, sql));
  }

  without(name: string): SessionSettings {
    if (!this.entries.has(name)) return this;
    const entries = new Map(this.entries);
    entries.delete(name);
    return new SessionSettings(entries);
  }
}

/** Who one is decides what one may set: undone first, done last. In the order in which they are done. */
const identity = ["session_authorization", "role"];

/**
 * The statements, in one text, that make a server of `from` one of `to`; undefined when they are alike. Who the
 * session is comes back to the login role first, so that the others are set by the right of whoever logged in.
 */
export function differenceOf(from: SessionSettings, to: SessionSettings): string | undefined {
  if (from === to || from.key === to.key) return undefined;
  const isDifferent = (name: string): boolean => from.entries.get(name) !== to.entries.get(name);
  const names = [...new Set([...from.entries.keys(), ...to.entries.keys()])];
  const changed = names.filter((name) => isDifferent(name) && !identity.includes(name));
  // Also where it stays the same, when something else is set: it would be set by the role instead.
  const undone = identity.toReversed().filter((name) => from.entries.has(name));
  const done = identity.flatMap((name) => to.entries.get(name) ?? []);
  const others = changed.map((name) => to.entries.get(name) ?? resetOf(name));
  return [...undone.map(resetOf), ...others, ...done].join(";");
}

/**
 * The same for a server in which code ran that may have set anything: also names that nobody knows are reset.
 * `from`: who it is, at least.
 */
export function afreshFrom(from: SessionSettings, to: SessionSettings): string {
  const undone = identity.toReversed().filter((name) => from.entries.has(name));
  const done = identity.flatMap((name) => to.entries.get(name) ?? []);
  const others = [...to.entries].flatMap(([name, sql]) => (identity.includes(name) ? [] : [sql]));
  return [...undone.map(resetOf), "RESET ALL", "UNLISTEN *", ...others, ...done].join(";");
}

/**
 * The statements that a server needs after `effects`: it has reset to its own default what the client's startup
 * message asked for. Undefined when there are none.
 */
export function lostByReset(
  effects: readonly Effect[],
  startup: SessionSettings,
  now: SessionSettings,
): string | undefined {
  if (startup.entries.size === 0 || !effects.some(resets)) return undefined;
  const lost = new Set<string>();
  for (const effect of effects) {
    if (!resets(effect)) continue;
    const names = effect.kind === "set" ? [effect.name] : startup.entries.keys();
    for (const name of names) lost.add(name);
  }
  // Who it is comes last.
  const names = [...startup.entries.keys()].toSorted(
    (one, other) => identity.indexOf(one) - identity.indexOf(other),
  );
  const statements = names.flatMap((name) => (lost.has(name) ? (now.entries.get(name) ?? []) : []));
  return statements.length === 0 ? undefined : statements.join(";");
}

function resets(effect: Effect): boolean {
  if (effect.kind === "set") return effect.sql === undefined && !effect.isLocal;
  return effect.kind === "reset-all" || effect.kind === "discard-all";
}

/** The statement that sets a parameter to a text, as the startup message and pg_settings have it. */
export function settingStatement(name: string, value: string): string {
  // A list is one text here, and would be one name in a SET.
  if (/[,"]/.test(value)) {
    return `SELECT pg_catalog.set_config(${quoteText(name)}, ${quoteText(value)}, false)`;
  }
  return `SET ${quoteName(name)} TO ${quoteText(value)}`;
}

/** Holds under either `standard_conforming_strings`. */
export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** What a statement sets a name to, where that is plain; else an empty text. */
export function valueSetBy(sql: string): string {
  const [, quoted, plain] = /^SET \S+ TO (?:'([^'\\]*)'|([\w-]+))$/.exec(sql) ?? [];
  return quoted ?? plain ?? "";
}

function resetOf(name: string): string {
  if (name === "session_authorization") return "RESET SESSION AUTHORIZATION";
  return `RESET ${quoteName(name)}`;
}

/** `a.b` is a parameter of an extension: each part by itself. */
function quoteName(name: string): string {
  return name
    .split(".")
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join(".");
}
