/** The world as the API shows it. Pure: from what is known now to the shape of the contract. */
import type {
  ApiDatabase,
  ApiGateway,
  ApiInstance,
  ApiLink,
  ApiMember,
  ApiRegion,
  ApiRegionState,
} from "../api/api.ts";
import type { SystemSnapshot } from "../database/system-snapshot.ts";
import { reportMaxAgeMs } from "../database/reports.ts";
import type { Address } from "../model/address.ts";
import { formatBandwidth } from "../model/bandwidth.ts";
import type { InstanceReport, InstanceState, MeasuredLag, Position } from "../model/instance.ts";
import { linkDirections, termsFrom, type LinkSettings } from "../model/link-settings.ts";
import type { LinkTraffic } from "../model/link.ts";
import { formatLsn } from "../model/lsn.ts";
import type { PowerState } from "../model/power.ts";
import type { InstanceId, RegionId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import { formatInstant } from "../std/instant.ts";
import { lossView, operationView } from "./operation-view.ts";
import { writerFacts } from "./writer-view.ts";

export type InstanceSnapshot = SystemSnapshot["instances"][number];
export type AddressOfInstance = (id: InstanceId) => Address;

export type RegionFacts = {
  readonly region: RegionId;
  readonly network: string;
  readonly agent: Address;
  readonly gateway: ApiGateway;
  readonly power: PowerState;
  readonly isIsolated: boolean;
  readonly reportAgeMs: number | undefined;
  readonly instances: readonly InstanceSnapshot[];
};

export function regionView(facts: RegionFacts): ApiRegion {
  const { state, because } = regionState(facts);
  return {
    state,
    because: because ?? null,
    address: facts.network,
    agent: { address: facts.agent.host, port: facts.agent.port },
    gateway: facts.gateway,
    isIsolated: facts.isIsolated,
    reportAgeMs: facts.reportAgeMs === undefined ? null : Math.round(facts.reportAgeMs),
  };
}

type Judged = { readonly state: ApiRegionState; readonly because?: string };

function regionState(facts: RegionFacts): Judged {
  if (facts.power === "killed" || facts.power === "stopped") return { state: facts.power };
  if (facts.isIsolated) return { state: "isolated", because: "all its links are cut" };
  if (facts.reportAgeMs === undefined)
    return { state: "starting", because: "it has not reported yet" };
  if (facts.reportAgeMs > reportMaxAgeMs) {
    return { state: "unreachable", because: "it does not report to the controller" };
  }
  const states = facts.instances.map(({ report }) => report?.state.kind ?? "starting");
  if (states.every((state) => state === "serving")) return { state: "serving" };
  if (states.every((state) => state === "fenced")) return { state: "fenced" };
  const onItsWay = new Set(["absent", "creating", "cloning", "starting", "stopped", "promoting"]);
  const isStarting = states.every((state) => state === "serving" || onItsWay.has(state));
  return { state: isStarting ? "starting" : "degraded" };
}

/** A database with all its systems: one for a global database, one in each Region for a local one. */
export function databaseView(
  systems: readonly SystemSnapshot[],
  addressOf: AddressOfInstance,
): ApiDatabase {
  const [first] = systems;
  assert(first !== undefined, "a database has at least one system");
  const members = Object.fromEntries(
    systems.flatMap((system) =>
      membersOf(system).map((region) => [region, memberView(system, region, addressOf)]),
    ),
  );
  return first.system.kind === "local"
    ? { ...localFacts, members }
    : { ...globalFacts(first, addressOf), members };
}

/** In the order of `leeward.yaml`. */
export function membersOf({ system, record }: SystemSnapshot): readonly RegionId[] {
  return system.regions.map(({ region }) => region).filter((one) => record.members.includes(one));
}

const localFacts: Omit<ApiDatabase, "members"> = {
  kind: "local",
  epoch: null,
  primary: null,
  writer: null,
  lease: null,
  fence: null,
  estimatedLoss: {},
  candidates: [],
  failover: "manual",
  rejoin: "manual",
  operation: null,
  detachedFrom: null,
  rpoGuard: null,
  evidenceSlots: null,
};

function globalFacts(
  snapshot: SystemSnapshot,
  addressOf: AddressOfInstance,
): Omit<ApiDatabase, "members"> {
  const { record, system, losses, operation } = snapshot;
  const writer = writerOf(snapshot);
  const secondaries = membersOf(snapshot).filter((region) => region !== record.primary);
  return {
    kind: "global",
    epoch: record.epoch,
    primary: record.primary,
    writer: writerView(snapshot, addressOf),
    ...writerFacts(snapshot, writer && currentReport(writer)),
    estimatedLoss: Object.fromEntries(
      secondaries.map((region) => [region, lossView(losses.get(region))]),
    ),
    candidates: [...record.candidates],
    failover: system.failover,
    rejoin: system.rejoin,
    operation: operation ? operationView(operation) : null,
    // The instances of a detached Region keep the name of the database that they were a part of.
    detachedFrom: record.detachedFrom === undefined ? null : system.database,
  };
}

export function writerOf({ instances }: SystemSnapshot): InstanceSnapshot | undefined {
  return instances.find(({ isWriter }) => isWriter);
}

function writerView(snapshot: SystemSnapshot, addressOf: AddressOfInstance): ApiDatabase["writer"] {
  const writer = writerOf(snapshot);
  if (!writer) return null;
  const { host, port } = addressOf(writer.id);
  return {
    region: writer.id.region,
    address: host,
    port,
    state: stateOf(writer),
    since: formatInstant(snapshot.record.sinceWallMs),
  };
}

function memberView(
  snapshot: SystemSnapshot,
  region: RegionId,
  addressOf: AddressOfInstance,
): ApiMember {
  const instances = snapshot.instances.filter(({ id }) => id.region === region);
  const [first] = instances;
  assert(first !== undefined, "a member has at least one instance");
  const isPrimary = region === snapshot.record.primary;
  const { lag, ageMs } = isPrimary ? ownLag : lagOf(snapshot, region);
  return {
    role: isPrimary ? "primary" : "secondary",
    state: stateOf(first),
    lagBytes: lag?.lagBytes ?? null,
    lagMs: rounded(lag?.lagMs),
    rpoLagMs: rounded(lag?.rpoLagMs),
    lagAgeMs: rounded(ageMs),
    instances: instances.map((instance) => instanceView(instance, addressOf)),
  };
}

/** The writer never lags behind itself. */
const ownLag = { lag: { lagBytes: 0, lagMs: 0, rpoLagMs: 0 }, ageMs: 0 };

/** The lag of a secondary Region, as its writer measured it last. */
export function lagOf(
  snapshot: SystemSnapshot,
  region: RegionId,
): { readonly lag: MeasuredLag | undefined; readonly ageMs: number | undefined } {
  const writer = writerOf(snapshot);
  const lag = writer?.report?.lags.find((one) => one.region === region && one.number === 1);
  return { lag, ageMs: lag && writer?.reportAgeMs };
}

function instanceView(instance: InstanceSnapshot, addressOf: AddressOfInstance): ApiInstance {
  const { report, id } = instance;
  const { host, port } = addressOf(id);
  const state = report?.state;
  return {
    number: id.number,
    address: host,
    port,
    role: instance.isWriter ? "primary" : "secondary",
    state: stateOf(instance),
    because: state && "because" in state ? state.because : null,
    systemId: report?.systemId ?? null,
    ...positionView(report?.position),
    diskFreeBytes: report?.diskFreeBytes ?? null,
    progress: state?.kind === "cloning" ? progressView(state) : null,
  };
}

function positionView(
  position: Position | undefined,
): Pick<ApiInstance, "timeline" | "flushedLsn" | "replayedLsn"> {
  if (!position) return { timeline: null, flushedLsn: null, replayedLsn: null };
  const { timeline, flushedLsn, replayedLsn } = position;
  return { timeline, flushedLsn: formatLsn(flushedLsn), replayedLsn: formatLsn(replayedLsn) };
}

function progressView(state: InstanceState & { kind: "cloning" }): ApiInstance["progress"] {
  const { receivedBytes, totalBytes, bytesPerSecond } = state;
  const isKnown = totalBytes !== undefined && bytesPerSecond > 0;
  const leftMs = isKnown ? (Math.max(0, totalBytes - receivedBytes) * 1000) / bytesPerSecond : null;
  return {
    receivedBytes,
    totalBytes: totalBytes ?? null,
    bytesPerSecond,
    leftMs: leftMs === null ? null : Math.round(leftMs),
  };
}

/** `unknown` when its agent has been silent for too long. */
export function stateOf(instance: InstanceSnapshot): ApiInstance["state"] {
  return currentReport(instance)?.state.kind ?? "unknown";
}

/** Undefined when its agent has been silent for too long. */
export function currentReport({
  report,
  reportAgeMs,
}: InstanceSnapshot): InstanceReport | undefined {
  return reportAgeMs !== undefined && reportAgeMs <= reportMaxAgeMs ? report : undefined;
}

export function linkView(
  link: LinkSettings,
  isIsolated: boolean,
  traffic: readonly LinkTraffic[],
): ApiLink {
  const [one, other] = link.ends;
  const ways = linkDirections(link).map(({ from, to, conditions }) => {
    const carried = traffic.find((seen) => seen.from === from && seen.to === to);
    return {
      from,
      to,
      delayMs: conditions.delayMs,
      jitterMs: conditions.jitterMs,
      bandwidth: formatBandwidth(termsFrom(link, from).bandwidth),
      isUp: conditions.isUp && !isIsolated,
      openFlows: carried?.openFlows ?? 0,
      deliveredBytes: carried ? carried.deliveredBytes.control + carried.deliveredBytes.data : 0,
      queuedBytes: carried?.queuedBytes ?? 0,
    };
  });
  const [there, back] = ways;
  assert(there !== undefined && back !== undefined, "a link has two directions");
  const upWays = [there.isUp, back.isUp].filter(Boolean).length;
  return {
    between: [one, other],
    rttMs: there.delayMs + back.delayMs,
    state: upWays === 2 ? "up" : upWays === 1 ? "one-way" : "down",
    isIsolated,
    directions: [there, back],
  };
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value);
}
