/** What the names of connection strings lead to, and who may use them. */
import type { Random } from "../env/env.ts";
import { consoleName, type GatewayName } from "../model/gateway.ts";
import type { DatabaseId } from "../model/region.ts";
import { scramVerifier } from "../postgres/scram-verifier.ts";
import { Secret } from "../std/secret.ts";
import { pgError, type PgError } from "../wire/postgres/error-response.ts";
import type { GatewaySettings } from "../wire/program-settings.ts";
import type { DatabaseGateway } from "./database-gateway.ts";
import type { RequestedLogin } from "./requested-login.ts";
import type { Role } from "./verifiers.ts";

/** Of what may be long: as many bytes as PostgreSQL's own names have. */
const shownMax = 63;
/** Names in a hint. */
const hintedMax = 20;

export class LoginDirectory {
  readonly #adminUser: string;
  /** Who may use the console: also while no database answers. */
  readonly #admin: Role;
  readonly #names: ReadonlyMap<string, GatewayName>;
  readonly #databases: ReadonlyMap<DatabaseId, DatabaseGateway>;

  constructor(
    { names, adminUser, adminPassword }: GatewaySettings,
    databases: ReadonlyMap<DatabaseId, DatabaseGateway>,
    random: Random,
  ) {
    this.#names = new Map(names.map((name) => [name.name, name]));
    this.#databases = databases;
    this.#adminUser = adminUser;
    this.#admin = {
      password: { kind: "scram", verifier: new Secret(scramVerifier(adminPassword, random)) },
      canLogin: true,
      validUntilMs: undefined,
      connectionLimit: undefined,
    };
  }

  /** Undefined: there is no such name. */
  placeOf(
    name: string,
  ): { readonly name: GatewayName; readonly home: DatabaseGateway } | undefined {
    const found = this.#names.get(name);
    const home = found && this.#databases.get(found.database);
    return found && home && { name: found, home };
  }

  /** What cannot be had whoever asks. */
  obstacle({ database }: RequestedLogin): PgError | undefined {
    if (database === consoleName || this.#names.has(database)) return undefined;
    return pgError({
      severity: "FATAL",
      code: "3D000",
      message: `database "${database.slice(0, shownMax)}" does not exist`,
      hint: `This gateway knows ${[...this.#names.keys()].slice(0, hintedMax).join(", ")}.`,
    });
  }

  /** Undefined: no such role, or no such database. @throws Failure while nobody can say */
  async find({ database, user }: RequestedLogin, signal: AbortSignal): Promise<Role | undefined> {
    if (database === consoleName) return user === this.#adminUser ? this.#admin : undefined;
    return this.placeOf(database)?.home.questions.verifiers.find(user, signal);
  }
}
