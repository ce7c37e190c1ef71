/**
 * Who may acknowledge writes, and where every acknowledged write is: the rules I1 to I6 as they look from outside.
 * It reads the store's disk as it is written, and hears of every acknowledgement at its true time.
 */
import { operationPrefix, parseOperation } from "../src/database/operation-record.ts";
import { parseRecord, systemPrefix, type SystemRecord } from "../src/database/records.ts";
import type { Operation } from "../src/model/operation.ts";
import { formatInstance, type RegionId } from "../src/model/region.ts";
import type { Entry, WatchBatch } from "../src/store/store.ts";
import type { Violate } from "./checkers.ts";
import type { SimClock } from "./clock.ts";
import { commitsBeyond, holds, type SimCommit } from "./history.ts";
import {
  pointOf,
  type SimData,
  type SimEvidence,
  type SimFinishedData,
  type SimHost,
} from "./host.ts";
import type { LeaseBounds } from "./lease-bounds.ts";

export type TruthTerms = {
  readonly clock: SimClock;
  readonly violate: Violate;
  readonly bounds: LeaseBounds;
  /** An ack may come so long after the lease is over: the time until the last backend is gone. */
  readonly marginMs: number;
  readonly hosts: () => readonly SimHost[];
};

/** A server that is thawed together with its guard may answer a client before the guard kills it. */
const thawMs = 100;

type Known = {
  record: SystemRecord;
  /** The last acknowledged commit that is not given up. */
  last: SimCommit | undefined;
  readonly acks: SimCommit[];
  lastAckMs: number;
  /** Promotions, by the claim that allowed them. */
  readonly promotions: Set<string>;
};

/** A detached Region's system that ended, and what that Region held then: until it is gone, nobody may have told it. */
type Past = Known & { readonly data: SimData };

export class Truth {
  /** Acks that broke a rule, by a thawed Region before its guard could run: the one exception. */
  thawedAcks = 0;
  acks = 0;
  /** Operations that ended, by kind and outcome. */
  readonly ended = new Map<string, number>();
  readonly #terms: TruthTerms;
  readonly #systems = new Map<string, Known>();
  /** Of systems that are gone: a detached Region that rejoined, or was removed. */
  readonly #past: Past[] = [];
  readonly #operations = new Map<string, Operation>();
  readonly #claimed = new Map<string, number>();
  readonly #thawedAtMs = new Map<string, number>();
  /** When a disk fault last took the data of a host. */
  readonly #bereftAtMs = new Map<SimHost, number>();

  constructor(terms: TruthTerms) {
    this.#terms = terms;
  }

  /** The store's disk has taken this. */
  readonly written = (changes: WatchBatch["changes"]): void => {
    const operations = changes.filter(({ key }) => key.startsWith(operationPrefix));
    for (const change of operations) if (change.entry) this.#journalled(change.entry);
    for (const change of changes) {
      if (!change.key.startsWith(systemPrefix)) continue;
      if (change.entry) this.#recorded(change.key, parseRecord(change.entry, undefined));
      else this.#forget(change.key);
    }
    this.#checkOneOperation();
  };

  readonly acknowledged = (host: SimHost, commit: SimCommit): void => {
    this.acks += 1;
    const ended = this.#endedOf(host);
    if (ended) return void ended.acks.push(commit);
    const known = this.#knownOf(host);
    if (!known) return;
    known.acks.push(commit);
    const { record } = known;
    const nowMs = this.#terms.clock.monotonicMs();
    const broken = this.#brokenBy(host, record, nowMs);
    if (broken !== undefined && this.#isThawing(host.id.region, nowMs)) {
      this.thawedAcks += 1;
      return;
    }
    known.lastAckMs = nowMs;
    if (broken !== undefined) this.#terms.violate(broken);
    if (isFirst(host, record.primary)) this.#goOn(known, commit);
  };

  /** The rule that an acknowledgement of this host breaks now. */
  #brokenBy(host: SimHost, record: SystemRecord, nowMs: number): string | undefined {
    const name = formatInstance(host.id);
    const { region, database } = host.id;
    if (!isFirst(host, record.primary))
      return `${name} acknowledged a write in epoch ${record.epoch} of ${record.primary} (I1)`;
    const lateMs = nowMs - this.#terms.bounds.untilMs(region, database, record.epoch);
    if (lateMs <= this.#terms.marginMs) return undefined;
    return `${name} acknowledged a write ${Math.round(lateMs)} ms after its lease (I2)`;
  }

  #isThawing(region: RegionId, nowMs: number): boolean {
    return nowMs - (this.#thawedAtMs.get(region) ?? -Infinity) <= thawMs;
  }

  /** A writer that stopped for a switchover stays down, although the lease that it had is not over. */
  startedAsPrimary(host: SimHost): void {
    const known = this.#endedOf(host) ?? this.#knownOf(host);
    if (!known || known.record.primary === host.id.region) return;
    const { epoch, primary } = known.record;
    this.#terms.violate(
      `${formatInstance(host.id)} was started as primary in epoch ${epoch} of ${primary} (I1)`,
    );
  }

  readonly promoted = (host: SimHost): void => {
    // A Region that was told to rejoin while it was promoted, for the system that it no longer has.
    const known = this.#endedOf(host) ?? this.#knownOf(host);
    if (!known) return;
    const { record, promotions } = known;
    const name = formatInstance(host.id);
    if (record.primary !== host.id.region)
      this.#terms.violate(
        `${name} was promoted in epoch ${record.epoch} of ${record.primary} (I1)`,
      );
    const claim = `${record.epoch}/${record.operation}`;
    if (promotions.has(claim)) this.#terms.violate(`${name} was promoted twice by ${claim} (I6)`);
    promotions.add(claim);
  };

  readonly removed = (host: SimHost, data: SimFinishedData): void => {
    const name = formatInstance(host.id);
    if (!data.isStandby) this.#terms.violate(`the data of the writer ${name} were removed (A8)`);
    const known = this.#knownOf(host) ?? this.#mainOf(host);
    const truth = known && this.#hostOf(known.record, host)?.data;
    if (truth?.kind !== "present" || truth === data) return;
    const only = commitsBeyond(pointOf(data), pointOf(truth)).filter(
      (commit) => !this.isInEvidence(commit),
    );
    if (only.length > 0)
      this.#terms.violate(`${only.length} commits were removed with the data of ${name} (I5)`);
  };

  readonly evidenceLost = (host: SimHost, { note }: SimEvidence): void => {
    this.#terms.violate(`the evidence ${note.name} of ${formatInstance(host.id)} was lost (I5)`);
  };

  thawed(region: string): void {
    this.#thawedAtMs.set(region, this.#terms.clock.monotonicMs());
  }

  /** A disk fault takes the data of a host; what only it had is nobody's fault. */
  bereave(host: SimHost): void {
    this.#bereftAtMs.set(host, this.#terms.clock.monotonicMs());
  }

  isBereft(host: SimHost): boolean {
    return this.#bereftAtMs.has(host);
  }

  record(key: string): SystemRecord | undefined {
    return this.#systems.get(key)?.record;
  }

  /** Its Region is no part of the system any more, or was told to rejoin, and may not have heard it. */
  hasLeft(host: SimHost): boolean {
    const isMember = this.recordOf(host)?.members.includes(host.id.region) === true;
    return !isMember || this.#endedOf(host) !== undefined;
  }

  /** The record that a host's instance belongs to now. */
  recordOf(host: SimHost): SystemRecord | undefined {
    return this.#knownOf(host)?.record;
  }

  runningOperations(): readonly Operation[] {
    return [...this.#operations.values()].filter(({ outcome }) => outcome === "running");
  }

  operation(id: string): Operation | undefined {
    return this.#operations.get(id);
  }

  acksOf(key: string): readonly SimCommit[] {
    return this.#systems.get(key)?.acks ?? [];
  }

  /** Acknowledged commits that the present primary does not have. */
  missing(key: string): readonly SimCommit[] {
    const known = this.#systems.get(key);
    const [first] = known?.acks ?? [];
    if (!known || !first) return [];
    const primary = this.#hostOf(known.record, first.host)?.data;
    if (primary?.kind !== "present") return known.acks;
    return known.acks.filter((commit) => !holds(pointOf(primary), commit));
  }

  isInEvidence(commit: SimCommit): boolean {
    return this.#terms
      .hosts()
      .flatMap(({ evidence }) => [...evidence.values()])
      .some(({ data }) => holds(pointOf(data), commit));
  }

  lastAckMs(key: string): number {
    return this.#systems.get(key)?.lastAckMs ?? -Infinity;
  }

  /** Asked after a long time without faults. */
  checkEnd(isDoomed: (system: string) => boolean): void {
    for (const { id, system, step, because } of this.runningOperations())
      if (!isDoomed(system)) this.#terms.violate(`${id} does not end: ${step}, ${because} (I6)`);
    for (const known of [...this.#systems.values(), ...this.#past]) this.#checkLost(known);
  }

  /** I4: what the primary does not have is in the evidence, or where its host's disk still has it. */
  #checkLost({ record, acks }: Known): void {
    const [first] = acks;
    if (!first) return;
    const hosts = this.#terms.hosts().filter(({ id }) => id.database === first.host.id.database);
    // Whoever lost its data may have been the only one who had it.
    const lastBereftMs = Math.max(...hosts.map((host) => this.#bereftAtMs.get(host) ?? -Infinity));
    const places = hosts.flatMap((host) => [
      ...(host.data.kind === "present" ? [host.data] : []),
      ...[...host.evidence.values()].map(({ data }) => data),
    ]);
    const primary = this.#hostOf(record, first.host)?.data;
    for (const commit of acks) {
      if (primary?.kind === "present" && holds(pointOf(primary), commit)) continue;
      if (lastBereftMs > commit.atMs) continue;
      if (places.some((data) => holds(pointOf(data), commit))) continue;
      const where = `${formatInstance(commit.host.id)} at ${Math.round(commit.atMs)} ms`;
      this.#terms.violate(`commit ${commit.id}, acknowledged by ${where}, is nowhere (I4)`);
      return;
    }
  }

  /** Each acknowledged commit has all before it, but those that a failover gave up. */
  #goOn(known: Known, commit: SimCommit): void {
    const { last } = known;
    // Those that wait for a standby are acknowledged in any order.
    if (last?.branch === commit.branch) {
      if (commit.lsn > last.lsn) known.last = commit;
      return;
    }
    if (last && !holds({ branch: commit.branch, lsn: commit.lsn }, last))
      this.#terms.violate(
        `${formatInstance(commit.host.id)} acknowledged commit ${commit.id} without the commit ${last.id} before it (I1)`,
      );
    known.last = commit;
  }

  #journalled(entry: Entry): void {
    const after = parseOperation(entry);
    const before = this.#operations.get(after.id);
    this.#operations.set(after.id, after);
    if (before?.phase === "claimed" && after.phase === "before-claim")
      this.#terms.violate(`${after.id} was claimed, and is before its claim again (I6)`);
    if (before !== undefined && before.outcome !== "running" && after.outcome !== before.outcome)
      this.#terms.violate(
        `${after.id} ended as ${before.outcome} and then as ${after.outcome} (I6)`,
      );
    if (after.outcome !== "running" && after.outcome !== before?.outcome)
      this.#operationEnded(after);
  }

  #operationEnded({ id, kind, outcome }: Operation): void {
    const ending = `${kind} ${outcome}`;
    this.ended.set(ending, (this.ended.get(ending) ?? 0) + 1);
    if (outcome === "rolled-back" && this.#claimed.has(id))
      this.#terms.violate(`${id} was rolled back after its claim (I3)`);
  }

  #recorded(key: string, record: SystemRecord): void {
    const known = this.#systems.get(key);
    if (!known) {
      const blank = {
        last: undefined,
        acks: [],
        lastAckMs: -Infinity,
        promotions: new Set<string>(),
      };
      this.#systems.set(key, { record, ...blank });
      return;
    }
    const { record: before } = known;
    known.record = record;
    if (record.version < before.version || record.epoch < before.epoch)
      this.#terms.violate(`${key} went back to version ${record.version} (D2)`);
    if (record.epoch !== before.epoch) this.#claim(key, known, before);
  }

  #claim(key: string, known: Known, before: SystemRecord): void {
    const { record } = known;
    const operation = record.operation && this.#operations.get(record.operation);
    if (record.epoch !== before.epoch + 1 || !operation)
      return this.#terms.violate(`${key} went from epoch ${before.epoch} to ${record.epoch}`);
    const earlier = this.#claimed.get(operation.id);
    if (earlier !== undefined)
      this.#terms.violate(`${operation.id} claimed epoch ${earlier} and ${record.epoch} (I6)`);
    this.#claimed.set(operation.id, record.epoch);
    this.#checkTarget(known, operation);
  }

  /** After a switchover's claim nothing may be missing; after a failover's, what is missing is given up. */
  #checkTarget(known: Known, { id, kind }: Operation): void {
    const { last } = known;
    if (!last) return;
    const target = this.#hostOf(known.record, last.host)?.data;
    if (target?.kind === "present" && holds(pointOf(target), last)) return;
    if (kind === "switchover")
      this.#terms.violate(`${id} claims, and lacks the commit ${last.id} (I3)`);
    known.last = undefined;
  }

  #forget(key: string): void {
    const known = this.#systems.get(key);
    this.#systems.delete(key);
    if (!known) return;
    const { primary, detachedFrom } = known.record;
    const host = this.#terms
      .hosts()
      .find((one) => isFirst(one, primary) && `${systemPrefix}${one.id.database}` === detachedFrom);
    if (host) this.#past.push({ ...known, data: host.data });
  }

  #checkOneOperation(): void {
    const bySystem = new Map<string, Operation>();
    for (const operation of this.runningOperations()) {
      const other = bySystem.get(operation.system);
      if (other) this.#terms.violate(`${other.id} and ${operation.id} run at once (I6)`);
      bySystem.set(operation.system, operation);
    }
  }

  /** The key of the system that a host's instance belongs to: a detached Region is one of its own, at its place. */
  keyOf({ id }: SimHost): string {
    const main = `${systemPrefix}${id.database}`;
    const own = `${main}@${id.region}`;
    return this.#systems.has(own) ? own : main;
  }

  #knownOf(host: SimHost): Known | undefined {
    return this.#systems.get(this.keyOf(host));
  }

  /** A detached Region that was told to rejoin, and has not heard it: what it writes is of the system that ended. */
  #endedOf(host: SimHost): Known | undefined {
    if (this.#knownOf(host)?.record.primary === host.id.region) return undefined;
    const first = this.#terms
      .hosts()
      .find((one) => isFirst(one, host.id.region) && one.id.database === host.id.database);
    return this.#past.find(({ data }) => data === first?.data);
  }

  #mainOf({ id }: SimHost): Known | undefined {
    return this.#systems.get(`${systemPrefix}${id.database}`);
  }

  #hostOf({ primary }: SystemRecord, sibling: SimHost): SimHost | undefined {
    return this.#terms
      .hosts()
      .find((host) => isFirst(host, primary) && host.id.database === sibling.id.database);
  }
}

function isFirst({ id }: SimHost, region: RegionId): boolean {
  return id.region === region && id.number === 1;
}
