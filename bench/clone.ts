/** A clone of 1 GB, in pairs with a plain copy of the same files on the same disk. */
import { join } from "node:path";
import type { RegionId, SystemId, DatabaseId } from "../src/model/region.ts";
import { fillWithBallast } from "./ballast.ts";
import { discardBackup } from "./backup-floor.ts";
import { primary, secondary, withBenchWorld, type BenchWorld } from "./bench-world.ts";
import { makeCloneTarget, type CloneTarget } from "./clone-target.ts";
import { measureCost, renderCost, type Cost } from "./clone-cost.ts";
import { copyDirectory, flushDisk, megabytesPerSecond } from "./file-copy.ts";
import { figure, median, type Figure } from "./figure.ts";
import { freeBytes } from "./machine.ts";

const database = "orders";
const ballastBytes = 1024 * 1024 * 1024;
const quickBallastBytes = 256 * 1024 * 1024;

/** The writer, its secondary, the WAL of both, a clone or a copy: six times the ballast, and some air. */
const timesBallast = 8;

const rttsMs = [0, 60] as const;

export async function measureClone(isQuick: boolean): Promise<readonly Figure[]> {
  return withBenchWorld(async (world) => {
    const bytes = isQuick ? quickBallastBytes : ballastBytes;
    if (freeBytes(world.directory) < bytes * timesBallast) {
      throw new Error(`${world.directory} has less than ${(bytes * timesBallast) / 1e9} GB free`);
    }
    await world.run("up", "--detach");
    await fillWithBallast(world, database, bytes);
    const target = await makeCloneTarget(world, database, await writerSeenBySecondary(world));
    const rounds = await measureRounds(world, target, isQuick ? 2 : 4);
    return figuresOf(rounds);
  });
}

/** MB/s, measured one after the other. */
type Round = {
  readonly copy: number;
  readonly discarded: number;
  readonly clones: readonly number[];
  /** Of the clone over the shortest link. */
  readonly cost: Cost;
};

async function measureRounds(
  world: BenchWorld,
  target: CloneTarget,
  count: number,
): Promise<readonly Round[]> {
  const base = join(instanceDirectory(world), "data", "base");
  const rounds: Round[] = [];
  for (let number = 0; number < count; number += 1) {
    const costs: Cost[] = [];
    const clones = async (): Promise<readonly number[]> => {
      const speeds: number[] = [];
      for (const rttMs of rttsMs) {
        await world.run("link", "set", primary, secondary, "--rtt", String(rttMs));
        flushDisk(world.directory);
        const { result, cost } = await measureCost(world, target.clone);
        speeds.push(megabytesPerSecond(result));
        costs.push(cost);
      }
      return speeds;
    };
    const copy = (): number => {
      flushDisk(world.directory);
      return megabytesPerSecond(copyDirectory(base, join(world.directory, "copy")));
    };
    // Whatever a first one leaves behind for the second, each is first as often as the other.
    const isCopyFirst = number % 2 === 0;
    const first = isCopyFirst ? copy() : undefined;
    const speeds = await clones();
    const [cost] = costs;
    if (!cost) throw new Error("no clone was made");
    const copied = first ?? copy();
    const discarded = megabytesPerSecond(await discardFromWriter(world));
    rounds.push({ copy: copied, clones: speeds, discarded, cost });
  }
  return rounds;
}

function figuresOf(rounds: readonly Round[]): readonly Figure[] {
  const copies = rounds.map(({ copy }) => copy);
  const discarded = rounds.map((round) => round.discarded / round.copy);
  const limit = { kind: "at-least", value: 0.7 } as const;
  const floor = { value: median(discarded), what: "the backup received and thrown away" };
  return [
    ...rttsMs.map((rttMs, at) =>
      figure(
        `clone over a link of ${rttMs} ms, to a copy`,
        "×",
        rounds.map(({ clones, copy }) => (clones[at] ?? Number.NaN) / copy),
        { limit, floor },
      ),
    ),
    ...rttsMs.map((rttMs, at) =>
      figure(
        `clone over a link of ${rttMs} ms`,
        "MB/s",
        rounds.map(({ clones }) => clones[at] ?? Number.NaN),
        at === 0 ? { note: renderCost(medianCost(rounds)) } : {},
      ),
    ),
    figure("copy: cp -a and sync", "MB/s", copies),
    figure(
      "backup received and thrown away, no link",
      "MB/s",
      rounds.map((round) => round.discarded),
    ),
  ];
}

function medianCost(rounds: readonly Round[]): Cost {
  const of = (part: keyof Cost): number => median(rounds.map(({ cost }) => cost[part]));
  return { server: of("server"), link: of("link"), receiver: of("receiver") };
}

async function writerSeenBySecondary(
  world: BenchWorld,
): Promise<{ address: { host: string; port: number }; systemId: SystemId }> {
  const { systemId } = await writerOf(world);
  // Region 1 as Region 2 sees it, and the first instance in it.
  return { address: { host: `127.${world.world}.2.101`, port: 5432 }, systemId };
}

async function discardFromWriter(world: BenchWorld): ReturnType<typeof discardBackup> {
  const { address, port } = await writerOf(world);
  const secrets = world.secrets().databases[database];
  if (!secrets) throw new Error(`there is no database ${database}`);
  return discardBackup({ host: address, port }, secrets.replicator);
}

async function writerOf(
  world: BenchWorld,
): Promise<{ readonly address: string; readonly port: number; readonly systemId: SystemId }> {
  const api = world.api();
  const status = await api.status(AbortSignal.timeout(10_000)).finally(() => api.close());
  const [instance] = status.databases[database]?.members[primary]?.instances ?? [];
  if (!instance?.systemId) throw new Error(`${database} has no writer in ${primary}`);
  return { ...instance, systemId: instance.systemId as SystemId };
}

function instanceDirectory({ layout }: BenchWorld): string {
  return layout.instance(primary as RegionId, database as DatabaseId, 1);
}
