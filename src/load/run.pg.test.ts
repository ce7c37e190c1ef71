/** Visitors at a real HTTP server. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { nodeClock } from "../env/node/clock.ts";
import type { Journey, LoadResult } from "./load.ts";
import { runLoad } from "./run.ts";

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

type Answering = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function serve(answer: Answering): Promise<string> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => answer(request, response, body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  endings.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Until some visitor has been there `visits` times. */
async function run(
  origin: string,
  journey: Journey,
  { visits = 1, clients = 1 } = {},
): Promise<LoadResult> {
  const enough = new AbortController();
  let done = 0;
  const counted: Journey = async (visitor) => {
    try {
      await journey(visitor);
    } finally {
      done += 1;
      if (done >= visits) enough.abort();
    }
  };
  const settings = { origin, journey: counted, clients, durationMs: 8_000 };
  return runLoad(settings, { clock: nodeClock, watch: () => undefined }, enough.signal);
}

test("a visitor keeps its cookies, follows a form to its page, and says that it comes from the site", async () => {
  const heard: string[] = [];
  const origin = await serve(({ method, url, headers }, response, body) => {
    heard.push(`${method} ${url} ${headers.cookie ?? "-"} ${headers.origin ?? "-"} ${body || "-"}`);
    response.setHeader("x-leeward-region", "us-west-2");
    if (url === "/")
      response.setHeader("set-cookie", ["id=1; Path=/; HttpOnly", "old=; Max-Age=0"]);
    if (method === "POST") response.writeHead(303, { location: "/cart?added=1" });
    response.end("<h1>Caf\u00E9</h1>");
  });
  const result = await run(origin, async (visitor) => {
    visitor.step("home");
    const home = await visitor.get("/");
    expect([home.status, home.text()]).toEqual([200, "<h1>Caf\u00E9</h1>"]);
    visitor.step("cart");
    const page = await visitor.post("/cart", { item: 2, note: "a&b" });
    expect([page.path, page.header("x-leeward-region")]).toEqual(["/cart?added=1", "us-west-2"]);
  });
  expect(heard).toEqual([
    "GET / - - -",
    `POST /cart id=1 ${origin} item=2&note=a%26b`,
    "GET /cart?added=1 id=1 - -",
  ]);
  expect(result).toMatchObject({ requests: 3, errors: 0, journeys: { completed: 1, failed: 0 } });
  expect(result.steps.map(({ step, requests }) => [step, requests])).toEqual([
    ["home", 1],
    ["cart", 2],
  ]);
  expect(result.regions).toMatchObject([{ region: "us-west-2", requests: 3 }]);
});

test("each visitor has cookies of its own", async () => {
  const cookies = new Set<string>();
  const enough = new AbortController();
  let next = 0;
  const origin = await serve(({ headers }, response) => {
    if (headers.cookie === undefined) response.setHeader("set-cookie", `id=${(next += 1)}`);
    else cookies.add(headers.cookie);
    if (cookies.size === 3) enough.abort();
    response.end();
  });
  const journey: Journey = async (visitor) => void (await visitor.get("/"));
  const settings = { origin, journey, clients: 3, durationMs: 8_000 };
  await runLoad(settings, { clock: nodeClock, watch: () => undefined }, enough.signal);
  expect(next).toBe(3);
  expect(cookies).toEqual(new Set(["id=1", "id=2", "id=3"]));
});

test("every way to fail has its kind, ends the visit, and says where", async () => {
  const origin = await serve(({ url, socket }, response) => {
    if (url === "/reset") return void socket.destroy();
    if (url === "/circle") response.writeHead(302, { location: "/circle" });
    else if (url === "/away") response.writeHead(302, { location: "http://127.0.0.1:1/" });
    else response.writeHead(Number(url?.slice(1)));
    return void response.end();
  });
  const paths = ["/503", "/404", "/reset", "/circle", "/away"];
  let visit = 0;
  const result = await run(
    origin,
    async (visitor) => {
      const path = paths[visit];
      visit += 1;
      if (path === undefined) throw new Error("no button");
      await visitor.get(path);
      throw new Error("the visit went on");
    },
    { visits: 6 },
  );
  const told = result.errorsByKind.map(({ kind, count, messages }) => [kind, count, messages]);
  expect(told).toEqual([
    ["4xx", 1, ["GET /404 answered 404"]],
    ["5xx", 1, ["GET /503 answered 503"]],
    ["reset", 1, [expect.stringMatching(/^GET \/reset: /)]],
    [
      "unusable",
      2,
      [
        "GET /circle is the end of 10 redirects, and one more",
        expect.stringMatching(/^GET \/away leads away/),
      ],
    ],
    ["journey", 1, ["visit: no button"]],
  ]);
  expect(result.journeys).toEqual({ completed: 0, failed: 6 });
});

test("a request that a journey does not wait for may fail, and the run goes on", async () => {
  const origin = await serve((_, response) => void response.writeHead(503).end());
  const result = await run(origin, async (visitor) => {
    void visitor.get("/forgotten");
    await visitor.get("/");
  });
  expect(result).toMatchObject({ requests: 2, errors: 2, journeys: { completed: 0, failed: 1 } });
});

test("a status that the journey expects is no error", async () => {
  const origin = await serve((_, response) => void response.writeHead(409).end());
  const result = await run(origin, async (visitor) => {
    const { status } = await visitor.post("/cart", {}, { expect: [409] });
    expect(status).toBe(409);
  });
  expect(result).toMatchObject({ errors: 0, journeys: { completed: 1 } });
});

test("where nobody listens, visitors come back slowly", async () => {
  const origin = await serve(() => undefined);
  for (const end of endings.splice(0)) end();
  const result = await run(origin, async (visitor) => void (await visitor.get("/")), { visits: 3 });
  expect(result.errorsByKind).toMatchObject([{ kind: "connect", count: 3 }]);
  expect(result.latencyMs).toBeUndefined();
  expect(result.elapsedMs).toBeGreaterThan(450);
});

test("what is under way at the end may be answered, and nothing new begins", async () => {
  let asked = 0;
  let end = (): void => undefined;
  const ended = new AbortController();
  const origin = await serve((_, response) => {
    asked += 1;
    end();
    setTimeout(() => response.end(), 200);
  });
  end = () => ended.abort();
  const journey: Journey = async (visitor) => {
    await visitor.get("/");
    await visitor.get("/never");
  };
  const settings = { origin, journey, clients: 1, durationMs: 8_000 };
  const doors = { clock: nodeClock, watch: (): void => undefined };
  const result = await runLoad(settings, doors, ended.signal);
  expect(asked).toBe(1);
  expect(result).toMatchObject({ requests: 1, errors: 0, unfinished: 0 });
});

test("an answer that does not come is left behind and counted as unfinished", async () => {
  const ended = new AbortController();
  const origin = await serve(() => ended.abort());
  const journey: Journey = async (visitor) => void (await visitor.get("/"));
  const settings = { origin, journey, clients: 1, durationMs: 8_000 };
  const doors = { clock: hasty, watch: (): void => undefined };
  const result = await runLoad(settings, doors, ended.signal);
  expect(result).toMatchObject({ requests: 0, errors: 0, unfinished: 1 });
});

/** Waits a tenth. */
const hasty: typeof nodeClock = {
  ...nodeClock,
  sleep: (ms, signal) => nodeClock.sleep(ms / 10, signal),
};

test("a journey that asks for nothing stops nobody else, and the end comes in time", async () => {
  const origin = await serve((_, response) => void response.end());
  let idle = 0;
  const journey: Journey = async (visitor) => {
    if (visitor.number === 1) idle += 1;
    else await visitor.get("/");
  };
  const settings = { origin, journey, clients: 2, durationMs: 1_200 };
  const seen: number[] = [];
  const doors = {
    clock: nodeClock,
    watch: ({ requests }: { readonly requests: number }): void => void seen.push(requests),
  };
  const result = await runLoad(settings, doors, new AbortController().signal);
  expect(idle).toBeLessThan(10);
  expect(result.requests).toBeGreaterThan(10);
  expect(result.elapsedMs).toBeLessThan(1_200 + 1_000);
  expect(seen.length).toBeGreaterThanOrEqual(2);
});
