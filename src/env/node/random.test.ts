import { registerRandomContract } from "../random-contract.ts";
import { nodeRandom } from "./random.ts";

registerRandomContract(() => nodeRandom);
