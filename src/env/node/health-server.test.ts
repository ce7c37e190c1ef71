import { request } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Address } from "../../model/address.ts";
import { serveHealth, type HealthQuestion } from "./health-server.ts";

let end: AbortController;
let address: Address;
let asked: HealthQuestion[];

beforeEach(async () => {
  end = new AbortController();
  asked = [];
  address = { host: "127.0.0.1", port: await freePort() };
  await serveHealth(
    address,
    (question) => {
      asked.push(question);
      return { status: 503, body: { role: "replica" } };
    },
    (error) => {
      throw error;
    },
    end.signal,
  );
});
afterEach(() => end.abort(new Error("the test is over")));

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function ask(method: string, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request({ ...address, method, path, agent: false }, (response) => {
      let text = "";
      response.on("data", (piece) => (text += String(piece)));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on("error", reject)
      .end();
  });
}

test("GET has a body, HEAD and OPTIONS have the status alone", async () => {
  expect(await ask("GET", "/primary")).toEqual({ status: 503, text: '{"role":"replica"}' });
  expect(await ask("HEAD", "/primary")).toEqual({ status: 503, text: "" });
  expect(await ask("OPTIONS", "/primary")).toEqual({ status: 503, text: "" });
});

test("path and query arrive apart", async () => {
  await ask("GET", "/orders/replica?lag=10MB&x=%2F");
  expect(asked).toEqual([
    {
      method: "GET",
      path: "/orders/replica",
      query: new Map([
        ["lag", "10MB"],
        ["x", "/"],
      ]),
    },
  ]);
});

test("an address that is taken is named", async () => {
  const answer = (): never => {
    throw new Error("nobody asks it");
  };
  await expect(serveHealth(address, answer, answer, end.signal)).rejects.toMatchObject({
    code: "network.address-in-use",
  });
});

test("it ends with its signal", async () => {
  end.abort(new Error("enough"));
  await expect(ask("GET", "/primary")).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
});
