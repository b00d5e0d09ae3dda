/*
 * One of several programs at several daemons. It sends all the time, in agreed
 * and in safe order, and sums up what it is told between the messages "start" and
 * "end": whoever was there all the time has the same sum. When its daemon ends
 * it begins anew. On standard input it is told when to send those two.
 */
#include <errno.h>
#include <poll.h>

#include "check.h"

static struct {
	int started, ended, whole;
	unsigned messages, changes, members, announced, from[16];
	uint64_t sum;
} my = {.whole = 1};

static unsigned me, wanted;

static void deliver(hdb_handle_t h, unsigned int node, const void *msg, size_t len)
{
	(void)h;
	CHECK(len >= 8);
	if (memcmp(msg, "end     ", 8) == 0)
		my.ended = 1;
	if (my.started && !my.ended) {
		my.sum = hash_of(hash_of(my.sum, &node, sizeof node), msg, len);
		my.messages++;
		if (node < 16)
			my.from[node]++;
		if (my.messages % 1000 == 0)
			printf("delivered %u\n", my.messages);
	}
	if (memcmp(msg, "start   ", 8) == 0 && !my.started) {
		my.started = 1;
		puts("started");
	}
}

static void change(hdb_handle_t h, const unsigned int *members, size_t member_cnt, const unsigned int *left,
		   size_t left_cnt, const unsigned int *joined, size_t joined_cnt, const struct evs_ring_id *ring)
{
	(void)h;
	if (my.started && !my.ended) {
		my.sum = hash_of(my.sum, members, member_cnt * sizeof *members);
		my.sum = hash_of(my.sum, left, left_cnt * sizeof *left);
		my.sum = hash_of(my.sum, joined, joined_cnt * sizeof *joined);
		my.sum = hash_of(my.sum, &ring->seq, sizeof ring->seq);
		my.changes++;
	}
	my.members = (unsigned)member_cnt;
}

static evs_handle_t enter_group(void)
{
	evs_callbacks_t c = {deliver, change};
	struct evs_group g = group("cluster");
	evs_handle_t h;
	cs_error_t e;
	for (;;) {
		while ((e = evs_initialize(&h, &c)) == CS_ERR_TRY_AGAIN || e == CS_ERR_LIBRARY)
			poll(NULL, 0, 10);
		IS(e, CS_OK);
		if ((e = evs_join(h, &g, 1)) == CS_OK)
			return h;
		CHECK(e == CS_ERR_LIBRARY || e == CS_ERR_TRY_AGAIN);
		OK(evs_finalize(h));
	}
}

static int lost(cs_error_t e)
{
	CHECK(e == CS_OK || e == CS_ERR_TRY_AGAIN || e == CS_ERR_TIMEOUT || e == CS_ERR_LIBRARY || e == CS_ERR_IN_SHUTDOWN);
	return e == CS_ERR_LIBRARY || e == CS_ERR_IN_SHUTDOWN;
}

static cs_error_t send_one(evs_handle_t h, unsigned number)
{
	static char filler[4000];
	unsigned head[2] = {me, number};
	struct iovec iov[2] = {{head, sizeof head}, {filler, number * 37 % sizeof filler}};
	return evs_mcast_joined(h, number % 5 == 0 ? EVS_TYPE_SAFE : EVS_TYPE_AGREED, iov, 2);
}

/* command sends what standard input asks for. */
static void command(evs_handle_t h)
{
	char line[64] = {0};
	struct pollfd p = {STDIN_FILENO, POLLIN, 0};
	if (poll(&p, 1, 0) < 1)
		return;
	ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);
	if (n <= 0)
		exit(1); /* the test has ended */
	char text[16];
	snprintf(text, sizeof text, "%-8.*s", (int)n - 1, line);
	send_joined(h, text, 8);
}

int main(int argc, char **argv)
{
	CHECK(argc == 3);
	me = (unsigned)atoi(argv[1]);
	wanted = (unsigned)atoi(argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	evs_handle_t h = enter_group();
	for (unsigned number = 0; !my.ended;) {
		cs_error_t e = CS_OK;
		if (my.members == wanted || my.started) {
			e = send_one(h, number);
			number += e == CS_OK;
		}
		if (!lost(e))
			e = evs_x_dispatch_timed(h, 1);
		if (!lost(e))
			e = evs_dispatch(h, CS_DISPATCH_ALL);
		if (lost(e)) {
			printf("lost %d\n", e);
			OK(evs_finalize(h));
			my.whole = 0;
			h = enter_group();
			puts("again");
			continue;
		}
		if (my.members != my.announced) {
			my.announced = my.members;
			printf("members %u\n", my.members);
		}
		command(h);
	}
	for (unsigned i = 1; i <= wanted; i++)
		CHECK(my.from[i] > 0 || !my.whole);
	printf("ended %s %u %u %016llx\n", my.whole ? "whole" : "partly", my.messages, my.changes, (unsigned long long)my.sum);
	OK(evs_finalize(h));
	return 0;
}
