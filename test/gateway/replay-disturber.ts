/** Makes a standby's replay lag as it may in the worst of worlds: delayed, paused, and without its receiver. */
import pg from "pg";
import type { Address } from "../../src/model/address.ts";
import type { RandomSource } from "../property/random-source.ts";
