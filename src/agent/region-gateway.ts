/** The Region's gateway as its agent has it: its process, what it is told, and the holds that it is asked for. */
import type { GatewayDoor } from "../database/region-agent.ts";
import type { PlainRoute } from "../database/route.ts";
import type { WriteGate } from "../engine/write-gate.ts";
import type { DatabaseId } from "../model/region.ts";
import type { GatewayFacts } from "../wire/gateway-protocol.ts";
import type { AgentSettings } from "../wire/program-settings.ts";
import { Companion, type CompanionDoors } from "./companion.ts";
import { GatewayDesk } from "./gateway-desk.ts";
import { GatewayGate } from "./gateway-gate.ts";

/** 3 s for clients to be told that the Region stops; PostgreSQL needs the rest of what a Region has to stop in. */
const leaveMsMax = 3_000;

export class RegionGateway implements GatewayDoor {
  readonly #doors: CompanionDoors;
  readonly #gates = new Map<DatabaseId, GatewayGate>();
  readonly #desk: GatewayDesk;
  readonly #companion: Companion;
  #routes: () => readonly PlainRoute[] = () => [];
  #called: () => void = () => undefined;

  constructor(settings: AgentSettings["gateway"], doors: CompanionDoors, hostPid: number) {
    this.#doors = doors;
    const desk = new GatewayDesk({
      clock: doors.clock,
      routes: () => this.#routes(),
      holdOf: (database, epoch) => this.#gates.get(database)?.holdAt(epoch),
      settle: (database, id, outcome) => this.#gates.get(database)?.settle(id, outcome),
      heard: () => {
        this.#companion.keeper.called();
        this.#called();
      },
      hostPid,
    });
    this.#desk = desk;
    const changed = (): void => {
      for (const gate of this.#gates.values()) gate.look();
    };
    this.#companion = new Companion("gateway", settings, doors, { desk, changed });
  }

  /** Its process, while one is known. */
  get pid(): number | undefined {
    return this.#companion.keeper.pid;
  }

  /** The one gate of a database here. */
  gateOf(database: DatabaseId): WriteGate {
    const gate =
      this.#gates.get(database) ??
      new GatewayGate(database, {
        clock: this.#doors.clock,
        changed: () => this.#desk.changed(),
        isAbsent: () => this.#companion.keeper.isAbsent,
      });
    this.#gates.set(database, gate);
    return gate;
  }

  readonly routesChanged = (): void => this.#desk.changed();

  readonly facts = (): GatewayFacts => {
    const { state } = this.#companion.keeper;
    return { state, databases: state === "serving" ? this.#desk.counters : [] };
  };

  /**
   * Answers the gateway and keeps it running until `signal` aborts. It goes on then, unless `leave` was called.
   * @param called the gateway has asked, which it does each second
   */
  async run(
    routes: () => readonly PlainRoute[],
    called: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    this.#routes = routes;
    this.#called = called;
    await this.#companion.run(signal);
  }

  /** The gateway lets its clients go and ends, before the servers do. */
  leave(): Promise<void> {
    return this.#companion.leave(leaveMsMax);
  }

  kill(): void {
    this.#companion.kill();
  }
}
