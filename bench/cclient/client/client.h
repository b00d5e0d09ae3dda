/* What the files of the load client know of each other. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stddef.h>
#include <stdint.h>

/* client.c */
extern int host;       /* whose client this is, from 1: the sender that its messages have */
extern size_t size;    /* bytes of a message */
extern int guarantee;  /* of messages, as evs_guarantee_t numbers them */
extern int more_known; /* the library is told which messages others follow */

void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void deliver(uint64_t sender, int mine, uint64_t number, const void *msg, size_t length); /* mine: this client sent it */
void configured(size_t members); /* hosts in the group, at the beginning and whenever that changes */

/*
 * The library that is measured: one of cpg.c and evs.c. What it delivers it
 * does in bus_dispatch, by deliver and configured.
 */
enum cast_flag {
	CAST_MORE = 1,  /* others follow at once */
	CAST_MARKER = 2 /* the last message: agreed, whatever the others are */
};
void bus_open(void);                                     /* waits for the daemon, and joins */
int bus_fd(void);                                        /* readable when there is something to dispatch */
void bus_dispatch(void);                                 /* what is there; does not wait */
int bus_cast(const void *msg, size_t length, int flags); /* false: not taken now */
int bus_congested(void);
int64_t bus_retry_ns(void);                              /* what is not taken is tried again then, or when there was something to dispatch */
uint64_t bus_window(void);                               /* messages of a flood that are sent and not delivered, at most */
uint64_t bus_burst(void);                                /* messages that are sent between two dispatches, at most */
int64_t bus_rest_ns(void);                               /* how long to wait then for something to dispatch */

/* check.c: what was delivered, as order.go has it */
void check_begin(int senders, int clients);
int check_knows(uint64_t sender);
int check_message(uint64_t sender, uint64_t number, const uint8_t *b, size_t length); /* whether it counts: it is no marker */
uint64_t check_next(uint64_t sender);                                                 /* the number behind the highest that was delivered */
int check_complete(void);
void check_print(void);

/* histogram.c */
struct histogram;
extern struct histogram own, all;
void histogram_add(struct histogram *h, int64_t ns);
void histogram_print(const char *name, const struct histogram *h);

/* Up to eight little endian bytes of a message, as many as there are. */
static inline uint64_t get(const uint8_t *b, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n && i < 8; i++)
		v |= (uint64_t)b[i] << (8 * i);
	return v;
}

static inline void put(uint8_t *b, size_t n, uint64_t v)
{
	for (size_t i = 0; i < n && i < 8; i++)
		b[i] = (uint8_t)(v >> (8 * i));
}

/* A marker is told by a length that no other message has (payload.go). */
static inline size_t marker_bytes(void) { return size == 16 ? 17 : 16; }

#endif
