/*
 * witness: sends messages by the clock to one group and writes down all that it
 * sends and is told, as a trace that `stampede verify` judges. `stampede lab` takes
 * it as the program of each host:
 *
 *	cc witness.c $(pkg-config --cflags --libs libevs) -o witness
 *	stampede lab --daemon --client ./witness --guarantee agreed,safe
 *
 * A message carries its own number, by which the trace names it, so that others
 * may send through the same daemon:
 *
 *	 0        8                size
 *	┌────────┬──────────────────┐
 *	│ number │ filler           │  u64, little endian
 *	└────────┴──────────────────┘
 *
 * The exit status is 0 when it was told to end (SIGTERM, SIGINT) and all that it
 * sent had come back, 1 when its daemon ended, 2 when anything else was wrong.
 */
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <stampede/evs_x.h>

enum { LABEL = 8, MOST_TURNS = 8, CONFIRM_EVERY = 8, MOST_SIZE = 1 << 20 };

static struct {
	const char *socket, *group;
	FILE *trace;
	double rate; /* messages/s; 0 = none */
	size_t size;
	evs_guarantee_t turns[MOST_TURNS]; /* guarantees, in turn */
	unsigned turn_cnt;
	uint64_t first; /* number */
	int again;      /* when its daemon has ended, look for the next one */
} my = {.group = "node", .size = 64, .turns = {EVS_TYPE_AGREED}, .turn_cnt = 1, .first = 1};

static struct {
	evs_handle_t handle;
	int fd;
	evs_x_member_t self;
	evs_x_config_id_t config; /* the last regular one */
	uint64_t next;            /* number of the message to be sent */
	int waits;                /* it is in the trace, and not sent yet */
	uint64_t out, back;       /* messages of this life: sent, and delivered here */
	uint64_t confirmed, confirmed_as; /* a message, and its number at the daemon */
} now;

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	fputs("witness: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
	exit(2);
}

/* The trace: internal/trace/doc.go tells of each field. */

static const char *const guarantees[] = {"unordered", "fifo", "agreed", "safe"};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void line(const char *event)
{
	fprintf(my.trace, "{\"t\":%" PRIu64 ",\"proc\":%" PRIu32 ",\"inc\":%" PRIu64 ",\"ev\":\"%s\"", clock_ns(CLOCK_REALTIME),
		now.self.id, now.self.incarnation, event);
}

static void line_message(uint32_t sender, uint64_t incarnation, uint64_t number, evs_guarantee_t guarantee)
{
	fprintf(my.trace, ",\"msg\":\"%" PRIu32 ".%" PRIu64 ".%" PRIu64 "\",\"guarantee\":\"%s\",\"groups\":[\"%s\"]", sender,
		incarnation, number, guarantees[guarantee], my.group);
}

static void line_config(const char *field, const evs_x_config_id_t *id)
{
	fprintf(my.trace, ",\"%s\":\"%" PRIu64 ".%" PRIu32 "\"", field, id->epoch, id->rep);
}

static void line_members(const char *field, const evs_x_member_t *members, size_t cnt)
{
	fprintf(my.trace, ",\"%s\":[", field);
	for (size_t i = 0; i < cnt; i++)
		fprintf(my.trace, "%s%" PRIu32, i > 0 ? "," : "", members[i].id);
	fputc(']', my.trace);
}

static void line_end(void) { fputs("}\n", my.trace); }

/* What was sent is in the file before it is sent. */
static void trace_out(void)
{
	if (fflush(my.trace) != 0)
		fail("the trace cannot be written");
}

/* Events */

static void put64(unsigned char *b, uint64_t v)
{
	for (int i = 0; i < LABEL; i++)
		b[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t get64(const unsigned char *b)
{
	uint64_t v = 0;
	for (int i = 0; i < LABEL; i++)
		v |= (uint64_t)b[i] << (8 * i);
	return v;
}

static void delivered(const evs_x_event_t *e)
{
	if (e->msg_len < LABEL || now.config.rep == 0)
		fail("a message of %zu bytes in configuration %" PRIu64, e->msg_len, now.config.epoch);
	uint64_t number = get64(e->msg);
	if (e->sender == now.self.id && e->incarnation == now.self.incarnation) {
		now.back += number >= my.first;
		if (number == now.confirmed && e->number != now.confirmed_as)
			fail("message %" PRIu64 " was confirmed as %" PRIu64 " and came as %" PRIu64, number, now.confirmed_as, e->number);
	}
	line("deliver");
	line_message(e->sender, e->incarnation, number, e->guarantee);
	line_config("config", &now.config);
	line_end();
}

static void changed(const evs_x_event_t *e)
{
	line("config");
	fprintf(my.trace, ",\"kind\":\"%s\"", e->kind == EVS_X_REGULAR ? "regular" : "transitional");
	line_config("config", &e->id);
	if (e->from.rep != 0)
		line_config("from", &e->from);
	line_members("members", e->members, e->member_cnt);
	line_members("left", e->left, e->left_cnt);
	line_members("joined", e->joined, e->joined_cnt);
	line_end();
	if (e->kind == EVS_X_REGULAR)
		now.config = e->id;
}

static void event(evs_handle_t handle, const evs_x_event_t *e, void *context)
{
	(void)handle, (void)context;
	if (e->kind == EVS_X_DELIVER)
		delivered(e);
	else if (e->kind == EVS_X_REGULAR || e->kind == EVS_X_TRANSITIONAL)
		changed(e);
}

/* What a daemon's end, and nothing else, brings about. */
static int over(cs_error_t error) { return error == CS_ERR_LIBRARY || error == CS_ERR_IN_SHUTDOWN; }

/* open_handle waits for a daemon and begins a life in the trace; it is 0 when told to end meanwhile. */
static int open_handle(void)
{
	evs_x_options_t options = {.size = sizeof options, .socket = my.socket, .timeout_ms = 60000, .event = event};
	evs_x_info_t info = {.size = sizeof info};
	struct evs_group group = {""};
	memcpy(group.key, my.group, strlen(my.group));
	while (!stopped) {
		cs_error_t error = evs_x_initialize(&now.handle, NULL, &options);
		if (error == CS_OK) {
			error = evs_join(now.handle, &group, 1);
			if (error == CS_OK)
				error = evs_fd_get(now.handle, &now.fd);
			if (error == CS_OK)
				error = evs_x_info_get(now.handle, &info);
			if (error == CS_OK) {
				now.self = info.self;
				now.config.rep = 0;
				now.waits = 0;
				now.out = now.back = 0;
				line("start");
				line_end();
				trace_out();
				return 1;
			}
			evs_finalize(now.handle);
		}
		if (error != CS_ERR_TRY_AGAIN && !over(error))
			fail("%s", evs_x_strerror(error));
		poll(NULL, 0, 5);
	}
	return 0;
}

/* send_one sends the next message, or what waits. */
static cs_error_t send_one(void)
{
	static char filler[MOST_SIZE];
	unsigned char label[LABEL];
	struct iovec iov[2] = {{label, LABEL}, {filler, my.size - LABEL}};
	evs_guarantee_t guarantee = my.turns[now.next % my.turn_cnt];
	cs_error_t error;
	put64(label, now.next);
	if (!now.waits) {
		line("send");
		line_message(now.self.id, now.self.incarnation, now.next, guarantee);
		line_end();
		trace_out();
		now.waits = 1;
	}
	if (now.next % CONFIRM_EVERY == 0) {
		uint64_t number;
		error = evs_x_mcast(now.handle, guarantee, EVS_X_JOINED | EVS_X_CONFIRM, NULL, 0, iov, 2, &number);
		if (error == CS_OK) {
			now.confirmed = now.next;
			now.confirmed_as = number;
		}
	} else {
		error = evs_mcast_joined(now.handle, guarantee, iov, 2);
	}
	if (error == CS_OK) {
		now.waits = 0;
		now.next++;
		now.out++;
	}
	return error;
}

/* slot is when so many messages are to be sent, in ns after the first. */
static uint64_t slot(uint64_t sent) { return (uint64_t)((double)sent * 1e9 / my.rate); }

/* send_due sends all whose time has come, but for what the daemon has no room for now. */
static cs_error_t send_due(uint64_t began)
{
	while (now.waits || (!stopped && my.rate > 0 && clock_ns(CLOCK_MONOTONIC) - began >= slot(now.out))) {
		cs_error_t error = send_one();
		if (error != CS_OK)
			return error == CS_ERR_TRY_AGAIN ? CS_OK : error;
	}
	return CS_OK;
}

/* rest waits for events, or until something is to be sent, or for a tenth of a second. */
static void rest(uint64_t began)
{
	struct pollfd p = {now.fd, POLLIN, 0};
	uint64_t since = clock_ns(CLOCK_MONOTONIC) - began;
	int ms = 100;
	if (now.waits)
		ms = 1;
	else if (!stopped && my.rate > 0 && slot(now.out) < since + 100 * 1000000u)
		ms = slot(now.out) > since ? (int)((slot(now.out) - since) / 1000000u) + 1 : 0;
	poll(&p, 1, ms);
}

/* live is the life at one daemon, until that ends, or all is done. */
static cs_error_t live(void)
{
	uint64_t began = clock_ns(CLOCK_MONOTONIC);
	while (!stopped || now.waits || now.back < now.out) {
		cs_error_t error = send_due(began);
		trace_out();
		if (error == CS_OK) {
			rest(began);
			error = evs_dispatch(now.handle, CS_DISPATCH_ALL);
		}
		if (error != CS_OK)
			return error;
	}
	return CS_OK;
}

/* Arguments */

static void turns_of(char *words)
{
	my.turn_cnt = 0;
	for (char *rest, *word = strtok_r(words, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
		unsigned g = 0;
		while (g < 4 && strcmp(word, guarantees[g]) != 0)
			g++;
		if (g == 4 || my.turn_cnt == MOST_TURNS)
			fail("guarantee %s", word);
		my.turns[my.turn_cnt++] = (evs_guarantee_t)g;
	}
	if (my.turn_cnt == 0)
		fail("no guarantee");
}

static void trace_to(const char *path)
{
	my.trace = strcmp(path, "-") == 0 ? stdout : fopen(path, "a");
	if (my.trace == NULL || setvbuf(my.trace, NULL, _IOFBF, 1 << 16) != 0)
		fail("%s cannot be written", path);
}

static void arguments(int argc, char **argv)
{
	enum { DIAL, TRACE, RATE, SIZE, GUARANTEE, GROUP, FIRST };
	const struct option options[] = {
		{"dial", required_argument, NULL, DIAL}, {"trace", required_argument, NULL, TRACE},
		{"rate", required_argument, NULL, RATE}, {"size", required_argument, NULL, SIZE},
		{"guarantee", required_argument, NULL, GUARANTEE}, {"group", required_argument, NULL, GROUP},
		{"first", required_argument, NULL, FIRST}, {"again", no_argument, &my.again, 1}, {NULL, 0, NULL, 0}};
	trace_to("-");
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (o) {
		case DIAL: my.socket = optarg; break;
		case TRACE: trace_to(optarg); break;
		case RATE: my.rate = atof(optarg); break;
		case SIZE: my.size = strtoul(optarg, NULL, 10); break;
		case GUARANTEE: turns_of(optarg); break;
		case GROUP: my.group = optarg; break;
		case FIRST: my.first = strtoull(optarg, NULL, 10); break;
		case '?': exit(2);
		}
	}
	if (optind < argc)
		fail("%s is no flag", argv[optind]);
	if (my.size < LABEL || my.size > MOST_SIZE)
		fail("size %zu is not within %d, which the number takes, to %d bytes", my.size, LABEL, MOST_SIZE);
	if (strlen(my.group) == 0 || strlen(my.group) > sizeof(struct evs_group) || strpbrk(my.group, "\"\\") != NULL)
		fail("group %s", my.group);
}

int main(int argc, char **argv)
{
	arguments(argc, argv);
	struct sigaction end = {.sa_handler = stop};
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	now.next = my.first;
	cs_error_t error = CS_OK;
	while (open_handle()) {
		error = live();
		trace_out();
		evs_finalize(now.handle);
		if (error == CS_OK)
			return 0;
		fprintf(stderr, "witness: %s\n", evs_x_strerror(error));
		if (!over(error))
			return 2;
		if (!my.again)
			return 1;
	}
	return error != CS_OK;
}
