/*
 * What the files of this library know of each other.
 *
 * A handle has two sockets and three locks, which are taken in this order:
 *
 *	ask   one request that waits for its answer, and the answers
 *	out   the request socket's sending side
 *	in    events: the event socket, and those that were read
 *
 * None of them is held while a callback runs or evs_dispatch waits.
 */
#ifndef EVS_INTERNAL_H
#define EVS_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include <corosync/evs.h>
#include <stampede/evs_x.h>

#include "protocol.h"

#define EXPORT __attribute__((visibility("default")))

/* A piece of memory with events; records lie in it whole. */
struct segment {
	struct segment *next;
	unsigned refs; /* atomic: the list's, and one for each event in use */
	size_t start; /* of what nobody took yet */
	size_t whole; /* of the last record, if it is not there as a whole */
	size_t end, cap;
	uint8_t data[] __attribute__((aligned(16)));
};

/* Groups of a message, for those that follow with the same ones. */
struct keyset {
	unsigned refs; /* atomic */
	size_t cnt, cap;
	struct evs_group keys[];
};

/* One group that is joined, and how often. */
struct joined {
	struct evs_group key;
	size_t times;
	bool doubtful; /* the daemon did not answer: it may have joined it, or not */
};

typedef uint64_t counter __attribute__((aligned(8))); /* for atomic operations where 32 bits are usual */

struct answers {
	uint8_t *buf;
	size_t start, end, cap;
};

struct handle {
	evs_handle_t self;
	unsigned refs;   /* under the table's lock */
	bool finalized;  /* atomic */
	bool orphan;     /* atomic: this is the child of a fork */
	int dead;        /* atomic: a cs_error_t once the connection is over */
	void *context;   /* atomic */
	int requests, events;
	evs_callbacks_t callbacks;
	evs_x_event_fn_t event_fn;
	evs_x_info_t info;
	unsigned timeout_ms;

	pthread_mutex_t ask;
	uint32_t asked;
	struct answers answers;
	struct joined *groups; /* ascending */
	size_t group_cnt;

	pthread_mutex_t out;
	uint8_t *rest; /* of what was accepted, not written yet */
	size_t rest_start, rest_end, rest_cap;
	size_t joined_cnt; /* what the daemon will have joined when it has read all */
	struct evs_group *last; /* groups of the last message */
	size_t last_cnt, last_cap;
	size_t unlooked; /* bytes sent since events were looked for */
	int sndbuf;

	pthread_mutex_t in;
	struct segment *first, *tail;
	struct keyset *keys;
	size_t longest; /* event */
	bool ended;     /* nothing more can be read */
	bool starved;   /* there was no memory to read to */
	bool garbled;   /* behind the whole records stands no record */

	pthread_mutex_t say; /* why; under no other lock's protection */
	char why[256];

	/* Counters: atomic. */
	counter sent, sent_bytes, again, late, event_bytes, reads, kept;
	counter taken, waiting, most_waiting; /* changed under the lock in only */
};

#define load(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define count(p, n) __atomic_fetch_add((p), (n), __ATOMIC_RELAXED)

/* table.c: handles by their value */
cs_error_t table_add(struct handle *h);
struct handle *table_get(evs_handle_t handle); /* NULL: bad; ends with table_put */
void table_put(struct handle *h);
cs_error_t table_remove(evs_handle_t handle);
evs_handle_t table_dead(void); /* a value that no handle has */

/* connect.c */
cs_error_t handle_open(struct handle *h, const char *path, const char *name, uint64_t queue_bytes, unsigned flags);
void handle_free(struct handle *h);

/* why.c: errors in words, and the daemon's as ours */
void why_set(struct handle *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
void why_unopened(cs_error_t error); /* of a handle that was not even begun */
cs_error_t status_error(unsigned status);

/* out.c: what is sent; the lock out is held by the caller of neither */
struct sending {
	struct request request;
	const struct iovec *iov;
	unsigned iov_len;
	size_t bytes;     /* of iov */
	bool leaves;      /* the request makes joined_cnt what joined_after is */
	size_t joined_after;
	bool more;
};
cs_error_t out_send(struct handle *h, struct sending *s);
bool out_flush(struct handle *h, int wait_ms); /* nothing is left to write */
cs_error_t out_alive(struct handle *h); /* CS_ERR_LIBRARY: the connection is over */
cs_error_t out_wait(struct handle *h, short events, int64_t deadline);

/* ask.c: requests with an answer */
cs_error_t ask(struct handle *h, struct sending *s, unsigned timeout_ms, struct answer *a); /* ask is held */
void ask_farewell(struct handle *h); /* reads why the daemon ended it; takes the lock */
cs_error_t answer_next(struct handle *h, struct answer *a, bool *there);
void answers_room(struct handle *h, uint8_t **room, size_t *size);

/* in.c: what is read */
enum fill { FILL_ALL, FILL_SPARE }; /* SPARE: the descriptor stays readable while events are there */
struct record {
	struct segment *segment; /* held, or NULL: there is none */
	struct keyset *keys;     /* held, or NULL: of messages, for programs that get whole events */
	uint8_t *data;
	size_t length;
};
bool in_take(struct handle *h, enum fill how, struct record *r); /* in is held */
void in_put_back(struct handle *h, struct record *r);
void in_pull(struct handle *h); /* takes the lock, or does nothing */
void in_spoil(struct handle *h); /* takes the lock: an event was none */
void segment_put(struct segment *s);
void in_free(struct handle *h);

/* event.c */
bool event_known(const struct record *r); /* others are of a later daemon */
bool event_groups(struct handle *h, struct record *r); /* in is held; false: no memory */
bool event_call(struct handle *h, struct record *r);
void keyset_put(struct keyset *k);

/* clock.c */
int64_t now_ms(void);

/* Nothing in here is a point where a thread can be cancelled, but evs_dispatch. */
struct entry {
	struct handle *h;
	int cancel;
};
bool enter(struct entry *e, evs_handle_t handle);
void leave(struct entry *e);

#endif
