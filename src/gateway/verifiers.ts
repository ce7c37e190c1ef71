/**
 * What each role's password is checked against, kept here so that clients can log in while the server cannot be asked:
 * during a switchover. A changed password is known within the freshness; what a login may then do, the server decides.
 */
import type { Clock } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import { Secret } from "../std/secret.ts";
import type { TextRow } from "./internal-connection.ts";
import { withSignal } from "./with-signal.ts";

export type RolePassword =
  | { readonly kind: "scram"; readonly verifier: Secret }
  /** PostgreSQL's old form, which proves nothing to anybody but its own exchange. */
  | { readonly kind: "md5" }
  | { readonly kind: "none" };

export type Role = {
  readonly password: RolePassword;
  readonly canLogin: boolean;
  /** In ms since 1970, by the wall clock; undefined: for ever. */
  readonly validUntilMs: number | undefined;
  /** Undefined: as many as the server takes. */
  readonly connectionLimit: number | undefined;
};

export type VerifierDoors = {
  readonly clock: Clock;
  /** Asks the local instance; ends by itself within a bound. */
  readonly query: (sql: string, signal: AbortSignal) => Promise<readonly TextRow[]>;
};

/** An ALTER ROLE is obeyed within this; PgBouncer's users wait for a reload. */
const FRESH_MS = 5000;

/** A role that was just created is asked for again and again. */
const ABSENT_FRESH_MS = 1000;

/** While the server cannot be asked. A login that succeeds so can do nothing before the server is back. */
const STALE_MAX_MS = 600_000;

/** Some 300 bytes each. Names that do not exist count as well: a client may invent them. */
const ROLES_MAX = 10_000;

/** No name that PostgreSQL keeps is longer than 63 bytes; the startup packet of a client is at most this long. */
const NAME_MAX = 10_000;

type Entry = { readonly role: Role | undefined; readonly askedAtMs: number };

export class Verifiers {
  readonly #doors: VerifierDoors;
  readonly #end: AbortSignal;
  /** The one used longest ago first. */
  readonly #entries = new Map<string, Entry>();
  readonly #asking = new Map<string, Promise<Role | undefined>>();

  constructor(doors: VerifierDoors, end: AbortSignal) {
    this.#doors = doors;
    this.#end = end;
  }

  /**
   * The role of that name; undefined when there is none. Many who ask for one name at once cost one question.
   * @throws what the door threw, when nothing is known that is young enough
   */
  async find(name: string, signal: AbortSignal): Promise<Role | undefined> {
    const entry = this.#entries.get(name);
    const ageMs = entry ? this.#doors.clock.monotonicMs() - entry.askedAtMs : Infinity;
    if (entry && ageMs < (entry.role ? FRESH_MS : ABSENT_FRESH_MS)) {
      this.#keep(name, entry);
      return entry.role;
    }
    try {
      return await withSignal(this.#askShared(name), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (entry?.role === undefined || ageMs > STALE_MAX_MS) throw error;
      this.#keep(name, entry);
      return entry.role;
    }
  }

  #askShared(name: string): Promise<Role | undefined> {
    const shared = this.#asking.get(name);
    if (shared) return shared;
    const question = this.#ask(name).finally(() => this.#asking.delete(name));
    this.#asking.set(name, question);
    return question;
  }

  async #ask(name: string): Promise<Role | undefined> {
    if (name.length > NAME_MAX || name.includes("\0")) return undefined;
    // From before the question: what changes while it is under way may not be in its answer.
    const askedAtMs = this.#doors.clock.monotonicMs();
    const [row] = await this.#doors.query(roleQuery(name), this.#end);
    const role = row && roleOf(row);
    this.#keep(name, { role, askedAtMs });
    return role;
  }

  #keep(name: string, entry: Entry): void {
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > ROLES_MAX && oldest !== undefined) this.#entries.delete(oldest);
  }
}

/** The name as hexadecimal digits can be nothing but a name. A cast to `name` shortens it as a login does. */
function roleQuery(name: string): string {
  const digits = Buffer.from(name, "utf8").toString("hex");
  return `
select rolpassword, rolcanlogin, (extract(epoch from rolvaliduntil) * 1000)::text, rolconnlimit::text
  from pg_catalog.pg_authid
 where rolname = pg_catalog.convert_from('\\x${digits}', 'UTF8')::pg_catalog.name`;
}

function roleOf([password, canLogin, validUntil, limit]: TextRow): Role {
  if (password === undefined || canLogin === undefined) {
    throw new Failure("postgres.query-failed", "PostgreSQL was asked for a role and named none");
  }
  const connectionLimit = Number(limit ?? -1);
  const validUntilMs = Number(validUntil ?? Infinity);
  return {
    password: passwordOf(password),
    canLogin: canLogin === "t",
    validUntilMs: validUntilMs === Infinity ? undefined : validUntilMs,
    connectionLimit: connectionLimit < 0 ? undefined : connectionLimit,
  };
}

function passwordOf(text: string | null): RolePassword {
  if (text?.startsWith("SCRAM-SHA-256$")) return { kind: "scram", verifier: new Secret(text) };
  return { kind: text?.startsWith("md5") ? "md5" : "none" };
}
