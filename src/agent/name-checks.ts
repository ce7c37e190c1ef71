/**
 * After a move of a database's names: whether they lead in this Region to where they should. Resolved as a client
 * would, at the Region's own DNS server, and connected to. Looked at until it is so, and now and then after that.
 */
import type { Clock } from "../env/env.ts";
import { pauseUntil } from "../env/pause-until.ts";
import { formatAddress, type Address } from "../model/address.ts";
import { describeError } from "../model/failure.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { DatabaseNames } from "../model/traffic.ts";
import { Pulse } from "../std/pulse.ts";
import { becauseCharsMax, type NameCheck } from "../wire/traffic-protocol.ts";

/** 100 ms between looks at names that do not lead there yet: a move is done when they do. */
const unverifiedLookMs = 100;
/** 30 s between looks at names that did. */
const verifiedLookMs = 30_000;

export type NameCheckDoors = {
  readonly clock: Clock;
  /** The address that a name has in this Region. @throws Failure */
  readonly resolve: (name: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Whether who answers at an address as a database's writer accepts writes. @throws Failure */
  readonly acceptsWrites: (
    address: Address,
    database: DatabaseId,
    signal: AbortSignal,
  ) => Promise<boolean>;
  readonly changed: () => void;
};

export type NameCheckSettings = {
  readonly zone: string;
  /** The Regions' gateways as they are reached from here. */
  readonly gateways: readonly { readonly region: RegionId; readonly address: Address }[];
};

export class NameChecks {
  readonly #doors: NameCheckDoors;
  readonly #settings: NameCheckSettings;
  readonly #checks = new Map<DatabaseId, { check: NameCheck; atMs: number }>();
  readonly #moved = new Pulse();
  #names: readonly DatabaseNames[] = [];

  constructor(settings: NameCheckSettings, doors: NameCheckDoors) {
    this.#settings = settings;
    this.#doors = doors;
  }

  get checks(): NameCheck[] {
    return [...this.#checks.values()].map(({ check }) => check);
  }

  follow(names: readonly DatabaseNames[]): void {
    this.#names = names;
    this.#moved.beat();
  }

  /** Looks until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#doors;
    while (!signal.aborted) {
      for (const names of this.#names) {
        if (this.#dueMs(names) <= clock.monotonicMs()) await this.#look(names, signal);
      }
      const netMs = clock.monotonicMs() + verifiedLookMs;
      const untilMs = Math.min(netMs, ...this.#names.map((names) => this.#dueMs(names)));
      await pauseUntil(clock, this.#moved, untilMs, signal);
    }
  }

  /** When it is to be looked at next, on the monotonic clock. */
  #dueMs({ database, version }: DatabaseNames): number {
    const known = this.#checks.get(database);
    if (known?.check.version !== version) return -Infinity;
    return known.atMs + (known.check.isVerified ? verifiedLookMs : unverifiedLookMs);
  }

  async #look(names: DatabaseNames, signal: AbortSignal): Promise<void> {
    const { database, version } = names;
    const found = await this.#find(names, signal).catch(notFound);
    if (signal.aborted) return;
    const { isVerified } = found;
    const because = found.because.slice(0, becauseCharsMax);
    const known = this.#checks.get(database)?.check;
    const check = { database, version, isVerified, because };
    this.#checks.set(database, { check, atMs: this.#doors.clock.monotonicMs() });
    if (known?.version !== version || known.isVerified !== isVerified) this.#doors.changed();
  }

  /** @throws Failure */
  async #find(names: DatabaseNames, signal: AbortSignal): Promise<Finding> {
    const writer = await this.#findWriter(names, signal);
    // Where nobody can be read from, the name leads nowhere that could be checked.
    if (!writer.isVerified || names.readers.length === 0) return writer;
    return (await this.#findReader(names, signal)) ?? writer;
  }

  /** Undefined: it leads to one of the readers. Which of them is the view's own affair. @throws Failure */
  async #findReader(
    { database, readers }: DatabaseNames,
    signal: AbortSignal,
  ): Promise<Finding | undefined> {
    const { zone, gateways } = this.#settings;
    const name = `${database}.reader.${zone}`;
    const found = await this.#doors.resolve(name, signal);
    const isReader = gateways.some(
      ({ region, address }) => address.host === found && readers.includes(region),
    );
    if (isReader) return undefined;
    const because = `${name} is ${found ?? "nothing"} here, which is no gateway of ${readers.join(", ")}`;
    return { isVerified: false, because };
  }

  /** @throws Failure */
  async #findWriter({ database, writer }: DatabaseNames, signal: AbortSignal): Promise<Finding> {
    const { zone, gateways } = this.#settings;
    const wanted = gateways.find(({ region }) => region === writer)?.address;
    if (writer === undefined || wanted === undefined) {
      const because = "it has a writer here, or none that this Region could reach";
      return { isVerified: true, because };
    }
    const name = `${database}.writer.${zone}`;
    const found = await this.#doors.resolve(name, signal);
    if (found !== wanted.host) {
      const because = `${name} is ${found ?? "nothing"} here, and should be ${wanted.host}`;
      return { isVerified: false, because };
    }
    const isWriter = await this.#doors.acceptsWrites(wanted, database, signal);
    return isWriter
      ? { isVerified: true, because: "it was resolved here and connected to" }
      : {
          isVerified: false,
          because: `${formatAddress(wanted)} does not accept writes to ${database}`,
        };
  }
}

type Finding = Pick<NameCheck, "isVerified" | "because">;

function notFound(error: unknown): Finding {
  return { isVerified: false, because: describeError(error) };
}
