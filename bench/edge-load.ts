/**
 * Asks for one page over and over, in a process of its own: `HOST PORT CONNECTIONS SECONDS [RATE]`. Without a rate each
 * connection asks again as soon as it is answered; with one so many requests begin per second, whatever became of
 * earlier ones. Prints one line of JSON.
 */
import { connect, type Socket } from "node:net";
import { quantile } from "./figure.ts";

export type LoadResult = {
  readonly requests: number;
  /** Answers other than 200, and connections that broke. */
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

const [host = "", port = "", connections = "1", seconds = "1", rate = "0"] = process.argv.slice(2);
const question = Buffer.from(
  "GET / HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n",
);
const headEnd = Buffer.from("\r\n\r\n");
const isPaced = Number(rate) > 0;
const tookMs: number[] = [];
/** When requests began that no connection was free for. */
const waiting: number[] = [];
const free: Client[] = [];
let failed = 0;
let isOver = false;

class Client {
  readonly #socket: Socket;
  #beganMs = 0;
  #heard: Buffer = Buffer.alloc(0);
  #missing: number | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (piece: Buffer) => this.#hear(piece));
    socket.on("close", () => {
      if (!isOver) failed += 1;
    });
    socket.on("error", () => undefined);
  }

  ask(beganMs: number): void {
    this.#beganMs = beganMs;
    this.#socket.write(question);
  }

  #hear(piece: Buffer): void {
    if (this.#missing === undefined) {
      this.#heard = this.#heard.length === 0 ? piece : Buffer.concat([this.#heard, piece]);
      const end = this.#heard.indexOf(headEnd);
      if (end < 0) return;
      const head = this.#heard.toString("latin1", 0, end);
      if (!head.startsWith("HTTP/1.1 200")) failed += 1;
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      this.#missing = length - (this.#heard.length - end - headEnd.length);
      this.#heard = Buffer.alloc(0);
    } else {
      this.#missing -= piece.length;
    }
    if (this.#missing <= 0) this.#answered();
  }

  #answered(): void {
    this.#missing = undefined;
    const nowMs = performance.now();
    tookMs.push(nowMs - this.#beganMs);
    if (isOver) return;
    const begun = isPaced ? waiting.shift() : nowMs;
    if (begun === undefined) free.push(this);
    else this.ask(begun);
  }
}

/** All of them are open before the first asks. */
for (let n = 0; n < Number(connections); n += 1) {
  const socket = connect({ host, port: Number(port), noDelay: true });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  free.push(new Client(socket));
}
const beganMs = performance.now();
const untilMs = beganMs + Number(seconds) * 1_000;
if (isPaced) pace(0);
else for (const client of free.splice(0)) client.ask(performance.now());
setTimeout(report, Number(seconds) * 1_000);

/** Begins what is due; Node's timers come each millisecond or later, so that some begin together. */
function pace(begun: number): void {
  const nowMs = performance.now();
  if (nowMs >= untilMs) return;
  const due = Math.floor(((nowMs - beganMs) / 1_000) * Number(rate));
  for (let n = begun; n < due; n += 1) {
    const client = free.pop();
    if (client === undefined) waiting.push(nowMs);
    else client.ask(nowMs);
  }
  setTimeout(pace, 1, due);
}

function report(): void {
  isOver = true;
  const result: LoadResult = {
    requests: tookMs.length,
    failed,
    seconds: (performance.now() - beganMs) / 1_000,
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
