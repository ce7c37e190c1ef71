/** What the gateway itself asks: the first instance of its Region, and the writer's gateway. */
import type { Clock } from "../env/env.ts";
import type { Address } from "../model/address.ts";
import { formatAddress } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import type { GatewayLimits } from "../model/gateway.ts";
import type { SystemId } from "../model/region.ts";
import type { CatalogFacts } from "../sql/sql.ts";
import { readCatalogVersion, readFacts } from "../sql/catalog-facts.ts";
import type { Route } from "../wire/gateway-protocol.ts";
import { InternalConnection, type InternalLogin } from "./internal-connection.ts";
import type { Witness } from "./commit-witness.ts";
import { hasCommit, replayPosition, writerPosition } from "./positions.ts";
import { ReplayWatch } from "./replay-watch.ts";
import { parseToken, type Token } from "./token.ts";
import { Verifiers } from "./verifiers.ts";
import { WriterPosition } from "./writer-position.ts";

/** Of every cluster; `own-objects.ts` says what is in it. */
const maintenanceDatabase = "postgres";

/** By the address that it leads to. */
type Kept = { readonly key: string; readonly connection: InternalConnection };

export class LocalQuestions {
  readonly replay: ReplayWatch;
  readonly position: WriterPosition;
  readonly verifiers: Verifiers;
  readonly #login: InternalLogin;
  readonly #clock: Clock;
  #local: Kept | undefined;
  #writer: Kept | undefined;
  /** The same instance as `#local`, where Leeward keeps what reads the WAL. */
  #maintenance: Kept | undefined;

  constructor(
    login: InternalLogin,
    { clock, limits }: { readonly clock: Clock; readonly limits: GatewayLimits },
    end: AbortSignal,
  ) {
    this.#login = login;
    this.#clock = clock;
    this.replay = new ReplayWatch(
      { clock, position: (signal) => replayPosition(this.#here(), signal) },
      end,
    );
    this.position = new WriterPosition(
      {
        clock,
        ask: (signal) => this.#askWriter(signal),
        isConnected: () => this.#writer?.connection.isOpen === true,
      },
      limits.consistencyTimeoutMs,
      end,
    );
    const query = (sql: string, signal: AbortSignal): ReturnType<InternalConnection["query"]> =>
      this.#here().query(sql, signal);
    this.verifiers = new Verifiers({ clock, query }, end);
  }

  /** @param peer the gateway of the writer's Region, where that is another one */
  follow(route: Route | undefined, peer: Address | undefined): void {
    const local = route?.instances.find(({ number }) => number === 1)?.address;
    this.#local = this.#moved(this.#local, local, this.#login.database);
    this.#maintenance = this.#moved(this.#maintenance, local, maintenanceDatabase);
    this.#writer = this.#moved(this.#writer, peer, `${this.#login.database}-rw`);
    if (route) this.replay.useForks(route.forks);
  }

  /** Where the WAL of the writer here ends. @throws Failure */
  ownPosition(systemId: SystemId | undefined, signal: AbortSignal): Promise<Token> {
    if (systemId === undefined)
      throw new Failure("gateway.no-writer", "The database has no writer yet");
    return writerPosition(this.#here(), { isAsynchronous: true, systemId }, signal);
  }

  /** Whether the WAL of the instance here has a transaction's commit before a position. @throws Failure */
  hasCommit(witness: Witness, beforeLsn: number, signal: AbortSignal): Promise<boolean> {
    return hasCommit(this.#here(this.#maintenance), witness, beforeLsn, signal);
  }

  /** What the instance here knows of its catalog. @throws Failure */
  facts(signal: AbortSignal): Promise<CatalogFacts> {
    return readFacts((sql) => this.#here().query(sql, signal));
  }

  /** Another text after every change of that. @throws Failure */
  catalogVersion(signal: AbortSignal): Promise<string> {
    return readCatalogVersion((sql) => this.#here().query(sql, signal));
  }

  /** By the gateway there, which looks at its lease before it answers. */
  async #askWriter(signal: AbortSignal): Promise<Token> {
    const { connection } = this.#writer ?? {};
    if (!connection) throw new Failure("gateway.no-writer", "The writer's Region is not known");
    const [row] = await connection.query("SHOW leeward.token", signal);
    const token = parseToken(row?.[0] ?? "");
    if (!token) throw new Failure("gateway.no-writer", "The writer's gateway gave no position");
    return token;
  }

  #here(kept = this.#local): InternalConnection {
    if (kept) return kept.connection;
    throw new Failure("gateway.no-writer", `No instance of ${this.#login.database} is known here`);
  }

  #moved(
    present: Kept | undefined,
    address: Address | undefined,
    database: string,
  ): Kept | undefined {
    const key = address && formatAddress(address);
    if (key === present?.key) return present;
    present?.connection.close();
    if (address === undefined || key === undefined) return undefined;
    const connection = new InternalConnection(
      address,
      { ...this.#login, database },
      { clock: this.#clock, onLost: () => this.replay.forget() },
    );
    return { key, connection };
  }
}
