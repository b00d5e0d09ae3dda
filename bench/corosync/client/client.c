/*
 * Load client of a bench for Corosync's closed process groups (CPG).
 *
 *	client HOST HOSTS SENDERS SIZE
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
 * descriptor 3, 8 bytes of shared memory, it tells how many messages were
 * delivered. Messages and marker are laid out as in payload.go, the chain of
 * hashes as in order.go; a message's number is its sender's sequence + 1.
 */
#define _GNU_SOURCE
#include <corosync/cpg.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MAX_HOSTS = 64 };

/* Own messages that are sent and not delivered: a queue long enough to keep
 * the ring busy, and short enough not to measure only itself. */
enum { WINDOW_BYTES = 1 << 20, WINDOW_LEAST = 4, WINDOW_MOST = 4096 };

static int self, hosts, senders;
static size_t size;
static cpg_handle_t cpg;
static struct cpg_name group = {.length = 5, .value = "bench"};
static volatile uint64_t *shared; /* delivered */

static int64_t start_at, warm_at, end_at, first_at;
static double gap;
static int going, told_ready, told_complete, marked;
static uint64_t sequence; /* of the next message */
static char *payload;
static uint64_t timed; /* one message of a flood in so many */

static struct {
	uint64_t next, distinct, duplicates, count;
	int marked, whole;
} ledger[MAX_HOSTS];
static uint64_t chain, damaged, disordered, foreign, delivered, own_delivered, changes;

static void fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	printf("failed ");
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* A histogram of three significant digits: 2048 values of each power of two
 * from 2048 on, and every value below. */
enum { HALF_BITS = 10, BUCKETS = (65 - HALF_BITS) << HALF_BITS };
struct histogram {
	uint64_t count[BUCKETS];
};
static struct histogram own, all;

static int shift_of(uint64_t v) { return v >> (HALF_BITS + 1) ? 63 - __builtin_clzll(v) - HALF_BITS : 0; }

static void record(struct histogram *h, uint64_t v)
{
	int shift = shift_of(v);
	h->count[((uint64_t)shift << HALF_BITS) + (v >> shift)]++;
}

static void print_histogram(const char *name, const struct histogram *h)
{
	for (int i = 0; i < BUCKETS; i++) {
		if (!h->count[i])
			continue;
		int shift = i >> HALF_BITS ? (i >> HALF_BITS) - 1 : 0;
		uint64_t v = ((uint64_t)i - ((uint64_t)shift << HALF_BITS)) << shift;
		printf("%s %" PRIu64 " %" PRIu64 "\n", name, v, h->count[i]);
	}
}

/* Little endian bytes of a message, as many as there are. */
static uint64_t get(const unsigned char *b, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n && i < 8; i++)
		v |= (uint64_t)b[i] << (8 * i);
	return v;
}

static void put(char *b, size_t n, uint64_t v)
{
	for (size_t i = 0; i < n && i < 8; i++)
		b[i] = (char)(v >> (8 * i));
}

static void label(int64_t slot)
{
	put(payload, size, sequence);
	if (size >= 16)
		put(payload + 8, 8, (uint64_t)slot);
	if (size >= 24)
		put(payload + size - 8, 8, sequence);
}

static size_t marker_bytes(void) { return size == 16 ? 17 : 16; }

static void note(uint64_t sender, uint64_t number, uint64_t length, uint64_t first)
{
	uint64_t x = number * UINT64_C(0x6a09e667f3bcc909) ^ first * UINT64_C(0x3c6ef372fe94f82b);
	x ^= x >> 32;
	x ^= (sender << 32 | length) * UINT64_C(0xbb67ae8584caa73b);
	chain = ((chain << 23 | chain >> 41) ^ x) * UINT64_C(0xa54ff53a5f1d36f1);
}

/* The number that a message says it has, as far as its size lets it: the
 * nearest to the expected one whose last bytes are the given ones. */
static uint64_t number_of(uint64_t next, uint64_t first)
{
	if (size == 0)
		return next;
	if (size >= 8)
		return first + 1;
	uint64_t mask = (UINT64_C(1) << (8 * size)) - 1, ahead = (first + 1 - next) & mask;
	return ahead <= mask / 2 ? next + ahead : next - (mask + 1 - ahead);
}

static void take_marker(uint32_t sender, const unsigned char *b)
{
	ledger[sender - 1].marked = 1;
	ledger[sender - 1].count = get(b + 8, 8);
}

static void take_message(uint32_t sender, const unsigned char *b, uint64_t first)
{
	uint64_t number = number_of(ledger[sender - 1].next, first);
	if (number < ledger[sender - 1].next) {
		ledger[sender - 1].duplicates++;
		disordered++;
	} else {
		ledger[sender - 1].next = number + 1;
		ledger[sender - 1].distinct++;
	}
	if (size >= 24 && get(b + size - 8, 8) != first)
		damaged++;
	delivered++;
	if (sender == (uint32_t)self)
		own_delivered++;
	int64_t slot = size >= 16 ? (int64_t)get(b + 8, 8) : 0;
	if (slot == 0 || slot < warm_at || slot >= end_at)
		return;
	int64_t ns = now() - slot;
	record(&all, ns > 0 ? ns : 1);
	if (sender == (uint32_t)self)
		record(&own, ns > 0 ? ns : 1);
}

static void deliver(cpg_handle_t h, const struct cpg_name *name, uint32_t sender, uint32_t pid, void *msg, size_t length)
{
	(void)h, (void)name, (void)pid;
	const unsigned char *b = msg;
	if (sender < 1 || sender > (uint32_t)senders) {
		foreign++;
		return;
	}
	uint64_t first = get(b, length);
	note(sender, length == size ? number_of(ledger[sender - 1].next, first) : ledger[sender - 1].next, length, first);
	if (length == size)
		take_message(sender, b, first);
	else if (length == marker_bytes() && first == 0)
		take_marker(sender, b);
	else
		damaged++;
	if (ledger[sender - 1].marked && !ledger[sender - 1].whole &&
	    ledger[sender - 1].distinct == ledger[sender - 1].count)
		ledger[sender - 1].whole = 1;
}

static void change(cpg_handle_t h, const struct cpg_name *name, const struct cpg_address *members, size_t n,
		   const struct cpg_address *left, size_t lefts, const struct cpg_address *joined, size_t joins)
{
	(void)h, (void)name, (void)members, (void)left, (void)lefts, (void)joined, (void)joins;
	if (told_ready) {
		changes++;
	} else if (n == (size_t)hosts) {
		told_ready = 1;
		printf("ready\n");
		fflush(stdout);
	}
}

/* Connects to a daemon that may be just starting. Its end, or the parent's,
 * ends this too. */
static void join(void)
{
	cpg_callbacks_t callbacks = {.cpg_deliver_fn = deliver, .cpg_confchg_fn = change};
	struct timespec nap = {.tv_nsec = 20 * 1000 * 1000};
	while (cpg_initialize(&cpg, &callbacks) != CS_OK)
		nanosleep(&nap, NULL);
	cs_error_t e;
	while ((e = cpg_join(cpg, &group)) == CS_ERR_TRY_AGAIN)
		nanosleep(&nap, NULL);
	if (e != CS_OK)
		fail("cpg_join: %s", cs_strerror(e));
}

/* Sends one message, or tells that it is not taken now. */
static int cast(char *b, size_t n)
{
	struct iovec iov = {.iov_base = b, .iov_len = n};
	cs_error_t e = cpg_mcast_joined(cpg, CPG_TYPE_AGREED, &iov, 1);
	if (e != CS_OK && e != CS_ERR_TRY_AGAIN)
		fail("cpg_mcast_joined: %s", cs_strerror(e));
	return e == CS_OK;
}

static int congested(void)
{
	cpg_flow_control_state_t state = CPG_FLOW_CONTROL_DISABLED;
	return cpg_flow_control_state_get(cpg, &state) == CS_OK && state == CPG_FLOW_CONTROL_ENABLED;
}

static uint64_t window(void)
{
	uint64_t n = WINDOW_BYTES / (size ? size : 1);
	return n < WINDOW_LEAST ? WINDOW_LEAST : n > WINDOW_MOST ? WINDOW_MOST : n;
}

/* Sends the marker behind the last message. */
static int finish(void)
{
	char b[17] = {0};
	put(b + 8, 8, sequence);
	marked = cast(b, marker_bytes());
	return marked ? -1 : 0;
}

enum { SENDS_PER_PASS = 64 };

/* Sends what is due. It returns in how many ns there is more to send, 0 when
 * that cannot be known because what was sent is not taken, -1 for never. */
static int64_t send_due(void)
{
	int64_t at = start_at;
	if (!going || self > senders || marked)
		return -1;
	if (congested())
		return 0;
	for (int i = 0; i < SENDS_PER_PASS; i++) {
		int64_t t = now();
		at = gap > 0 ? first_at + (int64_t)(sequence * gap) : start_at;
		if (gap > 0 ? at >= end_at : t >= end_at)
			return finish();
		if (t < at)
			return at - t;
		if (gap == 0 && sequence - own_delivered >= window())
			return -1; /* deliveries go on with it */
		label(gap > 0 ? at : sequence % timed == 0 ? t : 0);
		if (!cast(payload, size))
			return 0;
		sequence++;
	}
	return 1;
}

static void tell_complete(void)
{
	if (told_complete || !going)
		return;
	for (int i = 0; i < senders; i++)
		if (!ledger[i].whole)
			return;
	told_complete = 1;
	printf("complete\n");
	fflush(stdout);
}

static void tell_all(void)
{
	printf("chain %" PRIu64 "\n", chain);
	printf("counts %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
	       self <= senders ? sequence + 1 : 0, delivered, changes, damaged, disordered, foreign);
	for (int i = 0; i < senders; i++)
		printf("sender %" PRIu64 " %" PRIu64 "\n", ledger[i].distinct + ledger[i].marked, ledger[i].duplicates);
	print_histogram("own", &own);
	print_histogram("all", &all);
	printf("end\n");
	fflush(stdout);
}

/* Reads lines. The end of the input ends the program. */
static void obey(void)
{
	static char line[256];
	static size_t length;
	ssize_t n = read(0, line + length, sizeof line - 1 - length);
	if (n <= 0)
		_exit(0);
	length += n;
	line[length] = 0;
	for (char *end; (end = strchr(line, '\n'));) {
		*end = 0;
		if (sscanf(line, "go %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %lf",
			   &start_at, &warm_at, &end_at, &first_at, &gap) == 5)
			going = 1;
		else if (!strcmp(line, "collect"))
			tell_all();
		else
			fail("an order out of turn: %s", line);
		length -= end + 1 - line;
		memmove(line, end + 1, length + 1);
	}
	if (length == sizeof line - 1)
		fail("an order without end");
}

/* What is not taken is tried again after so long. */
enum { RETRY_NS = 100 * 1000 };

static void work(void)
{
	int fd;
	if (cpg_fd_get(cpg, &fd) != CS_OK)
		fail("cpg_fd_get");
	for (;;) {
		int64_t ns = send_due();
		struct timespec wait = {.tv_sec = ns / 1000000000, .tv_nsec = ns > 0 ? ns % 1000000000 : RETRY_NS};
		struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
		int blocked = ns < 0 && !(going && self <= senders && !marked && gap == 0);
		/* A flood that waits for its window has to see its end too. */
		if (ns < 0 && !blocked)
			wait = (struct timespec){.tv_nsec = 10 * 1000 * 1000};
		if (ppoll(fds, 2, blocked ? NULL : &wait, NULL) < 0 && errno != EINTR)
			fail("ppoll: %s", strerror(errno));
		cs_error_t e = cpg_dispatch(cpg, CS_DISPATCH_ALL);
		if (e != CS_OK && e != CS_ERR_TRY_AGAIN)
			fail("cpg_dispatch: %s", cs_strerror(e));
		*shared = delivered;
		tell_complete();
		if (fds[1].revents)
			obey();
	}
}

int main(int argc, char **argv)
{
	if (argc != 5)
		fail("four arguments, not %d", argc - 1);
	self = atoi(argv[1]), hosts = atoi(argv[2]), senders = atoi(argv[3]), size = strtoul(argv[4], NULL, 10);
	if (hosts < 1 || hosts > MAX_HOSTS || senders < 1 || senders > hosts)
		fail("%d senders of %d hosts", senders, hosts);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
	payload = malloc(size + 1);
	if (shared == MAP_FAILED || !payload)
		fail("memory: %s", strerror(errno));
	memset(payload, 'a', size);
	for (int i = 0; i < senders; i++)
		ledger[i].next = 1;
	timed = size ? (16 << 10) / size : 256;
	timed = timed < 1 ? 1 : timed > 256 ? 256 : timed;
	join();
	work();
}
