/*
 * How fast: rate flood SIZE COUNT [more] sends and takes so many messages;
 * rate echo SIZE COUNT sends one when the one before has come back.
 */
#include <time.h>

#include "check.h"

static unsigned long long received;

static void count_message(hdb_handle_t h, unsigned int node, const void *msg, size_t len)
{
	(void)h, (void)node, (void)msg, (void)len;
	received++;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void flood(evs_handle_t h, size_t size, unsigned long long n, unsigned flags)
{
	static char b[1 << 20];
	struct iovec iov = {b, size};
	unsigned long long sent = 0, again = 0;
	double start = now();
	while (sent < n) {
		for (int i = 0; i < 64 && sent < n; i++) {
			cs_error_t e = evs_x_mcast(h, EVS_TYPE_AGREED, EVS_X_JOINED | (sent + 1 < n ? flags : 0), NULL, 0, &iov, 1, NULL);
			if (e == CS_ERR_TRY_AGAIN) {
				again++;
				break;
			}
			IS(e, CS_OK);
			sent++;
		}
		OK(evs_dispatch(h, CS_DISPATCH_ALL));
	}
	while (received < n)
		OK(evs_dispatch(h, CS_DISPATCH_ONE));
	double took = now() - start;
	printf("flood of %zu B: %.0f messages/s, %.1f MB/s, %llu times again\n", size, (double)n / took, (double)n * (double)size / took / 1e6, again);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void echo(evs_handle_t h, size_t size, size_t n)
{
	static char b[1 << 20];
	double *took = malloc(n * sizeof *took);
	CHECK(took != NULL && n > 0);
	for (size_t i = 0; i < n; i++) {
		double start = now();
		send_joined(h, b, size);
		while (received <= i)
			OK(evs_dispatch(h, CS_DISPATCH_ONE));
		took[i] = now() - start;
	}
	qsort(took, n, sizeof *took, compare);
	printf("echo of %zu B: median %.1f us, 99 %% %.1f us, longest %.1f us\n", size, took[n / 2] * 1e6, took[n * 99 / 100] * 1e6,
	       took[n - 1] * 1e6);
	free(took);
}

int main(int argc, char **argv)
{
	CHECK(argc >= 4);
	evs_callbacks_t c = {count_message, NULL};
	evs_handle_t h;
	struct evs_group g = group("rate");
	OK(evs_initialize(&h, &c));
	OK(evs_join(h, &g, 1));
	OK(evs_dispatch(h, CS_DISPATCH_ONE));
	if (strcmp(argv[1], "flood") == 0)
		flood(h, (size_t)atoi(argv[2]), strtoull(argv[3], NULL, 10), argc > 4 ? EVS_X_MORE : 0);
	else
		echo(h, (size_t)atoi(argv[2]), (size_t)atoi(argv[3]));
	OK(evs_finalize(h));
	return 0;
}
