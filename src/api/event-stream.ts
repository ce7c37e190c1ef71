/** Reads server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html. Pure. */

export type StreamMessage = {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: string;
};

/** Takes text in any pieces; answers the messages that they complete. */
export class EventStreamReader {
  #rest = "";
  #event = "";
  #id: string | undefined;
  #data: string[] = [];

  take(text: string): readonly StreamMessage[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line.endsWith("\r") ? line.slice(0, -1) : line));
  }

  #line(line: string): readonly StreamMessage[] {
    if (line === "") return this.#complete();
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    if (field === "id") this.#id = value;
    if (field === "data") this.#data.push(value);
    return [];
  }

  #complete(): readonly StreamMessage[] {
    const message = { event: this.#event, id: this.#id, data: this.#data.join("\n") };
    const isMessage = this.#data.length > 0;
    this.#event = "";
    this.#id = undefined;
    this.#data = [];
    return isMessage ? [message] : [];
  }
}
