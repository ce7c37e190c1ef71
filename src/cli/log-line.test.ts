import pico from "picocolors";
import { expect, test } from "vitest";
import { logLineAsJson, mergeLogs, readLogLine, showLogLine } from "./log-line.ts";

const look = { colors: pico.createColors(false), nowMs: 0, sourceWidth: 10 };
const entry =
  '{"level":"warn","time":"2026-01-02T03:04:05.678Z","program":"controller","event":"store.opened","path":"a b","n":1}';

test("a line of ours shows its level, its event and its fields", () => {
  const shown = showLogLine(readLogLine("controller", entry), look);
  expect(shown).toMatch(/^controller {2}\S+ \S+ {2}warn {3}store\.opened {2}path="a b" {2}n=1$/);
});

test("a line of PostgreSQL loses its date and nothing else", () => {
  const line = "2026-01-02 03:04:05.678 UTC [42] LOG:  listening";
  expect(showLogLine(readLogLine("orders", line), look)).toMatch(/ {2}\[42\] LOG: {2}listening$/);
});

test("a line without a time stays behind the one before it", () => {
  const a = ["2026-01-02 03:04:05.000 UTC a", "\tmore of a", "2026-01-02 03:04:07.000 UTC c"];
  const b = ["2026-01-02 03:04:06.000 UTC b"];
  const merged = mergeLogs([
    a.map((text) => readLogLine("a", text)),
    b.map((text) => readLogLine("b", text)),
  ]);
  expect(merged.map(({ text }) => text.trim().at(-1))).toEqual(["a", "a", "b", "c"]);
});

test("as JSON a line of ours is as it was written, and any other is wrapped", () => {
  expect(logLineAsJson(readLogLine("controller", entry))).toBe(entry);
  expect(logLineAsJson(readLogLine("x", "{broken"))).toBe('{"source":"x","line":"{broken"}');
});
