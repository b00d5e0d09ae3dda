/*
 * Delivers to the load client's check what a test says: deliver SIZE GUARANTEE
 * SENDERS CLIENTS reads deliveries, each sender, number and length in eight bytes
 * and then so many bytes, prints whether each counts, and then what there is to tell.
 * Every number is also a latency.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "client.h"

int host, guarantee, more_known;
size_t size;

void fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vfprintf(stderr, format, args);
	exit(1);
}

int main(int argc, char **argv)
{
	static uint8_t b[1 << 16];
	uint64_t head[3];
	if (argc != 5)
		fail("four arguments");
	size = strtoul(argv[1], NULL, 10), guarantee = atoi(argv[2]);
	check_begin(atoi(argv[3]), atoi(argv[4]));
	while (fread(head, sizeof head, 1, stdin) == 1) {
		if (head[2] > sizeof b || fread(b, 1, head[2], stdin) != head[2])
			fail("a delivery that cannot be");
		histogram_add(&all, (int64_t)head[1]);
		printf("counts %d\n", check_knows(head[0]) && check_message(head[0], head[1], b, head[2]));
	}
	printf("complete %d\n", check_complete());
	check_print();
	histogram_print("all", &all);
	return 0;
}
