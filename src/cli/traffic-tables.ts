/** Where traffic goes, for people, as tables. Pure. */
import type { ApiRegionTraffic, ApiTraffic } from "../api/traffic-api.ts";
import type { Colors } from "./frame.ts";
import { table } from "./output.ts";
import { header } from "./status-tables.ts";

export function trafficTables(traffic: ApiTraffic, colors: Colors): readonly string[] {
  return [
    ...places(traffic, colors),
    "",
    ...regionTable(traffic, colors),
    "",
    ...serviceTable(traffic, colors),
  ];
}

function places(traffic: ApiTraffic, colors: Colors): readonly string[] {
  const { entry, distribution, dns, revision, followed } = traffic;
  const none = colors.dim("none");
  return table([
    ["global entry", entry === null ? none : `http://${placeText(entry)}`],
    ["distribution", distribution === null ? none : `http://${placeText(distribution)}`],
    ["DNS", dns === null ? none : placeText(dns)],
    ["state", `${revision}${behind(followed, revision, colors)}`],
  ]);
}

type Place = NonNullable<ApiTraffic["dns"]>;

export function placeText({ address, port }: Place): string {
  return `${address}:${port}`;
}

/** What a front door does not know yet. */
function behind(followed: number | null, revision: number, colors: Colors): string {
  if (followed === null) return colors.red(" (its front door is not heard)");
  return followed < revision ? colors.yellow(` (its front door follows ${followed})`) : "";
}

function regionTable({ regions, revision }: ApiTraffic, colors: Colors): readonly string[] {
  const names = ["REGION", "IS", "DIAL", "WEIGHT", "HEALTH", "OPEN", "PINNED", "SERVED", "FAILED"];
  const rows = Object.entries(regions).map(([name, region]) => [
    name,
    onOff(region.isOn, colors),
    `${region.dial} %`,
    `${region.weight}`,
    ...endpointCells(region, colors),
    `${region.entry === null ? "" : placeText(region.entry)}${behind(region.revision, revision, colors)}`,
    colors.dim(region.endpoint?.because ?? ""),
  ]);
  return table([header(colors, ...names, "RESCUED", "ENTRY"), ...rows]);
}

function endpointCells({ endpoint }: ApiRegionTraffic, colors: Colors): readonly string[] {
  if (endpoint === null) return [colors.dim("not known"), "", "", "", "", ""];
  const { isHealthy, open, pinned, served, failed, rescued } = endpoint;
  const counts = [open, pinned, served, failed, rescued].map(String);
  return [health(isHealthy, colors), ...counts];
}

function serviceTable({ regions }: ApiTraffic, colors: Colors): readonly string[] {
  const names = ["SERVICE", "REGION", "IS", "HEALTH", "READY", "OPEN", "SERVED", "FAILED"];
  const rows = Object.entries(regions).flatMap(([region, { services }]) =>
    Object.entries(services).map(([service, { isHealthy, isOn, seen }]) => [
      service,
      region,
      onOff(isOn, colors),
      health(isHealthy, colors),
      ...(seen === null
        ? ["", "", "", ""]
        : [seen.ready, seen.open, seen.served, seen.failed].map(String)),
      colors.dim(seen?.because ?? "its front door is not heard"),
    ]),
  );
  return table([header(colors, ...names), ...rows.toSorted(byService)]);
}

function byService([one = ""]: readonly string[], [other = ""]: readonly string[]): number {
  return one < other ? -1 : Number(one > other);
}

function onOff(isOn: boolean, colors: Colors): string {
  return isOn ? colors.green("On") : colors.yellow("Off");
}

function health(isHealthy: boolean, colors: Colors): string {
  return isHealthy ? colors.green("healthy") : colors.red("unhealthy");
}
