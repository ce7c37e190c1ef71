/** A world made of one status and a list of events, for tests of what stands before a world. */
import type {
  ApiEvent,
  ApiEventPage,
  ApiEventQuery,
  ApiInstance,
  ApiLink,
  ApiLinkChange,
  ApiRegionAction,
  ApiRegionActionResult,
  ApiStatus,
  World,
} from "../src/api/api.ts";
import type {
  ApiEstimatedLoss,
  ApiOperation,
  ApiOperationList,
  ApiOperationListQuery,
  ApiOperationPreview,
  ApiOperationRequest,
  ApiSnapshot,
  ApiWatchedOperation,
} from "../src/api/operations-api.ts";
import { Failure } from "../src/model/failure.ts";
import { Pulse } from "../src/std/pulse.ts";
import { FakeTraffic } from "./fake-traffic.ts";

export class FakeWorld extends FakeTraffic implements World {
  statusNow: ApiStatus = exampleStatus();
  readonly archived: ApiEvent[] = [];
  readonly actions: string[] = [];
  readonly changes: { readonly between: string; readonly change: ApiLinkChange }[] = [];
  /** Called before an action answers: what the action does to the world. */
  onAction: (region: string, action: ApiRegionAction) => void = () => undefined;
  /** The newest first. */
  operationsNow: readonly ApiOperation[] = [];
  readonly begun: { readonly database: string; readonly request: ApiOperationRequest }[] = [];
  /** What an operation becomes each time that somebody waits for its next change. */
  onWait: (operation: ApiOperation) => ApiOperation = (one) => ({
    ...one,
    phase: "ended",
    outcome: "completed",
    because: "every step is done",
  });
  onBegin: (database: string, request: ApiOperationRequest) => void = () => undefined;
  onPreview: (preview: ApiOperationPreview) => ApiOperationPreview = (preview) => preview;
  snapshotsNow: readonly ApiSnapshot[] = [];
  followers = 0;
  #change = 0;
  readonly #pulse = new Pulse();

  /** As it was made. */
  reset(): void {
    this.resetTraffic();
    this.statusNow = exampleStatus();
    this.archived.length = 0;
    this.actions.length = 0;
    this.changes.length = 0;
    this.onAction = () => undefined;
    Object.assign(this, pristine());
    this.begun.length = 0;
  }

  happen(message: string, region: string | null = null): ApiEvent {
    const id = this.archived.length + 1;
    const event: ApiEvent = {
      id,
      at: "2026-01-02T03:04:05.678Z",
      kind: "region.started",
      message,
      region,
      database: null,
      details: {},
    };
    this.archived.push(event);
    this.#pulse.beat();
    return event;
  }

  status(): ApiStatus {
    return this.statusNow;
  }

  async events(query: ApiEventQuery, _signal: AbortSignal): Promise<ApiEventPage> {
    const { after, limit, region } = query;
    const all = this.archived.filter((event) => region === undefined || event.region === region);
    const events =
      after === undefined ? all.slice(-limit) : all.filter(({ id }) => id > after).slice(0, limit);
    return { events, next: events.at(-1)?.id ?? after ?? 0 };
  }

  async *followEvents(signal: AbortSignal): AsyncGenerator<ApiEvent> {
    this.followers += 1;
    try {
      let seen = this.archived.length;
      while (!signal.aborted) {
        for (const event of this.archived.slice(seen)) yield event;
        seen = this.archived.length;
        await this.#pulse.next(signal);
      }
    } finally {
      this.followers -= 1;
    }
  }

  async actOnRegion(
    region: string,
    action: ApiRegionAction,
    _signal: AbortSignal,
  ): Promise<ApiRegionActionResult> {
    if (!Object.hasOwn(this.statusNow.regions, region)) {
      throw new Failure("region.unknown", `There is no Region "${region}"`);
    }
    this.actions.push(`${action} ${region}`);
    this.onAction(region, action);
    return { region, action, tookMs: 12 };
  }

  links(): readonly ApiLink[] {
    return this.statusNow.links;
  }

  async changeLink(
    a: string,
    b: string,
    change: ApiLinkChange,
    _signal: AbortSignal,
  ): Promise<ApiLink> {
    const found = this.statusNow.links.find(
      ({ between }) => between.includes(a) && between.includes(b),
    );
    if (!found) throw new Failure("link.unknown", `There is no link between ${a} and ${b}`);
    this.changes.push({ between: `${a} ${b}`, change });
    return { ...found, rttMs: change.rttMs ?? found.rttMs };
  }

  async beginOperation(
    database: string,
    request: ApiOperationRequest,
    _signal: AbortSignal,
  ): Promise<ApiOperation> {
    this.begun.push({ database, request });
    this.onBegin(database, request);
    const { kind, to } = request;
    const operation = exampleOperation({ id: `${kind}-${database}-2`, kind, database, to });
    this.operationsNow = [operation, ...this.operationsNow];
    return operation;
  }

  previewOperation(database: string, request: ApiOperationRequest): ApiOperationPreview {
    const { kind, to } = request;
    return this.onPreview({
      database,
      kind,
      from: "us-east-1",
      to,
      epoch: 1,
      isPossible: true,
      checks: [{ name: "the target streams", isPassed: true, because: "" }],
      estimatedLoss: kind === "failover" ? exampleLoss : null,
      fence: kind === "failover" ? "us-east-1 answers, and is told to stop" : null,
      steps: ["hand-over", "claim", "promote"],
    });
  }

  async operations(
    { database, limit, after }: ApiOperationListQuery,
    signal: AbortSignal,
  ): Promise<ApiOperationList> {
    if (after === this.#change) await this.#pulse.next(signal);
    const operations = this.operationsNow.filter(
      (one) => database === undefined || one.database === database,
    );
    return { operations: operations.slice(0, limit), change: this.#change };
  }

  async operation(
    id: string,
    after: number | undefined,
    _signal: AbortSignal,
  ): Promise<ApiWatchedOperation> {
    const found = this.#operation(id);
    if (after === undefined) return { ...found, change: this.#change };
    return { ...this.change(this.onWait(found)), change: this.#change };
  }

  async cancelOperation(id: string, _signal: AbortSignal): Promise<ApiOperation> {
    return this.change({ ...this.#operation(id), isCancelled: true });
  }

  /** The operation is another one from now on. */
  change(operation: ApiOperation): ApiOperation {
    this.#change += 1;
    this.operationsNow = this.operationsNow.map((one) =>
      one.id === operation.id ? operation : one,
    );
    this.#pulse.beat();
    return operation;
  }

  #operation(id: string): ApiOperation {
    const found = this.operationsNow.find((one) => one.id === id);
    if (!found) throw new Failure("operation.unknown", `There is no operation ${id}`);
    return found;
  }

  snapshots(): readonly ApiSnapshot[] {
    return this.snapshotsNow;
  }

  async removeSnapshot(region: string, name: string, _signal: AbortSignal): Promise<void> {
    this.snapshotsNow = this.snapshotsNow.filter(
      (one) => one.region !== region || one.name !== name,
    );
  }

  async metrics(): Promise<string> {
    return "# TYPE leeward_up gauge\nleeward_up 1\n";
  }
}

function pristine(): Pick<
  FakeWorld,
  "operationsNow" | "onWait" | "onBegin" | "onPreview" | "snapshotsNow"
> {
  const { operationsNow, onWait, onBegin, onPreview, snapshotsNow } = new FakeWorld();
  return { operationsNow, onWait, onBegin, onPreview, snapshotsNow };
}

export const exampleLoss: ApiEstimatedLoss = {
  transactions: 3,
  bytes: 1_229,
  ms: 40,
  isExact: true,
  sampleAgeMs: 300,
};

/** A switchover of `orders` that has just begun. */
export function exampleOperation(changes: Partial<ApiOperation> = {}): ApiOperation {
  const startedAt = "2026-01-02T03:04:05.678Z";
  return {
    id: "switchover-orders-2",
    kind: "switchover",
    database: "orders",
    from: "us-east-1",
    to: "us-west-2",
    requestedBy: "person",
    epoch: 1,
    startedAt,
    phase: "before-claim",
    step: "catch-up",
    steps: [{ name: "catch-up", startedAt, ms: null, because: "" }],
    outcome: "running",
    because: "us-west-2 is 4096 bytes behind",
    isCancelled: false,
    overrideFence: null,
    pins: "refuse",
    estimatedLoss: null,
    writePauseMs: null,
    forkLsn: null,
    ...changes,
  };
}

export function exampleSnapshot(changes: Partial<ApiSnapshot> = {}): ApiSnapshot {
  return {
    name: "unplanned-global-failover-orders-us-east-1-20260102T030405Z",
    database: "orders",
    region: "us-east-1",
    number: 1,
    at: "2026-01-02T03:04:05.678Z",
    bytes: 41_943_040,
    path: "/state/regions/us-east-1/evidence/unplanned",
    systemId: "7300000000000000001",
    timeline: 1,
    forkLsn: "0/3000148",
    epoch: 2,
    because: "its history was left at 0/3000148",
    reportAgeMs: 200,
    ...changes,
  };
}

export function exampleInstance(changes: Partial<ApiInstance> = {}): ApiInstance {
  return {
    number: 1,
    address: "127.0.1.11",
    port: 5432,
    role: "primary",
    state: "serving",
    because: null,
    systemId: "7300000000000000001",
    timeline: 1,
    flushedLsn: "0/3000148",
    replayedLsn: "0/3000148",
    diskFreeBytes: 53_687_091_200,
    progress: null,
    ...changes,
  };
}

export function exampleLink(a: string, b: string): ApiLink {
  const direction = {
    delayMs: 30,
    jitterMs: 0,
    bandwidth: "unlimited",
    isUp: true,
    openFlows: 2,
    deliveredBytes: 1024,
    queuedBytes: 0,
  };
  return {
    between: [a, b],
    rttMs: 60,
    state: "up",
    isIsolated: false,
    directions: [
      { from: a, to: b, ...direction },
      { from: b, to: a, ...direction },
    ],
  };
}

/** Two Regions, one database, everything serves. */
export function exampleStatus(): ApiStatus {
  const region = (index: number): ApiStatus["regions"][string] => ({
    state: "serving",
    because: null,
    address: `127.0.${index}.0/24`,
    agent: { address: `127.0.${index}.2`, port: 7402 },
    gateway: {
      address: `127.0.${index}.1`,
      port: 6432,
      state: "serving",
      tls: "offered",
      names: {
        orders: { database: "orders", mode: "forward", user: "app" },
        "orders-ro": { database: "orders", mode: "local", user: "app" },
        "orders-rw": { database: "orders", mode: "writer", user: "app" },
      },
    },
    isIsolated: false,
    reportAgeMs: 200,
  });
  return {
    name: "retail-store",
    world: 0,
    version: "0.1.0",
    startedAt: "2026-01-02T03:04:00.000Z",
    isReady: true,
    entry: null,
    services: {},
    controller: { term: 1, api: "http://127.0.0.1:7400" },
    regions: { "us-east-1": region(1), "us-west-2": region(2) },
    databases: {
      orders: {
        kind: "global",
        epoch: 1,
        primary: "us-east-1",
        writer: {
          region: "us-east-1",
          address: "127.0.1.11",
          port: 5432,
          state: "serving",
          since: "2026-01-02T03:04:02.000Z",
        },
        members: {
          "us-east-1": {
            role: "primary",
            state: "serving",
            lagBytes: null,
            lagMs: null,
            rpoLagMs: null,
            lagAgeMs: null,
            instances: [exampleInstance()],
          },
          "us-west-2": {
            role: "secondary",
            state: "serving",
            lagBytes: 0,
            lagMs: 0,
            rpoLagMs: 0,
            lagAgeMs: 300,
            instances: [exampleInstance({ role: "secondary", address: "127.0.2.11" })],
          },
        },
        lease: { state: "held", leftMs: 3_500, from: "controller" },
        fence: { state: "none", because: null },
        estimatedLoss: { "us-west-2": { ...exampleLoss } },
        candidates: ["us-west-2"],
        failover: "manual",
        rejoin: "automatic",
        operation: null,
        detachedFrom: null,
        rpoGuard: { state: "off", limitMs: 0, because: null },
        evidenceSlots: { slots: 1, retainedBytes: 16_384, isIntact: true, isPinned: false },
      },
    },
    links: [
      exampleLink("us-east-1", "us-west-2"),
      exampleLink("controller", "us-east-1"),
      exampleLink("controller", "us-west-2"),
    ],
  };
}

/** Remembers what was logged, for tests that look at it. */
export class MemoryLog {
  readonly lines: string[] = [];
  #note(level: string, event: string, fields: unknown): void {
    this.lines.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`);
  }
  debug(event: string, fields?: unknown): void {
    this.#note("debug", event, fields);
  }
  info(event: string, fields?: unknown): void {
    this.#note("info", event, fields);
  }
  warn(event: string, fields?: unknown): void {
    this.#note("warn", event, fields);
  }
  error(event: string, fields?: unknown): void {
    this.#note("error", event, fields);
  }
  child(): this {
    return this;
  }
}
