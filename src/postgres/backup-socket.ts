/** The socket of a base backup: `pg` speaks through it, and the backup's bytes go around `pg`. */
import { Socket, type OnReadOpts, type SocketConstructorOpts } from "node:net";
import { CopyDataSplitter, type CopyDataSink } from "./copy-data-splitter.ts";

/** Large enough that system calls cost little, small enough to stay in a processor's cache until it is written. */
const READ_BYTES = 512 * 1024;

export type BackupReceiver = Omit<CopyDataSink, "onOther"> & {
  /** The bytes handed out before are about to be overwritten. */
  onReadEnd(): void;
};

/** Not connected yet. The receiver is called from inside its events and must not throw. */
export function backupSocket(receiver: BackupReceiver): Socket {
  const splitter = new CopyDataSplitter({
    onMessage: (kind) => receiver.onMessage(kind),
    onMessageBytes: (bytes) => receiver.onMessageBytes(bytes),
    // `pg` keeps what it has not understood yet.
    onOther: (bytes) => socket.emit("data", Buffer.from(bytes)),
  });
  const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = {
    onread: {
      buffer: Buffer.allocUnsafe(READ_BYTES),
      callback: (length, buffer) => {
        try {
          splitter.push(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        } catch (error) {
          socket.destroy(error as Error);
          return false;
        }
        receiver.onReadEnd();
        return true;
      },
    },
  };
  const socket = new Socket(options);
  return socket;
}
