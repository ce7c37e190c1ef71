/** A status for people, as tables. Pure. */
import type {
  ApiDatabase,
  ApiGateway,
  ApiInstance,
  ApiLink,
  ApiMember,
  ApiStatus,
} from "../api/api.ts";
import { unreachable } from "../std/assert.ts";
import type { Colors } from "./frame.ts";
import { parseInstant, showInstant } from "./instant.ts";
import { lossText } from "./operation-text.ts";
import { formatBytes, formatDuration, table } from "./output.ts";
import { protectionTable } from "./protection-table.ts";

export type Look = { readonly colors: Colors; readonly nowMs: number };

export function statusLines(status: ApiStatus, look: Look): readonly string[] {
  return [
    title(status, look),
    "",
    ...regionTable(status, look),
    "",
    ...databaseTable(status, look),
    "",
    ...servicesTable(status, look),
    ...protectionTable(status, look.colors),
    ...linkTable(status.links, look),
  ];
}

function title(status: ApiStatus, look: Look): string {
  const { name, world, isReady, entry, controller, startedAt } = status;
  const { colors, nowMs } = look;
  const state = isReady ? colors.green("ready") : colors.yellow("not ready");
  const since = colors.dim(`since ${showInstant(startedAt, nowMs)}`);
  const places =
    entry === null ? controller.api : `${entry}  ${colors.dim(`API ${controller.api}`)}`;
  return `${colors.bold(name)} (world ${world})  ${state}  ${places}  ${since}`;
}

function regionTable({ regions }: ApiStatus, { colors }: Look): readonly string[] {
  const rows = Object.entries(regions).map(([name, { state, address, gateway, because }]) => [
    name,
    colored(state, colors),
    address,
    `${gateway.address}:${gateway.port}${gatewayNote(gateway, colors)}`,
    colors.dim(because ?? ""),
  ]);
  return table([header(colors, "REGION", "STATE", "NETWORK", "GATEWAY"), ...rows]);
}

function gatewayNote({ state }: ApiGateway, colors: Colors): string {
  return state === "serving" ? "" : ` (${colored(state, colors)})`;
}

function databaseTable({ databases }: ApiStatus, look: Look): readonly string[] {
  const names = ["DATABASE", "REGION", "ROLE", "STATE", "LAG", "WOULD LOSE", "ADDRESS"];
  const rows = Object.entries(databases).flatMap(([name, database]) => {
    const members = Object.entries(database.members).flatMap(([region, member]) =>
      memberRows(region, member, database, look),
    );
    return members.map((row, index) => [index === 0 ? name : "", ...row]);
  });
  return table([header(look.colors, ...names), ...rows]);
}

/** With an empty line below; nothing where there are none. */
function servicesTable({ services }: ApiStatus, { colors }: Look): readonly string[] {
  const rows = Object.entries(services).flatMap(([service, regions]) =>
    Object.entries(regions).map(([region, { ready, wanted, isFailing, because }], index) => [
      index === 0 ? service : "",
      region,
      readyText(ready, wanted, isFailing, colors),
      colors.dim(ready < wanted ? (because ?? "") : ""),
    ]),
  );
  if (rows.length === 0) return [];
  return [...table([header(colors, "SERVICE", "REGION", "READY"), ...rows]), ""];
}

function readyText(ready: number, wanted: number, isFailing: boolean, colors: Colors): string {
  const text = `${ready} of ${wanted}`;
  if (ready >= wanted) return colors.green(text);
  return isFailing ? colors.red(text) : colors.yellow(text);
}

function memberRows(
  region: string,
  member: ApiMember,
  database: ApiDatabase,
  look: Look,
): readonly (readonly string[])[] {
  return member.instances.map((instance, index) => [
    index === 0 ? region : "",
    instance.role,
    colored(instance.state, look.colors),
    index === 0 ? lagText(member) : "",
    index === 0 ? wouldLose(region, database) : "",
    `${instance.address}:${instance.port}`,
    look.colors.dim(note(region, instance, database, look)),
  ]);
}

/** What a failover to this Region would lose now; empty where there is nothing to fail over from. */
export function wouldLose(region: string, { estimatedLoss }: ApiDatabase): string {
  const loss = estimatedLoss[region];
  return loss === undefined ? "" : lossText(loss);
}

function note(
  region: string,
  instance: ApiInstance,
  { writer, epoch, kind, detachedFrom }: ApiDatabase,
  { nowMs }: Look,
): string {
  const parts: string[] = [];
  if (kind === "local") parts.push("local");
  if (detachedFrom !== null) parts.push(`detached from ${detachedFrom}`);
  if (writer?.region === region && instance.role === "primary") {
    parts.push(`epoch ${epoch}, writer since ${sinceText(writer.since, nowMs)}`);
  }
  if (instance.because !== null) parts.push(instance.because);
  if (instance.progress !== null) parts.push(progressText(instance.progress));
  return parts.join("; ");
}

function sinceText(since: string, nowMs: number): string {
  const ms = parseInstant(since);
  const ago = ms === undefined ? "" : ` (${formatDuration(Math.max(0, nowMs - ms))})`;
  return `${showInstant(since, nowMs)}${ago}`;
}

/** `12 MiB of 40 MiB, 8.1 MiB/s, 4 s left`. */
export function progressText(progress: NonNullable<ApiInstance["progress"]>): string {
  const { receivedBytes, totalBytes, bytesPerSecond, leftMs } = progress;
  const whole = totalBytes === null ? "" : ` of ${formatBytes(totalBytes)}`;
  const left = leftMs === null ? "" : `, ${formatDuration(leftMs)} left`;
  return `${formatBytes(receivedBytes)}${whole}, ${formatBytes(bytesPerSecond)}/s${left}`;
}

/** What a secondary has not replayed, in bytes and in time. */
export function lagText({ role, lagBytes, lagMs }: ApiMember): string {
  if (role === "primary") return "";
  if (lagBytes === null && lagMs === null) return "not known";
  const known = [
    ...(lagBytes === null ? [] : [formatBytes(lagBytes)]),
    ...(lagMs === null ? [] : [formatDuration(lagMs)]),
  ];
  return known.join(", ");
}

export function linkTable(links: readonly ApiLink[], { colors }: Look): readonly string[] {
  const rows = links.flatMap((link) => linkRows(link, colors));
  const names = ["LINK", "STATE", "RTT", "JITTER", "BANDWIDTH", "FLOWS", "DELIVERED"];
  return table([header(colors, ...names), ...rows]);
}

/** One row where both directions are alike, else one for each. */
function linkRows(link: ApiLink, colors: Colors): readonly (readonly string[])[] {
  const { between, rttMs, state, isIsolated, directions } = link;
  const [there, back] = directions;
  const flows = `${there.openFlows + back.openFlows}`;
  const shownState = colored(state, colors) + (isIsolated ? colors.dim(" (isolated)") : "");
  const total = formatBytes(there.deliveredBytes + back.deliveredBytes);
  const isAlike =
    there.delayMs === back.delayMs &&
    there.jitterMs === back.jitterMs &&
    there.bandwidth === back.bandwidth &&
    there.isUp === back.isUp;
  const jitter = formatDuration(there.jitterMs);
  const whole = [between.join(" – "), shownState, formatDuration(rttMs)];
  if (isAlike) return [[...whole, jitter, there.bandwidth, flows, total]];
  const rows = directions.map(({ from, to, delayMs, jitterMs, bandwidth, isUp, ...rest }) => [
    colors.dim(`  ${from} → ${to}`),
    colored(isUp ? "up" : "down", colors),
    `+${formatDuration(delayMs)}`,
    formatDuration(jitterMs),
    bandwidth,
    `${rest.openFlows}`,
    formatBytes(rest.deliveredBytes),
  ]);
  return [whole, ...rows];
}

export function header(colors: Colors, ...names: readonly string[]): readonly string[] {
  return names.map((name) => colors.dim(name));
}

type Health = "good" | "passing" | "bad";

const healthOf: Readonly<Record<string, Health>> = {
  serving: "good",
  up: "good",
  starting: "passing",
  creating: "passing",
  cloning: "passing",
  promoting: "passing",
  "catching-up": "passing",
  degraded: "passing",
  "one-way": "passing",
  absent: "passing",
  stopped: "passing",
};

export function colored(state: string, colors: Colors): string {
  const health = healthOf[state] ?? "bad";
  switch (health) {
    case "good":
      return colors.green(state);
    case "passing":
      return colors.yellow(state);
    case "bad":
      return colors.red(state);
    default:
      return unreachable(health);
  }
}
