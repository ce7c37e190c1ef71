/** The first byte of each message of protocol 3, by its name in PostgreSQL's documentation. */

/** What clients send. */
export const frontend = {
  bind: 0x42,
  close: 0x43,
  copyData: 0x64,
  copyDone: 0x63,
  copyFail: 0x66,
  describe: 0x44,
  execute: 0x45,
  flush: 0x48,
  functionCall: 0x46,
  parse: 0x50,
  /** PasswordMessage, SASLInitialResponse, SASLResponse: which one, only the state of the login tells. */
  password: 0x70,
  query: 0x51,
  sync: 0x53,
  terminate: 0x58,
} as const;

/** What servers send. */
export const backend = {
  authentication: 0x52,
  backendKeyData: 0x4b,
  bindComplete: 0x32,
  closeComplete: 0x33,
  commandComplete: 0x43,
  copyBothResponse: 0x57,
  copyData: 0x64,
  copyDone: 0x63,
  copyInResponse: 0x47,
  copyOutResponse: 0x48,
  dataRow: 0x44,
  emptyQueryResponse: 0x49,
  errorResponse: 0x45,
  functionCallResponse: 0x56,
  negotiateProtocolVersion: 0x76,
  noData: 0x6e,
  noticeResponse: 0x4e,
  notificationResponse: 0x41,
  parameterDescription: 0x74,
  parameterStatus: 0x53,
  parseComplete: 0x31,
  portalSuspended: 0x73,
  readyForQuery: 0x5a,
  rowDescription: 0x54,
} as const;

/** The status byte of ReadyForQuery. */
export const transactionStatus = {
  idle: 0x49,
  open: 0x54,
  failed: 0x45,
} as const;

/** The kind byte of Describe and Close. */
export const target = {
  statement: 0x53,
  portal: 0x50,
} as const;

/** Type byte and length; the length counts itself but not the type. */
export const HEADER_BYTES = 5;
