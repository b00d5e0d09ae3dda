/* What the tests in C share: checks that end the program, and a recorder of events. */
#ifndef CHECK_H
#define CHECK_H

#include <corosync/evs.h>
#include <stampede/evs_x.h>

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define CHECK(condition) \
	((condition) ? (void)0 : (fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition), exit(1)))

#define IS(expression, want) check_is(__FILE__, __LINE__, #expression, (long long)(expression), (long long)(want))
#define OK(expression) IS(expression, CS_OK)

static inline void check_is(const char *file, int line, const char *what, long long got, long long want)
{
	if (got == want)
		return;
	fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", file, line, what, got, want);
	exit(1);
}

static inline struct evs_group group(const char *name)
{
	struct evs_group g;
	memset(&g, 0, sizeof g);
	for (size_t i = 0; i < sizeof g.key && name[i] != 0; i++)
		g.key[i] = name[i];
	return g;
}

/* What the test tells of the cluster: so many members, and the id of the one here. */
static inline unsigned told(const char *variable)
{
	const char *text = getenv(variable);
	return text != NULL ? (unsigned)atoi(text) : 1;
}

static inline unsigned cluster_members(void) { return told("MEMBERS"); }
static inline unsigned here(void) { return told("NODE"); }

/* What a handle was told: its context is one of these. */
struct seen {
	unsigned messages, changes;
	unsigned node;
	size_t length;
	uint64_t hash; /* of all messages, in their order */
	unsigned char first; /* byte of the last message */
	unsigned members, left, joined;
	unsigned self_listed;
	struct evs_ring_id ring;
};

static inline uint64_t hash_of(uint64_t h, const void *p, size_t n) /* FNV-1a, 64 bit */
{
	const unsigned char *b = (const unsigned char *)p;
	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001b3u;
	return h;
}

static inline struct seen *seen_of(evs_handle_t h)
{
	void *p = NULL;
	OK(evs_context_get(h, &p));
	CHECK(p != NULL);
	return (struct seen *)p;
}

static inline void on_message(hdb_handle_t h, unsigned int node, const void *msg, size_t len)
{
	struct seen *s = seen_of(h);
	IS((uintptr_t)msg % 8, 0);
	s->messages++;
	s->node = node;
	s->length = len;
	s->hash = hash_of(hash_of(s->hash, &len, sizeof len), msg, len);
	s->first = len > 0 ? *(const unsigned char *)msg : 0;
}

static inline void on_change(hdb_handle_t h, const unsigned int *members, size_t member_cnt, const unsigned int *left,
			     size_t left_cnt, const unsigned int *joined, size_t joined_cnt, const struct evs_ring_id *ring)
{
	struct seen *s = seen_of(h);
	(void)left, (void)joined;
	s->changes++;
	s->members = (unsigned)member_cnt;
	s->left = (unsigned)left_cnt;
	s->joined = (unsigned)joined_cnt;
	s->self_listed = 0;
	for (size_t i = 0; i < member_cnt; i++)
		s->self_listed += members[i] == here();
	CHECK(ring != NULL);
	s->ring = *ring;
}

static inline evs_callbacks_t recorder(void)
{
	evs_callbacks_t c = {on_message, on_change};
	return c;
}

/* A handle that records, its first event taken. */
static inline evs_handle_t opened(struct seen *s)
{
	evs_handle_t h = 0;
	evs_callbacks_t c = recorder();
	memset(s, 0, sizeof *s);
	OK(evs_initialize(&h, &c));
	OK(evs_context_set(h, s));
	OK(evs_dispatch(h, CS_DISPATCH_ONE));
	IS(s->changes, 1);
	return h;
}

static inline evs_handle_t joined_to(struct seen *s, const char *name)
{
	evs_handle_t h = opened(s);
	struct evs_group g = group(name);
	OK(evs_join(h, &g, 1));
	return h;
}

/* Sends, however often it has to be tried. */
static inline void send_joined(evs_handle_t h, const void *p, size_t n)
{
	struct iovec iov = {(void *)(uintptr_t)p, n};
	cs_error_t e;
	do
		e = evs_mcast_joined(h, EVS_TYPE_AGREED, &iov, 1);
	while (e == CS_ERR_TRY_AGAIN);
	IS(e, CS_OK);
}

static inline void send_to(evs_handle_t h, const struct evs_group *groups, size_t cnt, const void *p, size_t n)
{
	struct iovec iov = {(void *)(uintptr_t)p, n};
	cs_error_t e;
	do
		e = evs_mcast_groups(h, EVS_TYPE_AGREED, groups, cnt, &iov, 1);
	while (e == CS_ERR_TRY_AGAIN);
	IS(e, CS_OK);
}

/* Takes events until so many messages were seen in all. */
static inline void until(evs_handle_t h, struct seen *s, unsigned messages)
{
	while (s->messages < messages)
		OK(evs_dispatch(h, CS_DISPATCH_ONE));
	IS(s->messages, messages);
}

static inline int readable(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};
	return poll(&p, 1, 0) == 1;
}

static inline int descriptor(evs_handle_t h)
{
	int fd = -1;
	OK(evs_fd_get(h, &fd));
	CHECK(fd >= 0);
	return fd;
}

/* One test: the programs run those that are named. */
struct test {
	const char *name;
	void (*run)(void);
};

static inline int run_tests(const struct test *tests, int argc, char **argv)
{
	alarm(argc > 2 ? (unsigned)atoi(argv[2]) : 120);
	for (const struct test *t = tests; t->name != NULL; t++) {
		if (argc < 2 || strcmp(argv[1], "list") == 0)
			puts(t->name);
		else if (strcmp(argv[1], t->name) == 0)
			return t->run(), 0;
	}
	if (argc < 2 || strcmp(argv[1], "list") == 0)
		return 0;
	fprintf(stderr, "no test %s\n", argv[1]);
	return 2;
}

#endif
