/*
 * talk GROUP: lines of standard input go to everybody in the group, in one order;
 * what arrives and who is there is printed. It ends with its input, once all
 * that it said has come back.
 *
 *	cc talk.c $(pkg-config --cflags --libs libevs) -o talk
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <corosync/evs.h>

static unsigned int self;
static unsigned long said, heard;

static void deliver(hdb_handle_t handle, unsigned int nodeid, const void *msg, size_t msg_len)
{
	(void)handle;
	heard += nodeid == self;
	printf("%u: %.*s\n", nodeid, (int)msg_len, (const char *)msg);
}

static void print_list(const char *name, const unsigned int *list, size_t n)
{
	if (n > 0)
		printf(" %s", name);
	for (size_t i = 0; i < n; i++)
		printf(" %u", list[i]);
}

static void configuration(hdb_handle_t handle, const unsigned int *members, size_t member_cnt,
			  const unsigned int *left, size_t left_cnt, const unsigned int *joined, size_t joined_cnt,
			  const struct evs_ring_id *ring)
{
	(void)handle;
	printf("* configuration %u/%llu:", ring->nodeid, ring->seq);
	print_list("members", members, member_cnt);
	print_list("left", left, left_cnt);
	print_list("joined", joined, joined_cnt);
	puts("");
}

static int failed(const char *what, cs_error_t error)
{
	fprintf(stderr, "%s: error %d\n", what, error);
	return 1;
}

/* say sends a line; while the daemon's queue is full, what arrives is taken. */
static cs_error_t say(evs_handle_t handle, char *line)
{
	struct iovec iov = {line, strcspn(line, "\n")};
	cs_error_t error;
	while ((error = evs_mcast_joined(handle, EVS_TYPE_AGREED, &iov, 1)) == CS_ERR_TRY_AGAIN)
		if ((error = evs_dispatch(handle, CS_DISPATCH_ALL)) != CS_OK)
			break;
	return error;
}

int main(int argc, char **argv)
{
	evs_callbacks_t callbacks = {deliver, configuration};
	evs_handle_t handle;
	struct evs_group group;
	size_t none = 0;
	char line[1024]; /* longer ones are said in pieces */
	int fd;

	if (argc != 2)
		return fprintf(stderr, "usage: talk GROUP\n"), 2;
	memset(&group, 0, sizeof group); /* all 32 bytes count */
	strncpy(group.key, argv[1], sizeof group.key - 1);

	cs_error_t error = evs_initialize(&handle, &callbacks);
	if (error != CS_OK)
		return failed("evs_initialize", error);
	if ((error = evs_join(handle, &group, 1)) != CS_OK)
		return failed("evs_join", error);
	if ((error = evs_membership_get(handle, &self, NULL, &none)) != CS_OK)
		return failed("evs_membership_get", error);
	if ((error = evs_fd_get(handle, &fd)) != CS_OK)
		return failed("evs_fd_get", error);

	setvbuf(stdin, NULL, _IONBF, 0); /* poll sees what stdio has not read */
	int over = 0;
	while (!over || heard < said) {
		struct pollfd p[2] = {{fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
		if (poll(p, over ? 1 : 2, -1) < 0)
			continue;
		if (p[0].revents != 0 && (error = evs_dispatch(handle, CS_DISPATCH_ALL)) != CS_OK)
			return failed("evs_dispatch", error);
		if (over || p[1].revents == 0)
			continue;
		if (fgets(line, sizeof line, stdin) == NULL)
			over = 1;
		else if ((error = say(handle, line)) != CS_OK)
			return failed("evs_mcast_joined", error);
		else
			said++;
	}
	evs_finalize(handle);
	return 0;
}
