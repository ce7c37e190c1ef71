/** The traffic and the services of a hand-made world: what a test puts there, and what it was asked to change. */
import type {
  ApiMoveRequest,
  ApiMoveResult,
  ApiPrescaleResult,
  ApiReplica,
  ApiReplicasChange,
  ApiReplicasResult,
  ApiServiceList,
} from "../src/api/services-api.ts";
import type {
  ApiControlBatch,
  ApiControlList,
  ApiControlResult,
  ApiDistribution,
  ApiNameList,
  ApiOriginChange,
  ApiRegionDials,
  ApiRegionTraffic,
  ApiTraffic,
  ApiTrafficChange,
  TrafficWorld,
} from "../src/api/traffic-api.ts";
import { Failure } from "../src/model/failure.ts";

export class FakeTraffic implements TrafficWorld {
  controlsNow: ApiControlList = exampleControls();
  trafficNow: ApiTraffic = exampleTraffic();
  namesNow: ApiNameList = exampleNames();
  distributionNow: ApiDistribution | undefined = exampleDistribution();
  servicesNow: ApiServiceList = exampleServices();
  /** Every change that was asked for, as it was asked. */
  readonly wishes: Readonly<Record<string, unknown>>[] = [];
  /** Called with every wish before it is granted; may refuse it. */
  onWish: (wish: Readonly<Record<string, unknown>>) => void = () => undefined;
  /** What becomes of a move. */
  onMove: (result: ApiMoveResult) => ApiMoveResult = (result) => result;

  resetTraffic(): void {
    const { controlsNow, trafficNow, namesNow, distributionNow, servicesNow, onWish, onMove } =
      new FakeTraffic();
    Object.assign(this, { controlsNow, trafficNow, namesNow, distributionNow, servicesNow });
    Object.assign(this, { onWish, onMove });
    this.wishes.length = 0;
  }

  #wish(wish: Readonly<Record<string, unknown>>): void {
    this.onWish(wish);
    this.wishes.push(wish);
  }

  controls(): ApiControlList {
    return this.controlsNow;
  }

  async setControls(batch: ApiControlBatch, _signal: AbortSignal): Promise<ApiControlResult> {
    this.#wish({ what: "controls", ...batch });
    const wanted = new Map(batch.controls.map(({ name, state }) => [name, state]));
    const before = this.controlsNow.panels.flatMap(({ controls }) => controls);
    const changed = batch.controls.filter(({ name, state }) =>
      before.some((one) => one.name === name && one.state !== state),
    );
    const panels = this.controlsNow.panels.map((panel) => ({
      ...panel,
      controls: panel.controls.map((one) => ({
        ...one,
        state: wanted.get(one.name) ?? one.state,
      })),
    }));
    this.controlsNow = { panels };
    const overridden = (batch.override?.rules ?? []).map((rule) => ({
      panel: "default",
      rule,
      because: "at least 1 of its 2 controls must be On, and 0 would be",
    }));
    return { changed, overridden, panels };
  }

  traffic(): ApiTraffic {
    return this.trafficNow;
  }

  async changeTraffic(
    region: string,
    change: ApiTrafficChange,
    _signal: AbortSignal,
  ): Promise<ApiRegionDials> {
    this.#wish({ what: "traffic", region, ...change });
    const { dial, weight, isOn } = this.trafficNow.regions[region] ?? exampleRegionTraffic(1);
    return { region, isOn, dial: change.dial ?? dial, weight: change.weight ?? weight };
  }

  names(): ApiNameList {
    return this.namesNow;
  }

  distribution(): ApiDistribution {
    if (this.distributionNow) return this.distributionNow;
    throw new Failure("distribution.unknown", "This world has no distribution");
  }

  async setOrigin(change: ApiOriginChange, _signal: AbortSignal): Promise<ApiDistribution> {
    this.#wish({ what: "origin", ...change });
    const { tag, origin } = this.distribution();
    if (change.ifMatch !== "*" && change.ifMatch !== tag) {
      const message = `The origin was not moved to ${change.region}: it is ${origin} with the tag ${tag}, not ${change.ifMatch}`;
      throw new Failure("distribution.tag-mismatch", message);
    }
    this.distributionNow = { ...this.distribution(), origin: change.region, tag: "0b1e" };
    return this.distributionNow;
  }

  async invalidate(_signal: AbortSignal): Promise<ApiDistribution> {
    this.#wish({ what: "invalidation" });
    const { invalidations } = this.distribution();
    this.distributionNow = { ...this.distribution(), invalidations: invalidations + 1 };
    return this.distributionNow;
  }

  services(): ApiServiceList {
    return this.servicesNow;
  }

  async setReplicas(
    service: string,
    change: ApiReplicasChange,
    _signal: AbortSignal,
  ): Promise<ApiReplicasResult> {
    this.#wish({ what: "replicas", service, ...change });
    const regions = this.servicesNow.services[service]?.regions ?? {};
    const changes = Object.entries(regions)
      .filter(([region]) => change.region === undefined || region === change.region)
      .map(([region, { target }]) => ({ region, from: target, to: change.replicas }));
    return { service, changes };
  }

  async prescale(
    region: string,
    percent: number,
    _signal: AbortSignal,
  ): Promise<ApiPrescaleResult> {
    this.#wish({ what: "prescale", region, percent });
    const because = `${percent} % of the 6 that the busiest Region has`;
    const services = [{ service: "webapp", from: 2, to: 12, of: 6, because }];
    return { region, percent, holdMs: 600_000, services };
  }

  async moveDatabase(
    database: string,
    request: ApiMoveRequest,
    _signal: AbortSignal,
  ): Promise<ApiMoveResult> {
    this.#wish({ what: "move", database, ...request });
    return this.onMove({
      database,
      to: request.to,
      isDone: true,
      isAlready: false,
      operation: null,
    });
  }
}

export function exampleControls(): ApiControlList {
  const control = (name: string): ApiControlList["panels"][number]["controls"][number] => ({
    name,
    region: name,
    service: null,
    state: "On",
  });
  return {
    panels: [
      {
        name: "default",
        controls: [control("us-east-1"), control("us-west-2")],
        rules: [
          {
            name: "at-least-one",
            controls: ["us-east-1", "us-west-2"],
            type: "atleast",
            threshold: 1,
            isInverted: false,
            isMet: true,
            waitMs: 5_000,
            waitLeftMs: 0,
            lagMsMax: null,
            fenceProved: false,
          },
        ],
      },
    ],
  };
}

export function exampleRegionTraffic(index: number): ApiRegionTraffic {
  return {
    dial: 100,
    weight: 128,
    isOn: true,
    entry: { address: `127.0.${index}.1`, port: 8080 },
    dns: { address: `127.0.${index}.1`, port: 5300 },
    endpoint: {
      isHealthy: true,
      because: "it answers 200",
      open: 3,
      served: 1_204,
      failed: 0,
      pinned: 0,
      rescued: 7,
    },
    revision: 4,
    services: {
      webapp: {
        isHealthy: true,
        isOn: true,
        seen: { ready: 2, because: "2 replicas are ready", open: 3, served: 1_204, failed: 0 },
      },
    },
  };
}

export function exampleTraffic(): ApiTraffic {
  return {
    revision: 4,
    followed: 4,
    entry: { address: "127.0.0.1", port: 8080 },
    distribution: { address: "127.0.0.1", port: 8081 },
    dns: { address: "127.0.0.1", port: 5300 },
    regions: { "us-east-1": exampleRegionTraffic(1), "us-west-2": exampleRegionTraffic(2) },
  };
}

export function exampleNames(): ApiNameList {
  const check = { isVerified: true, version: 2, because: "both answer" };
  return {
    zone: "leeward.internal",
    views: [
      { region: null, dns: { address: "127.0.0.1", port: 5300 } },
      { region: "us-east-1", dns: { address: "127.0.1.1", port: 5300 } },
      { region: "us-west-2", dns: { address: "127.0.2.1", port: 5300 } },
    ],
    databases: {
      orders: {
        version: 2,
        writer: { name: "orders.writer.leeward.internal", region: "us-east-1" },
        reader: {
          name: "orders.reader.leeward.internal",
          regions: ["us-east-1", "us-west-2"],
        },
        checks: { "us-east-1": check, "us-west-2": { ...check } },
      },
    },
  };
}

export function exampleDistribution(): ApiDistribution {
  return {
    address: { address: "127.0.0.1", port: 8081 },
    origin: "us-east-1",
    tag: "first-us-east-1",
    invalidations: 0,
  };
}

export function exampleReplica(number: number, changes: Partial<ApiReplica> = {}): ApiReplica {
  return {
    number,
    state: "ready",
    because: "it answers 200",
    pid: 4_000 + number,
    restarts: 0,
    ageMs: 125_000,
    cpuMillis: 61.5,
    ...changes,
  };
}

export function exampleServices(): ApiServiceList {
  const inRegion = (because: string): ApiServiceList["services"][string]["regions"][string] => ({
    target: 2,
    by: "config",
    because,
    recommended: 2,
    hold: null,
    replicas: [exampleReplica(1), exampleReplica(2)],
  });
  const because = "2 replicas use 25 % of 250 thousandths of a core, 50 % is wanted";
  return {
    services: {
      webapp: {
        min: 2,
        max: 20,
        cpuPercent: 50,
        cpuRequestMillis: 250,
        regions: { "us-east-1": inRegion(because), "us-west-2": inRegion(because) },
      },
    },
  };
}
