/** Draws the keys that name sessions, and by which their clients may cancel what they do. */
import type { Random } from "../env/env.ts";
import { SECRET_BYTES_MIN, type BackendKey } from "../wire/postgres/backend-messages.ts";

export class SessionKeys {
  readonly #random: Random;
  #last: number;

  constructor(random: Random) {
    this.#random = random;
    // Anywhere: a key from before a restart is not to meet a session of now.
    this.#last = Math.floor(random.float() * 1e6);
  }

  /** @param isTaken whether a session of that number still lives */
  draw(isTaken: (processId: number) => boolean): BackendKey {
    do {
      this.#last = (this.#last + 1) % 0x7fff_ffff;
    } while (this.#last === 0 || isTaken(this.#last));
    return { processId: this.#last, secret: this.#secret() };
  }

  /** In memory of its own: a part of the pool that small buffers share would keep 8 KiB of it for each client. */
  #secret(): Buffer {
    const secret = Buffer.allocUnsafeSlow(SECRET_BYTES_MIN);
    secret.write(this.#random.hex(SECRET_BYTES_MIN), "hex");
    return secret;
  }
}
