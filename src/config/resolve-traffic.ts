/** What the sections `services`, `traffic` and `pgbouncer` mean: defaults filled in, names given their kind. */
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { HealthCheck, Scaling, ServiceId } from "../model/service.ts";
import type { ControlId, PanelId, RuleId } from "../model/traffic.ts";
import { assert } from "../std/assert.ts";
import type {
  ControlConfig,
  PanelConfig,
  PoolerConfig,
  RuleConfig,
  ServiceConfig,
  ServiceNeeds,
  TrafficConfig,
} from "./config.ts";
import type { ConfigDocument } from "./schema.ts";
import { checkFields, type ServiceDocument } from "./services-schema.ts";
import { traffic as trafficSchema } from "./traffic-schema.ts";

export function resolveServices(document: ConfigDocument): readonly ServiceConfig[] {
  const databases = Object.keys(document.databases);
  const regions = Object.keys(document.regions) as RegionId[];
  const sorted = (names: readonly string[]): ServiceNeeds => ({
    databases: names.filter((one) => databases.includes(one)) as DatabaseId[],
    services: names.filter((one) => !databases.includes(one)) as ServiceId[],
  });
  return Object.entries(document.services).map(([name, service]) => ({
    id: name as ServiceId,
    kind: service.kind,
    command: service.command ?? [],
    port: service.port,
    protocol: service.kind === "command" ? service.protocol : "tcp",
    health: resolveHealth(service),
    scaling: resolveScaling(service.replicas),
    needs: sorted(service.needs),
    uses: sorted(service.uses.filter((one) => !service.needs.includes(one))),
    environment: Object.entries(service.environment).map(([variable, value]) => ({
      name: variable,
      value: String(value),
    })),
    regions: regions.filter((region) => service.regions?.includes(region) ?? true),
    startMs: service.startMs,
    stopMs: service.stopMs,
  }));
}

function resolveHealth({ health }: ServiceDocument): HealthCheck {
  if (typeof health === "object") return { ...health, path: health.path };
  return { path: health, ...checkDefaults };
}

/** As the schema has them. */
const checkDefaults = {
  intervalMs: checkFields.intervalMs.parse(undefined),
  timeoutMs: checkFields.timeoutMs.parse(undefined),
  healthyThreshold: checkFields.healthyThreshold.parse(undefined),
  unhealthyThreshold: checkFields.unhealthyThreshold.parse(undefined),
};

/** A plain number stands for itself: nothing but a person changes it. */
function resolveScaling(replicas: ServiceDocument["replicas"]): Scaling {
  if (typeof replicas === "object") return { ...replicas, cpuPercent: replicas.cpuPercent };
  const { cpuRequestMillis, tolerance, scaleDownStabilizationMs } = fixedScaling;
  return {
    min: replicas,
    max: replicas,
    cpuPercent: undefined,
    cpuRequestMillis,
    tolerance,
    scaleDownStabilizationMs,
  };
}

/** Nobody measures by these where the number is fixed. */
const fixedScaling = {
  cpuRequestMillis: 250,
  tolerance: 0.1,
  scaleDownStabilizationMs: 300_000,
};

type TrafficDocument = NonNullable<ConfigDocument["traffic"]>;

/** Of a world that says nothing about it. */
const trafficDefault = trafficSchema.unwrap().parse({});

export function resolveTraffic(document: ConfigDocument): TrafficConfig {
  const traffic = document.traffic ?? trafficDefault;
  const regions = Object.keys(document.regions) as RegionId[];
  const { database, ...timing } = traffic.health;
  const { entry, distribution } = traffic;
  const [first] = regions;
  assert(first !== undefined, "a world has at least one Region");
  const served = (entry && document.services[entry.service]?.regions) ?? [];
  return {
    zone: traffic.zone,
    entry: entry && {
      service: entry.service as ServiceId,
      policy: entry.policy,
      nearHeader: entry.nearHeader?.toLowerCase(),
      trustForwarded: entry.trustForwarded,
      panicPercent: entry.panicPercent,
    },
    // Of a Region its front door is asked, which knows how its service is.
    health: { path: undefined, ...timing },
    healthDatabase: database as DatabaseId | undefined,
    regions: regions.map((region) => ({
      region,
      dial: traffic.regions[region]?.dial ?? 100,
      weight: traffic.regions[region]?.weight ?? 128,
    })),
    panels: resolvePanels(traffic.panels, regions),
    distribution: distribution && {
      origin: (distribution.origin ?? served[0] ?? first) as RegionId,
      failover: distribution.failover,
      database: distribution.database as DatabaseId | undefined,
      keepMs: distribution.keepMs,
    },
  };
}

function resolvePanels(
  panels: TrafficDocument["panels"],
  regions: readonly RegionId[],
): readonly PanelConfig[] {
  if (panels === undefined) return [defaultPanel(regions)];
  return Object.entries(panels).map(([name, panel]) => {
    const controls: readonly ControlConfig[] = Object.entries(panel.controls).map(
      ([id, { region, service, on }]) => ({
        id: id as ControlId,
        region: region as RegionId,
        service: service as ServiceId | undefined,
        isOn: on,
      }),
    );
    const all = controls.map(({ id }) => id);
    return {
      id: name as PanelId,
      controls,
      rules: Object.entries(panel.rules).map(([id, rule]) => resolveRule(id as RuleId, rule, all)),
    };
  });
}

type RuleDocument = NonNullable<TrafficDocument["panels"]>[string]["rules"][string];

function resolveRule(id: RuleId, rule: RuleDocument, all: readonly ControlId[]): RuleConfig {
  const { type, threshold, inverted, waitMs, lagMsMax, fenceProved } = rule;
  return {
    id,
    controls: (rule.controls as ControlId[] | undefined) ?? all,
    condition: type === "atleast" ? { kind: type, threshold } : { kind: type },
    isInverted: inverted,
    waitMs,
    lagMsMax,
    fenceProved,
  };
}

/** One control for each Region, and somebody must be left to serve. */
function defaultPanel(regions: readonly RegionId[]): PanelConfig {
  const controls = regions.map((region) => ({
    id: `${region}` as ControlId,
    region,
    service: undefined,
    isOn: true,
  }));
  const rule: RuleConfig = {
    id: "at-least-one-on" as RuleId,
    controls: controls.map(({ id }) => id),
    condition: { kind: "atleast", threshold: 1 },
    isInverted: false,
    waitMs: 0,
    lagMsMax: undefined,
    fenceProved: false,
  };
  return { id: "default" as PanelId, controls, rules: [rule] };
}

export function resolvePooler(document: ConfigDocument): PoolerConfig | undefined {
  const { pgbouncer } = document;
  if (pgbouncer === undefined) return undefined;
  const regions = Object.keys(document.regions) as RegionId[];
  const own = (Object.keys(document.databases) as DatabaseId[]).flatMap((database) => [
    { name: `${database}`, database, mode: "writer" as const },
    { name: `${database}-ro`, database, mode: "local" as const },
  ]);
  const more = Object.entries(pgbouncer.names).map(([name, { database, mode }]) => ({
    name,
    database: database as DatabaseId,
    mode,
  }));
  return {
    regions: regions.filter((region) => pgbouncer.regions?.includes(region) ?? true),
    bin: pgbouncer.bin,
    names: [...own.filter(({ name }) => !Object.hasOwn(pgbouncer.names, name)), ...more],
    clientsMax: pgbouncer.clientsMax,
    poolSize: pgbouncer.poolSize,
    pauseMs: pgbouncer.pauseMs,
  };
}
