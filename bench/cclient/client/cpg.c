/* Corosync's closed process groups. */
#include <corosync/cpg.h>
#include <time.h>

#include "client.h"

/* Own messages that are sent and not delivered: a queue long enough to keep
 * the ring busy, and short enough not to measure only itself. */
enum { WINDOW_BYTES = 1 << 20, WINDOW_LEAST = 4, WINDOW_MOST = 4096 };

static cpg_handle_t cpg;
static const struct cpg_name group = {.length = 5, .value = "bench"};

/* A message has no number here. It is its sender's sequence + 1, as far as the
 * size lets a message tell: the nearest to the expected one whose last bytes
 * are the given ones. */
static uint64_t number_of(uint64_t sender, const uint8_t *b, size_t length)
{
	uint64_t next = check_next(sender), first = get(b, length);
	if (length != size || size == 0)
		return next;
	if (size >= 8)
		return first + 1;
	uint64_t mask = (UINT64_C(1) << (8 * size)) - 1, ahead = (first + 1 - next) & mask;
	return ahead <= mask / 2 ? next + ahead : next - (mask + 1 - ahead);
}

static void on_message(cpg_handle_t h, const struct cpg_name *name, uint32_t sender, uint32_t pid, void *msg, size_t length)
{
	(void)h, (void)name, (void)pid;
	if (check_knows(sender))
		deliver(sender, sender == (uint32_t)host, number_of(sender, msg, length), msg, length);
}

static void on_change(cpg_handle_t h, const struct cpg_name *name, const struct cpg_address *members, size_t n,
		      const struct cpg_address *left, size_t lefts, const struct cpg_address *joined, size_t joins)
{
	(void)h, (void)name, (void)members, (void)left, (void)lefts, (void)joined, (void)joins;
	configured(n);
}

/* The daemon may be just starting. Its end, or the parent's, ends this too. */
void bus_open(void)
{
	cpg_callbacks_t callbacks = {.cpg_deliver_fn = on_message, .cpg_confchg_fn = on_change};
	struct timespec nap = {.tv_nsec = 20 * 1000 * 1000};
	while (cpg_initialize(&cpg, &callbacks) != CS_OK)
		nanosleep(&nap, NULL);
	cs_error_t e;
	while ((e = cpg_join(cpg, &group)) == CS_ERR_TRY_AGAIN)
		nanosleep(&nap, NULL);
	if (e != CS_OK)
		fail("cpg_join: %s", cs_strerror(e));
}

int bus_fd(void)
{
	int fd;
	if (cpg_fd_get(cpg, &fd) != CS_OK)
		fail("cpg_fd_get");
	return fd;
}

void bus_dispatch(void)
{
	cs_error_t e = cpg_dispatch(cpg, CS_DISPATCH_ALL);
	if (e != CS_OK && e != CS_ERR_TRY_AGAIN)
		fail("cpg_dispatch: %s", cs_strerror(e));
}

int bus_cast(const void *msg, size_t length, int flags)
{
	(void)flags; /* all are agreed, and none waits for another */
	struct iovec iov = {.iov_base = (void *)(uintptr_t)msg, .iov_len = length};
	cs_error_t e = cpg_mcast_joined(cpg, CPG_TYPE_AGREED, &iov, 1);
	if (e != CS_OK && e != CS_ERR_TRY_AGAIN)
		fail("cpg_mcast_joined: %s", cs_strerror(e));
	return e == CS_OK;
}

int bus_congested(void)
{
	cpg_flow_control_state_t state = CPG_FLOW_CONTROL_DISABLED;
	return cpg_flow_control_state_get(cpg, &state) == CS_OK && state == CPG_FLOW_CONTROL_ENABLED;
}

int64_t bus_retry_ns(void) { return 100 * 1000; }

uint64_t bus_window(void)
{
	uint64_t n = WINDOW_BYTES / (size ? size : 1);
	return n < WINDOW_LEAST ? WINDOW_LEAST : n > WINDOW_MOST ? WINDOW_MOST : n;
}

uint64_t bus_burst(void) { return 64; }

/* In a flood the kernel makes some 50 us of it, in which the daemon has the processor. */
int64_t bus_rest_ns(void) { return 1; }
