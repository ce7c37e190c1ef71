/** A Region's gateway: takes connections, logs them in, and gives each its session at the database that it names. */
import type { ByteSocket, ByteSockets } from "../env/byte-socket.ts";
import type { Clock, Log, Random } from "../env/env.ts";
import { formatAddress, type Address } from "../model/address.ts";
import { describeError } from "../model/failure.ts";
import { consoleName, type GatewayName } from "../model/gateway.ts";
import type { DatabaseId } from "../model/region.ts";
import { scramVerifier } from "../postgres/scram-verifier.ts";
import { assert } from "../std/assert.ts";
import { Secret } from "../std/secret.ts";
import type { StatementBook } from "../sql/sql.ts";
import type { GatewayQuestion, Route } from "../wire/gateway-protocol.ts";
import type { GatewaySettings } from "../wire/program-settings.ts";
import {
  encodeBackendKeyData,
  encodeParameterStatus,
  readyForQuery,
  type BackendKey,
} from "../wire/postgres/backend-messages.ts";
import { encodeError, pgError, type PgError } from "../wire/postgres/error-response.ts";
import { encodeCancelRequest } from "../wire/postgres/startup-messages.ts";
import { ByteBudget } from "./byte-budget.ts";
import type { ClientLogin as LoggedIn } from "./client-handshake.ts";
import { ClientLogin, type ClientLoginDoors } from "./client-login.ts";
import { ClientSession } from "./client-session.ts";
import { ConsoleSession } from "./console.ts";
import { DatabaseGateway } from "./database-gateway.ts";
import type { LoginReport } from "./login-reports.ts";
import { readIdentity } from "./login-request.ts";
import type { RequestedLogin } from "./requested-login.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { SessionIdentity } from "./session-home.ts";
import type { Role } from "./verifiers.ts";

export type GatewayDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly sockets: ByteSockets;
  /** One for each database: what a text means depends on its catalog. */
  readonly openBook: () => Promise<StatementBook>;
  readonly tell: (question: Extract<GatewayQuestion, { readonly kind: "hold-outcome" }>) => void;
};

/** 20 ms: deadlines of holds and of waits are met within it. */
const tickMs = 20;

type Guest = {
  readonly home: DatabaseGateway;
  readonly identity: SessionIdentity;
  readonly rest: Buffer;
};
type Entry = { readonly session: ClientSession; readonly home: DatabaseGateway };

export class Gateway {
  readonly #settings: GatewaySettings;
  readonly #doors: GatewayDoors;
  readonly #end: AbortSignal;
  readonly #databases: ReadonlyMap<DatabaseId, DatabaseGateway>;
  readonly #names: ReadonlyMap<string, GatewayName>;
  readonly #sessions = new Map<number, Entry>();
  readonly #login: ClientLoginDoors;
  /** Who may use the console: also while no database answers. */
  readonly #admin: Role;
  readonly #requestBytes: ByteBudget;
  /** What each server is asked to cancel, and whether it is to be asked again after that. */
  readonly #cancels = new Map<ServerConnection, "once" | "again">();
  #loggingIn = 0;
  #drawn: number;
  readonly #rejected = new Map<DatabaseId, number>();

  /** @param books by database */
  private constructor(
    settings: GatewaySettings,
    doors: GatewayDoors,
    books: ReadonlyMap<DatabaseId, StatementBook>,
    end: AbortSignal,
  ) {
    this.#settings = settings;
    this.#doors = doors;
    this.#end = end;
    this.#requestBytes = new ByteBudget(settings.limits.requestBytesMax);
    this.#drawn = Math.floor(doors.random.float() * 1e6);
    this.#names = new Map(settings.names.map((name) => [name.name, name]));
    this.#databases = new Map(
      settings.databases.map((one) => {
        const book = books.get(one.database);
        assert(book !== undefined, "each database has its book");
        return [one.database, this.#openDatabase(one, book)];
      }),
    );
    this.#admin = {
      password: {
        kind: "scram",
        verifier: new Secret(scramVerifier(settings.adminPassword, doors.random)),
      },
      canLogin: true,
      validUntilMs: undefined,
      connectionLimit: undefined,
    };
    const { tls, limits } = settings;
    this.#login = {
      clock: doors.clock,
      log: doors.log,
      random: doors.random,
      tls: tls && { certificate: tls.certificate, privateKey: tls.privateKey.reveal() },
      isTlsRequired: tls?.isRequired ?? false,
      mockSecret: Buffer.from(settings.adminPassword.reveal()),
      loginMs: limits.loginMs,
      find: (login, signal) => this.#find(login, signal),
      precheck: (login) => this.#precheck(login),
      cancel: (key) => this.#cancel(key),
      loggedIn: (socket, login, rest) => this.#loggedIn(socket, login, rest),
    };
  }

  static async open(
    settings: GatewaySettings,
    doors: GatewayDoors,
    end: AbortSignal,
  ): Promise<Gateway> {
    const books = new Map<DatabaseId, StatementBook>();
    for (const { database } of settings.databases) books.set(database, await doors.openBook());
    return new Gateway(settings, doors, books, end);
  }

  /** Takes connections from now on. @throws Failure `network.address-in-use`, `network.address-unavailable` */
  async listen(): Promise<void> {
    const accept = (socket: ByteSocket): void => this.#accept(socket);
    await this.#doors.sockets.listen(this.#settings.listen, accept, this.#end);
  }

  /** Keeps everything going until the end. */
  async run(): Promise<void> {
    const { clock } = this.#doors;
    const looks = [...this.#databases.values()].map((database) => database.catalog.run(this.#end));
    while (!this.#end.aborted) {
      this.#tick(clock.monotonicMs());
      await clock.sleep(tickMs, this.#end).catch(() => undefined);
    }
    await Promise.all(looks);
  }

  /** What the agent says. A database that it does not name is not known. */
  follow(routes: readonly Route[]): void {
    for (const [id, database] of this.#databases) {
      database.follow(routes.find((route) => route.database === id));
    }
  }

  counters(): Extract<GatewayQuestion, { readonly kind: "watch" }>["counters"] {
    return [...this.#databases.values()].map((home) => {
      const mine = this.#sessionsOf(home);
      const pinned = mine.filter(({ session }) => session.runner.isPinned).length;
      const rejected = this.#rejected.get(home.database) ?? 0;
      return { database: home.database, ...home.counters(mine.length, pinned, rejected) };
    });
  }

  get databases(): readonly DatabaseGateway[] {
    return [...this.#databases.values()];
  }

  get sessions(): readonly Entry[] {
    return [...this.#sessions.values()];
  }

  get settings(): GatewaySettings {
    return this.#settings;
  }

  #sessionsOf(home: DatabaseGateway): readonly Entry[] {
    return [...this.#sessions.values()].filter((entry) => entry.home === home);
  }

  #openDatabase(
    { database, superuserPassword }: GatewaySettings["databases"][number],
    book: StatementBook,
  ): DatabaseGateway {
    const { region, peers, limits, adminUser } = this.#settings;
    const { clock, log, random, sockets } = this.#doors;
    return new DatabaseGateway(
      { database, region, peers },
      { user: adminUser, password: superuserPassword },
      {
        clock,
        log,
        random,
        sockets,
        book,
        limits,
        requestBytes: this.#requestBytes,
        holdOutcome: (outcome) => this.#doors.tell({ kind: "hold-outcome", database, ...outcome }),
        cancel: (server, address) => void this.#cancelAt(server, address),
      },
      this.#end,
    );
  }

  #tick(nowMs: number): void {
    for (const database of this.#databases.values()) database.door.look();
    for (const { session } of this.#sessions.values()) session.tick(nowMs);
  }

  #accept(socket: ByteSocket): void {
    if (this.#sessions.size + this.#loggingIn >= this.#settings.limits.clientsMax) {
      socket.write(encodeError(tooManyClients));
      return socket.end();
    }
    this.#loggingIn += 1;
    new ClientLogin(socket, this.#login).start(() => (this.#loggingIn -= 1));
  }

  #precheck(login: RequestedLogin): PgError | undefined {
    if (login.database === consoleName) return undefined;
    const name = this.#names.get(login.database);
    if (name === undefined) {
      return pgError({
        severity: "FATAL",
        code: "3D000",
        message: `database "${login.database.slice(0, 63)}" does not exist`,
        hint: `This gateway knows ${[...this.#names.keys()].slice(0, 20).join(", ")}.`,
      });
    }
    return undefined;
  }

  #find(login: RequestedLogin, signal: AbortSignal): Promise<Role | undefined> {
    if (login.database === consoleName) {
      return Promise.resolve(login.user === this.#settings.adminUser ? this.#admin : undefined);
    }
    const name = this.#names.get(login.database);
    const home = name && this.#databases.get(name.database);
    if (!home) return Promise.resolve(undefined);
    return home.questions.verifiers.find(login.user, signal);
  }

  #loggedIn(socket: ByteSocket, login: LoggedIn, rest: Buffer): void {
    if (login.database === consoleName) return this.#openConsole(socket, login, rest);
    const name = this.#names.get(login.database);
    const home = name && this.#databases.get(name.database);
    if (!name || !home) return socket.destroy();
    const key = this.#drawKey();
    const remote = formatAddress(socket.remote);
    const reading = readIdentity(login, name, this.#settings, { remote, key });
    if (reading.kind === "refused") {
      this.#rejected.set(home.database, (this.#rejected.get(home.database) ?? 0) + 1);
      socket.write(encodeError(reading.error));
      return socket.end();
    }
    const { identity } = reading;
    home.keep(login.user, login.keys);
    const report = home.reports.find(identity, this.#guess(home, login, identity));
    if (!(report instanceof Promise))
      return this.#welcome(socket, { home, identity, rest }, report);
    void this.#welcomeLater(socket, { home, identity, rest }, report);
  }

  async #welcomeLater(
    socket: ByteSocket,
    guest: Guest,
    report: Promise<LoginReport>,
  ): Promise<void> {
    let isGone = false;
    socket.pause();
    socket.attach({
      data: () => undefined,
      drained: () => undefined,
      ended: () => undefined,
      closed: () => (isGone = true),
    });
    const known = await report;
    if (isGone) return;
    if (this.#end.aborted) return socket.destroy();
    this.#welcome(socket, guest, known);
    socket.resume();
  }

  #welcome(socket: ByteSocket, { home, identity, rest }: Guest, report: LoginReport): void {
    if (report.kind === "refused") {
      this.#rejected.set(home.database, (this.#rejected.get(home.database) ?? 0) + 1);
      socket.write(encodeError(report.error));
      return socket.end();
    }
    const { key } = identity;
    const session = new ClientSession(socket, identity, home, () => {
      this.#sessions.delete(key.processId);
    });
    this.#sessions.set(key.processId, { session, home });
    socket.write(
      Buffer.concat([
        ...[...report.parameters].map(([name, value]) => encodeParameterStatus(name, value)),
        encodeBackendKeyData(key),
        readyForQuery.idle,
      ]),
    );
    session.start(rest);
  }

  /** What a login is told while no server can be asked. */
  #guess(home: DatabaseGateway, login: LoggedIn, { user }: SessionIdentity): Map<string, string> {
    const parameters = new Map([...usual, ...home.parametersFor(user)]);
    parameters.set("session_authorization", user);
    for (const [name, value] of login.parameters) {
      const reported = reportedNames.get(name.toLowerCase());
      if (reported !== undefined) parameters.set(reported, value);
    }
    return parameters;
  }

  #openConsole(socket: ByteSocket, login: LoggedIn, rest: Buffer): void {
    if (login.user !== this.#settings.adminUser) {
      socket.write(
        encodeError(
          pgError({
            severity: "FATAL",
            code: "42501",
            message: `only "${this.#settings.adminUser}" may use the console`,
          }),
        ),
      );
      return socket.end();
    }
    new ConsoleSession(socket, this).start(this.#drawKey(), rest);
  }

  #drawKey(): BackendKey {
    do {
      this.#drawn = (this.#drawn + 1) % 0x7fff_ffff;
    } while (this.#drawn === 0 || this.#sessions.has(this.#drawn));
    return { processId: this.#drawn, secret: Buffer.from(this.#doors.random.hex(4), "hex") };
  }

  #cancel({ processId, secret }: BackendKey): void {
    const entry = this.#sessions.get(processId);
    if (entry?.session.runner.identity.key.secret.equals(secret)) entry.session.runner.cancel();
  }

  /** Asks a server to cancel what it does for us; a storm of such wishes is one at a time. */
  async #cancelAt(server: ServerConnection, address: Address): Promise<void> {
    if (this.#cancels.has(server)) {
      this.#cancels.set(server, "again");
      return;
    }
    do {
      this.#cancels.set(server, "once");
      await this.#cancelOnce(server, address);
    } while (this.#cancels.get(server) === "again" && server.underWay > 0);
    this.#cancels.delete(server);
  }

  async #cancelOnce(server: ServerConnection, address: Address): Promise<void> {
    const { key } = server;
    if (!key) return;
    const release = server.keepFromPool();
    try {
      const { cancelMs } = this.#settings.limits;
      const socket = await this.#doors.sockets.connect(address, cancelMs, this.#end);
      await new Promise<void>((resolve) => {
        socket.attach({
          data: () => undefined,
          drained: () => undefined,
          ended: () => socket.end(),
          closed: () => resolve(),
        });
        socket.write(encodeCancelRequest(key));
      });
    } catch (error) {
      this.#doors.log.debug("gateway.cancel-failed", { error: describeError(error) });
    } finally {
      release();
    }
  }
}

const tooManyClients = pgError({
  severity: "FATAL",
  code: "53300",
  message: "sorry, too many clients already",
  hint: "`gateway.limits.clientsMax` is the bound.",
});

/** Until a server has been met. */
const usual: ReadonlyMap<string, string> = new Map([
  ["server_version", "18.0"],
  ["server_encoding", "UTF8"],
  ["client_encoding", "UTF8"],
  ["DateStyle", "ISO, MDY"],
  ["IntervalStyle", "postgres"],
  ["TimeZone", "UTC"],
  ["integer_datetimes", "on"],
  ["standard_conforming_strings", "on"],
]);

/** Parameters that are reported, by their names in lower case. */
const reportedNames = new Map(
  [
    "application_name",
    "client_encoding",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "search_path",
  ].map((name) => [name.toLowerCase(), name]),
);
