/*
 * What goes over the two sockets; docs/ipc.md is the specification. All numbers
 * are little endian, and records begin at multiples of eight bytes.
 */
#ifndef EVS_PROTOCOL_H
#define EVS_PROTOCOL_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	PROTOCOL_VERSION = 1,
	HEADER_BYTES = 8,
	KEY_BYTES = 32,
	REQUEST_BYTES = 16,
	ANSWER_BYTES = 24,
	HELLO_BYTES = 16,
	WELCOME_BYTES = 32,
	DELIVER_BYTES = 32,
	CHANGE_BYTES = 64,
	MEMBER_BYTES = 16,
	RELEASED_BYTES = 16,
	LONGEST_ANSWER = 64 << 20,
	MOST_LISTED = 1 << 16, /* processors in one list of a change */
	LONGEST_NAME = 64
};

#define HELLO_MAGIC 0x44505453u /* "STPD" */

enum operation { OP_HELLO = 1, OP_JOIN, OP_LEAVE, OP_MCAST, OP_FLUSH, OP_MEMBERS, OP_BYE = 255 };

enum request_flag { F_JOINED = 1, F_SAME_KEYS = 2, F_CONFIRM = 4, F_LEND = 8, F_TRY = 16, F_HOLD = 32 };

enum event_flag { E_SAME_KEYS = 1 };

enum status {
	S_OK, S_AGAIN, S_TOO_LARGE, S_NOT_JOINED, S_TOO_MANY_KEYS, S_BAD_WORD, S_CLOSED, S_SLOW,
	S_DENIED, S_BAD_VERSION, S_MALFORMED, S_BUSY, S_UNKNOWN, S_WOULD_BLOCK, S_FAILED,
	S_DISCONNECTED
};

static inline uint16_t get16(const void *p) { uint16_t v; memcpy(&v, p, 2); return le16toh(v); }
static inline uint32_t get32(const void *p) { uint32_t v; memcpy(&v, p, 4); return le32toh(v); }
static inline uint64_t get64(const void *p) { uint64_t v; memcpy(&v, p, 8); return le64toh(v); }
static inline void put16(void *p, uint16_t v) { v = htole16(v); memcpy(p, &v, 2); }
static inline void put32(void *p, uint32_t v) { v = htole32(v); memcpy(p, &v, 4); }
static inline void put64(void *p, uint64_t v) { v = htole64(v); memcpy(p, &v, 8); }

/* The length of a record together with what fills it up. */
static inline size_t padded(size_t length) { return (length + 7) & ~(size_t)7; }

/*
 *  0        4    5       6           7  8    12     14  16
 * ┌────────┬────┬───────┬───────────┬──┬────┬──────┬───┬───────────┬──────┐
 * │ length │ op │ flags │ guarantee │0 │ id │ keys │ 0 │ keys × 32 │ body │
 * └────────┴────┴───────┴───────────┴──┴────┴──────┴───┴───────────┴──────┘
 */
struct request {
	enum operation op;
	unsigned flags;
	unsigned guarantee;
	uint32_t id;
	const void *keys;
	size_t key_cnt;
};

static inline void put_request(uint8_t b[REQUEST_BYTES], const struct request *r, size_t body)
{
	memset(b, 0, REQUEST_BYTES);
	put32(b, (uint32_t)(REQUEST_BYTES + r->key_cnt * KEY_BYTES + body));
	b[4] = (uint8_t)r->op;
	b[5] = (uint8_t)r->flags;
	b[6] = (uint8_t)r->guarantee;
	put32(b + 8, r->id);
	put16(b + 12, (uint16_t)r->key_cnt);
}

/*
 *  0        4    5   6        8    12  16       24
 * ┌────────┬────┬───┬────────┬────┬───┬────────┬──────┐
 * │ length │ op │ 0 │ status │ id │ 0 │ number │ body │
 * └────────┴────┴───┴────────┴────┴───┴────────┴──────┘
 */
struct answer {
	unsigned op;
	unsigned status;
	uint32_t id;
	uint64_t number;
	const uint8_t *body; /* in the memory that was read to */
	size_t body_len;
};

#endif
