/** A Region's gateway: takes connections, logs them in, and gives each its session at the database that it names. */
import type { ByteSocket, ByteSockets } from "../env/byte-socket.ts";
import type { Clock, Log, Random } from "../env/env.ts";
import { formatAddress } from "../model/address.ts";
import { consoleName } from "../model/gateway.ts";
import type { DatabaseId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import type { StatementBook } from "../sql/sql.ts";
import type { GatewayQuestion, Route } from "../wire/gateway-protocol.ts";
import type { GatewaySettings } from "../wire/program-settings.ts";
import type { BackendKey } from "../wire/postgres/backend-messages.ts";
import { encodeError, pgError, type PgError } from "../wire/postgres/error-response.ts";
import { ByteBudget } from "./byte-budget.ts";
import { CancelDesk } from "./cancel-desk.ts";
import type { ClientLogin as LoggedIn } from "./client-handshake.ts";
import { ClientLogin, type ClientLoginDoors } from "./client-login.ts";
import { ClientSession } from "./client-session.ts";
import { ConsoleSession } from "./console.ts";
import { DatabaseGateway } from "./database-gateway.ts";
import { encodeGreeting, guessParameters } from "./greeting.ts";
import { LoginDirectory } from "./login-directory.ts";
import type { LoginReport } from "./login-reports.ts";
import { readIdentity, whyTurnedAway } from "./login-request.ts";
import type { SessionIdentity } from "./session-home.ts";
import { SessionKeys } from "./session-keys.ts";

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
  readonly #directory: LoginDirectory;
  readonly #sessions = new Map<number, Entry>();
  readonly #login: ClientLoginDoors;
  readonly #requestBytes: ByteBudget;
  readonly #cancels: CancelDesk;
  readonly #keys: SessionKeys;
  #loggingIn = 0;
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
    const { limits } = settings;
    const { random, sockets, log } = doors;
    this.#requestBytes = new ByteBudget(limits.requestBytesMax);
    this.#cancels = new CancelDesk({ sockets, log, connectMs: limits.cancelMs }, end);
    this.#keys = new SessionKeys(random);
    this.#databases = new Map(
      settings.databases.map((one) => {
        const book = books.get(one.database);
        assert(book !== undefined, "each database has its book");
        return [one.database, this.#openDatabase(one, book)];
      }),
    );
    this.#directory = new LoginDirectory(settings, this.#databases, random);
    this.#login = this.#loginDoors();
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
    const { region, peers, limits, adminUser, commitCertainty } = this.#settings;
    const { clock, log, random, sockets } = this.#doors;
    const superuser = { user: adminUser, password: superuserPassword };
    return new DatabaseGateway(
      { database, region, peers, superuser },
      {
        clock,
        log,
        random,
        sockets,
        book,
        limits,
        requestBytes: this.#requestBytes,
        findsCommits: commitCertainty,
        holdOutcome: (outcome) => this.#doors.tell({ kind: "hold-outcome", database, ...outcome }),
        cancel: (server, address) => void this.#cancels.cancel(server, address),
      },
      this.#end,
    );
  }

  #loginDoors(): ClientLoginDoors {
    const { clock, log, random } = this.#doors;
    const { tls, limits, adminPassword } = this.#settings;
    return {
      clock,
      log,
      random,
      tls: tls && { certificate: tls.certificate, privateKey: tls.privateKey.reveal() },
      isTlsRequired: tls?.isRequired ?? false,
      mockSecret: Buffer.from(adminPassword.reveal()),
      loginMs: limits.loginMs,
      find: (login, signal) => this.#directory.find(login, signal),
      precheck: (login) => this.#directory.obstacle(login),
      cancel: (key) => this.#cancel(key),
      loggedIn: (socket, login, rest) => this.#loggedIn(socket, login, rest),
    };
  }

  #tick(nowMs: number): void {
    for (const database of this.#databases.values()) database.door.look();
    for (const { session } of this.#sessions.values()) session.tick(nowMs);
  }

  #accept(socket: ByteSocket): void {
    if (this.#sessions.size + this.#loggingIn >= this.#settings.limits.clientsMax) {
      return refuse(socket, tooManyClients);
    }
    this.#loggingIn += 1;
    new ClientLogin(socket, this.#login).start(() => (this.#loggingIn -= 1));
  }

  #loggedIn(socket: ByteSocket, login: LoggedIn, rest: Buffer): void {
    if (login.database === consoleName) return this.#openConsole(socket, login, rest);
    const place = this.#directory.placeOf(login.database);
    if (!place) return socket.destroy();
    const { name, home } = place;
    const session = { remote: formatAddress(socket.remote), key: this.#drawKey() };
    const reading = readIdentity(login, name, this.#settings, session);
    if (reading.kind === "refused") return this.#reject(socket, home, reading.error);
    const { identity } = reading;
    const turnedAway = whyTurnedAway(identity, home.isWriterHere);
    if (turnedAway) return this.#reject(socket, home, turnedAway);
    home.keep(login.user, login.keys);
    const guess = guessParameters(login, home.parametersFor(login.user));
    const report = home.reports.find(identity, guess);
    const guest = { home, identity, rest };
    if (report instanceof Promise) void this.#welcomeLater(socket, guest, report);
    else this.#welcome(socket, guest, report);
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
    if (report.kind === "refused") return this.#reject(socket, home, report.error);
    const { key } = identity;
    const session = new ClientSession(socket, identity, home, () => {
      this.#sessions.delete(key.processId);
    });
    this.#sessions.set(key.processId, { session, home });
    socket.write(encodeGreeting(report.parameters, key));
    session.start(rest);
  }

  #reject(socket: ByteSocket, { database }: DatabaseGateway, error: PgError): void {
    this.#rejected.set(database, (this.#rejected.get(database) ?? 0) + 1);
    refuse(socket, error);
  }

  #openConsole(socket: ByteSocket, { user }: LoggedIn, rest: Buffer): void {
    const { adminUser } = this.#settings;
    if (user !== adminUser) {
      const message = `only "${adminUser}" may use the console`;
      return refuse(socket, pgError({ severity: "FATAL", code: "42501", message }));
    }
    new ConsoleSession(socket, this).start(this.#drawKey(), rest);
  }

  #drawKey(): BackendKey {
    return this.#keys.draw((processId) => this.#sessions.has(processId));
  }

  #cancel({ processId, secret }: BackendKey): void {
    const entry = this.#sessions.get(processId);
    if (entry?.session.runner.identity.key.secret.equals(secret)) entry.session.runner.cancel();
  }
}

function refuse(socket: ByteSocket, error: PgError): void {
  socket.write(encodeError(error));
  socket.end();
}

const tooManyClients = pgError({
  severity: "FATAL",
  code: "53300",
  message: "sorry, too many clients already",
  hint: "`gateway.limits.clientsMax` is the bound.",
});
