/** What a client is told over HTTP/1.1 that may not. The same words as Cilium's, so that clients and dashboards know them. */

const deniedBody = 'Access denied\r\n';

/** @param close whether the connection ends after it */
export function forbidden(close: boolean): Uint8Array {
  return close ? forbiddenAndClose : forbiddenAndGoOn;
}

export const badRequest = answer('400 Bad Request', 'Bad request\r\n', true);
const forbiddenAndGoOn = answer('403 Forbidden', deniedBody, false);
const forbiddenAndClose = answer('403 Forbidden', deniedBody, true);

/** Where the connection's end is all that there is to say. */
export const noAnswer = new Uint8Array();

/** One answer serves all requests: nobody writes to it. HEAD gets its head alone. */
function answer(status: string, body: string, close: boolean): Uint8Array {
  const fields = [
    'content-type: text/plain',
    `content-length: ${body.length}`,
    ...(close ? ['connection: close'] : []),
  ];
  return Buffer.from(`HTTP/1.1 ${status}\r\n${fields.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

/** The answer without its body. */
export function headOf(whole: Uint8Array): Uint8Array {
  return whole.subarray(0, Buffer.from(whole.buffer, whole.byteOffset, whole.length).indexOf('\r\n\r\n') + 4);
}
