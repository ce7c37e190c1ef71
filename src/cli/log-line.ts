/** One line of a log, for people. Pure. */
import type { Colors } from "./frame.ts";
import { parseInstant, showInstant } from "./instant.ts";
import { padEnd } from "./output.ts";

export type LogLine = {
  readonly source: string;
  readonly text: string;
  /** Undefined when it says no time of its own: it goes on with the line before. */
  readonly atMs: number | undefined;
};

/** Our programs write JSON, PostgreSQL begins with a time in UTC. */
export function readLogLine(source: string, text: string): LogLine {
  const [, json] = /^\{.*"time":"([^"]+)"/.exec(text) ?? [];
  const [, day, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d+) UTC /.exec(text) ?? [];
  const said = json ?? (day === undefined ? undefined : `${day}T${time}Z`);
  return { source, text, atMs: said === undefined ? undefined : parseInstant(said) };
}

/** All lines in order of time. A line without one stays behind the one before it. */
export function mergeLogs(logs: readonly (readonly LogLine[])[]): readonly LogLine[] {
  const timed = logs.flatMap((lines) => {
    let lastMs = 0;
    return lines.map((line) => {
      lastMs = line.atMs ?? lastMs;
      return { line, atMs: lastMs };
    });
  });
  return timed.toSorted((a, b) => a.atMs - b.atMs).map(({ line }) => line);
}

type Look = { readonly colors: Colors; readonly nowMs: number; readonly sourceWidth: number };

export function showLogLine(line: LogLine, look: Look): string {
  const { colors, sourceWidth } = look;
  const source = colors.cyan(padEnd(line.source, sourceWidth));
  return `${source}  ${showEntry(line.text, look) ?? showServerLine(line.text, look)}`;
}

/** With `--json`: a line of JSON as it is, and any other wrapped into one. */
export function logLineAsJson({ source, text }: LogLine): string {
  const entry = parseEntry(text);
  return entry === undefined ? JSON.stringify({ source, line: text }) : text;
}

/** Undefined when it is no line of our own programs. */
function showEntry(text: string, { colors, nowMs }: Look): string | undefined {
  const entry = parseEntry(text);
  if (entry === undefined) return undefined;
  const { level, time, event, program: _program, ...fields } = entry;
  const at = colors.dim(showInstant(String(time ?? ""), nowMs));
  const rest = Object.entries(fields).map(
    ([name, value]) => `${colors.dim(`${name}=`)}${shown(value)}`,
  );
  const shownLevel = padEnd(String(level ?? ""), 5);
  const how = level === "error" ? colors.red : level === "warn" ? colors.yellow : colors.dim;
  return [at, how(shownLevel), String(event ?? ""), ...rest].join("  ").trimEnd();
}

function showServerLine(text: string, { colors, nowMs }: Look): string {
  const { atMs } = readLogLine("", text);
  if (atMs === undefined) return text;
  const [, rest = text] = /^\S+ \S+ UTC (.*)$/s.exec(text) ?? [];
  const at = colors.dim(showInstant(text.replace(/^(\S+) (\S+) UTC .*$/s, "$1T$2Z"), nowMs));
  const how = /(ERROR|FATAL|PANIC):/.test(rest) ? colors.red : (plain: string): string => plain;
  return `${at}  ${how(rest)}`;
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[^\s"]+$/.test(text) ? text : JSON.stringify(text);
}

function parseEntry(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "event" in value
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
