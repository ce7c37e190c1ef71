import type { Fields, Log } from "../src/env/env.ts";

export type LogLine = {
  /** True time. */
  readonly atMs: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly fields: Fields;
};

/** Keeps every line, for a test that asks what was said. */
export class RecordingLog implements Log {
  readonly lines: LogLine[];
  readonly #fields: Fields;
  readonly #nowMs: () => number;

  constructor(lines: LogLine[] = [], fields: Fields = {}, nowMs: () => number = () => 0) {
    this.lines = lines;
    this.#fields = fields;
    this.#nowMs = nowMs;
  }

  debug(event: string, fields?: Fields): void {
    this.#keep("debug", event, fields);
  }

  info(event: string, fields?: Fields): void {
    this.#keep("info", event, fields);
  }

  warn(event: string, fields?: Fields): void {
    this.#keep("warn", event, fields);
  }

  error(event: string, fields?: Fields): void {
    this.#keep("error", event, fields);
  }

  child(fields: Fields): Log {
    return new RecordingLog(this.lines, { ...this.#fields, ...fields }, this.#nowMs);
  }

  #keep(level: LogLine["level"], event: string, fields: Fields | undefined): void {
    const atMs = Math.round(this.#nowMs());
    this.lines.push({ atMs, level, event, fields: { ...this.#fields, ...fields } });
  }
}
