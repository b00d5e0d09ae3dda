/* What each function does, with good and bad arguments, at a daemon that is well. */
#include "check.h"

#include <malloc.h>

/* Arguments */

static void bad_handles(void)
{
	struct seen s;
	evs_handle_t good = opened(&s), gone = good;
	OK(evs_finalize(good));
	evs_handle_t bad[] = {0, 1, ~(evs_handle_t)0, gone, gone ^ (1ull << 40), gone | 0xffffffff00000000u, 0xffffffff00000000u};
	struct evs_group g = group("a");
	struct iovec iov = {&g, 1};
	void *p;
	int fd;
	size_t n = 0;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		evs_handle_t h = bad[i];
		IS(evs_finalize(h), CS_ERR_BAD_HANDLE);
		IS(evs_fd_get(h, &fd), CS_ERR_BAD_HANDLE);
		IS(evs_context_get(h, &p), CS_ERR_BAD_HANDLE);
		IS(evs_context_set(h, NULL), CS_ERR_BAD_HANDLE);
		IS(evs_dispatch(h, CS_DISPATCH_ALL), CS_ERR_BAD_HANDLE);
		IS(evs_dispatch(h, (cs_dispatch_flags_t)99), CS_ERR_BAD_HANDLE);
		IS(evs_join(h, &g, 1), CS_ERR_BAD_HANDLE);
		IS(evs_leave(h, &g, 1), CS_ERR_BAD_HANDLE);
		IS(evs_mcast_joined(h, EVS_TYPE_AGREED, &iov, 1), CS_ERR_BAD_HANDLE);
		IS(evs_mcast_groups(h, EVS_TYPE_AGREED, &g, 1, &iov, 1), CS_ERR_BAD_HANDLE);
		IS(evs_membership_get(h, NULL, NULL, &n), CS_ERR_BAD_HANDLE);
	}
}

static void bad_arguments(void)
{
	struct seen s;
	evs_handle_t h = joined_to(&s, "a");
	struct evs_group g = group("a"), many[51];
	memset(many, 0, sizeof many);
	char b[8] = {0};
	struct iovec iov = {b, 1}, null = {NULL, 1}, huge[2] = {{b, 1}, {b, (size_t)-1}}, nothing = {NULL, 0};
	IS(evs_initialize(NULL, NULL), CS_ERR_INVALID_PARAM);
	IS(evs_fd_get(h, NULL), CS_ERR_INVALID_PARAM);
	IS(evs_context_get(h, NULL), CS_ERR_INVALID_PARAM);
	IS(evs_join(h, NULL, 1), CS_ERR_INVALID_PARAM);
	IS(evs_join(h, many, 51), CS_ERR_TOO_MANY_GROUPS);
	IS(evs_join(h, &g, (size_t)-1), CS_ERR_TOO_MANY_GROUPS);
	IS(evs_leave(h, NULL, 1), CS_ERR_INVALID_PARAM);
	IS(evs_leave(h, &g, (size_t)-1), CS_ERR_INVALID_PARAM);
	IS(evs_mcast_joined(h, EVS_TYPE_AGREED, NULL, 1), CS_ERR_INVALID_PARAM);
	IS(evs_mcast_joined(h, EVS_TYPE_AGREED, &iov, ~0u), CS_ERR_INVALID_PARAM);
	IS(evs_mcast_joined(h, EVS_TYPE_AGREED, &null, 1), CS_ERR_INVALID_PARAM);
	IS(evs_mcast_joined(h, EVS_TYPE_AGREED, huge, 2), CS_ERR_INVALID_PARAM);
	IS(evs_mcast_groups(h, EVS_TYPE_AGREED, NULL, 1, &iov, 1), CS_ERR_INVALID_PARAM);
	IS(evs_mcast_groups(h, EVS_TYPE_AGREED, &g, (size_t)-1, &iov, 1), CS_ERR_TOO_MANY_GROUPS);
	IS(evs_membership_get(h, NULL, NULL, NULL), CS_ERR_INVALID_PARAM);
	IS(evs_dispatch(h, (cs_dispatch_flags_t)0), CS_ERR_INVALID_PARAM);
	IS(evs_dispatch(h, (cs_dispatch_flags_t)5), CS_ERR_INVALID_PARAM);
	/* Nothing of that was sent, and the handle is as it was. */
	OK(evs_mcast_joined(h, EVS_TYPE_AGREED, &nothing, 1));
	until(h, &s, 1);
	IS(s.length, 0);
	OK(evs_finalize(h));
}

static void dead_value_after_failure(void)
{
	evs_handle_t h = 42;
	setenv("STAMPEDE_SOCKET", "/nowhere/at/all", 1);
	IS(evs_initialize(&h, NULL), CS_ERR_TRY_AGAIN);
	CHECK(h != 42);
	IS(evs_finalize(h), CS_ERR_BAD_HANDLE);
	char text[200];
	OK(evs_x_why(0, text, sizeof text));
	CHECK(strstr(text, "/nowhere/at/all") != NULL);
	char longer[400];
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = 0;
	setenv("STAMPEDE_SOCKET", longer, 1);
	IS(evs_initialize(&h, NULL), CS_ERR_INVALID_PARAM);
}

/* Events */

static void first_event(void)
{
	struct seen s;
	evs_handle_t h = opened(&s);
	IS(s.members, cluster_members());
	IS(s.self_listed, 1);
	IS(s.left, 0);
	CHECK(s.ring.seq > 0 && s.ring.nodeid >= 1 && s.ring.nodeid <= cluster_members());
	OK(evs_dispatch(h, CS_DISPATCH_ALL));
	IS(s.changes, 1);
	OK(evs_finalize(h));
}

static void dispatch_modes(void)
{
	struct seen s;
	evs_handle_t h = joined_to(&s, "a");
	IS(evs_dispatch(h, CS_DISPATCH_ONE_NONBLOCKING), CS_ERR_TRY_AGAIN);
	OK(evs_dispatch(h, CS_DISPATCH_ALL));
	for (int i = 0; i < 3; i++)
		send_joined(h, "x", 1);
	OK(evs_dispatch(h, CS_DISPATCH_ONE));
	IS(s.messages, 1);
	while (evs_dispatch(h, CS_DISPATCH_ONE_NONBLOCKING) != CS_OK)
		;
	IS(s.messages, 2);
	until(h, &s, 3);
	OK(evs_finalize(h));
}

static void null_callbacks(void)
{
	evs_callbacks_t none = {NULL, NULL};
	evs_callbacks_t *kinds[] = {NULL, &none};
	struct evs_group g = group("a");
	for (int i = 0; i < 2; i++) {
		evs_handle_t h;
		OK(evs_initialize(&h, kinds[i]));
		OK(evs_join(h, &g, 1));
		send_joined(h, "x", 1);
		OK(evs_dispatch(h, CS_DISPATCH_ONE)); /* the configuration counts */
		OK(evs_dispatch(h, CS_DISPATCH_ONE)); /* and the message */
		IS(evs_dispatch(h, CS_DISPATCH_ONE_NONBLOCKING), CS_ERR_TRY_AGAIN);
		OK(evs_finalize(h));
	}
}

static void descriptor_tells(void)
{
	struct seen s;
	evs_handle_t h = joined_to(&s, "a");
	int fd = descriptor(h);
	CHECK(!readable(fd));
	for (int i = 0; i < 100; i++)
		send_joined(h, "0123456789", (size_t)i % 11);
	for (unsigned i = 0; i < 100; i++) {
		struct pollfd p = {fd, POLLIN, 0};
		IS(poll(&p, 1, -1), 1); /* for ever, were it not readable with messages to take */
		IS(p.revents, POLLIN);
		OK(evs_dispatch(h, CS_DISPATCH_ONE));
		IS(s.messages, i + 1);
		IS(descriptor(h), fd);
	}
	CHECK(!readable(fd));
	OK(evs_finalize(h));
}

/* Handles and contexts */

static void contexts(void)
{
	evs_handle_t h;
	OK(evs_initialize(&h, NULL));
	void *p = &h;
	OK(evs_context_get(h, &p));
	CHECK(p == NULL);
	OK(evs_context_set(h, &p));
	OK(evs_context_get(h, &p));
	CHECK(p == &p);
	OK(evs_finalize(h));
}

static void many_handles(void)
{
	enum { N = 20 };
	struct seen s[N];
	evs_handle_t h[N];
	for (int i = 0; i < N; i++)
		h[i] = joined_to(&s[i], "a");
	for (int i = 0; i < N; i++)
		send_joined(h[i], "0123456789012345678901234567890123456789", (size_t)i);
	for (int i = 0; i < N; i++) {
		until(h[i], &s[i], N);
		CHECK(s[i].hash == s[0].hash);
	}
	for (int i = 0; i < N; i++)
		OK(evs_finalize(h[i]));
}

/* Messages */

/* The longest message is what the cluster is configured for. */
static size_t longest(evs_handle_t h)
{
	evs_x_info_t info = {.size = sizeof info};
	OK(evs_x_info_get(h, &info));
	CHECK(info.max_message >= 1 << 20);
	return info.max_message;
}

static unsigned char *bytes_of(size_t n)
{
	unsigned char *b = malloc(n);
	CHECK(b != NULL);
	for (size_t i = 0; i < n; i++)
		b[i] = (unsigned char)(i * 2654435761u >> 13);
	return b;
}

static void sizes(void)
{
	struct seen s;
	evs_handle_t h = joined_to(&s, "a");
	size_t most = longest(h);
	const size_t length[] = {0, 1, 7, 8, 9, 1000, 4096, 65536, 212992, 224000, 524289, 1025958, 1 << 20, most - 1, most};
	unsigned char *big = bytes_of(most + 1);
	uint64_t want = 0;
	for (unsigned i = 0; i < sizeof length / sizeof length[0]; i++) {
		send_joined(h, big, length[i]);
		want = hash_of(hash_of(want, &length[i], sizeof length[i]), big, length[i]);
		until(h, &s, i + 1);
		IS(s.length, length[i]);
		IS(s.node, here());
		CHECK(s.hash == want);
	}
	struct iovec over[2] = {{big, most}, {big, 1}};
	IS(evs_mcast_joined(h, EVS_TYPE_AGREED, over, 2), CS_ERR_INVALID_PARAM);
	over[0].iov_len++;
	IS(evs_mcast_joined(h, EVS_TYPE_AGREED, over, 1), CS_ERR_INVALID_PARAM);
	free(big);
	OK(evs_finalize(h));
}

/* The longest message to the most groups. */
static void longest_to_most(void)
{
	struct seen s;
	evs_handle_t h = joined_to(&s, "a");
	struct evs_group g[1024];
	size_t most = longest(h);
	unsigned char *big = bytes_of(most);
	memset(g, 'x', sizeof g);
	for (unsigned i = 0; i < 1023; i++)
		memcpy(g[i].key, &i, sizeof i);
	g[1023] = group("a");
	send_to(h, g, 1024, big, most);
	until(h, &s, 1);
	IS(s.length, most);
	CHECK(s.hash == hash_of(hash_of(0, &most, sizeof most), big, most));
	free(big);
	OK(evs_finalize(h));
}

static void pieces(void)
{
	struct seen s;
	evs_handle_t h = joined_to(&s, "a");
	static const unsigned counts[] = {0, 1, 2, 61, 62, 63, 64, 65, 125, 126, 127, 128, 500, 1021, 1022, 1024};
	unsigned char bytes[3 * 1024];
	struct iovec iov[1025];
	uint64_t want = 0;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 31);
	for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		size_t at = 0;
		for (unsigned k = 0; k < counts[i]; k++) {
			iov[k].iov_base = k % 4 == 3 ? NULL : bytes + at;
			iov[k].iov_len = k % 4 == 3 ? 0 : k % 4;
			at += iov[k].iov_len;
		}
		IS(evs_mcast_joined(h, EVS_TYPE_AGREED, iov, counts[i]), CS_OK);
		want = hash_of(hash_of(want, &at, sizeof at), bytes, at);
		until(h, &s, i + 1);
		CHECK(s.hash == want);
	}
	IS(evs_mcast_joined(h, EVS_TYPE_AGREED, iov, 1025), CS_ERR_INVALID_PARAM);
	OK(evs_finalize(h));
}

static evs_guarantee_t guarantee_seen;

static void note_guarantee(evs_handle_t h, const evs_x_event_t *e, void *context)
{
	(void)h, (void)context;
	if (e->kind == EVS_X_DELIVER)
		guarantee_seen = e->guarantee;
}

static void guarantees(void)
{
	evs_x_options_t o = {.size = sizeof o, .event = note_guarantee};
	evs_handle_t h;
	OK(evs_x_initialize(&h, NULL, &o));
	struct evs_group g = group("a");
	OK(evs_join(h, &g, 1));
	OK(evs_dispatch(h, CS_DISPATCH_ONE));
	static const int asked[] = {0, 1, 2, 3, 4, -1, 1 << 20}, got[] = {0, 1, 2, 3, 2, 2, 2};
	for (int i = 0; i < 7; i++) {
		struct iovec iov = {(void *)(uintptr_t)"x", 1};
		OK(evs_mcast_joined(h, (evs_guarantee_t)asked[i], &iov, 1));
		OK(evs_dispatch(h, CS_DISPATCH_ONE));
		IS(guarantee_seen, getenv("EXPECT_RAISED") != NULL && got[i] < 2 ? 2 : got[i]);
	}
	OK(evs_finalize(h));
}

/* Groups */

static void groups_are_filters(void)
{
	struct seen s, other;
	evs_handle_t h = opened(&s), o = joined_to(&other, "all");
	struct evs_group a = group("a"), b = group("b"), all = group("all"), both[3] = {a, b, a}, tail = a;
	tail.key[31] = 1;
	send_joined(h, "to nobody", 9);        /* nothing is joined */
	send_to(h, NULL, 0, "to nobody", 9);   /* no groups */
	send_to(h, &a, 1, "to nobody", 9);     /* nobody has joined it */
	OK(evs_join(h, both, 2));
	send_to(h, &tail, 1, "to nobody", 9);  /* all 32 bytes count */
	send_to(o, both, 3, "once", 4);        /* matches twice, comes once; open send */
	send_joined(h, "!", 1);
	send_to(h, &all, 1, "end", 3);
	until(h, &s, 2);
	until(o, &other, 1);
	IS(other.length, 3);
	OK(evs_finalize(h));
	OK(evs_finalize(o));
}

/* Waits until what was sent before has been delivered, to whom it may concern. */
static void fence(evs_handle_t h, struct seen *s)
{
	struct evs_group g = group("fence");
	OK(evs_join(h, &g, 1));
	send_to(h, &g, 1, "fence", 5);
	until(h, s, s->messages + 1);
	CHECK(s->length == 5 && s->first == 'f');
	s->messages--;
	OK(evs_leave(h, &g, 1));
}

static void joins_are_counted(void)
{
	struct seen s;
	evs_handle_t h = opened(&s);
	struct evs_group a = group("a"), b = group("b"), c = group("c"), twice[2] = {a, a}, mixed[3] = {b, c, a};
	OK(evs_join(h, NULL, 0));
	OK(evs_join(h, &a, 0));
	OK(evs_leave(h, NULL, 0));
	IS(evs_leave(h, &a, 1), CS_ERR_NOT_EXIST);
	OK(evs_join(h, twice, 2));
	OK(evs_join(h, &a, 1));
	OK(evs_leave(h, twice, 2));
	send_joined(h, "1", 1); /* still joined once */
	until(h, &s, 1);
	OK(evs_leave(h, &a, 1));
	send_to(h, &a, 1, "no", 2);
	fence(h, &s);
	OK(evs_join(h, twice, 1));
	OK(evs_join(h, &b, 1));
	IS(evs_leave(h, mixed, 3), CS_ERR_NOT_EXIST); /* b went, c is not there, a stayed */
	IS(evs_leave(h, &b, 1), CS_ERR_NOT_EXIST);
	send_to(h, &b, 1, "no", 2);
	send_to(h, &a, 1, "2", 1);
	until(h, &s, 2);
	IS(s.length, 1);
	OK(evs_leave(h, &a, 1));
	send_joined(h, "no", 2);
	send_to(h, &a, 1, "no", 2);
	fence(h, &s);
	OK(evs_join(h, &a, 1));
	send_joined(h, "3", 1);
	until(h, &s, 3);
	IS(s.first, '3');
	OK(evs_finalize(h));
}

/* What has come is still delivered when its group has been left. */
static void leave_behind(void)
{
	struct seen s;
	evs_handle_t h = joined_to(&s, "a");
	struct evs_group a = group("a");
	send_joined(h, "x", 1);
	struct pollfd p = {descriptor(h), POLLIN, 0};
	IS(poll(&p, 1, -1), 1);
	OK(evs_leave(h, &a, 1));
	until(h, &s, 1);
	OK(evs_finalize(h));
}

static struct evs_group numbered(unsigned n)
{
	char name[32];
	snprintf(name, sizeof name, "group %u", n);
	return group(name);
}

static void fifty_at_once(void)
{
	struct seen s;
	evs_handle_t h = opened(&s);
	struct evs_group g[1025];
	for (unsigned i = 0; i < 1025; i++)
		g[i] = numbered(i);
	for (unsigned i = 0; i < 1000; i += 50)
		OK(evs_join(h, g + i, 50));
	OK(evs_join(h, g + 1000, 24));
	IS(evs_join(h, g + 1024, 1), CS_ERR_TOO_MANY_GROUPS);
	OK(evs_join(h, g, 50)); /* no new ones */
	IS(evs_mcast_groups(h, EVS_TYPE_AGREED, g, 1025, NULL, 0), CS_ERR_TOO_MANY_GROUPS);
	send_joined(h, "x", 1);
	send_to(h, g, 1024, "y", 1);
	until(h, &s, 2);
	OK(evs_leave(h, g, 1024));
	OK(evs_leave(h, g, 50));
	send_to(h, g, 1024, "y", 1);
	fence(h, &s);
	OK(evs_join(h, g, 1));
	send_joined(h, "z", 1);
	until(h, &s, 3);
	IS(s.first, 'z');
	OK(evs_finalize(h));
}

/* Membership */

static void membership(void)
{
	struct seen s;
	evs_handle_t h = opened(&s);
	unsigned local = 0, list[4] = {77, 77, 77, 77};
	size_t n = 4;
	unsigned all = cluster_members();
	CHECK(all < 4);
	OK(evs_membership_get(h, &local, list, &n));
	IS(local, here());
	IS(n, all);
	for (unsigned i = 0; i < all; i++)
		IS(list[i], i + 1);
	IS(list[all], 77);
	for (size_t room = 0; room < all; room++) {
		n = room;
		list[room] = 77;
		OK(evs_membership_get(h, NULL, list, &n));
		IS(n, room);
		IS(list[room], 77);
	}
	n = 16;
	OK(evs_membership_get(h, NULL, NULL, &n));
	IS(n, all);
	OK(evs_finalize(h));
}

/* Inside callbacks */

static int depth;

static void everything(hdb_handle_t h, unsigned int node, const void *msg, size_t len)
{
	struct seen *s = seen_of(h);
	struct evs_group b = group("b");
	unsigned list[4];
	size_t n = 4;
	on_message(h, node, msg, len);
	if (depth++ > 0)
		return;
	OK(evs_context_set(h, s));
	OK(evs_membership_get(h, NULL, list, &n));
	OK(evs_join(h, &b, 1));
	send_to(h, &b, 1, "nested", 6);
	OK(evs_dispatch(h, CS_DISPATCH_ONE));
	IS(s->messages, 2);
	OK(evs_leave(h, &b, 1));
	CHECK(memcmp(msg, "outer", 5) == 0); /* it is still there */
	CHECK(descriptor(h) >= 0);
}

static void calls_inside(void)
{
	struct seen s = {0};
	evs_handle_t h;
	evs_callbacks_t c = {everything, on_change};
	OK(evs_initialize(&h, &c));
	OK(evs_context_set(h, &s));
	struct evs_group a = group("a");
	OK(evs_join(h, &a, 1));
	send_joined(h, "outer", 5);
	while (s.messages < 2)
		OK(evs_dispatch(h, CS_DISPATCH_ALL));
	OK(evs_finalize(h));
}

static void end_it(hdb_handle_t h, unsigned int node, const void *msg, size_t len)
{
	on_message(h, node, msg, len);
	OK(evs_finalize(h));
	IS(evs_finalize(h), CS_ERR_BAD_HANDLE);
	CHECK(memcmp(msg, "last", 4) == 0);
}

static void finalize_inside(void)
{
	static const cs_dispatch_flags_t modes[] = {CS_DISPATCH_ONE, CS_DISPATCH_ALL, CS_DISPATCH_BLOCKING, CS_DISPATCH_ONE_NONBLOCKING};
	for (int i = 0; i < 4; i++) {
		struct seen s = {0};
		evs_handle_t h;
		evs_callbacks_t c = {end_it, NULL};
		OK(evs_initialize(&h, &c));
		OK(evs_context_set(h, &s));
		OK(evs_dispatch(h, CS_DISPATCH_ONE));
		struct evs_group a = group("a");
		OK(evs_join(h, &a, 1));
		for (int k = 0; k < 10; k++)
			send_joined(h, "last", 4);
		struct pollfd p = {descriptor(h), POLLIN, 0};
		IS(poll(&p, 1, -1), 1);
		cs_error_t e;
		do
			e = evs_dispatch(h, modes[i]);
		while (s.messages == 0 && (e == CS_OK || e == CS_ERR_TRY_AGAIN));
		IS(e, CS_OK);
		IS(s.messages, 1); /* no further callback */
		IS(evs_dispatch(h, modes[i]), CS_ERR_BAD_HANDLE);
	}
}

/* Flow */

static void busy_without_dispatch(void)
{
	enum { ROUNDS = 600, LENGTH = 100000 }; /* 60 MB, more than the daemon keeps in this test */
	struct seen s;
	evs_handle_t h = joined_to(&s, "a");
	int fd = descriptor(h);
	static unsigned char b[LENGTH];
	size_t length = LENGTH;
	uint64_t want = 0;
	for (unsigned i = 0; i < ROUNDS; i++) {
		memset(b, (int)(i & 255), 100);
		send_joined(h, b, LENGTH);
		want = hash_of(hash_of(want, &length, sizeof length), b, LENGTH);
	}
	IS(s.messages, 0);
	while (!readable(fd))
		;
	evs_x_stats_t stats = {.size = sizeof stats};
	OK(evs_x_stats_get(h, &stats));
	IS(stats.sent, ROUNDS);
	CHECK(stats.most_waiting > 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct pollfd p = {fd, POLLIN, 0};
		IS(poll(&p, 1, -1), 1);
		until(h, &s, i + 1);
	}
	CHECK(s.hash == want);
	CHECK(!readable(fd));
	OK(evs_finalize(h));
}

static unsigned long fds(void)
{
	unsigned long n = 0;
	for (int i = 0; i < 1024; i++) {
		struct pollfd p = {i, 0, 0};
		n += poll(&p, 1, 0) >= 0 && !(p.revents & POLLNVAL);
	}
	return n;
}

/* Bytes of the heap in use: a sanitizer's has none, and finds leaks by itself. */
static size_t heap(void)
{
	return mallinfo2().uordblks;
}

static void ten_thousand_cycles(void)
{
	struct seen s;
	const char *text = getenv("CYCLES");
	int cycles = text != NULL ? atoi(text) : 10000;
	unsigned long descriptors = 0;
	size_t bytes = 0;
	for (int i = 0; i < cycles; i++) {
		evs_handle_t h = joined_to(&s, "a");
		if (i % 16 == 0)
			send_joined(h, "x", 1);
		OK(evs_finalize(h));
		if (i == 100) { /* what is kept for later handles is there now */
			descriptors = fds();
			bytes = heap();
		}
	}
	CHECK(cycles > 100);
	IS(fds(), descriptors);
	CHECK(heap() < bytes + 4096);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"bad_handles", bad_handles}, {"bad_arguments", bad_arguments},
		{"dead_value_after_failure", dead_value_after_failure}, {"first_event", first_event},
		{"dispatch_modes", dispatch_modes}, {"null_callbacks", null_callbacks},
		{"descriptor_tells", descriptor_tells}, {"contexts", contexts}, {"many_handles", many_handles},
		{"sizes", sizes}, {"longest_to_most", longest_to_most}, {"pieces", pieces}, {"guarantees", guarantees},
		{"groups_are_filters", groups_are_filters}, {"joins_are_counted", joins_are_counted}, {"leave_behind", leave_behind},
		{"fifty_at_once", fifty_at_once}, {"membership", membership}, {"calls_inside", calls_inside},
		{"finalize_inside", finalize_inside}, {"busy_without_dispatch", busy_without_dispatch},
		{"ten_thousand_cycles", ten_thousand_cycles}, {NULL, NULL}};
	return run_tests(tests, argc, argv);
}
