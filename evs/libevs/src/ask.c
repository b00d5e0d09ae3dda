/* Requests that wait for their answer. The lock ask is held in all of them. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "internal.h"

#define ANSWER_ROOM 4096

/* answers_room is where to read to; NULL when there is no memory. */
void answers_room(struct handle *h, uint8_t **room, size_t *size)
{
	struct answers *a = &h->answers;
	size_t have = a->end - a->start, need = ANSWER_ROOM;
	if (have >= HEADER_BYTES)
		need += padded(get32(a->buf + a->start));
	if (have > 0 && a->start > 0)
		memmove(a->buf, a->buf + a->start, have);
	a->start = 0;
	a->end = have;
	if (need > a->cap) {
		uint8_t *buf = realloc(a->buf, need);
		*room = NULL;
		if (buf == NULL)
			return;
		a->buf = buf;
		a->cap = need;
	}
	*room = a->buf + a->end;
	*size = a->cap - a->end;
}

/* answer_next cuts one answer off what was read. */
cs_error_t answer_next(struct handle *h, struct answer *a, bool *there)
{
	struct answers *in = &h->answers;
	size_t have = in->end - in->start;
	*there = false;
	if (have < HEADER_BYTES)
		return CS_OK;
	const uint8_t *b = in->buf + in->start;
	size_t length = get32(b);
	if (length < ANSWER_BYTES || length > LONGEST_ANSWER) {
		why_set(h, "what came from the daemon is no answer");
		store(&h->dead, CS_ERR_LIBRARY);
		return CS_ERR_VERSION;
	}
	if (have < padded(length))
		return CS_OK;
	in->start += padded(length);
	*a = (struct answer){b[4], get16(b + 6), get32(b + 8), get64(b + 16), b + ANSWER_BYTES, length - ANSWER_BYTES};
	*there = true;
	return CS_OK;
}

/* over notes why the daemon has ended the connection. */
static void over(struct handle *h, const struct answer *a)
{
	if (a == NULL && load(&h->dead) == 0)
		why_set(h, "the daemon is gone");
	if (a != NULL)
		why_set(h, "%.*s", (int)(a->body_len < 200 ? a->body_len : 200), (const char *)a->body);
	if (a != NULL && a->status == S_CLOSED)
		store(&h->dead, CS_ERR_IN_SHUTDOWN);
	else if (load(&h->dead) == 0)
		store(&h->dead, CS_ERR_LIBRARY);
}

/* read_some reads answers without waiting; more is false where there are none. */
static cs_error_t read_some(struct handle *h, bool *more)
{
	uint8_t *room;
	size_t size;
	answers_room(h, &room, &size);
	*more = false;
	if (room == NULL)
		return CS_ERR_NO_MEMORY;
	ssize_t n;
	do
		n = recv(h->requests, room, size, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return CS_OK;
	if (n <= 0) {
		over(h, NULL);
		return CS_ERR_LIBRARY;
	}
	h->answers.end += (size_t)n;
	*more = true;
	return CS_OK;
}

/* await reads answers until the one with this id is there. */
static cs_error_t await(struct handle *h, uint32_t id, int64_t deadline, struct answer *a)
{
	for (;;) {
		bool there, more;
		cs_error_t err = answer_next(h, a, &there);
		if (err != CS_OK)
			return CS_ERR_LIBRARY;
		if (there && a->op == OP_BYE) {
			over(h, a);
			return CS_ERR_LIBRARY;
		}
		if (there && a->id == id)
			return CS_OK;
		if (there) /* of a request that was given up */
			continue;
		err = read_some(h, &more);
		if (err == CS_OK && !more)
			err = out_wait(h, POLLIN, deadline);
		if (err != CS_OK)
			return err;
	}
}

/* farewell reads what the daemon had to say before it hung up. */
static void farewell(struct handle *h)
{
	for (bool more = true; more && load(&h->dead) != CS_ERR_IN_SHUTDOWN;) {
		bool there;
		struct answer a;
		cs_error_t err = answer_next(h, &a, &there);
		if (err == CS_OK && there && a.op == OP_BYE) {
			over(h, &a);
			return;
		}
		if (err == CS_OK && !there)
			err = read_some(h, &more);
		if (err != CS_OK)
			return;
	}
	over(h, NULL);
}

void ask_farewell(struct handle *h)
{
	pthread_mutex_lock(&h->ask);
	farewell(h);
	pthread_mutex_unlock(&h->ask);
}

/*
 * The answer is in the handle's memory until the next ask. CS_ERR_TRY_AGAIN:
 * nothing was sent; CS_ERR_TIMEOUT: there is no answer.
 */
cs_error_t ask(struct handle *h, struct sending *s, unsigned timeout_ms, struct answer *a)
{
	int64_t deadline = now_ms() + timeout_ms;
	s->request.id = ++h->asked ? h->asked : ++h->asked;
	cs_error_t err = out_send(h, s);
	while (err == CS_ERR_TRY_AGAIN && s->request.op != OP_MCAST) {
		if (out_wait(h, POLLOUT, deadline) != CS_OK)
			return CS_ERR_TRY_AGAIN;
		err = out_send(h, s);
	}
	if (err == CS_OK)
		err = await(h, s->request.id, deadline, a);
	else if (err == CS_ERR_LIBRARY)
		farewell(h);
	if (err != CS_OK)
		return err;
	err = status_error(a->status);
	if (err != CS_OK)
		why_set(h, "%.*s", (int)(a->body_len < 200 ? a->body_len : 200), (const char *)a->body);
	return err == CS_ERR_IN_SHUTDOWN ? CS_ERR_LIBRARY : err;
}

