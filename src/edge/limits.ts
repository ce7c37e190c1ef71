/** Every bound of the edge in one place. Tests shorten them; programs take `edgeLimits`. */

export type EdgeLimits = {
  /** Clients of one listener at a time; more are closed as they come. */
  readonly connectionsMax: number;
  /** To one endpoint; a request beyond is refused and goes elsewhere. */
  readonly upstreamConnectionsMax: number;
  readonly headerBytesMax: number;
  /** From the first byte of a request to the end of its header. */
  readonly headersMs: number;
  /** From the first byte of a request to the last of its body. */
  readonly requestMs: number;
  /** How often the two above are looked at. */
  readonly lookMs: number;
  /** Between two requests of one connection. */
  readonly keepAliveMs: number;
  /** A connection to an endpoint that nobody uses. */
  readonly upstreamIdleMs: number;
  readonly connectMs: number;
  /** Until an endpoint begins to answer. */
  readonly answerMs: number;
  /** Between two pieces of a request's body. */
  readonly uploadIdleMs: number;
  /** Between two pieces of an answer, for whoever sends it and whoever reads it. */
  readonly downloadIdleMs: number;
  /** A WebSocket or TCP connection on which nothing moves. */
  readonly tunnelIdleMs: number;
  /** On any connection, after one side has said that it sends nothing more. */
  readonly halfClosedMs: number;
  /** Of a request's body, kept until its answer begins, so that it can be sent a second time. */
  readonly replayBytesMax: number;
  /** What is read of an answer to a health check. */
  readonly probeBytesMax: number;
  /** How long the rest of a body is thrown away that nobody wants, so that its sender reads the answer first. */
  readonly lingerMs: number;
  /** A Region that leaves still accepts connections for so long; whoever looks at it sees by then that it leaves. */
  readonly farewellMs: number;
  /** After that, what is under way may finish. */
  readonly drainMs: number;
  /** Streams into a Region whose control is Off are closed after so long. */
  readonly pinnedMs: number;
  /** Of the distribution, over all kept answers, and for one of them. */
  readonly keptBytesMax: number;
  readonly keptAnswerBytesMax: number;
};

export const edgeLimits: EdgeLimits = {
  // Two descriptors each, and a process may open 10,000 on the machines that this runs on.
  connectionsMax: 4_096,
  upstreamConnectionsMax: 4_096,
  // What Node takes by itself, and a little more than browsers send.
  headerBytesMax: 16_384,
  headersMs: 10_000,
  // 5 min: 1 GB through 30 Mbit/s.
  requestMs: 300_000,
  lookMs: 1_000,
  // Longer than the usual keep-alive of clients in front of it, so that they close first.
  keepAliveMs: 65_000,
  // Shorter than the 5 s of Node's own server, which closes without a word.
  upstreamIdleMs: 4_000,
  // 1 s: the longest round trip that a link may have, and some.
  connectMs: 1_000,
  // As long as load balancers wait by default.
  answerMs: 60_000,
  uploadIdleMs: 30_000,
  downloadIdleMs: 300_000,
  // 1 h: pools of connections keep idle ones for long; the system asks each half minute whether the other side is there.
  tunnelIdleMs: 3_600_000,
  // 30 s: a browser whose tab was closed looks the same as a client that only sends no more.
  halfClosedMs: 30_000,
  // 64 KiB: forms and API calls; uploads are more and are sent once.
  replayBytesMax: 65_536,
  probeBytesMax: 65_536,
  lingerMs: 1_000,
  // Two health checks of half a second.
  farewellMs: 1_000,
  drainMs: 10_000,
  pinnedMs: 30_000,
  keptBytesMax: 67_108_864,
  keptAnswerBytesMax: 1_048_576,
};
