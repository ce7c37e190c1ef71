/** The processes of the link benchmark, and the two ways to measure through them. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { LinkConditions } from "../src/model/link.ts";

export type Conditions = LinkConditions;
type Place = { readonly host: string; readonly port: number };

/** As large as what a socket takes at once. */
const pieceBytes = 256 * 1024;

/** Up to 3 ms between two round trips, so that they do not fall into step with a timer. */
const pauseMsMax = 3;

export class LinkBench {
  readonly sink: Place;
  readonly echo: Place;
  readonly pipe: Place;
  readonly linkedSink: Place;
  readonly linkedEcho: Place;
  readonly #links: ChildProcess;
  readonly #children: readonly ChildProcess[];

  private constructor(places: readonly Place[], children: readonly ChildProcess[]) {
    const nowhere = { host: "", port: 0 };
    const [sink, echo, pipe, linkedSink, linkedEcho] = places;
    this.sink = sink ?? nowhere;
    this.echo = echo ?? nowhere;
    this.pipe = pipe ?? nowhere;
    this.linkedSink = linkedSink ?? nowhere;
    this.linkedEcho = linkedEcho ?? nowhere;
    this.#links = children.at(-1) as ChildProcess;
    this.#children = children;
  }

  static async start(): Promise<LinkBench> {
    const sink = await startPart("sink");
    const echo = await startPart("echo");
    const pipe = await startPart("pipe", String(sink.port));
    const host = `127.${200 + (process.pid % 50)}.${(process.pid >> 6) % 250}.1`;
    const links = await startPart("links", host, String(sink.port), String(echo.port));
    const local = ({ port }: { readonly port: number }): Place => ({ host: "127.0.0.1", port });
    const linked = [links.port, links.port + 1].map((port) => ({ host, port }));
    const places = [local(sink), local(echo), local(pipe), ...linked];
    return new LinkBench(
      places,
      [sink, echo, pipe, links].map(({ child }) => child),
    );
  }

  async setLink(conditions: Conditions): Promise<void> {
    this.#links.send(conditions);
    await once(this.#links, "message");
  }

  /** MB/s, until the other side has read the last byte. */
  async send(to: Place, bytes: number): Promise<number> {
    const socket = connect(to);
    const piece = Buffer.alloc(pieceBytes);
    await once(socket, "connect");
    const startedMs = performance.now();
    const ended = once(socket.resume(), "end");
    for (let left = bytes; left > 0; left -= piece.length) {
      if (!socket.write(piece)) await once(socket, "drain");
    }
    socket.end();
    await ended;
    return bytes / 1e6 / ((performance.now() - startedMs) / 1000);
  }

  async roundTripsMs(to: Place, count: number): Promise<readonly number[]> {
    const socket = connect({ ...to, noDelay: true });
    await once(socket, "connect");
    const tookMs: number[] = [];
    // The first one meets code that is not compiled yet.
    for (let left = count + 1; left > 0; left -= 1) {
      const startedMs = performance.now();
      socket.write("x");
      await once(socket, "data");
      tookMs.push(performance.now() - startedMs);
      await sleep(pauseMsMax * Math.random());
    }
    socket.destroy();
    return tookMs.slice(1);
  }

  close(): void {
    for (const child of this.#children) child.kill();
  }
}

async function startPart(
  name: string,
  ...args: readonly string[]
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = fork(fileURLToPath(new URL("link-part.ts", import.meta.url)), [name, ...args]);
  const [port] = (await Promise.race([once(child, "message"), once(child, "exit")])) as [number];
  if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
  return { child, port };
}
