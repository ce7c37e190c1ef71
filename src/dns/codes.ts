/** Numbers of the protocol, as IANA keeps them. */

export const rcodes = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5,
  /** Extended: the upper eight bits travel in the OPT record. */
  badVersion: 16,
} as const;

export type Rcode = (typeof rcodes)[keyof typeof rcodes];

export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  TXT: 16,
  SRV: 33,
  OPT: 41,
  /** Transfers of a whole zone. */
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

/** The Internet: the only class that there is. */
export const classIn = 1;

/** Octets before the first question. */
export const headerBytes = 12;

/** RFC 1035, 4.2.1: what every client takes by UDP. */
export const plainSizeMax = 512;

/** What passes every network in one piece, as agreed at the DNS flag day of 2020. Also what is taken at most. */
export const ednsSizeMax = 1_232;

/** The length before a message on TCP has 16 bits. */
export const streamSizeMax = 65_535;
