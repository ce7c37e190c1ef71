import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { Refusal, Unavailable } from "./refusal.ts";
import { bodyBytesMax, buildService, type Service } from "./service.ts";

const environment = { HOST: "127.0.0.1", PORT: 0, LEEWARD_REGION: "us-east-1", LEEWARD_REPLICA: 2 };
let service: Service | undefined;

async function built(isWell = true): Promise<Service> {
  service = await buildService({
    name: "trial",
    environment,
    routes: (routes) => {
      routes.post(
        "/echo",
        { schema: { body: z.strictObject({ n: z.int() }) } },
        (request) => request.body,
      );
      routes.get("/word/:word", () => "said");
      routes.get("/refused", () => {
        throw new Refusal(409, "sold-out", "There are 2 left.");
      });
      routes.get("/unavailable", () => {
        throw new Unavailable("Please try again.");
      });
      routes.get("/broken", () => {
        throw new Error("password=hunter2");
      });
    },
    deepHealth: async () => ({ reader: { ok: true, ms: 1 }, writer: { ok: isWell, ms: 2 } }),
  });
  service.log.level = "silent";
  return service;
}

afterEach(() => service?.close());

test("health says who it is, and looks deep only when asked", async () => {
  const one = await built(false);
  const plain = await one.inject("/healthcheck");
  expect([plain.statusCode, plain.json()]).toEqual([
    200,
    { status: "success", service: "trial", region: "us-east-1", replica: 2 },
  ]);
  expect((await one.inject("/healthcheck?deep=1")).statusCode).toBe(503);
});

test("wrong input is refused, and the answer names the field", async () => {
  const one = await built();
  const wrong = await one.inject({ method: "POST", url: "/echo", payload: { n: "x" } });
  expect(wrong.statusCode).toBe(400);
  expect(wrong.json<{ error: { message: string } }>().error.message).toContain("n:");
  const torn = await one.inject({
    method: "POST",
    url: "/echo",
    payload: "{",
    headers: { "content-type": "application/json" },
  });
  expect(torn.statusCode).toBe(400);
});

test("a path that is no path is refused in the same form as all else", async () => {
  const one = await built();
  const answer = await one.inject(`/word/${"x".repeat(200)}`);
  expect([answer.statusCode, answer.json()]).toEqual([
    414,
    { error: { code: "bad-path", message: expect.any(String) as unknown } },
  ]);
});

test("a body of a megabyte is refused", async () => {
  const one = await built();
  const payload = { text: "x".repeat(bodyBytesMax + 1) };
  const answer = await one.inject({ method: "POST", url: "/echo", payload });
  expect([answer.statusCode, answer.json<{ error: { code: string } }>().error.code]).toEqual([
    413,
    "too-large",
  ]);
});

test("a refusal keeps its words, what is unavailable says when to come back, and what is broken says nothing", async () => {
  const one = await built();
  expect((await one.inject("/refused")).json()).toEqual({
    error: { code: "sold-out", message: "There are 2 left." },
  });
  const away = await one.inject("/unavailable");
  expect([away.statusCode, away.headers["retry-after"]]).toEqual([503, "1"]);
  const broken = await one.inject("/broken");
  expect(broken.statusCode).toBe(500);
  expect(broken.body).not.toContain("hunter2");
});

test("at the end, what is under way and what still comes by an open connection are answered", async () => {
  const begun = new EventTarget();
  const slow = await buildService({
    name: "slow",
    environment,
    routes: (routes) => {
      routes.get("/slow", async () => {
        const isLetGo = once(begun, "let go");
        begun.dispatchEvent(new Event("begun"));
        await isLetGo;
        return "late";
      });
      routes.get("/quick", () => {
        begun.dispatchEvent(new Event("let go"));
        return "quick";
      });
    },
  });
  await slow.listen({ host: environment.HOST, port: 0 });
  const { port } = slow.server.address() as AddressInfo;
  const socket = connect(port, environment.HOST);
  const isBegun = once(begun, "begun");
  socket.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  await isBegun;
  const closed = slow.close();
  socket.write("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n");
  expect(await text(socket)).toMatch(/200 OK[^]*late[^]*200 OK[^]*quick/);
  await closed;
});

test("who sends too much is told so, and may go on by the same connection", async () => {
  const echo = await buildService({
    name: "echo",
    environment,
    routes: (routes) => void routes.post("/echo", () => "read"),
  });
  await echo.listen({ host: environment.HOST, port: 0 });
  const { port } = echo.server.address() as AddressInfo;
  const socket = connect(port, environment.HOST);
  const megabyte = JSON.stringify("x".repeat(1_048_576));
  const head = "Host: x\r\nContent-Type: application/json\r\n";
  socket.write(
    `POST /echo HTTP/1.1\r\n${head}Content-Length: ${megabyte.length}\r\n\r\n${megabyte}`,
  );
  socket.write(`POST /echo HTTP/1.1\r\n${head}Content-Length: 2\r\nConnection: close\r\n\r\n{}`);
  expect(await text(socket)).toMatch(/413 Payload Too Large[^]*too-large[^]*200 OK[^]*read/);
  await echo.close();
});
