import { describe, expect, test } from "vitest";
import { control, controlId, east, panel, rule, west } from "../../test/routing-fixtures.ts";
import { Failure } from "../model/failure.ts";
import type { PanelId } from "../model/traffic.ts";
import { batchMax, overrideRulesMax, readBatch, readOverride, reasonMaxChars } from "./batch.ts";

const other = panel({
  id: "shop" as PanelId,
  controls: [control(east, { id: controlId("shop-east") })],
  rules: [rule("one-on", [controlId("shop-east")]), rule("quiet", [controlId("shop-east")])],
});
const panels = [panel(), other];
const off = (name: string): { control: string; isOn: boolean } => ({ control: name, isOn: false });
const wantedEast = new Map([[controlId(east), false]]);
const wantedBoth = new Map([...wantedEast, [controlId("shop-east"), false]]);

function codeOf(deed: () => unknown): string {
  try {
    deed();
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
  return "no failure";
}

describe("T1: what a batch may say", () => {
  test("each control is named with its state; twice the same is once", () => {
    expect([...readBatch(panels, [off(east), off("shop-east"), off(east)])]).toEqual([
      [east, false],
      ["shop-east", false],
    ]);
  });

  test("an unknown control is refused, with what was meant", () => {
    expect(() => readBatch(panels, [off("us-eats-1")])).toThrow("did you mean us-east-1?");
    expect(codeOf(() => readBatch(panels, [off("us-eats-1")]))).toBe("control.unknown");
    expect(codeOf(() => readBatch(panels, [off("__proto__")]))).toBe("control.unknown");
  });

  test.for([
    ["an empty batch", []],
    ["a control that is to be both", [off(east), { control: east, isOn: true }]],
    ["one control more than a batch takes", Array.from({ length: batchMax + 1 }, () => off(west))],
  ] as const)("%s is refused", ([, batch]) => {
    expect(codeOf(() => readBatch(panels, batch))).toBe("control.batch-invalid");
  });
});

describe("T9: what an override may say", () => {
  const reason = "the Region burns";

  test("it names rules of the panels that the batch is about", () => {
    const override = readOverride(panels, wantedEast, { rules: ["one-on"], reason });
    expect(override?.rules).toEqual([{ panel: "default", rule: "one-on" }]);
    const unknown = { rules: ["quiet"], reason };
    expect(codeOf(() => readOverride(panels, wantedEast, unknown))).toBe("control.rule-unknown");
  });

  test("an unknown rule is refused, with what was meant", () => {
    const unknown = { rules: ["one-no"], reason };
    expect(() => readOverride(panels, wantedEast, unknown)).toThrow("did you mean one-on?");
  });

  test("a name that two panels have is refused, and taken with its panel", () => {
    const both = { rules: ["one-on"], reason };
    expect(codeOf(() => readOverride(panels, wantedBoth, both))).toBe("control.override-invalid");
    const named = { rules: ["shop/one-on"], reason };
    expect(readOverride(panels, wantedBoth, named)?.rules).toEqual([
      { panel: "shop", rule: "one-on" },
    ]);
  });

  test.for([
    ["a reason of seven characters", { rules: ["one-on"], reason: "because" }],
    ["a reason of spaces", { rules: ["one-on"], reason: " ".repeat(20) }],
    ["a reason without end", { rules: ["one-on"], reason: "x".repeat(reasonMaxChars + 1) }],
    ["an override of no rule", { rules: [], reason }],
    [
      "an override of more rules than one batch takes",
      { rules: Array.from({ length: overrideRulesMax + 1 }, (_, index) => `r${index}`), reason },
    ],
  ] as const)("%s is refused", ([, request]) => {
    expect(codeOf(() => readOverride(panels, wantedEast, request))).toBe(
      "control.override-invalid",
    );
  });

  test("a reason is one line without control characters", () => {
    const request = { rules: ["one-on"], reason: "it\nis \u001B[31m on\t\tfire\0" };
    expect(readOverride(panels, wantedEast, request)?.reason).toBe("it is [31m on fire");
  });
});
