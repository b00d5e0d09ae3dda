/* What evs_x.h adds. */
#include "check.h"

enum { MOST = 400 };

/* A log of whole events. */
struct log {
	unsigned count;
	struct {
		evs_x_kind_t kind;
		evs_guarantee_t guarantee;
		uint64_t number, incarnation;
		uint32_t sender;
		uint16_t origin;
		size_t groups, length;
		struct evs_group first;
		char text[16];
	} e[MOST];
	evs_x_config_id_t id;
	evs_x_member_t member;
	size_t members;
	evs_x_kept_t *kept;
	evs_x_event_t held;
	int keep;
};

static void note(evs_handle_t h, const evs_x_event_t *e, void *context)
{
	struct log *l = (struct log *)context;
	IS(e->size, sizeof *e);
	if (l == NULL)
		return;
	CHECK(l->count < MOST);
	unsigned i = l->count++;
	l->e[i].kind = e->kind;
	l->e[i].guarantee = e->guarantee;
	l->e[i].number = e->number;
	l->e[i].incarnation = e->incarnation;
	l->e[i].sender = e->sender;
	l->e[i].origin = e->origin;
	l->e[i].groups = e->group_cnt;
	l->e[i].length = e->msg_len;
	if (e->group_cnt > 0)
		l->e[i].first = e->groups[0];
	memcpy(l->e[i].text, e->msg_len > 0 ? e->msg : "", e->msg_len < 16 ? e->msg_len : 16);
	if (e->kind == EVS_X_REGULAR) {
		l->id = e->id;
		l->members = e->member_cnt;
		CHECK(e->member_cnt > 0);
		for (size_t i = 0; i < e->member_cnt; i++)
			if (e->members[i].id == here())
				l->member = e->members[i];
	}
	if (e->kind == EVS_X_DELIVER && l->keep) {
		l->keep = 0;
		l->held = *e;
		OK(evs_x_keep(h, e, &l->kept));
	}
}

static evs_handle_t open_log(struct log *l)
{
	evs_handle_t h;
	evs_x_options_t o = {.size = sizeof o, .event = note, .name = "extra", .queue_bytes = 1 << 20};
	memset(l, 0, sizeof *l);
	OK(evs_x_initialize(&h, NULL, &o));
	OK(evs_context_set(h, l));
	while (l->count == 0)
		OK(evs_dispatch(h, CS_DISPATCH_ONE));
	return h;
}

static void want(evs_handle_t h, struct log *l, unsigned count)
{
	while (l->count < count)
		OK(evs_dispatch(h, CS_DISPATCH_ONE));
}

static void options(void)
{
	evs_handle_t h;
	evs_x_options_t o = {.size = sizeof o - 1};
	IS(evs_x_initialize(&h, NULL, &o), CS_ERR_INVALID_PARAM);
	char why[64];
	OK(evs_x_why(0, why, sizeof why));
	CHECK(strstr(why, "INVALID_PARAM") != NULL);
	o.size = sizeof o;
	o.flags = 1u << 9;
	IS(evs_x_initialize(&h, NULL, &o), CS_ERR_INVALID_PARAM);
	o.flags = 0;
	o.socket = "/nowhere";
	IS(evs_x_initialize(&h, NULL, &o), CS_ERR_TRY_AGAIN);
	o.socket = getenv("STAMPEDE_SOCKET");
	unsetenv("STAMPEDE_SOCKET");
	OK(evs_x_initialize(&h, NULL, &o));
	OK(evs_finalize(h));
	OK(evs_x_initialize(&h, NULL, &(evs_x_options_t){.size = sizeof o, .socket = o.socket, .flags = EVS_X_HOLD}));
	OK(evs_finalize(h));
}

static void whole_events(void)
{
	struct log l;
	evs_handle_t h = open_log(&l);
	evs_x_info_t info = {.size = sizeof info};
	OK(evs_x_info_get(h, &info));
	IS(info.self.id, here());
	IS(info.max_message, 1 << 20);
	IS(info.max_groups, 1024);
	IS(info.protocol, 1);
	IS(info.queue_bytes, 1 << 20);
	CHECK(strlen(info.daemon) > 0);
	IS(l.e[0].kind, EVS_X_REGULAR);
	IS(l.members, cluster_members());
	IS(l.member.id, here());
	IS(l.member.incarnation, info.self.incarnation);
	CHECK(l.id.rep >= 1 && l.id.rep <= cluster_members());
	struct evs_group g[3] = {group("a"), group("b"), group("c")};
	OK(evs_join(h, g, 1));
	struct iovec iov = {(void *)(uintptr_t)"hello", 5};
	uint64_t number[4] = {9, 9, 9, 9};
	/* The second is for the same groups, the third for others, the fourth for the joined ones. */
	OK(evs_x_mcast(h, EVS_TYPE_SAFE, 0, g, 3, &iov, 1, &number[0]));
	OK(evs_x_mcast(h, EVS_TYPE_FIFO, EVS_X_CONFIRM, g, 3, &iov, 1, &number[1]));
	OK(evs_x_mcast(h, EVS_TYPE_AGREED, EVS_X_CONFIRM, g, 2, &iov, 1, &number[2]));
	OK(evs_x_mcast(h, EVS_TYPE_AGREED, EVS_X_CONFIRM | EVS_X_JOINED, NULL, 0, &iov, 1, &number[3]));
	IS(number[0], 0);
	CHECK(number[1] > 0 && number[2] > number[1] && number[3] > number[2]);
	OK(evs_x_flush(h, 0));
	want(h, &l, 5);
	unsigned seen = 0;
	for (unsigned i = 1; i < 5; i++) {
		IS(l.e[i].kind, EVS_X_DELIVER);
		IS(l.e[i].sender, here());
		IS(l.e[i].incarnation, info.self.incarnation);
		IS(l.e[i].origin, info.origin);
		IS(l.e[i].length, 5);
		IS(memcmp(l.e[i].text, "hello", 5), 0);
		for (unsigned k = 1; k < 4; k++)
			if (l.e[i].number == number[k]) {
				static const unsigned groups[] = {3, 3, 2, 1}, guarantee[] = {3, 1, 2, 2};
				IS(l.e[i].groups, groups[k]);
				IS(l.e[i].guarantee, guarantee[k]);
				IS(memcmp(&l.e[i].first, &g[0], 32), 0);
				seen |= 1u << k;
			}
	}
	IS(seen, 14);
	OK(evs_finalize(h));
}

static void bad_arguments(void)
{
	struct log l;
	evs_handle_t h = open_log(&l);
	struct evs_group g = group("a");
	evs_x_info_t info = {.size = 3};
	evs_x_stats_t stats = {.size = 3};
	evs_x_kept_t *kept;
	evs_x_event_t e = {.size = sizeof e};
	char text[4];
	IS(evs_x_info_get(h, NULL), CS_ERR_INVALID_PARAM);
	IS(evs_x_info_get(h, &info), CS_ERR_INVALID_PARAM);
	IS(evs_x_stats_get(h, &stats), CS_ERR_INVALID_PARAM);
	IS(evs_x_mcast(h, EVS_TYPE_AGREED, 1u << 20, &g, 1, NULL, 0, NULL), CS_ERR_INVALID_PARAM);
	IS(evs_x_mcast(h, EVS_TYPE_AGREED, EVS_X_JOINED, &g, 1, NULL, 0, NULL), CS_ERR_INVALID_PARAM);
	IS(evs_x_mcast(h, EVS_TYPE_AGREED, EVS_X_MORE | EVS_X_CONFIRM, &g, 1, NULL, 0, NULL), CS_ERR_INVALID_PARAM);
	IS(evs_x_keep(h, NULL, &kept), CS_ERR_INVALID_PARAM);
	IS(evs_x_keep(h, &e, NULL), CS_ERR_INVALID_PARAM);
	IS(evs_x_keep(h, &e, &kept), CS_ERR_INVALID_PARAM); /* no running callback's event */
	IS(evs_x_why(h, NULL, 4), CS_ERR_INVALID_PARAM);
	IS(evs_x_why(h, text, 0), CS_ERR_INVALID_PARAM);
	OK(evs_x_why(h, text, 4));
	evs_x_release(NULL);
	OK(evs_finalize(h));
	info.size = sizeof info;
	stats.size = sizeof stats;
	IS(evs_x_info_get(h, &info), CS_ERR_BAD_HANDLE);
	IS(evs_x_stats_get(h, &stats), CS_ERR_BAD_HANDLE);
	IS(evs_x_mcast(h, EVS_TYPE_AGREED, 0, &g, 1, NULL, 0, NULL), CS_ERR_BAD_HANDLE);
	IS(evs_x_keep(h, &e, &kept), CS_ERR_BAD_HANDLE);
	IS(evs_x_flush(h, 0), CS_ERR_BAD_HANDLE);
	IS(evs_x_why(h, text, 4), CS_ERR_BAD_HANDLE);
	IS(evs_x_dispatch_timed(h, 0), CS_ERR_BAD_HANDLE);
	IS(evs_x_initialize(NULL, NULL, NULL), CS_ERR_INVALID_PARAM);
}

static void lend(void)
{
	struct log l;
	evs_handle_t h = open_log(&l);
	struct evs_group g = group("a");
	OK(evs_join(h, &g, 1));
	static char b[100000];
	struct iovec iov = {b, sizeof b};
	uint64_t number = 0;
	OK(evs_x_mcast(h, EVS_TYPE_AGREED, EVS_X_LEND | EVS_X_JOINED, NULL, 0, &iov, 1, &number));
	CHECK(number > 0);
	want(h, &l, 3);
	unsigned released = 0;
	for (unsigned i = 1; i < 3; i++) {
		IS(l.e[i].number, number);
		released += l.e[i].kind == EVS_X_RELEASED;
	}
	IS(released, 1);
	OK(evs_finalize(h));
}

/* What is kept outlives the callback, what comes later, and the handle. */
static void keep(void)
{
	struct log l;
	evs_handle_t h = open_log(&l);
	struct evs_group g[2] = {group("a"), group("b")}, other = group("other");
	OK(evs_join(h, g, 1));
	OK(evs_join(h, &other, 1));
	l.keep = 1;
	send_to(h, g, 2, "kept message", 12);
	want(h, &l, 2);
	CHECK(l.kept != NULL);
	static char filler[300000];
	for (unsigned i = 0; i < 20; i++) {
		memset(filler, (int)i, sizeof filler);
		send_to(h, &other, 1, filler, i * 15000);
		want(h, &l, 3 + i);
	}
	evs_x_stats_t stats = {.size = sizeof stats};
	OK(evs_x_stats_get(h, &stats));
	IS(stats.kept, 1);
	IS(stats.sent, 21);
	IS(stats.events, 22);
	OK(evs_finalize(h));
	IS(l.held.msg_len, 12);
	IS(memcmp(l.held.msg, "kept message", 12), 0);
	IS(l.held.group_cnt, 2);
	IS(memcmp(l.held.groups, g, sizeof g), 0);
	evs_x_release(l.kept);
}

static void more(void)
{
	struct log l;
	evs_handle_t h = open_log(&l);
	struct evs_group g = group("a");
	OK(evs_join(h, &g, 1));
	char text[16] = {0};
	struct iovec iov = {text, sizeof text};
	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof text, "n %d", i);
		cs_error_t e;
		while ((e = evs_x_mcast(h, EVS_TYPE_AGREED, EVS_X_JOINED | (i < 299 ? EVS_X_MORE : 0), NULL, 0, &iov, 1, NULL)) == CS_ERR_TRY_AGAIN)
			;
		IS(e, CS_OK);
	}
	want(h, &l, 301);
	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof text, "n %d", i);
		IS(strcmp(l.e[i + 1].text, text), 0);
	}
	/* What is kept back goes out with whatever comes next. */
	OK(evs_x_mcast(h, EVS_TYPE_AGREED, EVS_X_JOINED | EVS_X_MORE, NULL, 0, &iov, 1, NULL));
	OK(evs_x_flush(h, 0));
	want(h, &l, 302);
	OK(evs_x_mcast(h, EVS_TYPE_AGREED, EVS_X_JOINED | EVS_X_MORE, NULL, 0, &iov, 1, NULL));
	want(h, &l, 303);
	OK(evs_finalize(h));
}

static void timed(void)
{
	struct log l;
	evs_handle_t h = open_log(&l);
	IS(evs_x_dispatch_timed(h, 0), CS_ERR_TIMEOUT);
	IS(evs_x_dispatch_timed(h, 1), CS_ERR_TIMEOUT);
	struct evs_group g = group("a");
	OK(evs_join(h, &g, 1));
	send_joined(h, "x", 1);
	OK(evs_x_dispatch_timed(h, 60000));
	IS(l.count, 2);
	OK(evs_finalize(h));
}

static void texts(void)
{
	static const cs_error_t known[] = {CS_OK, CS_ERR_LIBRARY, CS_ERR_VERSION, CS_ERR_TIMEOUT, CS_ERR_TRY_AGAIN,
		CS_ERR_INVALID_PARAM, CS_ERR_NO_MEMORY, CS_ERR_BAD_HANDLE, CS_ERR_NOT_EXIST, CS_ERR_NO_RESOURCES,
		CS_ERR_NOT_SUPPORTED, CS_ERR_TOO_MANY_GROUPS, CS_ERR_IN_SHUTDOWN, CS_ERR_SECURITY};
	for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
		IS(strncmp(evs_x_strerror(known[i]), "CS_", 3), 0);
	CHECK(evs_x_strerror((cs_error_t)4711) != NULL);
	CHECK(strlen(evs_x_version()) > 0);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"options", options}, {"whole_events", whole_events}, {"bad_arguments", bad_arguments}, {"lend", lend},
		{"keep", keep}, {"more", more}, {"timed", timed}, {"texts", texts}, {NULL, NULL}};
	return run_tests(tests, argc, argv);
}
