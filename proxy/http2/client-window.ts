/**
 * The connection's flow-control window towards the client (RFC 9113 section 6.9).
 *
 * A body that we send ourselves uses credit which the server believes is its own. The difference is a debt: the next
 * credit that the client gives is kept back until it is paid, and in between no DATA of the server passes that the
 * client's window has no room for.
 */

const initialWindow = 65_535;
const maxWindow = 0x7fffffff;

export class ClientWindow {
  /** Octets of DATA that the client still accepts. */
  #room = initialWindow;
  #debt = 0;

  constructor(from?: { readonly room: number; readonly debt: number }) {
    if (!from) return;
    this.#room = from.room;
    this.#debt = from.debt;
  }

  get progress(): { readonly room: number; readonly debt: number } {
    return { room: this.#room, debt: this.#debt };
  }

  /** Room for a body of our own; takes it if there is. */
  borrow(bytes: number): boolean {
    if (this.#room < bytes) return false;
    this.#room -= bytes;
    this.#debt += bytes;
    return true;
  }

  /** Whether the server's DATA frame may pass now. A server that overdraws its own window is the client's to judge. */
  admits(bytes: number): boolean {
    return this.#debt === 0 || bytes <= this.#room;
  }

  /** The server's next frame may have to wait for the client's credit. */
  get indebted(): boolean {
    return this.#debt > 0;
  }

  passed(bytes: number): void {
    this.#room -= bytes;
  }

  /** The client gives credit. @returns how much of it the server may have; -1 when the window would overflow. */
  credit(bytes: number): number {
    this.#room += bytes;
    if (this.#room > maxWindow) return -1;
    const paid = Math.min(this.#debt, bytes);
    this.#debt -= paid;
    return bytes - paid;
  }
}
