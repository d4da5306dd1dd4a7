import { MessageChannel } from 'node:worker_threads';

/** Less is not worth the call. */
const WORTH_IT = 4096;

// What is posted to a port that is closed goes nowhere, and what is transferred with it is freed: JavaScript's own
// `ArrayBuffer.prototype.transfer`, which says this plainly, came after Node 20.
const { port1: nowhere } = new MessageChannel();
nowhere.close();

/**
 * Gives back the memory of bytes that nobody will look at any more, at once and not when garbage is collected. V8 marks
 * its whole heap each time that some 20 MiB of such memory have come, and a heap without rules in it is small: with the
 * 64 KiB that Node allocates for each read of a body, that took a third of the bridge's time. Bytes that share their memory
 * with others are left alone; so are few of them.
 */
export function freeMemory({ buffer, byteLength }: ArrayBufferView): void {
  if (byteLength < WORTH_IT || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  nowhere.postMessage(null, [buffer]);
}
