/* Daemons that are absent, hung, strange or ended. They are played by a thread. */
#include "check.h"

#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* The fake: a socket, and what is said on it. */
static int listener, requests = -1, events = -1;
static unsigned interrupts; /* that were handled */
static char path[108];

static void put(unsigned char *b, size_t at, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		b[at + (size_t)i] = (unsigned char)(v >> (8 * i));
}

static void open_fake(void)
{
	struct sockaddr_un a;
	memset(&a, 0, sizeof a);
	a.sun_family = AF_UNIX;
	const char *dir = getenv("TMPDIR");
	snprintf(path, sizeof path, "%s/libevs-fake-%d", dir != NULL ? dir : P_tmpdir, (int)getpid());
	memcpy(a.sun_path, path, sizeof path);
	unlink(path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	IS(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
	IS(listen(listener, 1), 0);
	setenv("STAMPEDE_SOCKET", path, 1);
}

static void close_fake(void)
{
	close(listener);
	unlink(path);
}

/* answer: op, status, id, body */
static size_t answer(unsigned char *b, unsigned op, unsigned status, unsigned id, const void *body, size_t n)
{
	memset(b, 0, 24);
	put(b, 0, 24 + n, 4);
	b[4] = (unsigned char)op;
	put(b, 6, status, 2);
	put(b, 8, id, 4);
	if (n > 0)
		memcpy(b + 24, body, n);
	size_t length = (24 + n + 7) & ~(size_t)7;
	memset(b + 24 + n, 0, length - 24 - n);
	return length;
}

static size_t message(unsigned char *b, const void *payload, size_t n)
{
	memset(b, 0, 32);
	put(b, 0, 32 + n, 4);
	b[4] = 1;
	put(b, 24, 9, 4);
	memcpy(b + 32, payload, n);
	size_t length = (32 + n + 7) & ~(size_t)7;
	memset(b + 32 + n, 0, length - 32 - n);
	return length;
}

static void read_hello(void)
{
	unsigned char b[4096];
	requests = accept(listener, NULL, NULL);
	CHECK(requests >= 0);
	ssize_t n = read(requests, b, sizeof b);
	CHECK(n >= 32 && memcmp(b + 16, "STPD", 4) == 0);
}

/* A welcome of a version. */
static size_t welcome_of(unsigned char *b, unsigned version)
{
	unsigned char body[37];
	memset(body, 0, sizeof body);
	put(body, 0, version, 2);
	put(body, 4, 7, 4);
	put(body, 16, 1 << 20, 4);
	put(body, 20, 1024, 4);
	put(body, 24, 1 << 20, 8);
	memcpy(body + 32, "fake!", 5);
	return answer(b, 1, 0, 0, body, sizeof body);
}

/* Sends bytes, and the event socket along with them. */
static void pass_events(unsigned char *b, size_t n)
{
	int pair[2];
	IS(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	events = pair[0];
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	memset(&control, 0, sizeof control);
	struct iovec iov = {b, n};
	struct msghdr m;
	memset(&m, 0, sizeof m);
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	m.msg_control = control.room;
	m.msg_controllen = sizeof control.room;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &pair[1], sizeof(int));
	IS(sendmsg(requests, &m, 0), (ssize_t)n);
	close(pair[1]);
}

static void welcome(unsigned version)
{
	unsigned char b[128];
	pass_events(b, welcome_of(b, version));
}

static void *greeter(void *p)
{
	(void)p;
	read_hello();
	welcome(1);
	return NULL;
}

static evs_handle_t open_at_fake(struct seen *s, unsigned timeout)
{
	pthread_t t;
	evs_handle_t h;
	evs_callbacks_t c = recorder();
	evs_x_options_t o = {.size = sizeof o, .timeout_ms = timeout};
	memset(s, 0, sizeof *s);
	IS(pthread_create(&t, NULL, greeter, NULL), 0);
	OK(evs_x_initialize(&h, &c, &o));
	pthread_join(t, NULL);
	OK(evs_context_set(h, s));
	return h;
}

static void hang_up(void)
{
	close(requests);
	close(events);
}

static void expect_why(evs_handle_t h, const char *words)
{
	char text[256];
	OK(evs_x_why(h, text, sizeof text));
	if (strstr(text, words) == NULL) {
		fprintf(stderr, "why: %s; wanted %s\n", text, words);
		exit(1);
	}
}

/* Absent */

static void absent(void)
{
	evs_handle_t h;
	open_fake();
	close(listener); /* the path is there, nobody behind it */
	IS(evs_initialize(&h, NULL), CS_ERR_TRY_AGAIN);
	unlink(path);
	IS(evs_initialize(&h, NULL), CS_ERR_TRY_AGAIN);
	IS(evs_finalize(h), CS_ERR_BAD_HANDLE);
}

/* Who may not open the socket is not allowed. */
static void not_permitted(void)
{
	evs_handle_t h;
	open_fake();
	IS(chmod(path, 0), 0);
	if (getuid() == 0)
		IS(seteuid(65534), 0);
	IS(evs_initialize(&h, NULL), CS_ERR_SECURITY);
	if (getuid() == 0)
		IS(seteuid(0), 0);
	close_fake();
}

/* What hello is answered with */

static unsigned refusal;

static void *refuser(void *p)
{
	unsigned char b[128];
	(void)p;
	read_hello();
	size_t n = answer(b, 255, refusal, 0, "for a reason", 12);
	IS(write(requests, b, n), (ssize_t)n);
	close(requests);
	return NULL;
}

static void refused(void)
{
	static const struct {
		unsigned status;
		cs_error_t error;
	} cases[] = {{8, CS_ERR_SECURITY}, {9, CS_ERR_VERSION}, {11, CS_ERR_NO_RESOURCES}, {14, CS_ERR_NO_RESOURCES},
		     {6, CS_ERR_TRY_AGAIN}, {10, CS_ERR_LIBRARY}, {77, CS_ERR_LIBRARY}};
	open_fake();
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		pthread_t t;
		evs_handle_t h;
		refusal = cases[i].status;
		IS(pthread_create(&t, NULL, refuser, NULL), 0);
		IS(evs_initialize(&h, NULL), cases[i].error);
		pthread_join(t, NULL);
		expect_why(0, "for a reason");
		IS(evs_finalize(h), CS_ERR_BAD_HANDLE);
	}
	close_fake();
}

static void *of_another_version(void *p)
{
	(void)p;
	read_hello();
	welcome(2);
	return NULL;
}

static void *of_another_kind(void *p)
{
	(void)p;
	read_hello();
	IS(write(requests, "220 mail.example ESMTP ready when you are\r\n", 43), 43);
	return NULL;
}

static void *speechless(void *p)
{
	(void)p;
	read_hello();
	close(requests);
	return NULL;
}

static void strange(void)
{
	static const struct {
		void *(*play)(void *);
		cs_error_t error;
	} cases[] = {{of_another_version, CS_ERR_VERSION}, {of_another_kind, CS_ERR_VERSION}, {speechless, CS_ERR_TRY_AGAIN}};
	open_fake();
	for (int i = 0; i < 3; i++) {
		pthread_t t;
		evs_handle_t h;
		IS(pthread_create(&t, NULL, cases[i].play, NULL), 0);
		IS(evs_initialize(&h, NULL), cases[i].error);
		pthread_join(t, NULL);
	}
	close_fake();
}

/* Hung */

static void hung_from_the_start(void)
{
	evs_handle_t h;
	evs_x_options_t o = {.size = sizeof o, .timeout_ms = 100};
	open_fake(); /* nobody accepts */
	for (int i = 0; i < 4; i++) /* the last ones find the backlog full */
		IS(evs_x_initialize(&h, NULL, &o), CS_ERR_TRY_AGAIN);
	close_fake();
}

static void hung_later(void)
{
	struct seen s;
	open_fake();
	evs_handle_t h = open_at_fake(&s, 50);
	struct evs_group g = group("a");
	unsigned list[2];
	size_t n = 2;
	IS(evs_join(h, &g, 1), CS_ERR_TRY_AGAIN);
	IS(evs_leave(h, &g, 1), CS_ERR_TRY_AGAIN);
	IS(evs_membership_get(h, NULL, list, &n), CS_ERR_TRY_AGAIN);
	IS(n, 2);
	IS(evs_x_flush(h, 10), CS_ERR_TIMEOUT);
	OK(evs_dispatch(h, CS_DISPATCH_ALL));
	/* Sends are taken while there is room, and then not; none is half sent. */
	static char b[30000];
	unsigned sent = 0;
	struct iovec iov = {b, sizeof b};
	cs_error_t e;
	while ((e = evs_mcast_groups(h, EVS_TYPE_AGREED, &g, 1, &iov, 1)) == CS_OK)
		sent++;
	IS(e, CS_ERR_TRY_AGAIN);
	CHECK(sent > 0);
	IS(evs_join(h, &g, 1), CS_ERR_TRY_AGAIN);
	OK(evs_finalize(h));
	/* What the daemon gets is whole requests. */
	unsigned char head[8];
	unsigned got = 0;
	while (recv(requests, head, 8, MSG_WAITALL) == 8) {
		size_t length = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
		length = (length + 7) & ~(size_t)7;
		static char rest[1 << 16];
		IS(recv(requests, rest, length - 8, MSG_WAITALL), (ssize_t)(length - 8));
		got += head[4] == 4;
	}
	IS(got, sent);
	hang_up();
	close_fake();
}

/* A message that does not fit is kept, and comes out whole when the daemon reads again. */
static void *late_reader(void *p)
{
	size_t *total = (size_t *)p;
	static char b[1 << 16];
	ssize_t n;
	while ((n = read(requests, b, sizeof b)) > 0)
		*total += (size_t)n;
	return NULL;
}

static void half_sent(void)
{
	struct seen s;
	open_fake();
	evs_handle_t h = open_at_fake(&s, 50);
	static char b[1 << 20];
	struct iovec iov = {b, sizeof b};
	struct evs_group g = group("a");
	size_t total = 0;
	pthread_t t;
	OK(evs_mcast_groups(h, EVS_TYPE_AGREED, &g, 1, &iov, 1)); /* after its time */
	IS(evs_mcast_groups(h, EVS_TYPE_AGREED, &g, 1, &iov, 1), CS_ERR_TRY_AGAIN);
	evs_x_stats_t stats = {.size = sizeof stats};
	OK(evs_x_stats_get(h, &stats));
	IS(stats.sent, 1);
	IS(stats.late, 1);
	IS(pthread_create(&t, NULL, late_reader, &total), 0);
	cs_error_t e;
	do {
		OK(evs_dispatch(h, CS_DISPATCH_ALL)); /* writes what is left */
		e = evs_mcast_groups(h, EVS_TYPE_AGREED, &g, 1, &iov, 1);
	} while (e == CS_ERR_TRY_AGAIN);
	IS(e, CS_OK);
	OK(evs_finalize(h));
	pthread_join(t, NULL);
	IS(total, (16 + 32 + sizeof b) + (16 + sizeof b)); /* the second for the same groups */
	hang_up();
	close_fake();
}

/* Who waits in evs_dispatch writes what another thread leaves meanwhile. */
static void *waits(void *p)
{
	return (void *)(intptr_t)evs_dispatch(*(evs_handle_t *)p, CS_DISPATCH_BLOCKING);
}

static void rest_while_dispatching(void)
{
	struct seen s;
	open_fake();
	evs_handle_t h = open_at_fake(&s, 50);
	static char b[1 << 20], in[1 << 16];
	struct iovec iov = {b, sizeof b};
	struct evs_group g = group("a");
	pthread_t t;
	void *result;
	IS(pthread_create(&t, NULL, waits, &h), 0);
	OK(evs_mcast_groups(h, EVS_TYPE_AGREED, &g, 1, &iov, 1)); /* half of it */
	for (size_t total = 0; total < 16 + 32 + sizeof b;) { /* no further call */
		ssize_t n = read(requests, in, sizeof in);
		CHECK(n > 0);
		total += (size_t)n;
	}
	hang_up();
	pthread_join(t, &result);
	IS((intptr_t)result, CS_ERR_LIBRARY);
	OK(evs_finalize(h));
	close_fake();
}

static void on_interrupt(int n)
{
	(void)n;
	__atomic_add_fetch(&interrupts, 1, __ATOMIC_SEQ_CST);
}

static void take_interrupts(void)
{
	struct sigaction a;
	memset(&a, 0, sizeof a);
	a.sa_handler = on_interrupt; /* no SA_RESTART */
	IS(sigaction(SIGUSR1, &a, NULL), 0);
}

/* Interrupts a thread so often that it was so in a system call, if it waits in one. */
static void interrupt(pthread_t whom)
{
	for (int i = 0; i < 20; i++) {
		unsigned before = __atomic_load_n(&interrupts, __ATOMIC_SEQ_CST);
		do {
			IS(pthread_kill(whom, SIGUSR1), 0); /* again: the thread sanitizer loses some */
			sched_yield();
		} while (__atomic_load_n(&interrupts, __ATOMIC_SEQ_CST) == before);
	}
}

/* What was accepted is sent before the handle is closed, whatever interrupts that. */
struct closing {
	pthread_t whom;
	evs_handle_t handle;
	size_t total;
};

static void *reader_at_the_end(void *p)
{
	struct closing *c = (struct closing *)p;
	void *context;
	while (evs_context_get(c->handle, &context) == CS_OK)
		sched_yield();
	interrupt(c->whom);
	return late_reader(&c->total);
}

static void finalize_sends_the_rest(void)
{
	struct seen s;
	take_interrupts();
	open_fake();
	evs_handle_t h = open_at_fake(&s, 50);
	static char b[1 << 20];
	struct iovec iov = {b, sizeof b};
	struct evs_group g = group("a");
	OK(evs_mcast_groups(h, EVS_TYPE_AGREED, &g, 1, &iov, 1)); /* half of it */
	struct closing c = {pthread_self(), h, 0};
	pthread_t t;
	IS(pthread_create(&t, NULL, reader_at_the_end, &c), 0);
	OK(evs_finalize(h));
	pthread_join(t, NULL);
	IS(c.total, 16 + 32 + sizeof b);
	hang_up();
	close_fake();
}

/* Every function that dispatches writes what EVS_X_MORE left. */
static void timed_dispatch_writes(void)
{
	struct seen s;
	unsigned char b[256] = {0};
	open_fake();
	evs_handle_t h = open_at_fake(&s, 5000);
	struct evs_group g = group("a");
	struct iovec iov = {b, 8};
	OK(evs_x_mcast(h, EVS_TYPE_AGREED, EVS_X_MORE, &g, 1, &iov, 1, NULL));
	IS(recv(requests, b, sizeof b, MSG_DONTWAIT), -1);
	size_t n = message(b, "x", 1);
	IS(write(events, b, n), (ssize_t)n);
	OK(evs_x_dispatch_timed(h, 60000));
	IS(s.messages, 1);
	IS(recv(requests, b, sizeof b, MSG_DONTWAIT), 16 + 32 + 8);
	OK(evs_finalize(h));
	hang_up();
	close_fake();
}

/* A welcome in two parts, with an event before the second. */
static void *hesitant(void *p)
{
	unsigned char b[128], event[64];
	read_hello();
	size_t n = welcome_of(b, 1), m = message(event, "x", 1);
	pass_events(b, 16);
	IS(write(events, event, m), (ssize_t)m);
	interrupt(*(pthread_t *)p);
	IS(write(requests, b + 16, n - 16), (ssize_t)(n - 16));
	return NULL;
}

static void welcome_in_parts(void)
{
	struct seen s;
	evs_handle_t h;
	evs_callbacks_t c = recorder();
	pthread_t t, me = pthread_self();
	memset(&s, 0, sizeof s);
	take_interrupts();
	open_fake();
	IS(pthread_create(&t, NULL, hesitant, &me), 0);
	OK(evs_initialize(&h, &c));
	pthread_join(t, NULL);
	OK(evs_context_set(h, &s));
	OK(evs_dispatch(h, CS_DISPATCH_ONE));
	IS(s.messages, 1);
	OK(evs_finalize(h));
	hang_up();
	close_fake();
}

/* Its end */

static void ended(unsigned status, cs_error_t want)
{
	struct seen s;
	unsigned char b[128] = {0};
	open_fake();
	evs_handle_t h = open_at_fake(&s, 5000);
	struct evs_group g = group("a");
	struct iovec iov = {b, 1};
	if (status != 0) {
		size_t n = answer(b, 255, status, 0, "for a reason", 12);
		IS(write(requests, b, n), (ssize_t)n);
	}
	hang_up();
	struct pollfd p = {descriptor(h), POLLIN, 0};
	IS(poll(&p, 1, -1), 1);
	CHECK(p.revents & POLLHUP);
	IS(evs_mcast_groups(h, EVS_TYPE_AGREED, &g, 1, &iov, 1), CS_ERR_LIBRARY);
	IS(evs_dispatch(h, CS_DISPATCH_ALL), want);
	IS(evs_dispatch(h, CS_DISPATCH_BLOCKING), want);
	IS(evs_join(h, &g, 1), CS_ERR_LIBRARY);
	IS(evs_join(h, &g, 0), CS_ERR_LIBRARY);
	size_t n = 0;
	IS(evs_membership_get(h, NULL, NULL, &n), CS_ERR_LIBRARY);
	expect_why(h, status != 0 ? "for a reason" : "gone");
	OK(evs_finalize(h));
	close_fake();
}

static void killed(void) { ended(0, CS_ERR_LIBRARY); }
static void shut_down(void) { ended(6, CS_ERR_IN_SHUTDOWN); }
static void too_slow(void) { ended(7, CS_ERR_LIBRARY); }

/* Events that came before the end are delivered. */
static void events_before_the_end(void)
{
	struct seen s;
	unsigned char b[256];
	open_fake();
	evs_handle_t h = open_at_fake(&s, 5000);
	for (int i = 0; i < 3; i++) {
		size_t n = message(b, "0123456789", 10);
		IS(write(events, b, n), (ssize_t)n);
	}
	hang_up();
	OK(evs_dispatch(h, CS_DISPATCH_ONE));
	IS(s.node, 9);
	OK(evs_dispatch(h, CS_DISPATCH_ONE));
	IS(evs_dispatch(h, CS_DISPATCH_BLOCKING), CS_ERR_LIBRARY);
	IS(s.messages, 3);
	OK(evs_finalize(h));
	close_fake();
}

/* In pieces of any size, with kinds that are not known */
static void in_pieces(void)
{
	static unsigned char stream[1 << 16];
	unsigned char payload[300];
	size_t length = 0;
	uint64_t want = 0;
	unsigned messages = 0;
	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (unsigned char)i;
	for (size_t n = 0; n < sizeof payload; n += 7) {
		length += message(stream + length, payload, n);
		want = hash_of(hash_of(want, &n, sizeof n), payload, n);
		messages++;
		if (n % 2 == 0) { /* of a later version */
			size_t more = message(stream + length, payload, 40);
			stream[length + 4] = 200;
			length += more;
		}
	}
	static const cs_dispatch_flags_t modes[] = {CS_DISPATCH_ALL, CS_DISPATCH_ONE_NONBLOCKING};
	for (size_t piece = 1; piece < 400; piece += piece < 20 ? 1 : 37) {
		struct seen s;
		open_fake();
		evs_handle_t h = open_at_fake(&s, 5000);
		int fd = descriptor(h);
		for (size_t at = 0; at < length; at += piece) {
			size_t n = length - at < piece ? length - at : piece;
			IS(write(events, stream + at, n), (ssize_t)n);
			CHECK(readable(fd));
			cs_error_t e;
			do
				e = evs_dispatch(h, modes[piece % 2]);
			while (readable(fd) && (e == CS_OK || e == CS_ERR_TRY_AGAIN));
		}
		IS(s.messages, messages);
		CHECK(s.hash == want);
		OK(evs_finalize(h));
		hang_up();
		close_fake();
	}
}

/* What is no event ends the connection, behind those that were good. */
static void garbage(void)
{
	static const unsigned char bad[][64] = {
		{0}, {7, 0, 0, 0, 1}, {255, 255, 255, 255, 1},
		{16, 0, 0, 0, 1, 0, 0, 0},                                      /* a message that is too short */
		{40, 0, 0, 0, 1, [30] = 2},                                     /* more groups than bytes */
		{24, 0, 0, 0, 3},                                               /* a configuration too short */
		{64, 0, 0, 0, 3, [28] = 1}, {64, 0, 0, 0, 2, [55] = 255}, {8, 0, 0, 0, 4}};
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct seen s;
		unsigned char b[128];
		open_fake();
		evs_handle_t h = open_at_fake(&s, 5000);
		size_t n = message(b, "good", 4);
		IS(write(events, b, n), (ssize_t)n);
		IS(write(events, bad[i], 64), 64);
		IS(write(events, b, n), (ssize_t)n);
		OK(evs_dispatch(h, CS_DISPATCH_ONE));
		IS(s.messages, 1);
		IS(evs_dispatch(h, CS_DISPATCH_BLOCKING), CS_ERR_LIBRARY);
		IS(evs_dispatch(h, CS_DISPATCH_ALL), CS_ERR_LIBRARY);
		IS(s.messages, 1); /* what is behind it is not looked at */
		expect_why(h, "no event");
		IS(evs_join(h, NULL, 0), CS_ERR_LIBRARY);
		OK(evs_finalize(h));
		hang_up();
		close_fake();
	}
	struct seen s;
	open_fake();
	evs_handle_t h = open_at_fake(&s, 5000);
	unsigned char zero[64] = {0};
	IS(write(requests, zero, 64), 64);
	struct evs_group g = group("a");
	IS(evs_join(h, &g, 1), CS_ERR_LIBRARY);
	OK(evs_finalize(h));
	hang_up();
	close_fake();
}

/* Whatever comes from the daemon, the program lives, and ends in order. */
static void random_garbage(void)
{
	const char *text = getenv("SEED");
	unsigned seed = text != NULL ? (unsigned)atoi(text) : (unsigned)getpid();
	printf("SEED=%u\n", seed);
	srand(seed);
	for (int round = 0; round < 300; round++) {
		static unsigned char stream[1 << 14];
		unsigned char payload[100];
		struct seen s;
		size_t length = 0;
		for (size_t i = 0; i < sizeof payload; i++)
			payload[i] = (unsigned char)rand();
		while (length < sizeof stream - 256) {
			size_t n = message(stream + length, payload, (size_t)rand() % sizeof payload);
			stream[length + 4] = (unsigned char)(1 + rand() % 5); /* a kind that this may not be */
			if (rand() % 8 == 0)
				put(stream, length + 30, (uint64_t)rand() % 4, 2);
			length += n;
		}
		for (int i = rand() % 6; i > 0; i--)
			stream[(size_t)rand() % length] = (unsigned char)rand();
		open_fake();
		evs_handle_t h = open_at_fake(&s, 5000);
		IS(write(events, stream, length), (ssize_t)length);
		IS(write(requests, stream, 200), 200);
		struct evs_group g = group("a");
		hang_up();
		if (round % 2 == 0)
			evs_join(h, &g, 1);
		cs_error_t e;
		while ((e = evs_dispatch(h, round % 3 == 0 ? CS_DISPATCH_ALL : CS_DISPATCH_ONE)) == CS_OK)
			;
		CHECK(e == CS_ERR_LIBRARY || e == CS_ERR_IN_SHUTDOWN);
		OK(evs_finalize(h));
		close_fake();
	}
}

/* The program's memory has a limit too; behind it events stay with the daemon. */
static void memory_limit(void)
{
	struct seen s;
	unsigned char b[256] = {0};
	evs_callbacks_t c = recorder();
	evs_x_options_t o = {.size = sizeof o, .memory_bytes = 4096};
	evs_handle_t h;
	pthread_t t;
	memset(&s, 0, sizeof s);
	open_fake();
	IS(pthread_create(&t, NULL, greeter, NULL), 0);
	OK(evs_x_initialize(&h, &c, &o));
	pthread_join(t, NULL);
	OK(evs_context_set(h, &s));
	struct iovec iov = {b, sizeof b};
	unsigned wrote = 0, refused = 0;
	while (refused < 100) { /* the fake does not read */
		size_t n = message(b, "0123456789", 10);
		if (wrote < 1000)
			wrote += send(events, b, n, MSG_DONTWAIT) == (ssize_t)n;
		refused += evs_mcast_groups(h, EVS_TYPE_AGREED, NULL, 0, &iov, 1) == CS_ERR_TRY_AGAIN;
	}
	evs_x_stats_t stats = {.size = sizeof stats};
	OK(evs_x_stats_get(h, &stats));
	CHECK(stats.waiting_bytes > 0);
	CHECK(stats.most_waiting <= 4096 + (256 << 10)); /* and what is read at once */
	until(h, &s, wrote);
	OK(evs_finalize(h));
	hang_up();
	close_fake();
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"absent", absent}, {"not_permitted", not_permitted}, {"refused", refused}, {"strange", strange},
		{"hung_from_the_start", hung_from_the_start}, {"hung_later", hung_later}, {"half_sent", half_sent},
		{"rest_while_dispatching", rest_while_dispatching},
		{"finalize_sends_the_rest", finalize_sends_the_rest}, {"timed_dispatch_writes", timed_dispatch_writes},
		{"welcome_in_parts", welcome_in_parts},
		{"killed", killed}, {"shut_down", shut_down}, {"too_slow", too_slow},
		{"events_before_the_end", events_before_the_end}, {"in_pieces", in_pieces}, {"garbage", garbage},
		{"random_garbage", random_garbage}, {"memory_limit", memory_limit}, {NULL, NULL}};
	signal(SIGPIPE, SIG_DFL); /* the library never raises it */
	return run_tests(tests, argc, argv);
}
