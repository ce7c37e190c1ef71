/** The bounds that the address plan sets; see `addresses.ts` for the places they leave. */

/** Region m is seen from the others at .(100+m); 20 leaves room below 127.W.N.128. */
export const regionsMax = 20;

/** Instance k stands at .(10+k), and .100 is taken: k ends at 80, which leaves .91 to .99 free. */
export const instancesPerRegionMax = 80;

/** The second byte of 127.W.0.0. */
export const worldMax = 255;

/** The largest `leeward.yaml` that is read, in characters: a hundred times a world of 20 Regions and 80 databases. */
export const configTextMaxChars = 1_048_576;

/** Replica r of service s listens at port 20000 + 100·s + r of 127.W.N.4; see `address-scheme.ts`. */
export const replicasPerServiceMax = 50;

/** Its replicas' ports end below those that Linux gives to outgoing connections (32768). */
export const servicesMax = 100;
