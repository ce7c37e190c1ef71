/** Whether what somebody asks of the controls makes sense at all, before any safety rule is asked. Pure. */
import type { PanelConfig } from "../config/config.ts";
import { Failure } from "../model/failure.ts";
import type { ControlId, PanelId, RuleId } from "../model/traffic.ts";
import { nearest } from "../std/nearest.ts";

/** As people wrote it: the control may not exist. */
export type ControlOrder = { readonly control: string; readonly isOn: boolean };

export type OverrideRequest = {
  /** `RULE`, or `PANEL/RULE` where two panels of the batch have a rule of that name. */
  readonly rules: readonly string[];
  /** Goes into the events, for whoever asks later. */
  readonly reason: string;
};

export type Override = {
  readonly rules: readonly { readonly panel: PanelId; readonly rule: RuleId }[];
  readonly reason: string;
};

/** 50: two controls in each of 20 Regions, and some. Its event names all of them, however long their names are. */
export const batchMax = 50;
/** 10: each is an event of its own in the same commit; whoever overrides more has no rules. */
export const overrideRulesMax = 10;
/** 8 characters: shorter ones (`test`, `because`) tell nobody anything. */
export const reasonMinChars = 8;
/** 1000: a paragraph. */
export const reasonMaxChars = 1_000;

/**
 * The state that each named control is to have.
 * @throws Failure `control.unknown`, `control.batch-invalid`
 */
export function readBatch(
  panels: readonly PanelConfig[],
  batch: readonly ControlOrder[],
): ReadonlyMap<ControlId, boolean> {
  if (batch.length === 0) throw invalidBatch("No control was named, so there is nothing to switch");
  if (batch.length > batchMax) {
    throw invalidBatch(`${batch.length} controls were named, and one batch takes ${batchMax}`);
  }
  const known = panels.flatMap(({ controls }) => controls.map(({ id }) => id));
  const wanted = new Map<ControlId, boolean>();
  for (const { control, isOn } of batch) {
    const id = known.find((one) => one === control);
    if (id === undefined) throw unknownControl(control, known);
    if (wanted.get(id) === !isOn) {
      throw invalidBatch(`${id} is to be both On and Off in one batch`);
    }
    wanted.set(id, isOn);
  }
  return wanted;
}

/**
 * Which rules are overridden, of the panels that the batch is about.
 * @throws Failure `control.rule-unknown`, `control.override-invalid`
 */
export function readOverride(
  panels: readonly PanelConfig[],
  wanted: ReadonlyMap<ControlId, boolean>,
  request: OverrideRequest | undefined,
): Override | undefined {
  if (request === undefined) return undefined;
  // It stands in logs and on screens: one line, and nothing that a terminal obeys.
  const reason = request.reason.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  if (reason.length < reasonMinChars || reason.length > reasonMaxChars) {
    const wants = `${reasonMinChars} to ${reasonMaxChars} characters`;
    throw invalidOverride(`The reason of an override has ${wants}; this one has ${reason.length}`);
  }
  const names = [...new Set(request.rules)];
  if (names.length === 0) throw invalidOverride("An override names the rules that it is about");
  if (names.length > overrideRulesMax) {
    throw invalidOverride(
      `${names.length} rules are to be overridden, and one batch takes ${overrideRulesMax}`,
    );
  }
  const touched = panels.filter(({ controls }) => controls.some(({ id }) => wanted.has(id)));
  return { rules: names.map((name) => findRule(touched, name)), reason };
}

function findRule(touched: readonly PanelConfig[], name: string): Override["rules"][number] {
  const all = touched.flatMap((panel) =>
    panel.rules.map((rule) => ({ panel: panel.id, rule: rule.id })),
  );
  const found = all.filter(({ panel, rule }) => name === rule || name === `${panel}/${rule}`);
  const [first, second] = found;
  if (first === undefined) {
    const guess = nearest(
      name,
      all.map(({ rule }) => rule),
    );
    const panels = touched.map(({ id }) => id).join(", ");
    throw new Failure(
      "control.rule-unknown",
      `Panel ${panels} has no rule ${name}${meant(guess)}`,
      { details: { rule: name, nearest: guess } },
    );
  }
  if (second !== undefined) {
    throw invalidOverride(
      `Both ${first.panel} and ${second.panel} have a rule ${name}; name it as ${first.panel}/${name}`,
    );
  }
  return first;
}

function unknownControl(control: string, known: readonly string[]): Failure {
  const guess = nearest(control, known);
  const message = `There is no routing control ${control}${meant(guess)}`;
  return new Failure("control.unknown", message, { details: { control, nearest: guess } });
}

function meant(guess: string | undefined): string {
  return guess === undefined ? "" : `; did you mean ${guess}?`;
}

function invalidBatch(message: string): Failure {
  return new Failure("control.batch-invalid", message);
}

function invalidOverride(message: string): Failure {
  return new Failure("control.override-invalid", message);
}
