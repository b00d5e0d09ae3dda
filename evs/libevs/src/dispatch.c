/* evs_dispatch: events to the program's functions, on the calling thread. */
#include <errno.h>
#include <poll.h>

#include "internal.h"

/*
 * One call of evs_dispatch. It ends in order whatever a callback does. What an
 * event lies in is held until the next one needs something else.
 */
struct turn {
	struct entry entry;
	struct record record;
};

static void turn_end(struct turn *t)
{
	if (t->record.segment != NULL)
		segment_put(t->record.segment);
	if (t->record.keys != NULL)
		keyset_put(t->record.keys);
	if (t->entry.h != NULL)
		leave(&t->entry);
}

/* take gets an event: CS_ERR_NOT_EXIST where none is there. */
static cs_error_t take(struct turn *t, enum fill how)
{
	struct handle *h = t->entry.h;
	bool there, memory = true;
	pthread_mutex_lock(&h->in);
	do
		there = !load(&h->finalized) && in_take(h, how, &t->record);
	while (there && !event_known(&t->record));
	if (there && !event_groups(h, &t->record)) {
		in_put_back(h, &t->record);
		memory = false;
	} else if (there) {
		store(&h->taken, h->taken + 1);
	}
	bool ended = h->ended;
	memory = memory && (there || !h->starved);
	pthread_mutex_unlock(&h->in);
	if (!memory)
		return CS_ERR_NO_MEMORY;
	if (there)
		return CS_OK;
	if (load(&h->finalized))
		return CS_ERR_LIBRARY;
	if (!ended)
		return CS_ERR_NOT_EXIST;
	ask_farewell(h);
	return (cs_error_t)load(&h->dead);
}

/* call runs the callback. Cancellation is the program's business meanwhile. */
static cs_error_t call(struct turn *t)
{
	struct handle *h = t->entry.h;
	pthread_setcancelstate(t->entry.cancel, NULL);
	bool good = event_call(h, &t->record);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	if (load(&h->orphan))
		return CS_ERR_BAD_HANDLE;
	if (good)
		return CS_OK;
	in_spoil(h);
	return CS_ERR_LIBRARY;
}

enum { FOREVER = -1, AGAIN = 1000 };

/*
 * await waits for events, and writes meanwhile what was left to write. Others may
 * leave something while it waits: so it returns after AGAIN ms at the latest.
 */
static void await(struct turn *t, int64_t deadline)
{
	struct handle *h = t->entry.h;
	struct pollfd p[2] = {{h->events, POLLIN, 0}, {h->requests, POLLOUT, 0}};
	bool writing = !out_flush(h, 0);
	int64_t left = deadline == FOREVER ? AGAIN : deadline - now_ms();
	if (left < 0)
		left = 0;
	pthread_setcancelstate(t->entry.cancel, NULL);
	int n = poll(p, writing ? 2 : 1, left < AGAIN ? (int)left : AGAIN);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	(void)n; /* whatever it says, events are looked for */
}

/*
 * one takes one event, for which it waits until deadline: CS_ERR_NOT_EXIST if
 * none has come. over is set when the handle was finalized meanwhile.
 */
static cs_error_t one(struct turn *t, enum fill how, int64_t deadline, bool *over)
{
	for (;;) {
		cs_error_t err = take(t, how);
		if (err == CS_OK) {
			err = call(t);
			*over = load(&t->entry.h->finalized);
			return err;
		}
		if (err != CS_ERR_NOT_EXIST || (deadline >= 0 && now_ms() >= deadline))
			return err;
		await(t, deadline);
	}
}

EXPORT cs_error_t evs_dispatch(evs_handle_t handle, cs_dispatch_flags_t dispatch_types)
{
	struct turn t __attribute__((cleanup(turn_end))) = {{NULL, 0}, {NULL, NULL, NULL, 0}};
	if (!enter(&t.entry, handle))
		return CS_ERR_BAD_HANDLE;
	cs_error_t err = CS_OK;
	bool over = false;
	out_flush(t.entry.h, 0);
	switch (dispatch_types) {
	case CS_DISPATCH_ONE:
		return one(&t, FILL_SPARE, FOREVER, &over);
	case CS_DISPATCH_ONE_NONBLOCKING:
		err = one(&t, FILL_SPARE, 0, &over);
		return err == CS_ERR_NOT_EXIST ? CS_ERR_TRY_AGAIN : err;
	case CS_DISPATCH_ALL:
		while (err == CS_OK && !over)
			err = one(&t, FILL_ALL, 0, &over);
		return err == CS_ERR_NOT_EXIST ? CS_OK : err;
	case CS_DISPATCH_BLOCKING:
		while (err == CS_OK && !over)
			err = one(&t, FILL_ALL, FOREVER, &over);
		return err;
	}
	return CS_ERR_INVALID_PARAM;
}

EXPORT cs_error_t evs_x_dispatch_timed(evs_handle_t handle, unsigned int timeout_ms)
{
	struct turn t __attribute__((cleanup(turn_end))) = {{NULL, 0}, {NULL, NULL, NULL, 0}};
	if (!enter(&t.entry, handle))
		return CS_ERR_BAD_HANDLE;
	bool over = false;
	out_flush(t.entry.h, 0);
	cs_error_t err = one(&t, FILL_SPARE, now_ms() + timeout_ms, &over);
	return err == CS_ERR_NOT_EXIST ? CS_ERR_TIMEOUT : err;
}
