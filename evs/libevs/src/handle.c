/* What a handle is and knows. */
#include <stdio.h>

#include "internal.h"

EXPORT cs_error_t evs_fd_get(evs_handle_t handle, int *fd)
{
	struct entry e;
	if (!enter(&e, handle))
		return CS_ERR_BAD_HANDLE;
	if (fd != NULL)
		*fd = e.h->events;
	leave(&e);
	return fd != NULL ? CS_OK : CS_ERR_INVALID_PARAM;
}

EXPORT cs_error_t evs_context_get(evs_handle_t handle, void **context)
{
	struct entry e;
	if (!enter(&e, handle))
		return CS_ERR_BAD_HANDLE;
	if (context != NULL)
		*context = load(&e.h->context);
	leave(&e);
	return context != NULL ? CS_OK : CS_ERR_INVALID_PARAM;
}

EXPORT cs_error_t evs_context_set(evs_handle_t handle, void *context)
{
	struct entry e;
	if (!enter(&e, handle))
		return CS_ERR_BAD_HANDLE;
	store(&e.h->context, context);
	leave(&e);
	return CS_OK;
}

/* take_members reads the answer, a regular configuration (docs/ipc.md). */
static cs_error_t take_members(const struct answer *a, unsigned int *list, size_t *cnt)
{
	if (a->body_len < CHANGE_BYTES)
		return CS_ERR_LIBRARY;
	size_t n = get32(a->body + 28);
	if (n > (a->body_len - CHANGE_BYTES) / MEMBER_BYTES)
		return CS_ERR_LIBRARY;
	if (list != NULL && n > *cnt)
		n = *cnt;
	*cnt = n;
	for (size_t i = 0; list != NULL && i < n; i++)
		list[i] = get32(a->body + CHANGE_BYTES + i * MEMBER_BYTES);
	return CS_OK;
}

EXPORT cs_error_t evs_membership_get(evs_handle_t handle, unsigned int *local_nodeid,
				     unsigned int *member_list, size_t *member_list_entries)
{
	struct entry e;
	if (!enter(&e, handle))
		return CS_ERR_BAD_HANDLE;
	struct handle *h = e.h;
	struct sending s = {.request = {.op = OP_MEMBERS}};
	struct answer a;
	cs_error_t err = CS_ERR_INVALID_PARAM;
	if (member_list_entries != NULL) {
		pthread_mutex_lock(&h->ask);
		err = ask(h, &s, h->timeout_ms, &a);
		if (err == CS_OK)
			err = take_members(&a, member_list, member_list_entries);
		pthread_mutex_unlock(&h->ask);
	}
	if (err == CS_OK && local_nodeid != NULL)
		*local_nodeid = h->info.self.id;
	leave(&e);
	return err == CS_ERR_TIMEOUT ? CS_ERR_TRY_AGAIN : err;
}

EXPORT cs_error_t evs_x_flush(evs_handle_t handle, unsigned int timeout_ms)
{
	struct entry e;
	if (!enter(&e, handle))
		return CS_ERR_BAD_HANDLE;
	struct handle *h = e.h;
	struct sending s = {.request = {.op = OP_FLUSH}};
	struct answer a;
	pthread_mutex_lock(&h->ask);
	cs_error_t err = ask(h, &s, timeout_ms != 0 ? timeout_ms : h->timeout_ms, &a);
	pthread_mutex_unlock(&h->ask);
	leave(&e);
	return err == CS_ERR_TRY_AGAIN ? CS_ERR_TIMEOUT : err;
}

EXPORT cs_error_t evs_x_info_get(evs_handle_t handle, evs_x_info_t *info)
{
	struct entry e;
	if (!enter(&e, handle))
		return CS_ERR_BAD_HANDLE;
	cs_error_t err = CS_ERR_INVALID_PARAM;
	if (info != NULL && info->size == sizeof *info) {
		*info = e.h->info;
		info->size = sizeof *info;
		err = CS_OK;
	}
	leave(&e);
	return err;
}

EXPORT cs_error_t evs_x_stats_get(evs_handle_t handle, evs_x_stats_t *stats)
{
	struct entry e;
	if (!enter(&e, handle))
		return CS_ERR_BAD_HANDLE;
	struct handle *h = e.h;
	cs_error_t err = CS_ERR_INVALID_PARAM;
	if (stats != NULL && stats->size == sizeof *stats) {
		*stats = (evs_x_stats_t){
			.size = sizeof *stats, .sent = load(&h->sent), .sent_bytes = load(&h->sent_bytes),
			.again = load(&h->again), .late = load(&h->late), .events = load(&h->taken),
			.event_bytes = load(&h->event_bytes), .reads = load(&h->reads),
			.waiting_bytes = load(&h->waiting), .most_waiting = load(&h->most_waiting), .kept = load(&h->kept)};
		err = CS_OK;
	}
	leave(&e);
	return err;
}

#ifndef LIBEVS_VERSION
#define LIBEVS_VERSION "unknown"
#endif

EXPORT const char *evs_x_version(void) { return LIBEVS_VERSION; }
