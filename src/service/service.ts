/**
 * The services of one Region: processes with replicas, kept as many as they are to be. They outlive their agent: the
 * next one reads which they are (`replica-records.ts`) and goes on with them.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { bootId } from "../env/node/boot-id.ts";
import { isAlive, type ProcessId } from "../env/node/process-id.ts";
import { pauseUntil } from "../env/pause-until.ts";
import type { Address } from "../model/address.ts";
import type { NewEvent } from "../model/event.ts";
import { describeError } from "../model/failure.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import type { ReplicaTarget } from "../model/traffic.ts";
import { Pulse } from "../std/pulse.ts";
import type { ServiceSettings } from "../wire/program-settings.ts";
import type { ReplicaFacts } from "../wire/traffic-protocol.ts";
import { cpuLookMs } from "./cpu-use.ts";
import { addressOf, fingerprintOf } from "./launch.ts";
import { markedProcesses, markOf, readProcessTable } from "./process-table.ts";
import type { Variable } from "./program-catalog.ts";
import { ReplicaKeeper, type KeeperDoors } from "./replica-keeper.ts";
import { boundLog, busyLogLookMs, logLookMs } from "./replica-log.ts";
import { signalOne } from "./replica-process.ts";
import { ReplicaRecords, type ReplicaRecord } from "./replica-records.ts";
import { Trouble } from "./trouble.ts";

/** 20 ms between looks for what was killed. */
const sweepLookMs = 20;
/** 5 s for it to be gone: a process that hangs in the kernel is not waited for any longer. */
const sweepMsMax = 5_000;
/** 200 ms between looks while all of them end; each end is a beat besides. */
const leaveLookMs = 200;

/** 60 s: nothing begins to run without a beat; a look is a net below that. */
const idleLookMs = 60_000;

/** What services get of the agent's own environment, where it has it. */
export const inheritedNames = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

export type ServicesSettings = {
  readonly region: RegionId;
  /** In the order of the config. */
  readonly services: readonly ServiceSettings[];
  /** For the logs, and the record of what runs. Nobody else's. */
  readonly directory: string;
  /** See `inheritedNames`. */
  readonly inherited: readonly Variable[];
};

export type ServicesHooks = {
  /** `facts` or `running` would answer something else, apart from what is measured. */
  readonly changed: () => void;
  readonly tell: (event: NewEvent) => void;
  /** Somebody here answers reads of it. When that turns true, `lookAgain` is called. */
  readonly databaseIsThere: (database: DatabaseId) => boolean;
  /** Nothing is under way to a replica that `running` lists no more. */
  readonly isIdle: (service: ServiceId, number: number) => boolean;
};

export type RunningReplica = {
  readonly service: ServiceId;
  readonly number: number;
  readonly address: Address;
};

export class Services {
  readonly #doors: KeeperDoors;
  readonly #settings: ServicesSettings;
  readonly #hooks: ServicesHooks;
  readonly #records: ReplicaRecords;
  readonly #markPrefix: string;
  readonly #keepers: readonly ReplicaKeeper[];
  readonly #pulse = new Pulse();
  readonly #killed = new AbortController();
  readonly #targets = new Map<ServiceId, number>();
  #isRunning = false;
  #isLeaving = false;
  #saved = "";

  constructor(doors: KeeperDoors, settings: ServicesSettings, hooks: ServicesHooks) {
    this.#doors = doors;
    this.#settings = settings;
    this.#hooks = hooks;
    this.#records = new ReplicaRecords(settings.directory, doors.files, bootId());
    this.#markPrefix = markPrefixOf(settings.directory);
    this.#keepers = settings.services.flatMap((service) =>
      service.replicas.map((_, index) => this.#keeperOf(service, index + 1)),
    );
  }

  /** Until it is told here, a service has `scaling.min` replicas. Never more than it has addresses. */
  setTargets(targets: readonly ReplicaTarget[]): void {
    for (const { service, region, replicas } of targets) {
      if (region === this.#settings.region) this.#targets.set(service, replicas);
    }
    this.#pulse.beat();
  }

  /** What somebody waits for may be there now. */
  lookAgain(): void {
    this.#pulse.beat();
  }

  /** Keeps them until `signal` aborts. They go on then, unless `leave` or `killAll` was called. */
  async run(signal: AbortSignal): Promise<void> {
    this.#isRunning = true;
    const either = AbortSignal.any([signal, this.#killed.signal]);
    try {
      this.#doors.files.makeDirectory(this.#settings.directory, 0o700);
      await this.#adopt(either);
      await this.#keep(either);
    } finally {
      this.#isRunning = false;
    }
  }

  /**
   * Settles when all have ended: each after those that need it, the others at once. None is started any more. `run` may
   * have ended or not. When `signal` aborts first, what is left is killed.
   */
  async leave(signal: AbortSignal): Promise<void> {
    this.#isLeaving = true;
    this.#pulse.beat();
    const { clock } = this.#doors;
    const over = new AbortController();
    const kept = this.#isRunning ? undefined : this.#keep(over.signal);
    while (this.#keepers.some(({ hasProcess }) => hasProcess) && !signal.aborted) {
      await pauseUntil(clock, this.#pulse, clock.monotonicMs() + leaveLookMs, signal);
    }
    if (signal.aborted) this.killAll();
    over.abort();
    await kept;
  }

  /** At once, without waiting; none is started again. */
  killAll(): void {
    this.#killed.abort(new Error("the services are killed"));
    for (const keeper of this.#keepers) keeper.kill();
    for (const one of markedProcesses(this.#markPrefix)) signalOne(one, "SIGKILL");
  }

  /** Those that are wanted or run, in the order of the config. */
  facts(): ReplicaFacts[] {
    return this.#keepers.flatMap(({ facts }) => facts ?? []);
  }

  /** Those whose process runs and is not told to end: their check says whether they may be sent anything. */
  running(): RunningReplica[] {
    if (this.#killed.signal.aborted) return [];
    return this.#settings.services.flatMap((service) =>
      this.#keepersOf(service.service)
        .filter(({ isRunning }) => isRunning)
        .map(({ number }) => ({
          service: service.service,
          number,
          address: addressOf(service, number),
        })),
    );
  }

  #keeperOf(settings: ServiceSettings, number: number): ReplicaKeeper {
    const { service } = settings;
    const { directory, inherited, region } = this.#settings;
    const place = {
      settings,
      number,
      inherited,
      logPath: logPathOf(directory, service, number),
      fingerprint: fingerprintOf(settings, number, inherited),
      markPrefix: `${this.#markPrefix}${service}.${number}.`,
    };
    return new ReplicaKeeper(place, this.#doors, {
      isWanted: () => this.#isWanted(settings, number),
      missing: () => this.#missing(settings),
      isIdle: () => this.#hooks.isIdle(service, number),
      pulse: this.#pulse,
      changed: () => this.#changed(),
      trouble: new Trouble({ service, region }, this.#doors.clock, this.#hooks.tell),
    });
  }

  #keepersOf(service: ServiceId): readonly ReplicaKeeper[] {
    return this.#keepers.filter((keeper) => keeper.service === service);
  }

  #isWanted({ service, scaling }: ServiceSettings, number: number): boolean {
    if (this.#killed.signal.aborted || number > (this.#targets.get(service) ?? scaling.min)) {
      return false;
    }
    if (!this.#isLeaving) return true;
    // Also when it is needed still: one that is not there now would be there too late.
    if (!this.#keepersOf(service).some((one) => one.number === number && one.hasProcess))
      return false;
    return this.#settings.services.some(
      (other) =>
        other.needs.includes(service) &&
        this.#keepersOf(other.service).some(({ hasProcess }) => hasProcess),
    );
  }

  /** Of what it needs, what nobody is ready to give. A service of other Regions only is no matter of ours. */
  #missing({ needs, needsDatabases }: ServiceSettings): readonly string[] {
    const services = needs.filter((need) => {
      const keepers = this.#keepersOf(need);
      return keepers.length > 0 && !keepers.some(({ isReady }) => isReady);
    });
    const databases = needsDatabases.filter((need) => !this.#hooks.databaseIsThere(need));
    return [...databases, ...services];
  }

  async #keep(signal: AbortSignal): Promise<void> {
    await Promise.all([
      ...this.#keepers.map((keeper) => keeper.run(signal)),
      this.#boundLogs(signal),
      this.#measure(signal),
    ]);
  }

  async #boundLogs(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#doors;
    await this.#whileSomeRun(signal, async (running) => {
      const tooLong = running.map(({ logPath }) =>
        boundLog(logPath).catch((error: unknown) => {
          log.warn("service.log-not-bounded", { path: logPath, error: describeError(error) });
          return false;
        }),
      );
      const isBusy = (await Promise.all(tooLong)).includes(true);
      await clock.sleep(isBusy ? busyLogLookMs : logLookMs, signal);
    });
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const { clock } = this.#doors;
    await this.#whileSomeRun(signal, async (running) => {
      // One table for all: to read it is the cost.
      const table = readProcessTable();
      const nowMs = clock.monotonicMs();
      if (table.length > 0) for (const keeper of running) keeper.look(table, nowMs);
      await clock.sleep(cpuLookMs, signal);
    });
  }

  /** Over and over; sleeps as long as there is no process to look after. */
  async #whileSomeRun(
    signal: AbortSignal,
    look: (running: readonly ReplicaKeeper[]) => Promise<void>,
  ): Promise<void> {
    const { clock } = this.#doors;
    while (!signal.aborted) {
      const running = this.#keepers.filter(({ hasProcess }) => hasProcess);
      if (running.length === 0) {
        await pauseUntil(clock, this.#pulse, clock.monotonicMs() + idleLookMs, signal);
        continue;
      }
      await look(running).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  async #adopt(signal: AbortSignal): Promise<void> {
    const adopted = new Set<string>();
    for (const record of this.#records.read()) {
      const { service, number, pid, mark } = record;
      const keeper = this.#keepersOf(service).find((one) => one.number === number);
      // One that may not be read, or has written over its environment, is known by its number and birth.
      const isOurs = isAlive(record) && (markOf(pid) ?? mark) === mark;
      if (!keeper || keeper.hasProcess || !isOurs) continue;
      keeper.adopt(record);
      adopted.add(mark);
    }
    await this.#endOrphans(adopted, signal);
    this.#changed();
  }

  /** What an agent started and did not live to note, and what is left of replicas that have ended. */
  async #endOrphans(adopted: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#doors;
    const untilMs = clock.monotonicMs() + sweepMsMax;
    const orphans = (): readonly ProcessId[] =>
      markedProcesses(this.#markPrefix).filter(({ mark }) => !adopted.has(mark));
    for (let found = orphans(); found.length > 0; found = orphans()) {
      log.warn("service.orphans-ended", { pids: found.map(({ pid }) => pid) });
      for (const one of found) signalOne(one, "SIGKILL");
      if (clock.monotonicMs() >= untilMs || signal.aborted) return;
      await clock.sleep(sweepLookMs, signal).catch(() => undefined);
    }
  }

  #changed(): void {
    this.#save(this.#keepers.flatMap(({ record }) => record ?? []));
    this.#pulse.beat();
    this.#hooks.changed();
  }

  /** A record that cannot be written costs an adoption, no service: their marks are found without it. */
  #save(records: readonly ReplicaRecord[]): void {
    const text = JSON.stringify(records);
    if (text === this.#saved) return;
    try {
      this.#records.write(records);
      this.#saved = text;
    } catch (error) {
      this.#doors.log.error("service.record-not-written", { error: describeError(error) });
    }
  }
}

/** What a replica prints, present and next to it the older parts (`.1`, `.2`). */
export function logPathOf(directory: string, service: ServiceId, number: number): string {
  return join(directory, `${service}-${number}.log`);
}

/** Everything that the services of a Region started and that still lives, for whoever ends the Region from outside. */
export function strayServices(directory: string): readonly ProcessId[] {
  return markedProcesses(markPrefixOf(directory));
}

/** No two Regions of a machine share a directory. */
function markPrefixOf(directory: string): string {
  return `${createHash("sha256").update(directory).digest("hex").slice(0, 24)}.`;
}
