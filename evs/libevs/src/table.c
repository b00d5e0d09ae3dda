/*
 * Handles by their value. A value is (check << 32) | index: the check is random
 * and never 0, so that a value which is not or no longer a handle's is refused.
 */
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

struct slot {
	uint32_t check;
	struct handle *handle;
};

static struct {
	pthread_mutex_t lock;
	struct slot *slots;
	size_t cnt;
	uint64_t state; /* of the random numbers */
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

/*
 * This thread may have the lock. A signal handler that calls exit or fork asks,
 * since it may have interrupted the thread at any place, in a fork too.
 */
static __thread volatile bool mine;
static __thread volatile unsigned spared; /* forks that go on and have not locked, the innermost */

static void lock(void)
{
	mine = true;
	pthread_mutex_lock(&table.lock);
}

static void unlock(void)
{
	pthread_mutex_unlock(&table.lock);
	mine = false;
}

/* check_new is a number of 31 bits, not 0. The lock is held. */
static uint32_t check_new(void)
{
	if (table.state == 0 && getrandom(&table.state, sizeof table.state, GRND_NONBLOCK) < 0)
		table.state = (uint64_t)now_ms() ^ (uint64_t)getpid() << 32;
	for (;;) { /* splitmix64 */
		uint64_t z = table.state += 0x9e3779b97f4a7c15u;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		z = (z ^ z >> 27) * 0x94d049bb133111ebu;
		uint32_t check = (uint32_t)(z >> 33) & 0x7fffffff;
		if (check != 0)
			return check;
	}
}

static struct slot *slot_of(evs_handle_t handle)
{
	uint32_t index = (uint32_t)handle;
	if (index >= table.cnt)
		return NULL;
	struct slot *s = &table.slots[index];
	return s->handle != NULL && s->check == (uint32_t)(handle >> 32) ? s : NULL;
}

static void fork_prepare(void)
{
	if (mine)
		spared++;
	else
		lock();
}

static void fork_parent(void)
{
	if (spared > 0)
		spared--;
	else
		unlock();
}

/*
 * The child has the parent's connections: it closes its ends of them, so that
 * they end with the parent, and its handles are none. Where a signal handler
 * forks, whoever has the lock may be a thread that the child has not.
 */
static void fork_child(void)
{
	for (size_t i = 0; i < table.cnt; i++) {
		struct handle *h = table.slots[i].handle;
		if (h == NULL || h->orphan)
			continue;
		store(&h->orphan, true);
		close(h->requests);
		close(h->events);
		h->requests = h->events = -1;
	}
	table.state = 0;
	if (spared > 0)
		pthread_mutex_init(&table.lock, NULL);
	fork_parent();
}

static void watch_forks(void) { pthread_atfork(fork_prepare, fork_parent, fork_child); }

cs_error_t table_add(struct handle *h)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, watch_forks);
	lock();
	size_t i = 0;
	while (i < table.cnt && table.slots[i].handle != NULL)
		i++;
	if (i == table.cnt) {
		size_t cnt = table.cnt ? 2 * table.cnt : 8;
		struct slot *slots = realloc(table.slots, cnt * sizeof *slots);
		if (slots == NULL) {
			unlock();
			return CS_ERR_NO_MEMORY;
		}
		memset(slots + table.cnt, 0, (cnt - table.cnt) * sizeof *slots);
		table.slots = slots;
		table.cnt = cnt;
	}
	table.slots[i] = (struct slot){check_new(), h};
	h->self = (uint64_t)table.slots[i].check << 32 | i;
	unlock();
	return CS_OK;
}

evs_handle_t table_dead(void)
{
	lock();
	evs_handle_t dead = (uint64_t)check_new() << 32 | UINT32_MAX;
	unlock();
	return dead;
}

struct handle *table_get(evs_handle_t handle)
{
	lock();
	struct slot *s = slot_of(handle);
	struct handle *h = s != NULL && !s->handle->orphan ? s->handle : NULL;
	if (h != NULL)
		h->refs++;
	unlock();
	return h;
}

void table_put(struct handle *h)
{
	lock();
	bool last = --h->refs == 0 && h->finalized;
	unlock();
	if (last)
		handle_free(h);
}

/* hang_up wakes whoever waits on the handle's sockets. */
static void hang_up(struct handle *h)
{
	if (!h->orphan) {
		shutdown(h->requests, SHUT_RDWR);
		shutdown(h->events, SHUT_RDWR);
	}
}

cs_error_t table_remove(evs_handle_t handle)
{
	struct handle *h = NULL;
	lock();
	struct slot *s = slot_of(handle);
	if (s != NULL) {
		h = s->handle;
		h->refs++;
		s->handle = NULL;
		store(&h->finalized, true);
	}
	unlock();
	if (h == NULL)
		return CS_ERR_BAD_HANDLE;
	if (!h->orphan)
		out_flush(h, 1000);
	hang_up(h);
	table_put(h);
	return CS_OK;
}

/*
 * The library goes: so do the handles that nobody is in. What was accepted is
 * sent, of all of them, if their daemons take it within a second.
 */
__attribute__((destructor)) static void unload(void)
{
	if (mine)
		return; /* the process ends, in a signal handler */
	lock();
	int64_t deadline = now_ms() + 1000;
	for (size_t i = 0; i < table.cnt; i++) {
		struct handle *h = table.slots[i].handle;
		if (h == NULL)
			continue;
		int64_t left = deadline - now_ms();
		if (!h->orphan)
			out_flush(h, left > 0 ? (int)left : 0);
		if (h->refs > 0)
			continue;
		table.slots[i].handle = NULL;
		hang_up(h);
		handle_free(h);
	}
	bool empty = true;
	for (size_t i = 0; i < table.cnt; i++)
		empty = empty && table.slots[i].handle == NULL;
	if (empty) {
		free(table.slots);
		table.slots = NULL;
		table.cnt = 0;
	}
	unlock();
}

bool enter(struct entry *e, evs_handle_t handle)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &e->cancel); /* first: it may be of the asynchronous kind */
	e->h = table_get(handle);
	if (e->h == NULL)
		pthread_setcancelstate(e->cancel, NULL);
	return e->h != NULL;
}

void leave(struct entry *e)
{
	table_put(e->h);
	pthread_setcancelstate(e->cancel, NULL);
}
