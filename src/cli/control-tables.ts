/** Routing controls and their rules for people, as tables. Pure. */
import type { ApiControlList } from "../api/traffic-api.ts";
import { unreachable } from "../std/assert.ts";
import type { Colors } from "./frame.ts";
import { count, formatDuration, table } from "./output.ts";
import { header } from "./status-tables.ts";

type Panel = ApiControlList["panels"][number];
type Rule = Panel["rules"][number];

export function controlTables({ panels }: ApiControlList, colors: Colors): readonly string[] {
  const controls = panels.flatMap((panel) =>
    panel.controls.map(({ name, region, service, state }) => [
      name,
      state === "On" ? colors.green(state) : colors.yellow(state),
      service === null ? region : `${service} in ${region}`,
      panel.name,
    ]),
  );
  const rules = panels.flatMap((panel) =>
    panel.rules.map((rule) => [
      rule.name,
      rule.isMet ? colors.green("met") : colors.red("broken"),
      ruleText(rule),
      panel.name,
    ]),
  );
  return [
    ...table([header(colors, "CONTROL", "STATE", "SWITCHES", "PANEL"), ...controls]),
    "",
    ...table([header(colors, "RULE", "IS", "SAYS", "PANEL"), ...rules]),
  ];
}

/** `at least 1 of us-east-1, us-west-2 is On; waits 5.0 s after a change (1.2 s left)`. */
export function ruleText(rule: Rule): string {
  const { waitMs, waitLeftMs, lagMsMax, fenceProved } = rule;
  const left = waitLeftMs === 0 ? "" : ` (${formatDuration(waitLeftMs)} left)`;
  return [
    condition(rule),
    ...(waitMs === 0 ? [] : [`waits ${formatDuration(waitMs)} after a change${left}`]),
    ...(lagMsMax === null ? [] : [`On only with less than ${formatDuration(lagMsMax)} of lag`]),
    ...(fenceProved ? ["On only when the old writer is fenced"] : []),
  ].join("; ");
}

function condition({ type, threshold, isInverted, controls }: Rule): string {
  const names = controls.join(", ");
  const not = isInverted ? "never " : "";
  switch (type) {
    case "atleast":
      return `${not}at least ${count(threshold ?? 1, "control")} of ${names} On`;
    case "and":
      return `${not}all of ${names} On`;
    case "or":
      return `${not}any of ${names} On`;
    default:
      return unreachable(type);
  }
}
