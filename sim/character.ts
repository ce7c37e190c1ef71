/** What a simulated world is like: all of it drawn from its seed, so that seeds differ in kind and not only in luck. */
import type { DatabaseId, RegionId } from "../src/model/region.ts";
import type { OperationKind } from "../src/model/operation.ts";
import { systemKey } from "../src/database/records.ts";
import type { DatabaseSystem } from "../src/database/topology.ts";
import { allVictims, type Victim } from "./deaths.ts";
import type { FaultName } from "./faults.ts";
import type { NetworkConditions } from "./network.ts";
import { commonWishes } from "./operators.ts";
import type { PostgresTemper } from "./postgres.ts";
import type { SeededRandom } from "./random.ts";
import type { SimStoreFaults } from "./store.ts";
import type { WalTerms } from "./stream.ts";

export type Character = {
  readonly regions: readonly RegionId[];
  readonly systems: readonly DatabaseSystem[];
  readonly network: NetworkConditions;
  readonly store: SimStoreFaults;
  readonly postgres: PostgresTemper;
  readonly wal: WalTerms;
  /** In mean, one fault comes this long after another. */
  readonly faultEveryMs: number;
  /** Which faults there are; undefined: all. */
  readonly faults: readonly FaultName[] | undefined;
  readonly leaseTtlMs: number;
  readonly leaseMarginMs: number;
  /** In mean, a client of each Region writes this often. */
  readonly writeEveryMs: number;
  /** In mean, an operator asks for something this often; undefined: nobody does. */
  readonly operateEveryMs: number | undefined;
  readonly wishes: readonly OperationKind[];
  /** How many of the operations' journal entries are followed by the death of somebody who is part of it. */
  readonly deathAtStepRate: number;
  readonly victims: readonly Victim[];
};

const names = ["us-east-1", "us-west-2", "eu-central-1"] as RegionId[];

export function drawCharacter(random: SeededRandom): Character {
  const regions = names.slice(0, random.chance(0.6) ? 2 : 3);
  const isRough = random.chance(0.6);
  const latencyMsMin = random.between(0.2, 60);
  const leaseTtlMs = random.chance(0.7) ? 3_000 : 10_000;
  return {
    regions,
    systems: drawSystems(regions, random),
    network: {
      latencyMsMin,
      latencyMsMax: latencyMsMin * random.between(1, 3),
      lossRate: isRough ? random.between(0, 0.05) : 0,
      stallRate: isRough ? random.between(0, 0.05) : 0,
      stallMsMax: random.between(500, 20_000),
    },
    store: {
      latencyMsMax: random.chance(0.5) ? 0 : random.between(1, 30),
      failureRate: isRough ? random.between(0, 0.1) : 0,
    },
    postgres: {
      failureRate: isRough ? random.between(0, 0.03) : 0,
      createMsMax: random.between(300, 2_000),
      startMsMax: random.between(100, 1_500),
      cloneBytesPerSecond: random.between(3e6, 4e7),
    },
    wal: drawWal(random),
    faultEveryMs: random.between(1_000, 8_000),
    faults: undefined,
    leaseTtlMs,
    leaseMarginMs: leaseTtlMs === 3_000 ? 1_000 : 2_000,
    writeEveryMs: random.between(80, 400),
    operateEveryMs: random.chance(0.9) ? random.between(500, 3_000) : undefined,
    wishes: commonWishes,
    deathAtStepRate: random.chance(0.5) ? random.between(0.05, 0.4) : 0,
    victims: allVictims,
  };
}

/** A slot keeps what is written during the longest clone and twice that, or no clone would ever be in time. */
function drawWal(random: SeededRandom): WalTerms {
  const bytesPerSecond = random.between(0, 3e5);
  return {
    bytesPerSecond,
    slotKeepBytes: 1e6 + bytesPerSecond * random.between(25, 60),
    flushLagMs: random.between(1, 120),
    replayLagMs: random.between(0, 60),
  };
}

function drawSystems(regions: readonly RegionId[], random: SeededRandom): DatabaseSystem[] {
  const instances = (): number => (random.chance(0.2) ? 2 : 1);
  const common = {
    roles: [],
    owner: undefined,
    failover: "manual",
    rejoin: "automatic",
    rpoGuardMs: 0,
    failoverPauseMs: 0,
  } as const;
  const policy = {
    failover: random.chance(0.4) ? "automatic" : "manual",
    rejoin: random.chance(0.8) ? "automatic" : "manual",
    rpoGuardMs: random.chance(0.3) ? random.between(200, 2_000) : 0,
    failoverPauseMs: random.between(1_000, 20_000),
  } as const;
  const orders: DatabaseSystem = {
    ...common,
    ...policy,
    name: "orders" as DatabaseId,
    key: systemKey("orders" as DatabaseId, undefined),
    database: "orders" as DatabaseId,
    kind: "global",
    firstPrimary: random.pick(regions),
    regions: regions.map((region) => ({ region, instances: instances() })),
  };
  if (random.chance(0.8)) return [orders];
  const local = regions.map(
    (region): DatabaseSystem => ({
      ...common,
      name: "sessions" as DatabaseId,
      key: systemKey("sessions" as DatabaseId, region),
      database: "sessions" as DatabaseId,
      kind: "local",
      firstPrimary: region,
      regions: [{ region, instances: 1 }],
    }),
  );
  return [orders, ...local];
}
