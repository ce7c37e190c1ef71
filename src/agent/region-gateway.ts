/** The Region's gateway as its agent has it: its process, what it is told, and the holds that it is asked for. */
import type { GatewayDoor } from "../database/region-agent.ts";
import type { PlainRoute } from "../database/route.ts";
import type { WriteGate } from "../engine/write-gate.ts";
import type { Clock, Log, Network } from "../env/env.ts";
import { spawnDetached } from "../env/node/detached.ts";
import { isProcessAlive, killProcess } from "../env/node/process-life.ts";
import type { DatabaseId } from "../model/region.ts";
import type { GatewayFacts } from "../wire/gateway-protocol.ts";
import type { AgentSettings } from "../wire/program-settings.ts";
import { GatewayDesk } from "./gateway-desk.ts";
import { GatewayGate } from "./gateway-gate.ts";
import { GatewayKeeper } from "./gateway-keeper.ts";
import { listenUntilDone } from "./listen-until-done.ts";

/** 3 s for clients to be told that the Region stops; PostgreSQL needs the rest of what a Region has to stop in. */
const leaveMsMax = 3_000;

type Doors = { readonly clock: Clock; readonly log: Log; readonly network: Network };

export class RegionGateway implements GatewayDoor {
  readonly #settings: AgentSettings["gateway"];
  readonly #doors: Doors;
  readonly #gates = new Map<DatabaseId, GatewayGate>();
  readonly #desk: GatewayDesk;
  readonly #keeper: GatewayKeeper;
  readonly #keeping = new AbortController();
  #routes: () => readonly PlainRoute[] = () => [];

  constructor(settings: AgentSettings["gateway"], doors: Doors, hostPid: number) {
    const { clock, log } = doors;
    const { command, settingsPath } = settings;
    this.#settings = settings;
    this.#doors = doors;
    this.#desk = new GatewayDesk({
      clock,
      routes: () => this.#routes(),
      holdOf: (database, epoch) => this.#gates.get(database)?.holdAt(epoch),
      settle: (database, id, outcome) => this.#gates.get(database)?.settle(id, outcome),
      heard: () => this.#keeper.called(),
      hostPid,
    });
    this.#keeper = new GatewayKeeper({
      clock,
      log,
      start: () => spawnDetached([...command, settingsPath]),
      caller: () => this.#desk.caller,
      isAlive: isProcessAlive,
      kill: killProcess,
      changed: () => {
        for (const gate of this.#gates.values()) gate.look();
      },
    });
  }

  /** Its process, while one is known. */
  get pid(): number | undefined {
    return this.#keeper.pid;
  }

  /** The one gate of a database here. */
  gateOf(database: DatabaseId): WriteGate {
    const gate =
      this.#gates.get(database) ??
      new GatewayGate(database, {
        clock: this.#doors.clock,
        changed: () => this.#desk.changed(),
        isAbsent: () => this.#keeper.isAbsent,
      });
    this.#gates.set(database, gate);
    return gate;
  }

  readonly routesChanged = (): void => this.#desk.changed();

  readonly facts = (): GatewayFacts => {
    const { state } = this.#keeper;
    return { state, databases: state === "serving" ? this.#desk.counters : [] };
  };

  /** Answers the gateway and keeps it running until `signal` aborts. It goes on then, unless `leave` was called. */
  async run(routes: () => readonly PlainRoute[], signal: AbortSignal): Promise<void> {
    const { network } = this.#doors;
    const { listen, token } = this.#settings;
    this.#routes = routes;
    const accepted = token.reveal();
    await listenUntilDone(listen, this.#doors, signal, () =>
      network.serve(
        listen,
        (presented) => (presented === accepted ? "gateway" : undefined),
        (_, message, asked) => this.#desk.handle(message, asked),
        signal,
      ),
    );
    await this.#keeper.run(AbortSignal.any([signal, this.#keeping.signal]));
  }

  /** The gateway lets its clients go and ends, before the servers do; one that does not in time is killed. */
  async leave(): Promise<void> {
    this.#keeping.abort(new Error("the Region stops"));
    this.#desk.leave();
    await this.#keeper.end(leaveMsMax);
  }

  /** At once, without waiting; it is not started again. */
  kill(): void {
    this.#keeping.abort(new Error("the agent ends"));
    const { pid } = this;
    if (pid !== undefined) killProcess(pid);
  }
}
