import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  clock,
  drawAddress,
  Scratch,
  silent,
  soon,
  spec,
  startPrimary,
  superuserPassword,
} from "../../test/postgres/scratch.ts";
import type { Address } from "../model/address.ts";
import { assert } from "../std/assert.ts";
import { openStatementBook } from "./open-book.ts";
import { readingOf } from "./reading.ts";
import type { StatementBook } from "./sql.ts";

describe("what is said again to another server", () => {
  let scratch: Scratch;
  let address: Address;
  let book: StatementBook;

  beforeAll(async () => {
    scratch = await Scratch.open();
    address = drawAddress();
    const server = scratch.server("a", address);
    await server.create(spec, soon());
    await startPrimary(server);
    book = await openStatementBook({ clock, log: silent });
  });
  // Each by itself, so that a failed start leaves no server behind.
  afterAll(async () => scratch[Symbol.asyncDispose]());
  afterAll(async () => book.close());

  /** The setting's value in a session of its own, after these. */
  async function valueAfter(statements: readonly string[], name: string): Promise<string> {
    const client = new pg.Client({
      ...address,
      user: "leeward",
      password: superuserPassword.reveal(),
      database: "orders",
    });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
      const show = "select current_setting($1, true) as value";
      const { rows } = await client.query<{ value: string }>(show, [name]);
      return rows[0]?.value ?? "";
    } finally {
      await client.end();
    }
  }

  test.each([
    "set work_mem = '5MB'",
    "set WORK_MEM to 5120",
    "set search_path = a, \"B c\", 'd,e'",
    "set search_path = ''",
    "select set_config('search_path', 'a, \"B c\", d', false)",
    "select set_config('datestyle', 'sql, dmy', false)",
    "set datestyle = sql, dmy",
    "set datestyle to 'german'",
    "set leeward.consistency = global",
    "select set_config('Some.thing', E'it''s \\\\ \\n 5', false)",
    "set any_of.thing = U&'d\\0061t'",
    "set time zone 'Europe/Rome'",
    "set time zone -7",
    "set time zone 5.5",
    "set time zone interval '-08:00' hour to minute",
    "set names 'latin1'",
    "set extra_float_digits = -3",
    "set xml option document",
    "set statement_timeout = '1h'",
    "set random_page_cost = 1.5",
    "set enable_seqscan = off",
    "set role app",
    "set session authorization app",
    "set session characteristics as transaction isolation level repeatable read",
    "set transform_null_equals = true",
  ])("%s has the same effect there", async (text) => {
    const bytes = Buffer.from(text);
    const { effects } = await book.learn(bytes, 0, bytes.length, readingOf("UTF8", "on"));
    const [effect] = effects;
    assert(effect?.kind === "set" && effect.sql !== undefined, `${text} sets something`);
    const value = await valueAfter([text], effect.name);
    expect(value).not.toBe(await valueAfter([], effect.name));
    expect(await valueAfter([effect.sql], effect.name)).toBe(
      // The only list that can be empty: SET has no other word for it than an empty name.
      text.includes("= ''") ? '""' : value,
    );
  });
});
