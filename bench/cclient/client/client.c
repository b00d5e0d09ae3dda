/*
 * Load client of a bench for a library in C: what it measures is bound by one
 * of cpg.c and evs.c.
 *
 *	client HOST HOSTS SENDERS CLIENTS SIZE GUARANTEE MORE
 *
 * HOST is of whose clients it is one, from 1; the first SENDERS of the HOSTS
 * send, by CLIENTS programs each. GUARANTEE is a number as wire.Guarantee has
 * it; MORE 1 if the library is to be told which messages others follow.
 *
 * It is told what to do on its standard input, in lines, and answers on its
 * standard output:
 *
 *	                             ready         all hosts are in the group
 *	go START WARM END FIRST GAP                times in ns of CLOCK_MONOTONIC;
 *	                                           GAP 0: as fast as taken
 *	                             complete      all that was sent is here
 *	collect                      ...           what there is to tell, and
 *	                             end
 *	(end of input)               (exits)
 *
 * or "failed" and the reason, whenever it cannot go on. Through file
 * descriptor 3 it shares memory with its parent:
 *
 *	 0         8     64       64+SIZE
 *	┌─────────┬─────┬────────┐
 *	│delivered│     │ filler │  u64: messages so far; what messages are filled with
 *	└─────────┴─────┴────────┘
 *
 * Messages and marker are laid out as in payload.go.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

enum { FILLER = 64 }; /* where it begins */

int host, guarantee, more_known;
size_t size;

static int hosts, senders, clients;
static volatile uint64_t *shared; /* delivered */
static uint8_t *payload;

static int64_t start_at, warm_at, end_at, first_at;
static double gap;
static int going, told_ready, told_complete, marked;
static uint64_t sequence; /* of the next message */
static uint64_t timed;    /* one message of a flood in so many */
static uint64_t delivered, own_delivered, changes;

void fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	printf("failed ");
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

static void tell(const char *line)
{
	puts(line);
	fflush(stdout);
}

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void deliver(uint64_t sender, int mine, uint64_t number, const void *msg, size_t length)
{
	if (!check_message(sender, number, msg, length))
		return;
	*shared = ++delivered;
	own_delivered += (uint64_t)mine;
	int64_t slot = size >= 16 ? (int64_t)get((const uint8_t *)msg + 8, 8) : 0;
	if (slot == 0 || slot < warm_at || slot >= end_at)
		return;
	int64_t ns = now() - slot;
	histogram_add(&all, ns);
	if (sender == (uint64_t)host)
		histogram_add(&own, ns);
}

void configured(size_t members)
{
	if (told_ready) {
		changes++;
	} else if (members == (size_t)hosts) {
		told_ready = 1;
		tell("ready");
	}
}

static int sends(void) { return host <= senders; }

/* Bursts are the shortest time between two slots, as in source.go. */
enum { BURST_NS = 50 * 1000 };

/* slot_of is when message n of a paced run is to be sent. */
static int64_t slot_of(uint64_t n)
{
	int64_t after = (int64_t)((double)n * gap);
	if (gap < BURST_NS)
		after -= after % BURST_NS;
	return first_at + after;
}

static void label(int64_t slot)
{
	put(payload, size, sequence);
	if (size >= 16)
		put(payload + 8, 8, (uint64_t)slot);
	if (size >= 24)
		put(payload + size - 8, 8, sequence);
}

/* Sends the marker behind the last message. */
static int64_t finish(void)
{
	uint8_t b[17] = {0};
	put(b + 8, 8, sequence);
	marked = bus_cast(b, marker_bytes(), CAST_MARKER);
	return marked ? -1 : 0;
}

/* Until when to wait, beside times in ns: what is not taken is tried again soon. */
enum { NEVER = -1, SOON = 0, AT_ONCE = 1 };

static int64_t flood(void)
{
	uint64_t window = bus_window(), burst = bus_burst();
	for (uint64_t i = 0; i < burst; i++) {
		int64_t t = 0;
		if (i == 0 || sequence % timed == 0)
			t = now();
		if (i == 0 && t < start_at)
			return start_at - t;
		if (t >= end_at)
			return finish();
		uint64_t under_way = sequence - own_delivered;
		if (under_way >= window)
			return NEVER; /* deliveries go on with it */
		label(sequence % timed == 0 ? t : 0);
		if (!bus_cast(payload, size, i + 1 < burst && under_way + 1 < window ? CAST_MORE : 0))
			return SOON;
		sequence++;
	}
	return AT_ONCE;
}

/* Sends what is due, late or not: the time that it waited is part of its latency. */
static int64_t pace(void)
{
	int64_t t = now();
	for (uint64_t i = 0, burst = bus_burst(); i < burst; i++) {
		int64_t at = slot_of(sequence), next = slot_of(sequence + 1);
		if (at >= end_at)
			return finish();
		if (t < at)
			return at - t;
		label(at);
		if (!bus_cast(payload, size, i + 1 < burst && next <= t && next < end_at ? CAST_MORE : 0))
			return SOON;
		sequence++;
	}
	return AT_ONCE;
}

static int64_t send_due(void)
{
	if (!going || !sends() || marked)
		return NEVER;
	if (bus_congested())
		return SOON;
	return gap > 0 ? pace() : flood();
}

static void tell_complete(void)
{
	if (told_complete || !going || !check_complete())
		return;
	told_complete = 1;
	tell("complete");
}

static void tell_all(void)
{
	printf("counts %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", sends() ? sequence + 1 : 0, delivered, changes);
	check_print();
	histogram_print("own", &own);
	histogram_print("all", &all);
	tell("end");
}

/* By the clock, who sleeps may not be up to 50 us late, which no program in Go is that waits by a timer. */
static void begin(void)
{
	going = 1;
	if (gap > 0)
		prctl(PR_SET_TIMERSLACK, 1UL);
}

/* Reads lines. The end of the input ends the program. */
static void obey(void)
{
	static char line[256];
	static size_t length;
	ssize_t n = read(0, line + length, sizeof line - 1 - length);
	if (n <= 0)
		_exit(0);
	length += (size_t)n;
	line[length] = 0;
	for (char *end; (end = strchr(line, '\n'));) {
		*end = 0;
		if (sscanf(line, "go %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %lf",
			   &start_at, &warm_at, &end_at, &first_at, &gap) == 5)
			begin();
		else if (!strcmp(line, "collect"))
			tell_all();
		else
			fail("an order out of turn: %s", line);
		length -= (size_t)(end + 1 - line);
		memmove(line, end + 1, length + 1);
	}
	if (length == sizeof line - 1)
		fail("an order without end");
}

/* How long to wait for what comes. A flood that waits for its window has to see its end too. */
static struct timespec *patience(int64_t ns, struct timespec *t)
{
	enum { LOOK_NS = 10 * 1000 * 1000 };
	if (ns == NEVER && !(going && sends() && !marked))
		return NULL;
	ns = ns == NEVER ? LOOK_NS : ns == SOON ? bus_retry_ns() : ns == AT_ONCE ? bus_rest_ns() : ns;
	*t = (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
	return t;
}

static void work(void)
{
	struct pollfd fds[] = {{.fd = bus_fd(), .events = POLLIN}, {.fd = 0, .events = POLLIN}};
	for (;;) {
		struct timespec t;
		if (ppoll(fds, 2, patience(send_due(), &t), NULL) < 0 && errno != EINTR)
			fail("ppoll: %s", strerror(errno));
		bus_dispatch();
		tell_complete();
		if (fds[1].revents)
			obey();
	}
}

static void share(void)
{
	uint8_t *memory = mmap(NULL, FILLER + size, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
	payload = malloc(size + 1);
	if (memory == MAP_FAILED || payload == NULL)
		fail("memory: %s", strerror(errno));
	shared = (volatile uint64_t *)(void *)memory;
	memcpy(payload, memory + FILLER, size);
}

int main(int argc, char **argv)
{
	if (argc != 8)
		fail("seven arguments, not %d", argc - 1);
	host = atoi(argv[1]), hosts = atoi(argv[2]), senders = atoi(argv[3]), clients = atoi(argv[4]);
	size = strtoul(argv[5], NULL, 10), guarantee = atoi(argv[6]), more_known = atoi(argv[7]);
	if (hosts < 1 || senders < 1 || senders > hosts || clients < 1)
		fail("%d senders of %d hosts, %d clients each", senders, hosts, clients);
	share();
	timed = size ? (16 << 10) / size : 256;
	timed = timed < 1 ? 1 : timed > 256 ? 256 : timed;
	check_begin(senders, clients);
	bus_open();
	work();
}
