import { expect, test } from "vitest";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { wantedLines, type Place, type Writer } from "./wanted.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;
const orders = "orders" as DatabaseId;
const own = { host: "127.0.1.1", port: 6432 };
const far = { host: "127.0.1.102", port: 6432 };

const place: Place = {
  region: east,
  names: [
    { name: "gdbdemo", database: orders, mode: "writer" },
    { name: "gdbdemo-ro", database: orders, mode: "local" },
  ],
  gateways: [
    { region: east, address: own },
    { region: west, address: far },
  ],
};
const inWest: readonly Writer[] = [{ database: orders, writer: west, isOpen: true }];
const lastIn = (host: string, port = 6432) => [
  { name: "gdbdemo", host, port, dbname: "orders-rw" },
];

test("the writer's name leads to the gateway of its Region, the local one stays", () => {
  expect(wantedLines(place, inWest, [])).toEqual([
    { name: "gdbdemo", ...far, dbname: "orders-rw" },
    { name: "gdbdemo-ro", ...own, dbname: "orders-ro" },
  ]);
});

test.for<[string, readonly Writer[], string, string]>([
  ["a writer that is not known stays where it was last", [], far.host, far.host],
  [
    "a writer that is not open yet is not gone to",
    [{ database: orders, writer: west, isOpen: false }],
    own.host,
    own.host,
  ],
  [
    "a writer in a Region that is not known here is not gone to",
    [{ database: orders, writer: "eu" as RegionId, isOpen: true }],
    far.host,
    far.host,
  ],
  ["what a person has written is no reason to go there", [], "10.9.9.9", own.host],
  ["an open writer counts more than where it was", inWest, own.host, far.host],
])("%s", ([, writers, last, host]) => {
  expect(wantedLines(place, writers, lastIn(last))[0]).toMatchObject({ host });
});

test("a name that was never known leads to the Region's own gateway", () => {
  expect(wantedLines(place, [], [])[0]).toEqual({ name: "gdbdemo", ...own, dbname: "orders-rw" });
});
