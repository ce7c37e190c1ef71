/**
 * The supervisor: starts the programs of a world, restarts what dies, switches Regions on and off when the
 * controller asks, and ends everything. It decides nothing about databases.
 */
import type { AddressPlan } from "../config/addresses.ts";
import type { Config } from "../config/config.ts";
import type { StateLayout } from "../config/state-directory.ts";
import type { Clock, Json, Log } from "../env/env.ts";
import { withDeadline } from "../env/deadline.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { PowerAction } from "../model/power.ts";
import type { RegionId } from "../model/region.ts";
import { strayServices } from "../service/service.ts";
import { decode } from "../wire/codec.ts";
import {
  programMessage,
  type ProgramMessage,
  type SupervisorMessage,
} from "../wire/supervisor-protocol.ts";
import { boundLog } from "./log-file.ts";
import { chooseIsolation, hostCommand, dieWithParent, type MachineFacts } from "./isolation.ts";
import { Program, type ProgramSpec } from "./program.ts";
import { RegionHost } from "./region-host.ts";
import { strayCompanions, strayServers } from "./strays.ts";

/** 60 s: logs grow slowly. */
const logCheckMs = 60_000;
/** 30 s for the controller to serve for the first time; it needs one. */
const readyTimeoutMs = 30_000;

export type SupervisorOptions = {
  readonly config: Config;
  readonly plan: AddressPlan;
  readonly layout: StateLayout;
  readonly facts: MachineFacts;
  /** How this program itself is run: node and the script. */
  readonly self: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #doors: { readonly clock: Clock; readonly log: Log };
  readonly #end = new AbortController();
  readonly #network: Program;
  readonly #controller: Program;
  /** The front door outside: for people, wherever they are. Undefined: nobody wants one. */
  readonly #front: Program | undefined;
  readonly #regions: ReadonlyMap<RegionId, RegionHost>;
  #running: Promise<unknown> = Promise.resolve();
  #isStopping = false;
  /** Counts controllers: an answer to one that has died must not reach the next, which numbers from 1 again. */
  #controllers = 0;
  #isReady: () => void = () => undefined;
  readonly #ready = new Promise<void>((resolve) => {
    this.#isReady = resolve;
  });

  constructor(options: SupervisorOptions, doors: { clock: Clock; log: Log }) {
    this.#options = options;
    this.#doors = doors;
    const { layout, config } = options;
    const noHooks = { onMessage: () => undefined, onStart: () => undefined };
    this.#network = new Program(this.#spec("network", layout.networkSecrets), noHooks, doors);
    this.#controller = new Program(
      this.#spec("controller", layout.controllerSecrets),
      { onMessage: (message) => this.#hear(message), onStart: () => this.#greet() },
      doors,
    );
    this.#front = config.hasFrontDoors
      ? new Program(this.#spec("front", layout.frontSecrets(undefined)), noHooks, doors)
      : undefined;
    this.#regions = new Map(config.regions.map((region) => [region, this.#host(region)]));
  }

  /** Starts everything; settles when the controller serves its API. @throws Failure `world.start-failed` */
  async start(signal: AbortSignal): Promise<void> {
    const { signal: end } = this.#end;
    for (const host of this.#hosts()) host.start();
    this.#running = Promise.all([
      this.#network.run(end),
      this.#controller.run(end),
      this.#front?.run(end),
      this.#boundLogs(end),
    ]);
    const ms = readyTimeoutMs;
    const expired = (): Failure => {
      const message = `The controller did not serve within ${ms} ms; its log is ${this.#options.layout.log("controller")}`;
      return new Failure("world.start-failed", message);
    };
    await withDeadline(this.#doors.clock, { ms, expired }, signal, () => this.#ready);
  }

  /**
   * Lets people go first, stops the Regions cleanly, all at once, then the controller and the links that they needed.
   * @throws Failure `region.busy` when a process outlived even SIGKILL; everything else has ended then
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#front?.stop();
    const stopped = await Promise.allSettled(this.#hosts().map((host) => host.stop()));
    await Promise.all([this.#controller.stop(), this.#network.stop()]);
    this.#end.abort();
    await this.#running;
    throwFirst(stopped);
  }

  /** Kills everything at once. @throws Failure `region.busy` as `stop` does */
  async kill(): Promise<void> {
    this.#isStopping = true;
    this.#end.abort();
    const killed = await Promise.allSettled(this.#hosts().map((host) => host.kill()));
    await this.#running;
    throwFirst(killed);
  }

  #hosts(): readonly RegionHost[] {
    return [...this.#regions.values()];
  }

  #spec(program: string, settingsPath: string): ProgramSpec {
    const { facts, self, environment, layout } = this.#options;
    return {
      name: program,
      command: dieWithParent(facts, [...self, "internal", program, settingsPath]),
      logPath: layout.log(program),
      environment,
    };
  }

  #host(region: RegionId): RegionHost {
    const { facts, self, environment, layout } = this.#options;
    const isolation = chooseIsolation(facts);
    const agent = [...self, "internal", "agent", layout.agentSecrets(region)];
    const spec: ProgramSpec = {
      name: `agent-${region}`,
      command: hostCommand(facts, isolation, agent),
      logPath: layout.log(`agent-${region}`),
      environment,
    };
    const strays = (): readonly number[] =>
      isolation === "process-tree"
        ? [
            ...strayServers(layout.region(region)),
            ...[
              layout.gatewaySecrets(region),
              layout.frontSecrets(region),
              layout.poolerFile(region),
            ].flatMap(strayCompanions),
            ...strayServices(layout.services(region)).map(({ pid }) => pid),
          ]
        : [];
    return new RegionHost(region, spec, this.#doors, {
      strays,
      changed: () => this.#tellPower(),
    });
  }

  #greet(): void {
    this.#controllers += 1;
    this.#tellPower();
  }

  #hear(message: Json): void {
    let heard: ProgramMessage;
    try {
      heard = decode(programMessage, "the controller's message", message);
    } catch (error) {
      // A controller of another version must not take the world down with it.
      return this.#doors.log.error("supervisor.message-refused", { error: describeError(error) });
    }
    if (heard.kind === "ready") return this.#isReady();
    void this.#act(heard.id, heard.region, heard.action);
  }

  async #act(id: number, region: RegionId, action: PowerAction): Promise<void> {
    const asker = this.#controllers;
    const host = this.#regions.get(region);
    let failure: { readonly code: string; readonly message: string } | null = null;
    try {
      if (!host) throw new Failure("region.unknown", `There is no Region ${region}`);
      if (this.#isStopping) throw new Failure("region.busy", "The whole world is being stopped");
      if (action === "start") host.start();
      else if (action === "stop") await host.stop();
      else await host.kill();
    } catch (error) {
      const code = error instanceof Failure ? error.code : "region.busy";
      failure = { code, message: describeError(error) };
      this.#doors.log.error("supervisor.power-failed", { region, action, error: failure.message });
    }
    this.#tellPower();
    if (asker === this.#controllers) this.#say({ kind: "power-done", id, failure });
  }

  #tellPower(): void {
    const regions = [...this.#regions.values()].map(({ region, state }) => ({ region, state }));
    this.#say({ kind: "power", regions });
  }

  #say(message: SupervisorMessage): void {
    this.#controller.send(message);
  }

  async #boundLogs(signal: AbortSignal): Promise<void> {
    const { layout, config } = this.#options;
    const programs = [
      "controller",
      "network",
      "front",
      ...config.regions.map((region) => `agent-${region}`),
    ];
    while (!signal.aborted) {
      for (const program of programs) boundLog(layout.log(program));
      await this.#doors.clock.sleep(logCheckMs, signal).catch(() => undefined);
    }
  }
}

function throwFirst(settled: readonly PromiseSettledResult<unknown>[]): void {
  const failed = settled.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}
