/*
 * What is sent. A record goes to the kernel with one system call from where its
 * parts are. Once a part of it is written the rest must follow: out_send waits
 * for that, and what is not written within the handle's time is kept, counts as
 * accepted, and goes out first at the next call of whatever function, or by a
 * thread that waits in evs_dispatch. So that this is rare, a long record is begun
 * only where there is room for all of it, or where the daemon has read everything
 * before.
 */
#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "internal.h"

enum {
	SHORT = 32 << 10,    /* goes into the socket whole, or not at all */
	CORKED = 64 << 10,   /* of records that may wait for others */
	LOOK = 64 << 10,     /* bytes sent between two looks for events */
	MOST_IOV = 128,      /* more pieces are gathered first */
	SLICE = 50           /* ms of waiting between two looks for events */
};

/* out_wait waits for the request socket, and takes events meanwhile. */
cs_error_t out_wait(struct handle *h, short events, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - now_ms();
		if (left <= 0)
			return CS_ERR_TIMEOUT;
		struct pollfd p = {h->requests, events, 0};
		int n = poll(&p, 1, left < SLICE ? (int)left : SLICE);
		if (n > 0)
			return CS_OK;
		if (load(&h->finalized))
			return CS_ERR_LIBRARY;
		in_pull(h);
	}
}

/* broken notes that nothing can be sent any more. */
static cs_error_t broken(struct handle *h)
{
	if (load(&h->dead) == 0) {
		why_set(h, "the daemon is gone");
		store(&h->dead, CS_ERR_LIBRARY);
	}
	return CS_ERR_LIBRARY;
}

cs_error_t out_alive(struct handle *h)
{
	struct pollfd p = {h->requests, 0, 0};
	if (load(&h->dead) != 0 || poll(&p, 1, 0) > 0) /* nothing but the end was asked for */
		return broken(h);
	return CS_OK;
}

/* put writes what the socket takes: CS_ERR_TRY_AGAIN where that is nothing. */
static cs_error_t put(struct handle *h, struct iovec *iov, size_t cnt, size_t *written)
{
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = cnt};
	ssize_t n;
	do
		n = sendmsg(h->requests, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	*written = n > 0 ? (size_t)n : 0;
	if (n >= 0)
		return CS_OK;
	return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? CS_ERR_TRY_AGAIN : broken(h);
}

/* flush writes what was kept. The lock is held. */
static cs_error_t flush(struct handle *h)
{
	while (h->rest_start < h->rest_end) {
		struct iovec iov = {h->rest + h->rest_start, h->rest_end - h->rest_start};
		size_t n;
		cs_error_t err = put(h, &iov, 1, &n);
		if (err != CS_OK)
			return err;
		h->rest_start += n;
	}
	h->rest_start = h->rest_end = 0;
	if (h->rest_cap > CORKED) {
		free(h->rest);
		h->rest = NULL;
		h->rest_cap = 0;
	}
	return CS_OK;
}

bool out_flush(struct handle *h, int wait_ms)
{
	int64_t deadline = wait_ms > 0 ? now_ms() + wait_ms : 0;
	if (pthread_mutex_trylock(&h->out) != 0)
		return true; /* whoever has it writes */
	cs_error_t err = flush(h);
	while (err == CS_ERR_TRY_AGAIN && now_ms() < deadline) {
		out_wait(h, POLLOUT, deadline); /* which a finalized handle leaves early */
		err = flush(h);
	}
	pthread_mutex_unlock(&h->out);
	return err != CS_ERR_TRY_AGAIN;
}

/* keep copies what is not written. */
static bool keep(struct handle *h, const struct iovec *iov, size_t cnt, size_t bytes)
{
	if (h->rest_end + bytes > h->rest_cap) {
		size_t cap = h->rest_end + bytes;
		if (cap < CORKED)
			cap = CORKED;
		uint8_t *rest = realloc(h->rest, cap);
		if (rest == NULL)
			return false;
		h->rest = rest;
		h->rest_cap = cap;
	}
	for (size_t i = 0; i < cnt; i++) {
		if (iov[i].iov_len > 0)
			memcpy(h->rest + h->rest_end, iov[i].iov_base, iov[i].iov_len);
		h->rest_end += iov[i].iov_len;
	}
	return true;
}

/* skip takes n written bytes off the front of iov. */
static void skip(struct iovec **iov, size_t *cnt, size_t n)
{
	while (*cnt > 0 && n >= (*iov)->iov_len) {
		n -= (*iov)->iov_len;
		(*iov)++;
		(*cnt)--;
	}
	if (*cnt > 0) {
		(*iov)->iov_base = (uint8_t *)(*iov)->iov_base + n;
		(*iov)->iov_len -= n;
	}
}

/* finish writes the rest of a record that was begun. */
static cs_error_t finish(struct handle *h, struct iovec *iov, size_t cnt, size_t left)
{
	int64_t deadline = now_ms() + h->timeout_ms;
	count(&h->late, 1);
	while (left > 0) {
		if (out_wait(h, POLLOUT, deadline) == CS_ERR_TIMEOUT) {
			if (keep(h, iov, cnt, left))
				return CS_OK;
			deadline += h->timeout_ms; /* no memory: it can only wait */
		}
		if (load(&h->finalized))
			return broken(h);
		size_t n;
		if (put(h, iov, cnt, &n) == CS_ERR_LIBRARY)
			return CS_ERR_LIBRARY;
		skip(&iov, &cnt, n);
		left -= n;
	}
	return CS_OK;
}

/* crowded: a record of this length could get stuck half way. */
static bool crowded(struct handle *h, size_t bytes)
{
	int queued = 0;
	if (bytes <= SHORT || ioctl(h->requests, SIOCOUTQ, &queued) < 0)
		return false;
	/* The kernel counts its own overhead too, some eighth of long pieces. */
	return queued > 0 && (size_t)queued + bytes + bytes / 4 > (size_t)h->sndbuf;
}

/* write sends one record. The lock is held. */
static cs_error_t write_record(struct handle *h, struct iovec *iov, size_t cnt, size_t bytes, bool more)
{
	bool corked = h->rest_end > 0;
	if (more && h->rest_end + bytes <= CORKED)
		return keep(h, iov, cnt, bytes) ? CS_OK : CS_ERR_NO_MEMORY;
	if (corked) {
		cs_error_t err = flush(h);
		if (err != CS_OK)
			return err;
		if (more && bytes <= CORKED)
			return keep(h, iov, cnt, bytes) ? CS_OK : CS_ERR_NO_MEMORY;
	}
	if (crowded(h, bytes))
		return CS_ERR_TRY_AGAIN;
	size_t n;
	cs_error_t err = put(h, iov, cnt, &n);
	if (err != CS_OK || n == bytes)
		return err;
	skip(&iov, &cnt, n);
	return finish(h, iov, cnt, bytes - n);
}

/* same_groups says whether a message is for the groups of the one before. */
static bool same_groups(struct handle *h, const struct request *r)
{
	return r->key_cnt > 0 && r->key_cnt == h->last_cnt &&
	       memcmp(r->keys, h->last, r->key_cnt * KEY_BYTES) == 0;
}

/* remember_groups notes the groups of a message that was sent. */
static void remember_groups(struct handle *h, const struct request *r)
{
	if (r->key_cnt > h->last_cap) {
		struct evs_group *last = realloc(h->last, r->key_cnt * KEY_BYTES);
		h->last_cnt = 0;
		if (last == NULL)
			return;
		h->last = last;
		h->last_cap = r->key_cnt;
	}
	if (r->key_cnt > 0)
		memcpy(h->last, r->keys, r->key_cnt * KEY_BYTES);
	h->last_cnt = r->key_cnt;
}

/* assemble sends header, groups, contents and zeroes. The lock is held. */
static cs_error_t assemble(struct handle *h, struct sending *s, struct iovec *iov)
{
	static const uint8_t zeroes[8];
	struct request r = s->request;
	uint8_t head[REQUEST_BYTES];
	if (r.op == OP_MCAST && r.flags & F_JOINED) {
		if (h->joined_cnt == 0)
			r.flags &= ~(unsigned)F_JOINED; /* to nobody */
	} else if (r.op == OP_MCAST && same_groups(h, &r)) {
		r.flags |= F_SAME_KEYS;
		r.key_cnt = 0;
	}
	put_request(head, &r, s->bytes);
	size_t length = REQUEST_BYTES + r.key_cnt * KEY_BYTES + s->bytes, cnt = 0;
	iov[cnt++] = (struct iovec){head, sizeof head};
	if (r.key_cnt > 0)
		iov[cnt++] = (struct iovec){(void *)(uintptr_t)r.keys, r.key_cnt * KEY_BYTES};
	if (s->iov_len > 0)
		memcpy(iov + cnt, s->iov, s->iov_len * sizeof *iov);
	cnt += s->iov_len;
	if (padded(length) > length)
		iov[cnt++] = (struct iovec){(void *)(uintptr_t)zeroes, padded(length) - length};
	cs_error_t err = write_record(h, iov, cnt, padded(length), s->more);
	if (err == CS_OK && r.op == OP_MCAST && !(r.flags & (F_JOINED | F_SAME_KEYS)))
		remember_groups(h, &r);
	if (err == CS_OK && s->leaves)
		h->joined_cnt = s->joined_after;
	return err;
}

/* gather makes one piece of many. */
static void *gather(struct sending *s, struct iovec *one)
{
	uint8_t *b = malloc(s->bytes + 1), *to = b;
	if (b == NULL)
		return NULL;
	for (unsigned i = 0; i < s->iov_len; i++) {
		if (s->iov[i].iov_len > 0)
			memcpy(to, s->iov[i].iov_base, s->iov[i].iov_len);
		to += s->iov[i].iov_len;
	}
	*one = (struct iovec){b, s->bytes};
	s->iov = one;
	s->iov_len = 1;
	return b;
}

/*
 * CS_ERR_TRY_AGAIN: nothing was sent. Whatever comes of it, events do not pile
 * up in the daemon while a program only sends.
 */
cs_error_t out_send(struct handle *h, struct sending *s)
{
	struct iovec iov[MOST_IOV], one;
	void *gathered = NULL;
	if (s->iov_len > MOST_IOV - 3 && (gathered = gather(s, &one)) == NULL)
		return CS_ERR_NO_MEMORY;
	pthread_mutex_lock(&h->out);
	cs_error_t err = load(&h->dead) != 0 ? CS_ERR_LIBRARY : assemble(h, s, iov);
	h->unlooked += s->bytes + REQUEST_BYTES;
	bool look = err == CS_ERR_TRY_AGAIN || h->unlooked >= LOOK;
	if (look)
		h->unlooked = 0;
	pthread_mutex_unlock(&h->out);
	free(gathered);
	if (look)
		in_pull(h);
	return err;
}
