/*
 * Stampede's C library. Messages have the numbers of their processors, which
 * the callbacks of <corosync/evs.h> have no room for: so events come as evs_x(3)
 * has them, whole.
 */
#include <corosync/evs.h>
#include <stampede/evs_x.h>

#include "client.h"

/* A flood is dispatched after so much, as often as one of Go's gets round to the network (source.go). */
enum { BURST_BYTES = 256 << 10, BURST_MOST = 1024 };

static evs_handle_t evs;
static uint16_t origin; /* of this handle's messages, beside its processor's id */
static const struct evs_group group = {"bench"};

static void must(const char *what, cs_error_t e)
{
	if (e == CS_OK)
		return;
	char why[256] = "";
	evs_x_why(evs, why, sizeof why);
	fail("%s: %s: %s", what, evs_x_strerror(e), why);
}

static void on_event(evs_handle_t h, const evs_x_event_t *e, void *context)
{
	(void)h, (void)context;
	if (e->kind == EVS_X_REGULAR)
		configured(e->member_cnt);
	else if (e->kind == EVS_X_DELIVER && check_knows(e->sender))
		deliver(e->sender, e->sender == (uint32_t)host && e->origin == origin, e->number, e->msg, e->msg_len);
}

/* The group waits for this program: in a flood it is as likely as anybody to be the slowest. */
void bus_open(void)
{
	evs_x_options_t o = {.size = sizeof o, .flags = EVS_X_HOLD, .event = on_event};
	cs_error_t e = evs_x_initialize(&evs, NULL, &o);
	if (e != CS_OK)
		evs = 0; /* whose reason is this thread's */
	must("evs_x_initialize", e);
	must("evs_join", evs_join(evs, &group, 1));
	evs_x_info_t i = {.size = sizeof i};
	must("evs_x_info_get", evs_x_info_get(evs, &i));
	origin = i.origin;
}

int bus_fd(void)
{
	int fd;
	must("evs_fd_get", evs_fd_get(evs, &fd));
	return fd;
}

void bus_dispatch(void) { must("evs_dispatch", evs_dispatch(evs, CS_DISPATCH_ALL)); }

int bus_cast(const void *msg, size_t length, int flags)
{
	struct iovec iov = {(void *)(uintptr_t)msg, length};
	evs_guarantee_t g = flags & CAST_MARKER ? EVS_TYPE_AGREED : (evs_guarantee_t)guarantee;
	cs_error_t e = more_known
		? evs_x_mcast(evs, g, EVS_X_JOINED | (flags & CAST_MORE ? EVS_X_MORE : 0), NULL, 0, &iov, 1, NULL)
		: evs_mcast_joined(evs, g, &iov, 1);
	if (e == CS_ERR_TRY_AGAIN)
		return 0;
	must("evs_mcast", e);
	return 1;
}

int bus_congested(void) { return 0; } /* CS_ERR_TRY_AGAIN tells */

/* There is room when the daemon has sent something, and then there are deliveries. */
int64_t bus_retry_ns(void) { return 1000 * 1000; }

uint64_t bus_window(void) { return UINT64_MAX; } /* the queue in the daemon is the limit */

uint64_t bus_burst(void)
{
	uint64_t n = BURST_BYTES / (size ? size : 1);
	return n < 1 ? 1 : n > BURST_MOST ? BURST_MOST : n;
}

int64_t bus_rest_ns(void) { return 0; }
