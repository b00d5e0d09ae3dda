/*
 * What is joined. The daemon knows a set; how often each group was joined is
 * counted here, since it wants to be left as often. The lock ask is held.
 */
#include <stdlib.h>

#include "internal.h"

enum {
	MOST_JOINED_AT_ONCE = 50,
	MOST_LEFT_AT_ONCE = (1 << 20) / KEY_BYTES /* what a request of the original held */
};

/* place is where a group stands, or would. */
static size_t place(const struct handle *h, const struct evs_group *g, bool *found)
{
	size_t low = 0, high = h->group_cnt;
	*found = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = memcmp(h->groups[mid].key.key, g->key, KEY_BYTES);
		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* certain is how many groups the daemon has surely joined. */
static size_t certain(const struct handle *h)
{
	size_t n = 0;
	for (size_t i = 0; i < h->group_cnt; i++)
		n += h->groups[i].times > 0 && !h->groups[i].doubtful;
	return n;
}

/* tell sends the daemon a change of what is joined: CS_ERR_TIMEOUT if it does not answer. */
static cs_error_t tell(struct handle *h, enum operation op, const struct evs_group *keys, size_t cnt)
{
	if (cnt == 0)
		return out_alive(h);
	/*
	 * To what is left nothing may be sent as joined from the moment in which the
	 * daemon will read this; to what is joined, once it has answered.
	 */
	struct sending s = {.request = {.op = op, .keys = keys, .key_cnt = cnt},
			    .leaves = op == OP_LEAVE, .joined_after = certain(h)};
	struct answer a;
	cs_error_t err = ask(h, &s, h->timeout_ms, &a);
	if (err == CS_ERR_TIMEOUT)
		why_set(h, "the daemon does not answer");
	return err;
}

/* agree lets messages go to what is joined now. */
static void agree(struct handle *h)
{
	pthread_mutex_lock(&h->out);
	h->joined_cnt = certain(h);
	pthread_mutex_unlock(&h->out);
}

/* sweep forgets the groups that are joined no more. */
static void sweep(struct handle *h)
{
	size_t n = 0;
	for (size_t i = 0; i < h->group_cnt; i++)
		if (h->groups[i].times > 0 || h->groups[i].doubtful)
			h->groups[n++] = h->groups[i];
	h->group_cnt = n;
}

/* settle asks again for what the daemon did not answer: to join and to leave twice does no harm. */
static cs_error_t settle(struct handle *h)
{
	cs_error_t err = CS_OK;
	for (size_t i = 0; i < h->group_cnt && err == CS_OK; i++) {
		struct joined *g = &h->groups[i];
		if (!g->doubtful)
			continue;
		err = tell(h, g->times > 0 ? OP_JOIN : OP_LEAVE, &g->key, 1);
		g->doubtful = err != CS_OK;
	}
	sweep(h);
	agree(h);
	return err == CS_ERR_TIMEOUT ? CS_ERR_TRY_AGAIN : err;
}

/* entry_of is where a group is counted. There is memory for one that is new. */
static struct joined *entry_of(struct handle *h, const struct evs_group *g)
{
	bool found;
	size_t at = place(h, g, &found);
	if (!found) {
		memmove(h->groups + at + 1, h->groups + at, (h->group_cnt - at) * sizeof *h->groups);
		h->groups[at] = (struct joined){*g, 0, false};
		h->group_cnt++;
	}
	return &h->groups[at];
}

/* fresh are the groups that are not joined yet, each once. */
static size_t fresh(const struct handle *h, const struct evs_group *groups, size_t cnt, struct evs_group *out)
{
	size_t n = 0;
	for (size_t i = 0; i < cnt; i++) {
		bool found;
		place(h, &groups[i], &found);
		for (size_t k = 0; k < n && !found; k++)
			found = memcmp(&out[k], &groups[i], KEY_BYTES) == 0;
		if (!found)
			out[n++] = groups[i];
	}
	return n;
}

static cs_error_t join(struct handle *h, const struct evs_group *groups, size_t cnt)
{
	struct evs_group out[MOST_JOINED_AT_ONCE] = {0};
	cs_error_t err = settle(h);
	if (err != CS_OK)
		return err;
	size_t n = fresh(h, groups, cnt, out);
	if (h->group_cnt + n > h->info.max_groups)
		return CS_ERR_TOO_MANY_GROUPS;
	if (n > 0) {
		struct joined *more = realloc(h->groups, (h->group_cnt + n) * sizeof *more);
		if (more == NULL)
			return CS_ERR_NO_MEMORY;
		h->groups = more;
	}
	err = tell(h, OP_JOIN, out, n);
	for (size_t i = 0; i < n && err == CS_ERR_TIMEOUT; i++)
		entry_of(h, &out[i])->doubtful = true;
	for (size_t i = 0; i < cnt && err == CS_OK; i++)
		entry_of(h, &groups[i])->times++;
	if (err == CS_OK)
		agree(h);
	return err == CS_ERR_TIMEOUT ? CS_ERR_TRY_AGAIN : err;
}

EXPORT cs_error_t evs_join(evs_handle_t handle, const struct evs_group *groups, size_t group_cnt)
{
	struct entry e;
	if (!enter(&e, handle))
		return CS_ERR_BAD_HANDLE;
	cs_error_t err = CS_ERR_TOO_MANY_GROUPS;
	if (group_cnt > 0 && groups == NULL) {
		err = CS_ERR_INVALID_PARAM;
	} else if (group_cnt <= MOST_JOINED_AT_ONCE) {
		pthread_mutex_lock(&e.h->ask);
		err = join(e.h, groups, group_cnt);
		pthread_mutex_unlock(&e.h->ask);
	}
	leave(&e);
	return err;
}

/*
 * count_down takes each group off once, up to one that is not joined; those that
 * are then joined no more go to out.
 */
static size_t count_down(struct handle *h, const struct evs_group *groups, size_t cnt, struct evs_group *out, size_t *gone)
{
	*gone = 0;
	for (size_t i = 0; i < cnt; i++) {
		bool found;
		size_t at = place(h, &groups[i], &found);
		if (!found || h->groups[at].times == 0)
			return i;
		if (--h->groups[at].times == 0)
			out[(*gone)++] = groups[i];
	}
	return cnt;
}

/* part leaves groups; its answer may not come, and then they count as joined, in doubt. */
static cs_error_t part(struct handle *h, const struct evs_group *groups, size_t cnt)
{
	cs_error_t err = settle(h);
	if (err != CS_OK)
		return err;
	size_t gone, most = cnt < h->group_cnt ? cnt : h->group_cnt;
	struct evs_group *out = malloc(most * sizeof *out + 1);
	if (out == NULL)
		return CS_ERR_NO_MEMORY;
	size_t done = count_down(h, groups, cnt, out, &gone);
	err = tell(h, OP_LEAVE, out, gone);
	for (size_t i = 0; i < done && err != CS_OK; i++)
		entry_of(h, &groups[i])->times++;
	for (size_t i = 0; i < gone && err == CS_ERR_TIMEOUT; i++)
		entry_of(h, &out[i])->doubtful = true;
	sweep(h);
	free(out);
	if (err == CS_OK && done < cnt)
		return CS_ERR_NOT_EXIST;
	return err == CS_ERR_TIMEOUT ? CS_ERR_TRY_AGAIN : err;
}

EXPORT cs_error_t evs_leave(evs_handle_t handle, const struct evs_group *groups, size_t group_cnt)
{
	struct entry e;
	if (!enter(&e, handle))
		return CS_ERR_BAD_HANDLE;
	cs_error_t err = CS_ERR_INVALID_PARAM;
	if (group_cnt <= MOST_LEFT_AT_ONCE && (group_cnt == 0 || groups != NULL)) {
		pthread_mutex_lock(&e.h->ask);
		err = part(e.h, groups, group_cnt);
		pthread_mutex_unlock(&e.h->ask);
	}
	leave(&e);
	return err;
}
