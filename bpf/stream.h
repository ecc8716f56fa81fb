/* The TCP stream of a judged connection: which segments pass, one by one.
 *
 * Packets of both directions, and of one, run on several CPUs at once. What a segment is judged against is read under the
 * stream's lock, and what it changes is written under it only if nothing of that has changed meanwhile; else the segment is
 * dropped, and TCP sends it again.
 */
#pragma once

/* Numbers this far apart are of no one connection: windows end at 2^30 (RFC 7323 section 2.3). */
#define WINDOW_MAX (1U << 30)

/* What the segment says about the other end's data. Call it with the lock held. */
static __always_inline void read_acknowledgement(struct stream *stream, const struct segment *segment)
{
	struct stream_side *own = segment->from_client ? &stream->client : &stream->server;
	struct stream_side *other = segment->from_client ? &stream->server : &stream->client;
	own->window = segment->window;
	if (segment->timestamp && ((__s32)(segment->timestamp - own->timestamp) > 0 || !own->timestamp))
		own->timestamp = segment->timestamp;
	/* Nobody can have what never passed. */
	if (behind(segment->acknowledgement, other->acked) && !behind(segment->acknowledgement, other->next + other->fin))
		other->acked = segment->acknowledgement;
	/* Both ends have sent and acknowledged all. With SYN cookies a bare ACK could open the server's end anew. */
	if (stream->mode == STREAM_JUDGED && own->fin && other->fin && own->acked == own->next + 1 && other->acked == other->next + 1)
		stream->mode = STREAM_OPENING;
}
