import { registerClockContract } from "../clock-contract.ts";
import { nodeClock } from "./clock.ts";

registerClockContract(() => ({ clock: nodeClock, drive: (body) => body() }));
