/**
 * Everything in a Region that has to do with traffic: its services, its PgBouncer, its front door and its names. Takes
 * the controller's state, tells it on, and gathers what there is to tell back.
 */
import type { PlainRoute } from "../database/route.ts";
import type { ResolveDoors } from "../dns/dns.ts";
import { resolveName } from "../dns/resolve.ts";
import type { Files, Log, Network } from "../env/env.ts";
import { environmentVariables } from "../env/node/environment.ts";
import type { Address } from "../model/address.ts";
import type { NewEvent } from "../model/event.ts";
import type { DatabaseId } from "../model/region.ts";
import { Pooler } from "../pooler/pooler.ts";
import { SqlConnection } from "../postgres/sql-connection.ts";
import { inheritedNames, Services } from "../service/service.ts";
import { assert } from "../std/assert.ts";
import type { AgentSettings } from "../wire/program-settings.ts";
import type { RegionFacts, TrafficAnswer } from "../wire/traffic-protocol.ts";
import type { FrontNews } from "./front-desk.ts";
import type { MachinePrograms } from "./machine-programs.ts";
import { NameChecks } from "./name-checks.ts";
import { RegionFront } from "./region-front.ts";
import { TrafficLine } from "./traffic-line.ts";
import { WritePaths } from "./write-path.ts";

/** 2 s to connect and 2 s to answer, across a link: longer than a hold takes as a rule. */
const askMs = 2_000;

export type RegionTrafficDoors = MachinePrograms &
  ResolveDoors & {
    readonly log: Log;
    readonly network: Network;
    readonly files: Files;
  };

export type RegionTrafficHooks = {
  readonly routes: () => readonly PlainRoute[];
  readonly tell: (event: NewEvent) => void;
  /** The Region's gateway answers: without it no database is there for a service. */
  readonly gatewayServes: () => boolean;
};

export class RegionTraffic {
  readonly #settings: AgentSettings;
  #hooks: RegionTrafficHooks = {
    routes: () => [],
    tell: () => undefined,
    gatewayServes: () => false,
  };
  readonly #services: Services;
  readonly #pooler: Pooler | undefined;
  readonly #front: RegionFront | undefined;
  readonly #names: NameChecks;
  readonly #paths: WritePaths;
  readonly #line: TrafficLine;
  #answer: TrafficAnswer | undefined;

  constructor(settings: AgentSettings, doors: RegionTrafficDoors, hostPid: number) {
    const { clock } = doors;
    const { region } = settings;
    const { dns } = settings.names;
    this.#settings = settings;
    this.#line = new TrafficLine(
      doors,
      {
        controller: settings.controller,
        token: settings.token.reveal(),
        statePath: settings.trafficPath,
      },
      { facts: () => this.#facts(), heard: (answer) => this.#follow(answer) },
    );
    const tellSoon = (): void => this.#line.tellSoon();
    const frontHooks = { news: () => this.#news(), healthChanged: tellSoon };
    this.#front = settings.front && new RegionFront(settings.front, doors, frontHooks, hostPid);
    const newsChanged = (): void => {
      this.#front?.newsChanged();
      tellSoon();
    };
    const changed = { changed: newsChanged, tell: (event: NewEvent) => this.#hooks.tell(event) };
    const { services, servicesDirectory: directory } = settings;
    const poolerDoors = {
      ...doors,
      findProgram: (signal: AbortSignal) => doors.findProgram("pgbouncer", signal),
    };
    const databaseIsThere = (database: DatabaseId): boolean =>
      this.#hooks.gatewayServes() &&
      this.#hooks
        .routes()
        .some((route) => route.database === database && route.instances.some(isServing));
    const inherited = environmentVariables(inheritedNames);
    this.#services = new Services(
      doors,
      { region, services, directory, inherited },
      {
        ...changed,
        databaseIsThere,
        isIdle: (service, number) => this.#front?.isIdle(service, number) ?? true,
      },
    );
    this.#pooler =
      settings.pooler && new Pooler(poolerDoors, { ...settings.pooler, region }, changed);
    this.#paths = new WritePaths(settings.names.watched, {
      clock,
      connect: (database) => this.#connect(database, this.#ownGateway),
      changed: newsChanged,
    });
    this.#names = new NameChecks(settings.names, {
      clock,
      resolve: async (name, signal) => dns && (await resolveName(doors, dns, name, signal)).address,
      acceptsWrites: (address, database, signal) => this.#acceptsWrites(address, database, signal),
      changed: tellSoon,
    });
  }

  /** Keeps it all until `signal` aborts. The processes go on then, unless `leave` was called. */
  async run(hooks: RegionTrafficHooks, signal: AbortSignal): Promise<void> {
    this.#hooks = hooks;
    this.routesChanged();
    const { dns } = this.#settings.names;
    const remembered = this.#line.remembered();
    if (remembered) this.#follow(remembered);
    await Promise.all([
      this.#services.run(signal),
      this.#pooler?.run(signal),
      this.#front && this.#runFront(this.#front, signal),
      this.#paths.run(signal),
      dns && this.#names.run(signal),
      this.#line.run(signal),
    ]);
  }

  /** One that runs already knows whether writes arrive: it is told only when somebody has looked again. */
  async #runFront(front: RegionFront, signal: AbortSignal): Promise<void> {
    await this.#paths.haveLooked(signal);
    await front.run(signal);
  }

  /** Where the writers are may be something else than before. */
  readonly routesChanged = (): void => {
    const writers = this.#hooks.routes().map(({ database, writer, acceptsWrites }) => ({
      database,
      writer,
      isOpen: acceptsWrites,
    }));
    this.#pooler?.follow(writers);
    this.#services.lookAgain();
  };

  /** What a service waits for may be there now. */
  readonly lookAgain = (): void => this.#services.lookAgain();

  /** Lets people go first, then stops what served them. */
  async leave(signal: AbortSignal): Promise<void> {
    await this.#front?.leave();
    await Promise.all([this.#services.leave(signal), this.#pooler?.leave(signal)]);
  }

  /** At once, without waiting. */
  kill(): void {
    this.#front?.kill();
    this.#services.killAll();
    this.#pooler?.kill();
  }

  get #ownGateway(): Address {
    const { names, region } = this.#settings;
    const own = names.gateways.find((one) => one.region === region);
    assert(own !== undefined, "a Region has a gateway");
    return own.address;
  }

  #follow(answer: TrafficAnswer): void {
    this.#answer = answer;
    this.#services.setTargets(answer.targets);
    this.#names.follow(answer.state.names);
    this.#front?.newsChanged();
  }

  #facts(): RegionFacts {
    return {
      front: this.#front?.facts,
      replicas: [...this.#services.facts()],
      pooler: this.#pooler?.facts(),
      names: this.#names.checks,
      writes: [...this.#paths.views],
    };
  }

  #news(): FrontNews {
    return {
      state: this.#answer?.state,
      replicas: [...this.#services.running()],
      databases: [...this.#paths.views],
    };
  }

  #connect(database: DatabaseId, address: Address): SqlConnection {
    const own = this.#settings.instances.find((instance) => instance.database === database);
    assert(own !== undefined, "a database that is watched has an instance here");
    return new SqlConnection(address, own.passwords.superuser, {
      database: `${database}-rw`,
      connectTimeoutMs: askMs,
      queryTimeoutMs: askMs,
    });
  }

  /** A connection of its own: it is asked seldom, and each time about another address. */
  async #acceptsWrites(
    address: Address,
    database: DatabaseId,
    signal: AbortSignal,
  ): Promise<boolean> {
    const isHere = this.#settings.instances.some((instance) => instance.database === database);
    // Without an instance here there is no password for it; that the name is right has to do.
    if (!isHere) return true;
    const connection = this.#connect(database, address);
    try {
      const [row] = await connection.query("select pg_is_in_recovery() as standby", [], signal);
      return row?.["standby"] === false;
    } finally {
      connection.close();
    }
  }
}

const isServing = (instance: PlainRoute["instances"][number]): boolean => instance.isServing;
