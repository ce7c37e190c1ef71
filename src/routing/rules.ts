/**
 * Whether one safety rule lets a change of controls happen. Pure. A rule looks at the state that the whole batch leads
 * to, never at one in between: so moving from one Region to the other is one batch, in any order.
 */
import type { ControlConfig, PanelConfig, RuleConfig } from "../config/config.ts";
import type { ControlId, PanelId, RuleId } from "../model/traffic.ts";
import { unreachable } from "../std/assert.ts";
import type { DataFacts } from "./data-facts.ts";

export type BrokenRule = {
  readonly panel: PanelId;
  readonly rule: RuleId;
  /** A clause: `at least 1 of its 2 controls must be On, and 0 would be`. */
  readonly because: string;
};

/** A change as one panel's rules see it. */
export type RuleView = {
  /** Every control of the panel as it would be. */
  readonly isOn: (control: ControlId) => boolean;
  /** The controls that would really change; at least one of them is of this panel. */
  readonly changed: ReadonlySet<ControlId>;
  /** On the controller's monotonic clock. */
  readonly nowMs: number;
  /** On the same clock; without an entry: so long ago that no rule waits for it. */
  readonly changedAtMs: ReadonlyMap<ControlId, number>;
  readonly facts: DataFacts;
};

/** Why the rule does not let the change happen, or undefined when it does. */
export function judgeRule(
  panel: PanelConfig,
  rule: RuleConfig,
  view: RuleView,
): string | undefined {
  const goOn = panel.controls.filter(
    ({ id }) => rule.controls.includes(id) && view.changed.has(id) && view.isOn(id),
  );
  return (
    judgeCondition(rule, view.isOn) ??
    judgeWait(rule, view) ??
    judgeLag(rule, goOn, view.facts) ??
    judgeFence(rule, goOn, view.facts)
  );
}

/** Why a state is not as the rule's condition wants it, or undefined when it is. */
export function judgeCondition(
  { controls, condition, isInverted }: RuleConfig,
  isOn: (control: ControlId) => boolean,
): string | undefined {
  const on = controls.filter(isOn).length;
  if (isMet(condition, on, controls.length) !== isInverted) return undefined;
  const must = isInverted ? "must not be" : "must be";
  return `${wanted(condition, controls.length)} ${must} On, and ${on} would be`;
}

function isMet(condition: RuleConfig["condition"], on: number, all: number): boolean {
  switch (condition.kind) {
    case "atleast":
      return on >= condition.threshold;
    case "and":
      return on === all;
    case "or":
      return on > 0;
    default:
      return unreachable(condition);
  }
}

function wanted(condition: RuleConfig["condition"], all: number): string {
  const its = all === 1 ? "its 1 control" : `its ${all} controls`;
  switch (condition.kind) {
    case "atleast":
      return `at least ${condition.threshold} of ${its}`;
    case "and":
      return `all of ${its}`;
    case "or":
      return `any of ${its}`;
    default:
      return unreachable(condition);
  }
}

/** Whatever flaps is slowed down: people, scripts, and automation that reacts to its own effects. */
function judgeWait({ controls, waitMs }: RuleConfig, view: RuleView): string | undefined {
  if (!controls.some((control) => view.changed.has(control))) return undefined;
  const changes = controls.map((control) => view.changedAtMs.get(control) ?? -Infinity);
  const ageMs = view.nowMs - Math.max(...changes);
  if (ageMs >= waitMs) return undefined;
  const leftMs = Math.ceil(waitMs - ageMs);
  return `it waits ${waitMs} ms after each change of its controls, and ${leftMs} ms are left`;
}

function judgeLag(
  { lagMsMax }: RuleConfig,
  goOn: readonly ControlConfig[],
  facts: DataFacts,
): string | undefined {
  if (lagMsMax === undefined) return undefined;
  for (const { region } of goOn) {
    for (const { database, copies } of facts.databases) {
      const copy = copies.find((one) => one.region === region);
      if (copy === undefined) continue;
      const wants = `every copy in ${region} has to be less than ${lagMsMax} ms behind`;
      if (copy.lagMs === undefined) return `${wants}, and it is not known how far ${database} is`;
      if (copy.lagMs >= lagMsMax) return `${wants}, and ${database} is ${Math.ceil(copy.lagMs)} ms`;
    }
  }
  return undefined;
}

function judgeFence(
  { fenceProved }: RuleConfig,
  goOn: readonly ControlConfig[],
  facts: DataFacts,
): string | undefined {
  if (!fenceProved) return undefined;
  for (const { region } of goOn) {
    const waiting = facts.databases.find(
      ({ isFenceProved, copies }) =>
        !isFenceProved && copies.some((copy) => copy.region === region),
    );
    if (waiting)
      return `the old writer of ${waiting.database}, which ${region} belongs to, is not proved to be fenced`;
  }
  return undefined;
}
