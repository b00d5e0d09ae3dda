/*
 * In the manner of the test programs of that time: several handles, fifty groups
 * a call, sends to groups and to what is joined, select on the descriptor.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include <corosync/evs.h>

#define HANDLES 4
#define GROUPS 50

static int received[HANDLES], configurations[HANDLES];
static char delivery_string[1000];

static void evs_deliver_fn(hdb_handle_t handle, unsigned int nodeid, const void *msg, size_t msg_len)
{
	void *context;

	evs_context_get(handle, &context);
	received[(long)context]++;
	if (msg_len == 0 || memcmp(msg, delivery_string, 10) != 0) {
		printf("node %x sent something else\n", nodeid);
		exit(1);
	}
}

static void evs_confchg_fn(
	hdb_handle_t handle,
	const unsigned int *member_list, size_t member_list_entries,
	const unsigned int *left_list, size_t left_list_entries,
	const unsigned int *joined_list, size_t joined_list_entries,
	const struct evs_ring_id *ring_id)
{
	void *context;
	size_t i;

	evs_context_get(handle, &context);
	configurations[(long)context]++;
	for (i = 0; i < left_list_entries; i++)
		printf("left %x\n", left_list[i]);
	for (i = 0; i < joined_list_entries; i++)
		printf("joined %x\n", joined_list[i]);
	for (i = 0; i < member_list_entries; i++)
		printf("member %x\n", member_list[i]);
	if (ring_id)
		printf("ring %u %llu\n", ring_id->nodeid, ring_id->seq);
}

static evs_callbacks_t callbacks = {evs_deliver_fn, evs_confchg_fn};
static struct evs_group groups[HANDLES][GROUPS];

static struct iovec iov = {
	.iov_base = delivery_string,
	.iov_len = sizeof (delivery_string)
};

int main(void)
{
	evs_handle_t handle[HANDLES];
	unsigned int member_list[32], local_nodeid;
	size_t member_list_entries = 32;
	int i, j, fd, want = 0;
	evs_error_t result;

	for (i = 0; i < HANDLES; i++) {
		result = evs_initialize(&handle[i], &callbacks);
		if (result != EVS_OK) {
			printf("Couldn't initialize EVS service %d\n", result);
			exit(0);
		}
		evs_context_set(handle[i], (void *)(long)i);
		memset(groups[i], 0, sizeof (groups[i]));
		for (j = 0; j < GROUPS; j++)
			sprintf(groups[i][j].key, "key%d_%d", i, j);
		result = evs_join(handle[i], groups[i], GROUPS);
		printf("join %d\n", result);
	}
	result = evs_membership_get(handle[0], &local_nodeid, member_list, &member_list_entries);
	if (result != EVS_OK || member_list_entries < 1)
		exit(1);
	sprintf(delivery_string, "evs_mcast_joined test");
	for (i = 0; i < 100; i++) {
		for (j = 0; j < HANDLES; j++) {
			while ((result = evs_mcast_joined(handle[j], EVS_TYPE_AGREED, &iov, 1)) == EVS_ERR_TRY_AGAIN)
				;
			if (result != EVS_OK)
				exit(1);
			while ((result = evs_mcast_groups(handle[j], EVS_TYPE_AGREED, groups[(j + 1) % HANDLES], GROUPS, &iov, 1)) == EVS_ERR_TRY_AGAIN)
				;
			if (result != EVS_OK)
				exit(1);
		}
		want += 2;
	}
	for (i = 0; i < HANDLES; i++) {
		evs_fd_get(handle[i], &fd);
		while (received[i] < want) {
			fd_set read_fds;
			FD_ZERO(&read_fds);
			FD_SET(fd, &read_fds);
			if (select(fd + 1, &read_fds, 0, 0, 0) == -1)
				continue;
			if (FD_ISSET(fd, &read_fds) && evs_dispatch(handle[i], EVS_DISPATCH_ALL) != EVS_OK) {
				printf("dispatch\n");
				exit(1);
			}
		}
		if (configurations[i] < 1 || received[i] != want)
			exit(1);
		result = evs_leave(handle[i], groups[i], GROUPS);
		printf("leave %d\n", result);
		if (evs_finalize(handle[i]) != EVS_OK || evs_finalize(handle[i]) != EVS_ERR_BAD_HANDLE)
			exit(1);
	}
	return 0;
}
