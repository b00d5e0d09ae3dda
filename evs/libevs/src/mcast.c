/* Sending messages. */
#include "internal.h"

enum { MOST_PIECES = 1024 }; /* IOV_MAX */

/* measure judges the pieces of a message and adds them up. */
static cs_error_t measure(const struct handle *h, const struct iovec *iov, unsigned cnt, size_t *bytes)
{
	*bytes = 0;
	if (cnt > MOST_PIECES || (cnt > 0 && iov == NULL))
		return CS_ERR_INVALID_PARAM;
	for (unsigned i = 0; i < cnt; i++) {
		if (iov[i].iov_len > h->info.max_message - *bytes || (iov[i].iov_base == NULL && iov[i].iov_len > 0))
			return CS_ERR_INVALID_PARAM;
		*bytes += iov[i].iov_len;
	}
	return CS_OK;
}

/* fill judges what is to be sent and makes a request of it. */
static cs_error_t fill(const struct handle *h, struct sending *s, evs_guarantee_t guarantee, unsigned flags,
		       const struct evs_group *groups, size_t group_cnt, const struct iovec *iov, unsigned iov_len)
{
	if (group_cnt > h->info.max_groups)
		return CS_ERR_TOO_MANY_GROUPS;
	if (group_cnt > 0 && groups == NULL)
		return CS_ERR_INVALID_PARAM;
	*s = (struct sending){.request = {.op = OP_MCAST, .keys = groups, .key_cnt = group_cnt}, .iov = iov, .iov_len = iov_len};
	s->request.guarantee = (unsigned)guarantee <= EVS_TYPE_SAFE ? (unsigned)guarantee : EVS_TYPE_AGREED;
	s->request.flags = flags & EVS_X_JOINED ? F_JOINED : 0;
	s->more = (flags & EVS_X_MORE) != 0;
	if (flags & (EVS_X_CONFIRM | EVS_X_LEND))
		s->request.flags |= F_CONFIRM | F_TRY | (flags & EVS_X_LEND ? F_LEND : 0);
	return measure(h, iov, iov_len, &s->bytes);
}

static cs_error_t confirmed(struct handle *h, struct sending *s, uint64_t *number)
{
	struct answer a = {0};
	pthread_mutex_lock(&h->ask);
	cs_error_t err = ask(h, s, h->timeout_ms, &a);
	pthread_mutex_unlock(&h->ask);
	if (err == CS_OK && number != NULL)
		*number = a.number;
	return err;
}

static cs_error_t transmit(struct handle *h, struct sending *s, uint64_t *number)
{
	cs_error_t err;
	if (number != NULL)
		*number = 0;
	if (s->request.flags & F_CONFIRM) {
		err = confirmed(h, s, number);
	} else {
		err = out_send(h, s);
		if (err == CS_ERR_LIBRARY)
			ask_farewell(h);
	}
	if (err == CS_OK) {
		count(&h->sent, 1);
		count(&h->sent_bytes, s->bytes);
	} else if (err == CS_ERR_TRY_AGAIN) {
		count(&h->again, 1);
	}
	return err;
}

EXPORT cs_error_t evs_x_mcast(evs_handle_t handle, evs_guarantee_t guarantee, unsigned int flags,
			      const struct evs_group *groups, size_t group_cnt,
			      const struct iovec *iovec, unsigned int iov_len, uint64_t *number)
{
	struct entry e;
	struct sending s;
	if (!enter(&e, handle))
		return CS_ERR_BAD_HANDLE;
	cs_error_t err = CS_ERR_INVALID_PARAM;
	unsigned known = EVS_X_JOINED | EVS_X_CONFIRM | EVS_X_LEND | EVS_X_MORE;
	if (!(flags & ~known) && !(flags & EVS_X_JOINED && group_cnt > 0) &&
	    !(flags & EVS_X_MORE && flags & (EVS_X_CONFIRM | EVS_X_LEND)))
		err = fill(e.h, &s, guarantee, flags, groups, group_cnt, iovec, iov_len);
	if (err == CS_OK)
		err = transmit(e.h, &s, number);
	leave(&e);
	return err;
}

EXPORT cs_error_t evs_mcast_joined(evs_handle_t handle, evs_guarantee_t guarantee,
				   const struct iovec *iovec, unsigned int iov_len)
{
	return evs_x_mcast(handle, guarantee, EVS_X_JOINED, NULL, 0, iovec, iov_len, NULL);
}

EXPORT cs_error_t evs_mcast_groups(evs_handle_t handle, evs_guarantee_t guarantee,
				   const struct evs_group *groups, size_t group_cnt,
				   const struct iovec *iovec, unsigned int iov_len)
{
	return evs_x_mcast(handle, guarantee, 0, groups, group_cnt, iovec, iov_len, NULL);
}
