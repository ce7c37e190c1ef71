/** The world behind the API: puts together what the databases, the links and the machines say. */
import type {
  ApiEvent,
  ApiEventPage,
  ApiEventQuery,
  ApiLink,
  ApiLinkChange,
  ApiRegionAction,
  ApiRegionActionResult,
  ApiStatus,
  World,
} from "../api/api.ts";
import type {
  ApiOperation,
  ApiOperationList,
  ApiOperationListQuery,
  ApiOperationPreview,
  ApiOperationRequest,
  ApiSnapshot,
  ApiWatchedOperation,
} from "../api/operations-api.ts";
import type { Archive } from "../archive/archive.ts";
import type { Clock, Log } from "../env/env.ts";
import { formatAddress, type Address } from "../model/address.ts";
import { parseBandwidth } from "../model/bandwidth.ts";
import type { DatabaseController } from "../database/controller.ts";
import type { SystemSnapshot } from "../database/system-snapshot.ts";
import type { ArchivedEvent, NewEvent } from "../model/event.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { LinkChange, LinkScope, LinkSettings } from "../model/link-settings.ts";
import type { OperationRequest } from "../model/operation.ts";
import type { PowerState } from "../model/power.ts";
import {
  formatInstance,
  type ControllerTerm,
  type DatabaseId,
  type InstanceId,
  type OperationId,
  type RegionId,
} from "../model/region.ts";
import { assert } from "../std/assert.ts";
import { formatInstant } from "../std/instant.ts";
import { nearest } from "../std/nearest.ts";
import type { ControllerSettings } from "../wire/program-settings.ts";
import type { LinkBoard } from "./link-board.ts";
import type { Machines } from "./machines.ts";
import { gatewayView } from "./gateway-view.ts";
import { metricsRegistry } from "./metrics.ts";
import { operationView, previewView, snapshotView } from "./operation-view.ts";
import { LocalTraffic } from "./local-traffic.ts";
import type { TrafficControl } from "./traffic-control.ts";
import { servicesAreReady } from "./traffic-views.ts";
import { databaseView, linkView, regionView } from "./status-view.ts";
import { linkChangeEvent, regionActionEvent, regionLostEvent } from "./world-events.ts";

export type WorldParts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly archive: Archive;
  readonly databases: DatabaseController;
  readonly links: LinkBoard;
  readonly machines: Machines;
  readonly traffic: TrafficControl;
  readonly term: ControllerTerm;
};

/** 10 s: a client that waits for a change asks again then, and so notices a controller that hangs. */
const changeWaitMs = 10_000;

type RegionSettings = ControllerSettings["regions"][number];

export class LocalWorld extends LocalTraffic implements World {
  readonly #parts: WorldParts;
  readonly #settings: ControllerSettings;
  readonly #registry: { metrics(): Promise<string> };

  constructor(parts: WorldParts, settings: ControllerSettings) {
    super(parts, settings.traffic);
    this.#parts = parts;
    this.#settings = settings;
    this.#registry = metricsRegistry({
      systems: () => parts.databases.snapshots(),
      operations: () => parts.databases.operations({ database: undefined }),
      evidence: () => parts.databases.evidence(),
      regionStates: () =>
        Object.entries(this.status().regions).map(([region, { state }]) => ({ region, state })),
      directions: () => parts.links.directions(),
      traffic: () => parts.links.traffic,
      gateways: () => parts.databases.gateways(),
      term: parts.term,
    });
  }

  status(): ApiStatus {
    const { world, version, api } = this.#settings;
    const systems = this.#parts.databases.snapshots();
    const regions = Object.fromEntries(
      this.#settings.regions.map((one) => [one.region, this.#regionView(one, systems)]),
    );
    const databases = Object.fromEntries(
      [...new Set(systems.map(({ system }) => system.name))].map((name) => [
        name,
        databaseView(
          systems.filter(({ system }) => system.name === name),
          this.#addressOf,
        ),
      ]),
    );
    const running = Object.entries(regions).filter(
      ([, { state }]) => state !== "killed" && state !== "stopped",
    );
    const services = this.serviceStates(running.map(([region]) => region as RegionId));
    const { entry } = this.#settings.traffic;
    return {
      name: world.name,
      world: world.number,
      version,
      startedAt: formatInstant(world.startedWallMs),
      isReady:
        running.length > 0 &&
        running.every(([, { state }]) => state === "serving") &&
        servicesAreReady(services),
      entry: entry ? `http://${formatAddress(entry)}` : null,
      controller: { term: this.#parts.term, api: `http://${formatAddress(api)}` },
      regions,
      databases,
      services,
      links: [...this.links()],
    };
  }

  async events(query: ApiEventQuery, signal: AbortSignal): Promise<ApiEventPage> {
    const { archive } = this.#parts;
    const { after, limit, region, database } = query;
    const filter = { limit, region, database };
    const found =
      after === undefined
        ? await archive.newest(filter, signal)
        : await archive.read({ ...filter, afterId: after }, signal);
    return { events: found.map(eventView), next: found.at(-1)?.id ?? after ?? 0 };
  }

  async *followEvents(signal: AbortSignal): AsyncIterable<ApiEvent> {
    for await (const event of this.#parts.archive.follow(signal)) yield eventView(event);
  }

  async actOnRegion(
    name: string,
    action: ApiRegionAction,
    signal: AbortSignal,
  ): Promise<ApiRegionActionResult> {
    const { region } = this.#region(name);
    const { clock, links, machines } = this.#parts;
    const startedMs = clock.monotonicMs();
    if (action === "isolate" || action === "heal") {
      await links.isolate(region, action === "isolate", signal);
    } else {
      await machines.act(region, action);
    }
    const tookMs = Math.round(clock.monotonicMs() - startedMs);
    await this.append(regionActionEvent(region, action, tookMs));
    return { region, action, tookMs };
  }

  links(): readonly ApiLink[] {
    return this.#parts.links.links.map((link) => this.#linkView(link));
  }

  async changeLink(
    a: string,
    b: string,
    change: ApiLinkChange,
    signal: AbortSignal,
  ): Promise<ApiLink> {
    const link = this.#parts.links.find(a, b);
    const from = link.ends.find((end) => end === a);
    assert(from !== undefined, "a link that was found has the ends that were asked for");
    const scope: LinkScope = change.oneWay ? { kind: "one-way", from } : { kind: "both" };
    const terms = linkTerms(change);
    const changed = await this.#parts.links.change(
      link,
      { ...terms, reset: change.reset ?? false },
      scope,
      signal,
    );
    await this.append(linkChangeEvent(link, change, a, b));
    return this.#linkView(changed);
  }

  async beginOperation(
    database: string,
    request: ApiOperationRequest,
    signal: AbortSignal,
  ): Promise<ApiOperation> {
    const asked = operationRequest(database, request);
    return operationView(await this.#parts.databases.begin(asked, signal));
  }

  previewOperation(database: string, request: ApiOperationRequest): ApiOperationPreview {
    return previewView(this.#parts.databases.preview(operationRequest(database, request)));
  }

  async operations(
    { database, limit, after }: ApiOperationListQuery,
    signal: AbortSignal,
  ): Promise<ApiOperationList> {
    const change = await this.#change(after, signal);
    const filter = { database: database as DatabaseId | undefined };
    const found = this.#parts.databases.operations(filter).slice(0, limit);
    return { operations: found.map(operationView), change };
  }

  async operation(
    id: string,
    after: number | undefined,
    signal: AbortSignal,
  ): Promise<ApiWatchedOperation> {
    const { databases } = this.#parts;
    const isThere = databases.operation(id as OperationId) !== undefined;
    const change = isThere ? await this.#change(after, signal) : 0;
    const found = databases.operation(id as OperationId);
    if (found) return { ...operationView(found), change };
    const known = databases.operations({ database: undefined }).map((one) => one.id);
    const guess = nearest(id, known);
    const message = `There is no operation ${id}${guess ? `; did you mean ${guess}?` : ""}`;
    throw new Failure("operation.unknown", message);
  }

  async cancelOperation(id: string, signal: AbortSignal): Promise<ApiOperation> {
    return operationView(await this.#parts.databases.cancel(id as OperationId, signal));
  }

  snapshots(): readonly ApiSnapshot[] {
    return this.#parts.databases.evidence().map(snapshotView);
  }

  async removeSnapshot(name: string, snapshot: string, signal: AbortSignal): Promise<void> {
    const { region } = this.#region(name);
    await this.#parts.databases.removeEvidence(region, snapshot, signal);
  }

  /** The number of the newest change; with `after`, waits a while for one that is newer. */
  async #change(after: number | undefined, signal: AbortSignal): Promise<number> {
    const { databases, clock } = this.#parts;
    if (after === undefined) return databases.changed(-1, signal);
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    const bound = clock.sleep(changeWaitMs, until).then(
      () => over.abort(),
      () => undefined,
    );
    try {
      return await databases.changed(after, until);
    } finally {
      over.abort();
      await bound;
    }
  }

  metrics(): Promise<string> {
    return this.#registry.metrics();
  }

  /** A Region was switched on or off by the supervisor. */
  notePower(region: RegionId, before: PowerState | undefined, now: PowerState): void {
    const { databases, log, machines } = this.#parts;
    log.info("world.region-power-changed", { region, before: before ?? "unknown", now });
    if (now === "running") return;
    databases.forgetRegion(region);
    this.#parts.traffic.forgetRegion(region);
    void this.#dropHeld(region);
    // Nobody here asked for it: somebody killed its first process from outside.
    if (before === "running" && !machines.isBusy(region)) void this.append(regionLostEvent(region));
  }

  /** A network program that does not answer is told when it does; the Region is gone either way. */
  async #dropHeld(region: RegionId): Promise<void> {
    const never = new AbortController().signal;
    await this.#parts.links.dropHeld(region, never).catch((error: unknown) => {
      this.#parts.log.warn("world.held-bytes-stay", { region, error: describeError(error) });
    });
  }

  /** An archive that cannot write (a full disk) must not undo what was done. */
  async append(event: NewEvent): Promise<void> {
    const never = new AbortController().signal;
    await this.#parts.archive.append(event, never).catch((error: unknown) => {
      this.#parts.log.error("archive.append-failed", {
        kind: event.kind,
        error: describeError(error),
      });
    });
  }

  #regionView(
    { region, network, agent }: RegionSettings,
    systems: readonly SystemSnapshot[],
  ): ApiStatus["regions"][string] {
    return regionView({
      region,
      network,
      agent,
      gateway: gatewayView(this.#settings, region, this.#parts.databases.gatewayState(region)),
      power: this.#parts.machines.power(region),
      isIsolated: this.#parts.links.isIsolated(region),
      reportAgeMs: this.#parts.databases.reportAgeMs(region),
      instances: systems.flatMap(({ instances }) =>
        instances.filter(({ id }) => id.region === region),
      ),
    });
  }

  #linkView(link: LinkSettings): ApiLink {
    const { links } = this.#parts;
    return linkView(
      link,
      link.ends.some((end) => links.isIsolated(end)),
      links.traffic,
    );
  }

  #region(name: string): RegionSettings {
    const found = this.#settings.regions.find(({ region }) => region === name);
    if (found) return found;
    const known = this.#settings.regions.map(({ region }) => region);
    const guess = nearest(name, known);
    throw new Failure(
      "region.unknown",
      `There is no Region ${name}${guess ? `; did you mean ${guess}?` : `, only ${known.join(", ")}`}`,
    );
  }

  readonly #addressOf = (id: InstanceId): Address => {
    const placed = this.#settings.regions
      .find(({ region }) => region === id.region)
      ?.instances.find(({ database, number }) => database === id.database && number === id.number);
    assert(placed !== undefined, `${formatInstance(id)} has an address`);
    return placed.address;
  };
}

function operationRequest(database: string, request: ApiOperationRequest): OperationRequest {
  const { kind, to, allowDataLoss, expectPrimary, overrideFence, pins } = request;
  return {
    kind,
    database: database as DatabaseId,
    to: to as RegionId,
    requestedBy: "person",
    allowDataLoss,
    expectPrimary: expectPrimary as RegionId | undefined,
    overrideFence,
    pins,
  };
}

/** @throws Failure `api.invalid` */
function linkTerms(change: ApiLinkChange): LinkChange {
  const bandwidth = change.bandwidth === undefined ? undefined : parseBandwidth(change.bandwidth);
  if (change.bandwidth !== undefined && bandwidth === undefined) {
    throw new Failure(
      "api.invalid",
      `${change.bandwidth} is not a bandwidth: write \`unlimited\`, or a number with kbit, mbit or gbit of at least 8kbit`,
    );
  }
  return {
    ...(change.rttMs === undefined ? {} : { rttMs: change.rttMs }),
    ...(change.jitterMs === undefined ? {} : { jitterMs: change.jitterMs }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(change.up === undefined ? {} : { isUp: change.up }),
  };
}

function eventView(event: ArchivedEvent): ApiEvent {
  return {
    id: event.id,
    at: formatInstant(event.atMs),
    kind: event.kind,
    message: event.message,
    region: event.region ?? null,
    database: event.database ?? null,
    details: { ...event.details },
  };
}
