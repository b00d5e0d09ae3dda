/*
 * In the manner of the verifying programs of that time: each message is a
 * header with a sum, and contents, from two pieces of random sizes; a thread
 * dispatches with BLOCKING; whoever receives computes the sum again.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include <corosync/corotypes.h>
#include <corosync/evs.h>

struct my_msg {
	unsigned int msg_size;
	unsigned int sum;
	unsigned int seq;
};

static unsigned int expected;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static unsigned int sum_of(const unsigned char *p, size_t n)
{
	unsigned int a = 1, b = 0;
	while (n--) {
		a = (a + *p++) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static void deliver(hdb_handle_t handle, unsigned int nodeid, const void *m, size_t msg_len)
{
	const struct my_msg *msg = m;
	const unsigned char *data = (const unsigned char *)m + sizeof (struct my_msg);
	void *context;

	if (evs_context_get(handle, &context) != CS_OK || context != &expected) {
		printf("context\n");
		exit(1);
	}
	evs_context_set(handle, &expected);
	if (msg->msg_size != msg_len || sum_of(data, msg_len - sizeof (struct my_msg)) != msg->sum) {
		printf("incorrect sum of message %u from %x\n", msg->seq, nodeid);
		exit(1);
	}
	pthread_mutex_lock(&lock);
	if (msg->seq != expected) {
		printf("message %u instead of %u\n", msg->seq, expected);
		exit(1);
	}
	expected++;
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&lock);
}

static evs_callbacks_t callbacks = {
	.evs_deliver_fn = deliver,
	.evs_confchg_fn = NULL
};

static void *dispatch_thread(void *arg)
{
	evs_dispatch(*(evs_handle_t *)arg, CS_DISPATCH_BLOCKING);
	return NULL;
}

static unsigned char buffer[200000];

int main(int argc, char **argv)
{
	unsigned int count = argc > 1 ? atoi(argv[1]) : 2000, i;
	evs_handle_t handle;
	struct evs_group group;
	struct iovec iov[2];
	struct my_msg msg;
	pthread_t thread;
	cs_error_t res;
	size_t j;
	int fd;

	srand(argc > 2 ? atoi(argv[2]) : 1);
	for (j = 0; j < sizeof (buffer); j++)
		buffer[j] = rand();
	memset(&group, 0, sizeof (group));
	strncpy(group.key, "hash", sizeof (group.key) - 1);
	if (evs_initialize(&handle, &callbacks) != CS_OK)
		exit(1);
	evs_context_set(handle, &expected);
	evs_fd_get(handle, &fd);
	if (evs_join(handle, &group, 1) != CS_OK)
		exit(1);
	pthread_create(&thread, NULL, dispatch_thread, &handle);
	for (i = 0; i < count; i++) {
		iov[1].iov_len = rand() % (i % 20 ? 5000 : sizeof (buffer));
		iov[1].iov_base = buffer + rand() % (sizeof (buffer) - iov[1].iov_len);
		msg.msg_size = sizeof (msg) + iov[1].iov_len;
		msg.sum = sum_of(iov[1].iov_base, iov[1].iov_len);
		msg.seq = i;
		iov[0].iov_base = &msg;
		iov[0].iov_len = sizeof (msg);
try_again:
		res = evs_mcast_joined(handle, EVS_TYPE_AGREED, iov, 2);
		if (res == CS_ERR_TRY_AGAIN)
			goto try_again;
		if (res != CS_OK) {
			printf("mcast %d\n", res);
			exit(1);
		}
	}
	pthread_mutex_lock(&lock);
	while (expected < count)
		pthread_cond_wait(&cond, &lock);
	pthread_mutex_unlock(&lock);
	evs_finalize(handle);
	pthread_join(thread, NULL);
	printf("%u messages verified\n", count);
	return 0;
}
