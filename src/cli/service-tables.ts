/** Services and their replicas for people, as tables. Pure. */
import type { ApiReplica, ApiServiceList } from "../api/services-api.ts";
import type { Colors } from "./frame.ts";
import { formatDuration, table } from "./output.ts";
import { header } from "./status-tables.ts";

type Service = ApiServiceList["services"][string];
type InRegion = Service["regions"][string];

export function serviceTables({ services }: ApiServiceList, colors: Colors): readonly string[] {
  const all = Object.entries(services).flatMap(([name, service]) =>
    Object.entries(service.regions).map(([region, here]) => ({ name, service, region, here })),
  );
  if (all.length === 0) return ["This world has no services."];
  const targets = all.map(({ name, service, region, here }) => [
    name,
    region,
    readyText(here, colors),
    `${service.min} to ${service.max}`,
    service.cpuPercent === null ? "" : `${service.cpuPercent} %`,
    here.by,
    colors.dim(noteOf(here)),
  ]);
  const replicas = all.flatMap(({ name, region, here }) =>
    (here.replicas ?? []).map((replica) => [
      `${name}/${region}/${replica.number}`,
      ...cells(replica, colors),
    ]),
  );
  return [
    ...table([header(colors, "SERVICE", "REGION", "READY", "BOUNDS", "CPU", "BY"), ...targets]),
    "",
    ...table([header(colors, "REPLICA", "STATE", "PID", "RESTARTS", "CPU", "AGE"), ...replicas]),
  ];
}

/** `2 of 3`. */
function readyText({ target, replicas }: InRegion, colors: Colors): string {
  if (replicas === null) return colors.red(`? of ${target}`);
  const ready = replicas.filter(({ state }) => state === "ready").length;
  const text = `${ready} of ${target}`;
  return ready >= target ? colors.green(text) : colors.yellow(text);
}

function noteOf({ because, hold, replicas }: InRegion): string {
  const notes = [
    ...(replicas === null ? ["its Region is not heard"] : []),
    ...(hold === null ? [] : [`held warm at ${hold.replicas} for ${formatDuration(hold.leftMs)}`]),
    ...(because === "" ? [] : [because]),
  ];
  return notes.join("; ");
}

function cells(replica: ApiReplica, colors: Colors): readonly string[] {
  const { state, pid, restarts, cpuMillis, ageMs, because } = replica;
  return [
    stateText(state, colors),
    pid === null ? "" : `${pid}`,
    `${restarts}`,
    cpuMillis === null ? "" : `${Math.round(cpuMillis)}m`,
    pid === null ? "" : formatDuration(ageMs),
    colors.dim(because),
  ];
}

function stateText(state: ApiReplica["state"], colors: Colors): string {
  if (state === "ready") return colors.green(state);
  return state === "unready" || state === "waiting" ? colors.red(state) : colors.yellow(state);
}
