/*
 * In the manner of the load programs of Corosync's time: messages of growing
 * size in a loop that an alarm ends. It sends without ever dispatching, and takes
 * what has come when the alarm rang.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <corosync/corotypes.h>
#include <corosync/evs.h>

static volatile int alarm_notice = 0;
static int outstanding = 0;

static void evs_deliver_fn(hdb_handle_t handle, unsigned int nodeid, const void *msg, size_t msg_len)
{
	(void)handle, (void)nodeid, (void)msg, (void)msg_len;
	outstanding--;
}

static void evs_confchg_fn(
	hdb_handle_t handle,
	const unsigned int *member_list, size_t member_list_entries,
	const unsigned int *left_list, size_t left_list_entries,
	const unsigned int *joined_list, size_t joined_list_entries,
	const struct evs_ring_id *ring_id)
{
	(void)handle, (void)member_list, (void)left_list, (void)joined_list, (void)left_list_entries, (void)joined_list_entries, (void)ring_id;
	printf("members %d\n", (int)member_list_entries);
}

static evs_callbacks_t callbacks = {
	evs_deliver_fn,
	evs_confchg_fn
};

static struct evs_group groups[3] = {
	{ "key1" },
	{ "key2" },
	{ "key3" }
};

static char buffer[224000];

static struct iovec iov = {
	buffer,
	sizeof (buffer)
};

static void bench(evs_handle_t handle, int write_size, int seconds)
{
	struct timeval tv1, tv2;
	evs_error_t result;
	int write_count = 0;

	alarm_notice = 0;
	alarm(seconds);
	gettimeofday(&tv1, NULL);
	do {
		iov.iov_len = write_size;
		result = evs_mcast_joined(handle, EVS_TYPE_AGREED, &iov, 1);
		if (result == EVS_OK) {
			write_count++;
			outstanding++;
		} else
		if (result != EVS_ERR_TRY_AGAIN) {
			printf("mcast returned %d\n", result);
			exit(1);
		}
	} while (alarm_notice == 0);
	gettimeofday(&tv2, NULL);
	double run = (tv2.tv_sec - tv1.tv_sec) + (tv2.tv_usec - tv1.tv_usec) / 1e6;
	printf("%7d writes %6d bytes each %8.3f seconds %10.3f writes/s %8.3f MB/s\n",
		write_count, write_size, run, write_count / run, (double)write_count * write_size / run / 1e6);
	while (outstanding > 0) {
		result = evs_dispatch(handle, EVS_DISPATCH_ALL);
		assert(result == EVS_OK);
	}
}

static void sigalrm_handler(int num)
{
	(void)num;
	alarm_notice = 1;
}

int main(int argc, char **argv)
{
	unsigned int size;
	int seconds = argc > 1 ? atoi(argv[1]) : 10;
	evs_error_t result;
	evs_handle_t handle;

	signal(SIGALRM, sigalrm_handler);
	result = evs_initialize(&handle, &callbacks);
	if (result != EVS_OK) {
		printf("Couldn't initialize EVS service %d\n", result);
		exit(1);
	}
	result = evs_join(handle, groups, 3);
	if (result != EVS_OK) {
		printf("Couldn't join groups %d\n", result);
		exit(1);
	}
	for (size = 1; size < sizeof (buffer); size = size * 8 + 3) {
		bench(handle, size, seconds);
	}
	bench(handle, sizeof (buffer), seconds);
	evs_finalize(handle);
	return (0);
}
