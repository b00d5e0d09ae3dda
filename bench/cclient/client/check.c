/*
 * Follows the deliveries of one client: order.go in C, step by step, so that
 * clients in both languages that saw the same end with the same digest.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client.h"

/* How far a ledger remembers numbers one by one, beyond the first that is missing. */
#define WINDOW (UINT64_C(1) << 24)

/* What was seen of one sender. */
struct ledger {
	uint64_t chain;      /* its own, or the sum if there is no order */
	uint64_t next;       /* every number below it was delivered, or given up */
	uint64_t ahead;      /* delivered numbers from next on */
	uint64_t highest;    /* of those that came out of turn */
	uint64_t missing;    /* numbers given up */
	uint64_t duplicates; /* deliveries of a number that had been */
	uint64_t count;      /* of messages, as those markers tell that are here */
	int marked;          /* a marker is here */
	int unmarked;        /* how many are not: each of the sender's clients sends one */
	int whole;           /* all is here */
	uint64_t *seen;      /* bits of the numbers ahead, at number modulo WINDOW; NULL until needed */
};

/* What has the same order everywhere. */
static enum { NOTHING, EACH_SENDER, EVERYTHING } scope;

static struct ledger *ledgers; /* of senders 1, 2, … */
static uint64_t senders;
static uint64_t awaited; /* ledgers that still lack something */
static uint64_t chain, damaged, disordered, foreign;

void check_begin(int n, int clients)
{
	senders = awaited = (uint64_t)n;
	ledgers = calloc(senders, sizeof *ledgers);
	if (ledgers == NULL)
		fail("no memory");
	for (uint64_t i = 0; i < senders; i++) {
		ledgers[i].next = 1;
		ledgers[i].unmarked = clients;
	}
	scope = guarantee == 0 ? NOTHING : guarantee == 1 ? EACH_SENDER : EVERYTHING;
}

int check_knows(uint64_t sender)
{
	if (sender >= 1 && sender <= senders)
		return 1;
	foreign++;
	return 0;
}

static uint64_t last(const struct ledger *l) { return l->highest > l->next - 1 ? l->highest : l->next - 1; }
static uint64_t distinct(const struct ledger *l) { return l->next - 1 - l->missing + l->ahead; }

uint64_t check_next(uint64_t sender) { return last(&ledgers[sender - 1]) + 1; }

static int bit(const struct ledger *l, uint64_t n) { return l->seen[n % WINDOW / 64] >> (n % 64) & 1; }
static void flip(struct ledger *l, uint64_t n) { l->seen[n % WINDOW / 64] ^= UINT64_C(1) << (n % 64); }

/* slide gives up what is missing below next. */
static void slide(struct ledger *l, uint64_t next)
{
	uint64_t gone = next - l->next;
	for (uint64_t n = l->next; n < next && l->ahead > 0; n++) {
		if (bit(l, n)) {
			flip(l, n);
			l->ahead--;
			gone--;
		}
	}
	l->missing += gone;
	l->next = next;
}

/* see notes a number, and tells whether it is the first time. */
static int see(struct ledger *l, uint64_t number)
{
	if (number == l->next && l->ahead == 0) {
		l->next++;
		return 1;
	}
	if (l->seen == NULL && (l->seen = calloc(WINDOW / 64, sizeof *l->seen)) == NULL)
		fail("no memory");
	if (number >= l->next + WINDOW)
		slide(l, number - WINDOW + 1);
	if (number < l->next || bit(l, number)) {
		l->duplicates++;
		return 0;
	}
	if (number > l->highest)
		l->highest = number;
	flip(l, number);
	for (l->ahead++; l->ahead > 0 && bit(l, l->next); l->next++) {
		flip(l, l->next);
		l->ahead--;
	}
	return 1;
}

/* note adds a message to what has to be the same everywhere. */
static void note(struct ledger *l, uint64_t sender, uint64_t number, uint64_t length, uint64_t first)
{
	uint64_t x = number * UINT64_C(0x6a09e667f3bcc909) ^ first * UINT64_C(0x3c6ef372fe94f82b);
	x ^= x >> 32;
	x ^= (sender << 32 | length) * UINT64_C(0xbb67ae8584caa73b);
	if (scope == NOTHING) {
		l->chain += x;
		return;
	}
	uint64_t *into = scope == EVERYTHING ? &chain : &l->chain;
	*into = ((*into << 23 | *into >> 41) ^ x) * UINT64_C(0xa54ff53a5f1d36f1);
}

/* take_marker notes the end of one client's messages. */
static void take_marker(struct ledger *l, const uint8_t *b)
{
	l->marked = 1;
	l->unmarked--;
	l->count += get(b + 8, 8) + 1;
}

int check_message(uint64_t sender, uint64_t number, const uint8_t *b, size_t length)
{
	struct ledger *l = &ledgers[sender - 1];
	if (number < last(l) && scope != NOTHING)
		disordered++;
	int fresh = see(l, number);
	uint64_t first = get(b, length);
	note(l, sender, number, length, first);
	int marker = length != size;
	if (!marker)
		damaged += length >= 24 && get(b + length - 8, 8) != first;
	else if (length != marker_bytes() || first != 0)
		damaged++;
	else if (fresh)
		take_marker(l, b);
	if (l->unmarked == 0 && !l->whole && distinct(l) == l->count) {
		l->whole = 1;
		awaited--;
	}
	return !marker;
}

int check_complete(void) { return awaited == 0; }

void check_print(void)
{
	printf("order %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", chain, damaged, disordered, foreign);
	for (const struct ledger *l = ledgers; l < ledgers + senders; l++)
		printf("sender %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", distinct(l), l->duplicates, l->chain, last(l));
}
