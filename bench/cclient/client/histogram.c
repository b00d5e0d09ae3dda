/*
 * Histograms of three significant digits: 2048 values of each power of two from
 * 2048 on, and every value below.
 */
#include <inttypes.h>
#include <stdio.h>

#include "client.h"

enum { HALF_BITS = 10, BUCKETS = (65 - HALF_BITS) << HALF_BITS };
struct histogram {
	uint64_t count[BUCKETS];
};
struct histogram own, all;

static int shift_of(uint64_t v) { return v >> (HALF_BITS + 1) ? 63 - __builtin_clzll(v) - HALF_BITS : 0; }

void histogram_add(struct histogram *h, int64_t ns)
{
	uint64_t v = ns > 0 ? (uint64_t)ns : 1;
	int shift = shift_of(v);
	h->count[((uint64_t)shift << HALF_BITS) + (v >> shift)]++;
}

void histogram_print(const char *name, const struct histogram *h)
{
	for (int i = 0; i < BUCKETS; i++) {
		if (!h->count[i])
			continue;
		int shift = i >> HALF_BITS ? (i >> HALF_BITS) - 1 : 0;
		uint64_t v = ((uint64_t)i - ((uint64_t)shift << HALF_BITS)) << shift;
		printf("%s %" PRIu64 " %" PRIu64 "\n", name, v, h->count[i]);
	}
}
