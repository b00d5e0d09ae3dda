/*
 * What is read from the event socket, which is also the descriptor that
 * programs poll: it must be readable while there are events to take. So whoever
 * reads events without taking all of them leaves the last byte in the socket. No
 * further descriptor is needed, and a poller sees the daemon's end (POLLHUP).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "internal.h"

enum {
	SEGMENT = 256 << 10,  /* read at once; what the socket mostly holds */
	LARGEST = 2 << 20,    /* memory that is used again */
	LEAST_ROOM = 16 << 10 /* worth a system call */
};

static struct segment *segment_new(size_t bytes)
{
	struct segment *s = malloc(sizeof *s + bytes);
	if (s == NULL)
		return NULL;
	s->next = NULL;
	s->refs = 1;
	s->start = s->whole = s->end = 0;
	s->cap = bytes;
	return s;
}

void segment_put(struct segment *s)
{
	if (__atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) == 0)
		free(s);
}

void in_free(struct handle *h)
{
	while (h->first != NULL) {
		struct segment *s = h->first;
		h->first = s->next;
		segment_put(s);
	}
	if (h->keys != NULL)
		keyset_put(h->keys);
	h->keys = NULL;
}

/* scan looks how far whole records reach. A length that cannot be is for next to find. */
static void scan(struct handle *h, struct segment *s)
{
	while (s->end - s->whole >= HEADER_BYTES) {
		size_t length = get32(s->data + s->whole);
		h->garbled = length < HEADER_BYTES || length > h->longest;
		if (h->garbled || padded(length) > s->end - s->whole)
			return;
		s->whole += padded(length);
	}
}

/* missing is how many bytes the last record lacks, or its header; 0: none is begun. */
static size_t missing(const struct segment *s)
{
	size_t part = s->end - s->whole;
	if (part >= HEADER_BYTES)
		return padded(get32(s->data + s->whole)) - part;
	return part > 0 ? HEADER_BYTES - part : 0;
}

/* renew puts a segment behind the others, with what the last one has of an unfinished record. */
static struct segment *renew(struct handle *h, size_t need)
{
	struct segment *s = h->tail, *next = segment_new(need > SEGMENT ? need : SEGMENT);
	if (next == NULL)
		return NULL;
	h->tail = next;
	if (s == NULL)
		return h->first = next;
	next->end = s->end - s->whole;
	memcpy(next->data, s->data + s->whole, next->end);
	s->end = s->whole;
	return s->next = next;
}

/* room is a segment to read to, with space for the unfinished record at least. */
static struct segment *room(struct handle *h)
{
	struct segment *s = h->tail;
	if (s == NULL)
		return renew(h, 0);
	size_t part = s->end - s->whole, need = LEAST_ROOM;
	if (part >= HEADER_BYTES)
		need = padded(get32(s->data + s->whole));
	bool unused = s->start == s->whole && load(&s->refs) == 1;
	if (unused && part == 0 && s->cap > LARGEST)
		return renew(h, 0);
	if (unused && need <= s->cap && (part == 0 || s->cap - s->whole < need)) {
		memmove(s->data, s->data + s->whole, part);
		s->start = s->whole = 0;
		s->end = part;
	}
	return s->cap - s->whole < need ? renew(h, need) : s;
}

/* fill reads up to most bytes: 0 where there is nothing, -1 at the end. */
static int fill(struct handle *h, size_t most)
{
	struct segment *s = h->garbled ? NULL : room(h);
	h->starved = s == NULL && !h->garbled;
	if (s == NULL)
		return 0; /* the events remain where they are */
	size_t space = s->cap - s->end;
	ssize_t n;
	do
		n = recv(h->events, s->data + s->end, space < most ? space : most, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS))
		return 0;
	if (n <= 0) {
		h->ended = true;
		return -1;
	}
	s->end += (size_t)n;
	scan(h, s);
	count(&h->reads, 1);
	count(&h->event_bytes, (uint64_t)n);
	store(&h->waiting, h->waiting + (uint64_t)n);
	if (h->waiting > h->most_waiting)
		store(&h->most_waiting, h->waiting);
	return 1;
}

/* spare is how much may be read so that the descriptor stays readable for what is then left to take. */
static size_t spare(struct handle *h)
{
	int there = 0;
	if (ioctl(h->events, FIONREAD, &there) < 0 || there <= 1)
		return 1; /* nothing, or its end, or a last byte */
	size_t lacks = h->tail != NULL ? missing(h->tail) : 0;
	return (size_t)there <= lacks ? (size_t)there : (size_t)there - 1;
}

/* record_drop lets go of the segment of a record. */
static void record_drop(struct record *r)
{
	if (r->segment != NULL)
		segment_put(r->segment);
	r->segment = NULL;
}

/* spoiled ends the connection: behind what is no event nothing can be trusted. */
static void spoiled(struct handle *h)
{
	why_set(h, "what came from the daemon is no event");
	store(&h->dead, CS_ERR_LIBRARY);
	h->ended = true;
	for (struct segment *s = h->first; s != NULL; s = s->next)
		s->start = s->whole = s->end;
	store(&h->waiting, 0);
}

void in_spoil(struct handle *h)
{
	pthread_mutex_lock(&h->in);
	spoiled(h);
	pthread_mutex_unlock(&h->in);
}

/* next cuts a record off the front. A record that cannot be ends the connection. */
static bool next(struct handle *h, struct record *r)
{
	for (struct segment *s; (s = h->first) != NULL;) {
		size_t have = s->end - s->start;
		if (have == 0 && s->next != NULL) {
			h->first = s->next;
			segment_put(s);
			continue;
		}
		if (have < HEADER_BYTES)
			return false;
		size_t length = get32(s->data + s->start);
		if (length < HEADER_BYTES || length > h->longest) {
			spoiled(h);
			return false;
		}
		if (padded(length) > have)
			return false;
		if (r->segment != s) {
			record_drop(r);
			r->segment = s;
			__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
		}
		r->data = s->data + s->start;
		r->length = length;
		s->start += padded(length);
		store(&h->waiting, h->waiting - padded(length));
		return true;
	}
	return false;
}

/*
 * in_take takes a record, and reads where none is there. r is the record before,
 * or empty: most are of the same segment, which is held on to. But to read, the
 * segment is let go, so that it is used again.
 */
bool in_take(struct handle *h, enum fill how, struct record *r)
{
	for (;;) {
		if (next(h, r))
			return true;
		record_drop(r);
		if (h->ended)
			return false;
		if (fill(h, how == FILL_ALL ? SIZE_MAX : spare(h)) <= 0)
			return false;
	}
}

/* in_put_back undoes the last in_take; in was held since. */
void in_put_back(struct handle *h, struct record *r)
{
	r->segment->start -= padded(r->length);
	store(&h->waiting, h->waiting + padded(r->length));
}

/*
 * in_pull moves events from the socket to this program's memory, all but a last
 * byte: what a program that only sends would otherwise leave in the daemon.
 */
void in_pull(struct handle *h)
{
	if (h->events < 0 || h->longest == 0 || pthread_mutex_trylock(&h->in) != 0)
		return; /* there are none before the welcome is read; or somebody takes them */
	for (int there = 0; !h->ended && load(&h->waiting) < h->info.memory_bytes;) {
		if (ioctl(h->events, FIONREAD, &there) < 0 || there <= 1)
			break;
		if (fill(h, (size_t)there - 1) <= 0)
			break;
	}
	pthread_mutex_unlock(&h->in);
}
