/* Errors in words, and the daemon's as those of this interface. */
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

static __thread char unopened[256]; /* of the last initialize of this thread */

void why_set(struct handle *h, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	pthread_mutex_lock(&h->say);
	vsnprintf(h->why, sizeof h->why, format, args);
	if (h->self == 0)
		memcpy(unopened, h->why, sizeof unopened);
	pthread_mutex_unlock(&h->say);
	va_end(args);
}

void why_unopened(cs_error_t error) { snprintf(unopened, sizeof unopened, "%s", evs_x_strerror(error)); }

EXPORT cs_error_t evs_x_why(evs_handle_t handle, char *text, size_t size)
{
	if (text == NULL || size == 0)
		return CS_ERR_INVALID_PARAM;
	if (handle == 0) {
		snprintf(text, size, "%s", unopened);
		return CS_OK;
	}
	struct entry e;
	if (!enter(&e, handle))
		return CS_ERR_BAD_HANDLE;
	pthread_mutex_lock(&e.h->say);
	snprintf(text, size, "%s", e.h->why);
	pthread_mutex_unlock(&e.h->say);
	leave(&e);
	return CS_OK;
}

cs_error_t status_error(unsigned status)
{
	switch (status) {
	case S_OK:
		return CS_OK;
	case S_AGAIN:
	case S_WOULD_BLOCK:
		return CS_ERR_TRY_AGAIN;
	case S_TOO_LARGE:
	case S_BAD_WORD:
		return CS_ERR_INVALID_PARAM;
	case S_TOO_MANY_KEYS:
		return CS_ERR_TOO_MANY_GROUPS;
	case S_DENIED:
		return CS_ERR_SECURITY;
	case S_BAD_VERSION:
		return CS_ERR_VERSION;
	case S_BUSY:
		return CS_ERR_NO_RESOURCES;
	case S_UNKNOWN:
		return CS_ERR_NOT_SUPPORTED;
	case S_CLOSED:
		return CS_ERR_IN_SHUTDOWN;
	}
	return CS_ERR_LIBRARY; /* S_DISCONNECTED too: nothing in this interface is nearer */
}

EXPORT const char *evs_x_strerror(cs_error_t error)
{
	switch (error) {
	case CS_OK:
		return "CS_OK: done";
	case CS_ERR_LIBRARY:
		return "CS_ERR_LIBRARY: the connection to the daemon has ended or could not be made";
	case CS_ERR_VERSION:
		return "CS_ERR_VERSION: this library and the daemon have no version of their protocol in common";
	case CS_ERR_TIMEOUT:
		return "CS_ERR_TIMEOUT: the time is over";
	case CS_ERR_TRY_AGAIN:
		return "CS_ERR_TRY_AGAIN: not now, try again";
	case CS_ERR_INVALID_PARAM:
		return "CS_ERR_INVALID_PARAM: an argument has no valid value";
	case CS_ERR_NO_MEMORY:
		return "CS_ERR_NO_MEMORY: this program has no more memory";
	case CS_ERR_BAD_HANDLE:
		return "CS_ERR_BAD_HANDLE: no handle, or one that was finalized or came through fork";
	case CS_ERR_NOT_EXIST:
		return "CS_ERR_NOT_EXIST: a group that is not joined";
	case CS_ERR_NO_RESOURCES:
		return "CS_ERR_NO_RESOURCES: no descriptors, or as many programs as the daemon takes";
	case CS_ERR_NOT_SUPPORTED:
		return "CS_ERR_NOT_SUPPORTED: this daemon does not do that";
	case CS_ERR_TOO_MANY_GROUPS:
		return "CS_ERR_TOO_MANY_GROUPS: more groups than one call, message or handle may have";
	case CS_ERR_IN_SHUTDOWN:
		return "CS_ERR_IN_SHUTDOWN: the daemon has ended in order";
	case CS_ERR_SECURITY:
		return "CS_ERR_SECURITY: not allowed to this user";
	default:
		return "an error that no function of this library returns";
	}
}
