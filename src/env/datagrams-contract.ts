import { expect, test } from "vitest";
import type { Address } from "../model/address.ts";
import type { DatagramEvents, Datagrams } from "./datagrams.ts";

/** What the contract's tests need around the door. */
export type DatagramsContract = {
  readonly datagrams: Datagrams;
  /** An address that this process alone uses, with port 0. */
  readonly anyPort: Address;
  /** Waits, within a bound, until it holds. */
  readonly until: (what: string, holds: () => boolean) => Promise<void>;
};

/** Keeps everything that it is told. */
class Told implements DatagramEvents {
  readonly packets: { readonly text: string; readonly from: Address }[] = [];
  readonly errors: Error[] = [];

  received(bytes: Buffer, from: Address): void {
    this.packets.push({ text: bytes.toString(), from });
  }

  failed(error: Error): void {
    this.errors.push(error);
  }

  get texts(): readonly string[] {
    return this.packets.map(({ text }) => text);
  }
}

/** What every `Datagrams` promises. */
export function registerDatagramsContract(make: () => DatagramsContract): void {
  test("a packet arrives whole with its sender, who can be answered", async () => {
    const { datagrams, anyPort, until } = make();
    const stop = new AbortController();
    const asked = new Told();
    const server = await datagrams.bind(anyPort, asked, stop.signal);
    expect(server.local.port).toBeGreaterThan(0);
    const answered = new Told();
    const line = await datagrams.connect(server.local, answered, stop.signal);
    line.send(Buffer.from("one"));
    line.send(Buffer.from("two"));
    await until("both came", () => asked.packets.length === 2);
    expect(asked.texts.toSorted()).toEqual(["one", "two"]);
    for (const { text, from } of asked.packets) server.send(Buffer.from(`${text}!`), from);
    await until("both were answered", () => answered.packets.length === 2);
    expect(answered.packets[0]?.from).toEqual(server.local);
    stop.abort(new Error("the test has ended"));
  });

  test("a line hears the other end alone", async () => {
    const { datagrams, anyPort, until } = make();
    const stop = new AbortController();
    const asked = new Told();
    const server = await datagrams.bind(anyPort, asked, stop.signal);
    const stranger = await datagrams.bind(anyPort, new Told(), stop.signal);
    const heard = new Told();
    const line = await datagrams.connect(server.local, heard, stop.signal);
    line.send(Buffer.from("hello"));
    await until("it came", () => asked.packets.length === 1);
    const [{ from } = { from: anyPort }] = asked.packets;
    stranger.send(Buffer.from("forged"), from);
    server.send(Buffer.from("good"), from);
    await until("the good one came", () => heard.packets.length > 0);
    expect(heard.texts).toEqual(["good"]);
    stop.abort(new Error("the test has ended"));
  });

  test("nobody there is told, and what cannot be sent harms nothing", async () => {
    const { datagrams, anyPort, until } = make();
    const stop = new AbortController();
    const gone = new AbortController();
    const { local } = await datagrams.bind(anyPort, new Told(), gone.signal);
    gone.abort(new Error("it is gone"));
    const told = new Told();
    const line = await datagrams.connect(local, told, stop.signal);
    await until("it was told", () => {
      line.send(Buffer.from("?"));
      return told.errors.length > 0;
    });
    const server = await datagrams.bind(anyPort, told, stop.signal);
    const before = told.errors.length;
    server.send(Buffer.alloc(70_000), local);
    server.send(Buffer.from("x"), { host: "not an address", port: 1 });
    server.send(Buffer.from("x"), { host: local.host, port: 0 });
    await until("what could not be sent was told", () => told.errors.length >= before + 2);
    const asked = await datagrams.connect(server.local, new Told(), stop.signal);
    asked.send(Buffer.from("still there"));
    await until("it still receives", () => told.texts.includes("still there"));
    stop.abort(new Error("the test has ended"));
  });

  test("where no road leads is a failure", async () => {
    const { datagrams, anyPort } = make();
    const { signal } = new AbortController();
    const nowhere = [{ host: "not an address", port: 53 }, anyPort, { ...anyPort, port: -1 }];
    for (const to of nowhere) {
      await expect(datagrams.connect(to, new Told(), signal)).rejects.toMatchObject({
        code: "network.unreachable",
      });
    }
  });

  test("an address that is taken says so, and is free again after an abort", async () => {
    const { datagrams, anyPort, until } = make();
    const stop = new AbortController();
    const { local } = await datagrams.bind(anyPort, new Told(), stop.signal);
    const second = datagrams.bind(local, new Told(), new AbortController().signal);
    await expect(second).rejects.toMatchObject({ code: "network.address-in-use" });
    const elsewhere = { host: "192.0.2.1", port: local.port };
    await expect(
      datagrams.bind(elsewhere, new Told(), new AbortController().signal),
    ).rejects.toMatchObject({ code: "network.address-unavailable" });
    stop.abort(new Error("it is over"));
    await expect(datagrams.bind(local, new Told(), stop.signal)).rejects.toThrow("it is over");
    const again = new AbortController();
    let isBound = false;
    await until("it can be had again", () => {
      void datagrams.bind(local, new Told(), again.signal).then(
        () => (isBound = true),
        () => undefined,
      );
      return isBound;
    });
    again.abort(new Error("the test has ended"));
  });

  test("after an abort nothing is heard, and sending is a no-op", async () => {
    const { datagrams, anyPort, until } = make();
    const stop = new AbortController();
    const told = new Told();
    const ended = new AbortController();
    const server = await datagrams.bind(anyPort, told, ended.signal);
    const other = new Told();
    const line = await datagrams.connect(server.local, other, stop.signal);
    line.send(Buffer.from("first"));
    await until("it came", () => told.packets.length === 1);
    ended.abort(new Error("it is over"));
    server.send(Buffer.from("late"), server.local);
    line.send(Buffer.from("second"));
    await until("nobody is there any more", () => {
      line.send(Buffer.from("third"));
      return other.errors.length > 0;
    });
    expect(told.texts).toEqual(["first"]);
    stop.abort(new Error("the test has ended"));
  });
}
