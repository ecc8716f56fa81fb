/** What client.py does, step by step. Offsets count from the first byte behind the SYN. */

/** Odd things about one segment. */
export interface Oddities {
  /** F, S, R, P, A, U, E, C; "PA" unless told. */
  readonly flags?: string;
  /** Where it begins; at the client's next byte unless told. */
  readonly at?: number;
  /** It does not move the client's next byte. */
  readonly stay?: true;
  /** Hops that it lives: 1 dies in the host, behind a tap at the client. */
  readonly ttl?: number;
  readonly badSum?: true;
  readonly urgent?: number;
  /** Added to the acknowledgement number. */
  readonly ack?: number;
  readonly window?: number;
  /** Bits of the TCP header that are reserved or NS. */
  readonly reserved?: number;
  /** The two ECN bits of the IP header. */
  readonly ecn?: number;
  /** TCP options behind the usual ones, hex. */
  readonly options?: string;
  /** IPv4 options, hex; over IPv6 a destination options header. */
  readonly ipOptions?: string;
  /** Offsets in the TCP segment at which another fragment begins; multiples of 8. */
  readonly fragments?: readonly number[];
  /** Bytes by which a fragment begins before the end of the last one; a multiple of 8. */
  readonly overlap?: number;
  /** The last fragment goes first. */
  readonly backwards?: true;
  /** In the server's name, acknowledging as many bytes. */
  readonly forge?: number;
}

export interface SynOptions {
  readonly mss?: number;
  readonly sack?: true;
  readonly times?: true;
  readonly scale?: number;
  /** Hex. */
  readonly raw?: string;
}

export type Step =
  | ({ readonly do: 'open'; readonly isn?: number; readonly kinds?: SynOptions; readonly data?: string } & Oddities & {
        /** Does not wait for the SYN-ACK. */
        readonly alone?: true;
      })
  | ({ readonly do: 'send'; readonly data?: string } & Oddities)
  | { readonly do: 'expect'; readonly text: string; readonly ms?: number }
  | { readonly do: 'ended'; readonly ms?: number }
  /** Reads as `data` at the tap, and as `becomes` where its checksum is finished; both hold 24 times "a". */
  | { readonly do: 'rewrite'; readonly data: string; readonly becomes: string }
  | { readonly do: 'fill'; readonly data: string }
  /** A request over another connection, from the case's port + 20,000, and the answer that it waits for. */
  | { readonly do: 'aside'; readonly data: string; readonly text: string };

export interface AttackCase {
  readonly name: string;
  readonly steps: readonly Step[];
  /** The requests that the server may see, in any number and order; A and B unless told. */
  readonly allowed?: readonly string[];
}

type Opening = Omit<Extract<Step, { do: 'open' }>, 'do'>;

export const open = (how: Opening = {}): Step => ({ do: 'open', ...how });
export const send = (data: string, how: Oddities = {}): Step => ({ do: 'send', data, ...how });
/** Waits for these bytes of an answer. */
export const expect = (text: string): Step => ({ do: 'expect', text });
/** Waits for a FIN or an RST. */
export const ended: Step = { do: 'ended' };
/** Sends the request until the server has no room for another. */
export const fill = (data: string): Step => ({ do: 'fill', data });

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: api\r\n\r\n`;

/** Two that are allowed and one that is not; all of one length, so that each can be put in another's place. */
export const A = get('/public/a');
export const B = get('/public/b');
export const D = get('/secret/d');
/** Where a request ends that is the first. */
export const length = A.length;

export const post = (path: string, body: string, declared: number = body.length): string =>
  `POST ${path} HTTP/1.1\r\nHost: api\r\nContent-Length: ${declared}\r\n\r\n${body}`;

export const sawA = expect('saw /public/a');
export const sawB = expect('saw /public/b');
export const refused = expect('403 Forbidden');
/** A connection on which one request was allowed and answered. */
export const asked: readonly Step[] = [open(), send(A), sawA];
/** Shows that the connection still works. */
export const thenB: readonly Step[] = [send(B), sawB];
