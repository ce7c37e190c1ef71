/** Traffic and services as the API shows them. Pure. */
import type { ApiServiceState, ApiStatus } from "../api/api.ts";
import type { ApiReplica, ApiServiceList } from "../api/services-api.ts";
import type {
  ApiControlList,
  ApiDistribution,
  ApiNameList,
  ApiRegionTraffic,
  ApiTraffic,
} from "../api/traffic-api.ts";
import type { Address } from "../model/address.ts";
import type { RegionId } from "../model/region.ts";
import type { TrafficState } from "../model/traffic.ts";
import type { PanelView } from "../routing/routing.ts";
import type { TargetView } from "../scaling/scaler.ts";
import type { ControllerSettings } from "../wire/program-settings.ts";
import type { FrontFacts, RegionFacts, ReplicaFacts } from "../wire/traffic-protocol.ts";

type TrafficSettings = ControllerSettings["traffic"];

export type TrafficView = {
  readonly settings: TrafficSettings;
  readonly state: TrafficState;
  /** Of the front door outside; undefined: it is not heard. */
  readonly outside: FrontFacts | undefined;
  readonly factsOf: (region: RegionId) => RegionFacts | undefined;
};

export function panelsView(panels: readonly PanelView[]): ApiControlList["panels"] {
  return panels.map(({ panel, controls, rules }) => ({
    name: panel,
    controls: controls.map(({ control, region, service, isOn }) => ({
      name: control,
      region,
      service: service ?? null,
      state: isOn ? "On" : "Off",
    })),
    rules: rules.map((rule) => ({
      name: rule.id,
      controls: [...rule.controls],
      type: rule.condition.kind,
      threshold: rule.condition.kind === "atleast" ? rule.condition.threshold : null,
      isInverted: rule.isInverted,
      isMet: rule.isMet,
      waitMs: rule.waitMs,
      waitLeftMs: rule.waitLeftMs,
      lagMsMax: rule.lagMsMax ?? null,
      fenceProved: rule.fenceProved,
    })),
  }));
}

export function trafficView(view: TrafficView): ApiTraffic {
  const { settings, state, outside } = view;
  const regions = state.regions.map((one) => [one.region, regionView(view, one)] as const);
  return {
    revision: state.revision,
    followed: outside?.revision ?? null,
    entry: addressView(settings.entry),
    distribution: addressView(settings.distributionAt),
    dns: addressView(settings.dns),
    regions: Object.fromEntries(regions),
  };
}

function regionView(
  { settings, state, outside, factsOf }: TrafficView,
  { region, isOn, dial, weight }: TrafficState["regions"][number],
): ApiRegionTraffic {
  const placed = settings.regions.find((one) => one.region === region);
  const front = factsOf(region)?.front;
  const endpoint = outside?.endpoints.find((one) => one.region === region);
  const { region: _, ...seen } = endpoint ?? { region };
  const services = state.services
    .filter((one) => one.region === region)
    .map((one) => {
      const told = front?.services.find(({ service }) => service === one.service);
      const { isHealthy } = one;
      return [one.service, { isHealthy, isOn: one.isOn, seen: told ? seenView(told) : null }];
    });
  return {
    isOn,
    dial,
    weight,
    entry: addressView(placed?.edge),
    dns: addressView(placed?.dns),
    endpoint: "isHealthy" in seen ? seen : null,
    revision: front?.revision ?? null,
    services: Object.fromEntries(services),
  };
}

function addressView(address: Address | undefined): ApiTraffic["entry"] {
  return address ? { address: address.host, port: address.port } : null;
}

type Seen = NonNullable<ApiRegionTraffic["services"][string]["seen"]>;

function seenView({ ready, because, open, served, failed }: Seen): Seen {
  return { ready, because, open, served, failed };
}

export function namesView({ settings, state, factsOf }: TrafficView): ApiNameList {
  const { zone } = settings;
  const views = [
    { region: null, dns: settings.dns },
    ...settings.regions.map(({ region, dns }) => ({ region, dns })),
  ];
  return {
    zone,
    views: views.flatMap(({ region, dns }) => {
      const at = addressView(dns);
      return at ? [{ region, dns: at }] : [];
    }),
    databases: Object.fromEntries(
      state.names.map(({ database, version, writer, readers }) => [
        database,
        {
          version,
          writer: { name: `${database}.writer.${zone}`, region: writer ?? null },
          reader: { name: `${database}.reader.${zone}`, regions: [...readers] },
          checks: Object.fromEntries(
            settings.regions.flatMap(({ region }) => {
              const check = factsOf(region)?.names.find((one) => one.database === database);
              if (!check) return [];
              const { isVerified, because } = check;
              return [[region, { isVerified, version: check.version, because }]];
            }),
          ),
        },
      ]),
    ),
  };
}

/** Undefined: the world has none. */
export function distributionView({
  settings,
  state,
}: Pick<TrafficView, "settings" | "state">): ApiDistribution | undefined {
  if (!state.distribution) return undefined;
  return { address: addressView(settings.distributionAt), ...state.distribution };
}

export function servicesView(
  settings: TrafficSettings,
  targets: readonly TargetView[],
  factsOf: TrafficView["factsOf"],
): ApiServiceList {
  const services = settings.services.map(({ service, scaling }) => {
    const regions = targets
      .filter((target) => target.service === service)
      .map(({ region, replicas: target, by, because, recommended, hold }) => {
        const replicas = factsOf(region)?.replicas.filter((one) => one.service === service);
        const here = {
          target,
          by,
          because,
          recommended: recommended ?? null,
          hold: hold ? { replicas: hold.replicas, leftMs: Math.round(hold.leftMs) } : null,
          replicas: replicas?.map(replicaView) ?? null,
        };
        return [region, here] as const;
      });
    const { min, max, cpuPercent, cpuRequestMillis } = scaling;
    const bounds = { min, max, cpuPercent: cpuPercent ?? null, cpuRequestMillis };
    return [service, { ...bounds, regions: Object.fromEntries(regions) }] as const;
  });
  return { services: Object.fromEntries(services) };
}

/** So many ends are no accident, when the last was a moment ago. */
const failingRestarts = 3;
/** 30 s: longer than any pause between two starts; what has run for so long does not end again and again. */
const failingAgeMsMax = 30_000;

/** Of the Regions that run: how each service is, in short. */
export function serviceStates(
  settings: TrafficSettings,
  targets: readonly TargetView[],
  regions: readonly RegionId[],
  factsOf: TrafficView["factsOf"],
): ApiStatus["services"] {
  const states = settings.services.map(({ service }) => {
    const here = targets
      .filter((target) => target.service === service && regions.includes(target.region))
      .map(({ region, replicas: wanted }) => {
        const replicas = factsOf(region)?.replicas.filter((one) => one.service === service);
        return [region, serviceState(wanted, replicas)] as const;
      });
    return [service, Object.fromEntries(here)] as const;
  });
  return Object.fromEntries(states);
}

function serviceState(
  wanted: number,
  replicas: readonly ReplicaFacts[] | undefined,
): ApiServiceState {
  const ready = replicas?.filter(({ state }) => state === "ready").length ?? 0;
  const bad = replicas?.find(({ state }) => state !== "ready");
  const endsAgainAndAgain = replicas?.some(
    ({ restarts, ageMs }) => restarts >= failingRestarts && ageMs < failingAgeMsMax,
  );
  const isFailing = wanted > 0 && ready === 0 && endsAgainAndAgain === true;
  const silent = replicas === undefined ? "its Region's agent is not heard" : null;
  return { ready, wanted, isFailing, because: bad?.because ?? silent };
}

/** Somebody can be served by each service that is to have replicas at all. */
export function servicesAreReady(services: ApiStatus["services"]): boolean {
  return Object.values(services)
    .flatMap((regions) => Object.values(regions))
    .every(({ ready, wanted }) => ready > 0 || wanted === 0);
}

function replicaView(facts: ReplicaFacts): ApiReplica {
  const { number, state, because, pid, restarts, ageMs, cpuMillis } = facts;
  return {
    number,
    state,
    because,
    pid: pid ?? null,
    restarts,
    ageMs: Math.round(ageMs),
    cpuMillis: cpuMillis === undefined ? null : Math.round(cpuMillis),
  };
}
