/* Records of the event socket as calls of the program's functions. */
#include <stdlib.h>

#include "internal.h"

_Static_assert(sizeof(evs_x_member_t) == MEMBER_BYTES, "members are used where they are read");
_Static_assert(sizeof(struct evs_group) == KEY_BYTES, "groups are used where they are read");

void keyset_put(struct keyset *k)
{
	if (__atomic_sub_fetch(&k->refs, 1, __ATOMIC_ACQ_REL) == 0)
		free(k);
}

/* keys_of notes the groups of a message, which later ones may refer to. The lock in is held. */
static bool keys_of(struct handle *h, const uint8_t *keys, size_t cnt)
{
	struct keyset *k = h->keys;
	if (k == NULL || load(&k->refs) > 1 || k->cap < cnt) {
		k = malloc(sizeof *k + cnt * KEY_BYTES);
		if (k == NULL)
			return false;
		k->refs = 1;
		k->cap = cnt;
		if (h->keys != NULL)
			keyset_put(h->keys);
		h->keys = k;
	}
	memcpy(k->keys, keys, cnt * KEY_BYTES);
	k->cnt = cnt;
	return true;
}

struct evs_x_kept {
	struct segment *segment;
	struct keyset *keys; /* may be NULL */
};

/* What the callbacks of this thread work on, the innermost first: for evs_x_keep. */
struct current {
	struct current *outer;
	const evs_x_event_t *event;
	struct segment *segment;
	struct keyset *keys;
};

static __thread struct current *running;

static void run_end(struct current *c) { running = c->outer; }

static void call_event(struct handle *h, struct record *r, struct keyset *keys, evs_x_event_t *e)
{
	struct current c __attribute__((cleanup(run_end))) = {running, e, r->segment, keys};
	running = &c;
	h->event_fn(h->self, e, load(&h->context));
}

static void message_event(struct handle *h, struct record *r, size_t keys_len, struct keyset *keys)
{
	const uint8_t *b = r->data;
	evs_x_event_t e; /* one by one: of an initializer gcc makes a string instruction, which is slow to begin */
	e.size = sizeof e;
	e.kind = EVS_X_DELIVER;
	e.guarantee = (evs_guarantee_t)b[6];
	e.sender = get32(b + 24);
	e.origin = get16(b + 28);
	e.incarnation = get64(b + 16);
	e.number = get64(b + 8);
	e.groups = keys != NULL ? keys->keys : NULL;
	e.group_cnt = keys != NULL ? keys->cnt : 0;
	e.msg = b + DELIVER_BYTES + keys_len;
	e.msg_len = r->length - DELIVER_BYTES - keys_len;
	e.id = e.from = (evs_x_config_id_t){0, 0, 0};
	e.members = e.left = e.joined = NULL;
	e.member_cnt = e.left_cnt = e.joined_cnt = 0;
	call_event(h, r, keys, &e);
}

static bool message(struct handle *h, struct record *r)
{
	const uint8_t *b = r->data;
	if (r->length < DELIVER_BYTES)
		return false;
	size_t keys = (size_t)get16(b + 30) * KEY_BYTES;
	if (keys > r->length - DELIVER_BYTES)
		return false;
	const uint8_t *msg = b + DELIVER_BYTES + keys;
	if (h->event_fn != NULL)
		message_event(h, r, keys, r->keys);
	else if (h->callbacks.evs_deliver_fn != NULL)
		h->callbacks.evs_deliver_fn(h->self, get32(b + 24), msg, r->length - DELIVER_BYTES - keys);
	return true;
}

/* lists of a configuration: members, left, joined. */
struct lists {
	uint8_t *at[3];
	size_t cnt[3];
};

static bool lists_of(struct record *r, struct lists *l)
{
	if (r->length < CHANGE_BYTES)
		return false;
	static const size_t counts[3] = {28, 52, 56};
	uint8_t *at = r->data + CHANGE_BYTES;
	size_t left = (r->length - CHANGE_BYTES) / MEMBER_BYTES;
	for (int i = 0; i < 3; i++) {
		l->cnt[i] = get32(r->data + counts[i]);
		if (l->cnt[i] > left)
			return false;
		l->at[i] = at;
		at += l->cnt[i] * MEMBER_BYTES;
		left -= l->cnt[i];
	}
	return true;
}

/* ids makes a list one of ids, in its own place: it only shrinks. */
static const unsigned int *ids(uint8_t *list, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		unsigned int id = get32(list + i * MEMBER_BYTES);
		memcpy(list + i * sizeof id, &id, sizeof id);
	}
	return (const unsigned int *)(void *)list;
}

/* members makes a list one of this machine's numbers, in its own place. */
static const evs_x_member_t *members(uint8_t *list, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		uint8_t *b = list + i * MEMBER_BYTES;
		evs_x_member_t m = {get32(b), 0, get64(b + 8)};
		memcpy(b, &m, sizeof m);
	}
	return (const evs_x_member_t *)(void *)list;
}

static evs_x_config_id_t config_id(const uint8_t *b)
{
	return (evs_x_config_id_t){get64(b), get64(b + 8), get32(b + 16)};
}

static void change_event(struct handle *h, struct record *r, struct lists *l)
{
	evs_x_event_t e = {.size = sizeof e, .kind = (evs_x_kind_t)r->data[4],
			   .id = config_id(r->data + 8), .from = config_id(r->data + 32),
			   .members = members(l->at[0], l->cnt[0]), .member_cnt = l->cnt[0],
			   .left = members(l->at[1], l->cnt[1]), .left_cnt = l->cnt[1],
			   .joined = members(l->at[2], l->cnt[2]), .joined_cnt = l->cnt[2]};
	call_event(h, r, NULL, &e);
}

/* Who left is told by the transitional one of a pair, who joined by the regular one. */
static bool change(struct handle *h, struct record *r)
{
	struct lists l;
	if (!lists_of(r, &l))
		return false;
	if (h->event_fn != NULL) {
		change_event(h, r, &l);
		return true;
	}
	if (h->callbacks.evs_confchg_fn == NULL)
		return true;
	if (r->data[4] == EVS_X_REGULAR)
		l.cnt[1] = 0;
	struct evs_ring_id ring = {get32(r->data + 24), get64(r->data + 8)};
	h->callbacks.evs_confchg_fn(h->self, ids(l.at[0], l.cnt[0]), l.cnt[0], ids(l.at[1], l.cnt[1]), l.cnt[1],
				    ids(l.at[2], l.cnt[2]), l.cnt[2], &ring);
	return true;
}

static bool released(struct handle *h, struct record *r)
{
	if (r->length < RELEASED_BYTES)
		return false;
	evs_x_event_t e = {.size = sizeof e, .kind = EVS_X_RELEASED, .number = get64(r->data + 8)};
	if (h->event_fn != NULL)
		call_event(h, r, NULL, &e);
	return true;
}

/*
 * event_groups finds the groups of a message for programs that want them: its
 * own, or those of the message before. The lock in is held, so that messages
 * are looked at in their order.
 */
bool event_groups(struct handle *h, struct record *r)
{
	if (h->event_fn == NULL || r->data[4] != EVS_X_DELIVER || r->length < DELIVER_BYTES)
		return true;
	size_t cnt = get16(r->data + 30);
	if (cnt * KEY_BYTES > r->length - DELIVER_BYTES)
		return true; /* event_call refuses it */
	bool same = r->data[5] & E_SAME_KEYS;
	if (same && r->keys == h->keys)
		return true;
	if (r->keys != NULL)
		keyset_put(r->keys);
	r->keys = NULL;
	if (!same && !keys_of(h, r->data + DELIVER_BYTES, cnt))
		return false;
	r->keys = h->keys;
	if (r->keys != NULL)
		__atomic_add_fetch(&r->keys->refs, 1, __ATOMIC_RELAXED);
	return true;
}

bool event_known(const struct record *r)
{
	return r->data[4] >= EVS_X_DELIVER && r->data[4] <= EVS_X_RELEASED;
}

/* event_call is false for a record that is not what it says. */
bool event_call(struct handle *h, struct record *r)
{
	switch (r->data[4]) {
	case EVS_X_DELIVER:
		return message(h, r);
	case EVS_X_TRANSITIONAL:
	case EVS_X_REGULAR:
		return change(h, r);
	default:
		return released(h, r);
	}
}

EXPORT cs_error_t evs_x_keep(evs_handle_t handle, const evs_x_event_t *event, evs_x_kept_t **kept)
{
	if (event == NULL || kept == NULL)
		return CS_ERR_INVALID_PARAM;
	struct entry e;
	if (!enter(&e, handle))
		return CS_ERR_BAD_HANDLE;
	struct current *c = running;
	while (c != NULL && c->event != event)
		c = c->outer;
	evs_x_kept_t *k = c != NULL ? malloc(sizeof *k) : NULL;
	if (k != NULL) {
		*k = (evs_x_kept_t){c->segment, c->keys};
		__atomic_add_fetch(&c->segment->refs, 1, __ATOMIC_RELAXED);
		if (c->keys != NULL)
			__atomic_add_fetch(&c->keys->refs, 1, __ATOMIC_RELAXED);
		count(&e.h->kept, 1);
		*kept = k;
	}
	leave(&e);
	return c == NULL ? CS_ERR_INVALID_PARAM : k == NULL ? CS_ERR_NO_MEMORY : CS_OK;
}

EXPORT void evs_x_release(evs_x_kept_t *kept)
{
	if (kept == NULL)
		return;
	segment_put(kept->segment);
	if (kept->keys != NULL)
		keyset_put(kept->keys);
	free(kept);
}
