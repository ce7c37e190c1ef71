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
import { Failure } from "../src/model/failure.ts";
import { Pulse } from "../src/std/pulse.ts";

export class FakeWorld implements World {
  statusNow: ApiStatus = exampleStatus();
  readonly archived: ApiEvent[] = [];
  readonly actions: string[] = [];
  readonly changes: { readonly between: string; readonly change: ApiLinkChange }[] = [];
  /** Called before an action answers: what the action does to the world. */
  onAction: (region: string, action: ApiRegionAction) => void = () => undefined;
  followers = 0;
  readonly #pulse = new Pulse();

  /** As it was made. */
  reset(): void {
    this.statusNow = exampleStatus();
    this.archived.length = 0;
    this.actions.length = 0;
    this.changes.length = 0;
    this.onAction = () => undefined;
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

  async metrics(): Promise<string> {
    return "# TYPE leeward_up gauge\nleeward_up 1\n";
  }
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
    isIsolated: false,
    reportAgeMs: 200,
  });
  return {
    name: "retail-store",
    world: 0,
    version: "0.1.0",
    startedAt: "2026-01-02T03:04:00.000Z",
    isReady: true,
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
