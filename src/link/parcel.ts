/**
 * What crosses a link, in order within its flow. Besides bytes these are the marks of a TCP connection, so
 * that opening, ending and breaking one takes the same time, and stops at the same cut, as its bytes do.
 */
export type Parcel =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** The client wants a connection. */
  | { readonly kind: "syn" }
  /** The target accepted it. */
  | { readonly kind: "syn-ack" }
  /** The client knows; the target may speak. */
  | { readonly kind: "ack" }
  /** The source sends no more. */
  | { readonly kind: "fin" }
  /** The source is gone; what it had not sent yet is lost. */
  | { readonly kind: "rst" };

/** Marks count nothing: against a packet's payload their 40 bytes change no figure that anybody looks at. */
export function parcelBytes(parcel: Parcel): number {
  return parcel.kind === "bytes" ? parcel.bytes.byteLength : 0;
}
