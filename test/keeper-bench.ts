/** A writer and a copy in two Regions, each with real keepers on simulated PostgreSQL, and leases as the test says. */
import { SimClock } from "../sim/clock.ts";
import { SimFileDisk, SimFiles } from "../sim/files.ts";
import { Branch } from "../sim/history.ts";
import { newData, SimHost } from "../sim/host.ts";
import { Life, MortalClock } from "../sim/life.ts";
import { RecordingLog } from "../sim/log.ts";
import { SimPostgres } from "../sim/postgres.ts";
import { SeededRandom } from "../sim/random.ts";
import { WalStream } from "../sim/stream.ts";
import { CommandJournal } from "../src/database/command-journal.ts";
import { FenceWatch } from "../src/database/fence-watch.ts";
import { InstanceKeeper } from "../src/database/instance-keeper.ts";
import type { BoardLease } from "../src/database/lease-board.ts";
import { Leases } from "../src/database/leases.ts";
import { Promises } from "../src/database/promises.ts";
import { LocalGate } from "../src/engine/local-gate.ts";
import type { Assignment, Command, CommandAction } from "../src/model/assignment.ts";
import type { CommandProgress } from "../src/model/instance.ts";
import type { ControllerTerm, DatabaseId, Epoch, RegionId, SystemId } from "../src/model/region.ts";

export const database = "orders" as DatabaseId;
export const [east, west] = ["us-east-1", "us-west-2"] as [RegionId, RegionId];
export const ours = "7001" as SystemId;
export const epochs = [1, 2] as [Epoch, Epoch];
export const leaseTtlMs = 3_000;

const temper = {
  failureRate: 0,
  createMsMax: 1_000,
  startMsMax: 300,
  cloneBytesPerSecond: 4_000_000,
};

export const primary: Assignment = {
  database,
  number: 1,
  epoch: epochs[0],
  version: 1,
  systemId: ours,
  role: "primary",
  writer: east,
  upstream: undefined,
  slots: [{ slot: "leeward_us_west_2_1", region: west, number: 1 }],
  forks: [],
  operation: undefined,
  failsafe: [],
  rpoGuardMs: 0,
  isPromoted: true,
};

export type SeenRoute = InstanceKeeper["routeView"] & {
  readonly isReadable: boolean;
  /** The server itself, whatever its keeper knows. */
  readonly takesWrites: boolean;
};

/** What a Region's agent has for its one instance. */
export type BenchAgent = {
  readonly keeper: InstanceKeeper;
  readonly journal: CommandJournal;
  readonly leases: Leases;
  readonly postgres: SimPostgres;
  readonly gate: LocalGate;
  readonly told: CommandProgress[];
  readonly events: string[];
  /** What the Region's gateway could have been told each time that there was news for it. */
  readonly routes: SeenRoute[];
  assign(assignment: Assignment): void;
  obey(command: Command): void;
};

export class KeeperBench {
  readonly clock = new SimClock();
  readonly random = new SeededRandom(1);
  isCut = false;
  readonly stream = new WalStream(
    this.clock,
    { bytesPerSecond: 1_000, slotKeepBytes: 1e9, flushLagMs: 1, replayLagMs: 1 },
    () => !this.isCut,
  );
  readonly writer = this.#host(east);
  readonly copy = this.#host(west);
  readonly branch = new Branch(1, undefined, this.writer);
  readonly notes: CommandProgress[] = [];
  readonly created: SystemId[] = [];
  readonly removed: SystemId[] = [];
  /** Renewed each second while it is so. */
  leaseIsInHand = true;
  readonly boards = new Map<SimHost, readonly BoardLease[]>();
  readonly #disks = new Map<SimHost, SimFileDisk>();
  life = new Life();

  get upstream(): NonNullable<Assignment["upstream"]> {
    const slot = "leeward_us_west_2_1";
    return { address: this.writer.address, slot, applicationName: slot };
  }

  get secondary(): Assignment {
    return { ...primary, role: "secondary", upstream: this.upstream, slots: [] };
  }

  data(isStandby: boolean, systemId = ours): SimHost["data"] {
    return newData(systemId, { branch: this.branch, lsn: 1_000 }, isStandby);
  }

  /** Where its agents keep their journal. */
  files(host: SimHost): SimFileDisk {
    const disk = this.#disks.get(host) ?? new SimFileDisk();
    this.#disks.set(host, disk);
    return disk;
  }

  /** As a new agent has it; an earlier one, of any Region, is dead. */
  agent(host: SimHost, last: readonly CommandProgress[] = []): BenchAgent {
    this.life.end();
    this.life = new Life();
    return this.another(host, last);
  }

  another(host: SimHost, last: readonly CommandProgress[] = []): BenchAgent {
    const witness = {
      created: (_: SimHost, id: SystemId) => void this.created.push(id),
      removed: (_: SimHost, { systemId }: { readonly systemId: SystemId }) =>
        void this.removed.push(systemId),
      started: () => undefined,
      promoted: () => undefined,
      evidenceLost: () => undefined,
    };
    const { life, random, stream } = this;
    const doors = { clock: this.clock, random, life, stream, witness };
    const postgres = new SimPostgres(host, doors, temper);
    const clock = new MortalClock(this.clock, life);
    const log = new RecordingLog();
    const journal = new CommandJournal(new SimFiles(this.files(host), life), "agent.json");
    const leases = this.#leases(host, clock, log, journal);
    const promises = new Promises(clock, journal);
    const told: CommandProgress[] = [];
    const events: string[] = [];
    const gate = new LocalGate(clock);
    const routes: SeenRoute[] = [];
    const fences = new FenceWatch({
      clock,
      leases,
      writers: () =>
        keeper.mayWrite
          ? [
              {
                database,
                assignment: keeper.assignment,
                fence: (because: string) => keeper.fence(because),
              },
            ]
          : [],
    });
    const renew = (): void => {
      const { epoch, role } = keeper.assignment ?? {};
      if (!this.leaseIsInHand || role !== "primary" || epoch === undefined) return;
      leases.take([{ database, epoch, ttlMs: leaseTtlMs }], clock.monotonicMs());
      keeper.leaseCame();
    };
    const keeper: InstanceKeeper = new InstanceKeeper(
      host.id,
      { clock, log, postgres, gate, address: host.address },
      {
        arm: () => leases.arm(database),
        disarm: () => leases.disarm(database),
        changed: () => undefined,
        lookAtFences: () => {
          routes.push({
            ...keeper.routeView,
            isReadable: keeper.isReadable,
            takesWrites: host.takesWrites,
          });
          fences.look();
        },
        noteCommand: (progress) => {
          this.notes.push(progress);
          journal.note(host.id, progress);
        },
        tellCommand: (progress) => void told.push(progress),
        leaseLeftMs: () => leases.leftMs(database, keeper.assignment?.epoch ?? (0 as Epoch)),
        lease: () => undefined,
        askForLease: renew,
        handedOver: () => journal.handedOver(host.id),
        noteHandOver: (mark) => journal.noteHandOver(database, mark),
        seal: (seal, signal) => promises.seal(database, seal, signal),
        tell: ({ kind }) => void events.push(kind),
      },
      last.length > 0 ? last : journal.commands(host.id),
    );
    const known = journal.assignment(host.id);
    if (known) keeper.assign(known);
    const forever = new AbortController().signal;
    void fences.run(forever);
    void keeper.run(forever);
    void this.#renewForever(clock, renew);
    return {
      keeper,
      gate,
      journal,
      leases,
      postgres,
      told,
      events,
      routes,
      assign: (assignment) => {
        journal.obey(1 as ControllerTerm, [assignment]);
        keeper.assign(journal.assignment(host.id));
        renew();
      },
      obey: (command) => {
        journal.admit(command);
        keeper.obey(command);
      },
    };
  }

  async pass(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + ms);
  }

  #leases(host: SimHost, clock: MortalClock, log: RecordingLog, journal: CommandJournal): Leases {
    const board = {
      read: () => this.boards.get(host) ?? [],
      write: (leases: readonly BoardLease[]) => void this.boards.set(host, leases),
    };
    return new Leases({
      clock,
      log,
      board,
      epochOf: journal.epochOf.bind(journal),
      changed: () => undefined,
    });
  }

  async #renewForever(clock: MortalClock, renew: () => void): Promise<never> {
    for (;;) {
      await clock.sleep(1_000, new AbortController().signal);
      renew();
    }
  }

  #host(region: RegionId): SimHost {
    const { length } = this.stream.hosts;
    const id = { database, region, number: 1 };
    const host = new SimHost(id, { host: "127.0.1.11", port: length + 1 });
    this.stream.add(host);
    return host;
  }
}

export function commandFor(
  id: string,
  action: CommandAction,
  change: Partial<Command> = {},
): Command {
  return {
    id,
    term: 1 as ControllerTerm,
    epoch: epochs[0],
    version: 1,
    operation: "build",
    step: action.kind,
    database,
    number: 1,
    action,
    ...change,
  };
}
