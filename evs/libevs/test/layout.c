/* Names, numbers and layouts of the binary interface, as an LP64 compiler sees them. */
#include <stddef.h>

#include <corosync/evs.h>

#define SAME(a, b) _Static_assert((a) == (b), #a)

SAME(sizeof(evs_handle_t), 8);
SAME(sizeof(hdb_handle_t), 8);
SAME(sizeof(evs_guarantee_t), 4);
SAME(sizeof(cs_error_t), 4);
SAME(sizeof(cs_dispatch_flags_t), 4);
SAME(sizeof(struct evs_group), 32);
SAME(sizeof(struct evs_ring_id), 16);
SAME(offsetof(struct evs_ring_id, nodeid), 0);
SAME(offsetof(struct evs_ring_id, seq), 8);
SAME(sizeof(evs_callbacks_t), 16);
SAME(offsetof(evs_callbacks_t, evs_deliver_fn), 0);
SAME(offsetof(evs_callbacks_t, evs_confchg_fn), 8);
SAME(sizeof(cs_name_t), 258);
SAME(sizeof(cs_version_t), 3);
SAME(TOTEMIP_ADDRLEN, 16);

SAME(EVS_TYPE_UNORDERED, 0);
SAME(EVS_TYPE_FIFO, 1);
SAME(EVS_TYPE_AGREED, 2);
SAME(EVS_TYPE_SAFE, 3);
SAME(CS_DISPATCH_ONE, 1);
SAME(CS_DISPATCH_ALL, 2);
SAME(CS_DISPATCH_BLOCKING, 3);
SAME(CS_DISPATCH_ONE_NONBLOCKING, 4);

SAME(CS_OK, 1);
SAME(CS_ERR_LIBRARY, 2);
SAME(CS_ERR_VERSION, 3);
SAME(CS_ERR_INIT, 4);
SAME(CS_ERR_TIMEOUT, 5);
SAME(CS_ERR_TRY_AGAIN, 6);
SAME(CS_ERR_INVALID_PARAM, 7);
SAME(CS_ERR_NO_MEMORY, 8);
SAME(CS_ERR_BAD_HANDLE, 9);
SAME(CS_ERR_BUSY, 10);
SAME(CS_ERR_ACCESS, 11);
SAME(CS_ERR_NOT_EXIST, 12);
SAME(CS_ERR_NAME_TOO_LONG, 13);
SAME(CS_ERR_EXIST, 14);
SAME(CS_ERR_NO_SPACE, 15);
SAME(CS_ERR_INTERRUPT, 16);
SAME(CS_ERR_NAME_NOT_FOUND, 17);
SAME(CS_ERR_NO_RESOURCES, 18);
SAME(CS_ERR_NOT_SUPPORTED, 19);
SAME(CS_ERR_BAD_OPERATION, 20);
SAME(CS_ERR_FAILED_OPERATION, 21);
SAME(CS_ERR_MESSAGE_ERROR, 22);
SAME(CS_ERR_QUEUE_FULL, 23);
SAME(CS_ERR_QUEUE_NOT_AVAILABLE, 24);
SAME(CS_ERR_BAD_FLAGS, 25);
SAME(CS_ERR_TOO_BIG, 26);
SAME(CS_ERR_NO_SECTIONS, 27);
SAME(CS_ERR_CONTEXT_NOT_FOUND, 28);
SAME(CS_ERR_TOO_MANY_GROUPS, 30);
SAME(CS_ERR_IN_SHUTDOWN, 31);
SAME(CS_ERR_SECURITY, 100);

/* What each service called the same. */
#define FAMILY(service) \
	SAME(service##_DISPATCH_ONE, 1); \
	SAME(service##_DISPATCH_ALL, 2); \
	SAME(service##_DISPATCH_BLOCKING, 3); \
	SAME(service##_OK, 1); \
	SAME(service##_ERR_LIBRARY, 2); \
	SAME(service##_ERR_TIMEOUT, 5); \
	SAME(service##_ERR_TRY_AGAIN, 6); \
	SAME(service##_ERR_INVALID_PARAM, 7); \
	SAME(service##_ERR_NO_MEMORY, 8); \
	SAME(service##_ERR_BAD_HANDLE, 9); \
	SAME(service##_ERR_ACCESS, 11); \
	SAME(service##_ERR_NOT_EXIST, 12); \
	SAME(service##_ERR_EXIST, 14); \
	SAME(service##_ERR_NOT_SUPPORTED, 19); \
	SAME(service##_ERR_SECURITY, 100)

FAMILY(EVS);
FAMILY(CPG);
FAMILY(CONFDB);
FAMILY(QUORUM);
SAME(EVS_ERR_TOO_MANY_GROUPS, 30);
SAME(CONFDB_ERR_CONTEXT_NOT_FOUND, 28);
SAME(sizeof(evs_error_t), 4);
SAME(sizeof(cpg_error_t), 4);
SAME(sizeof(confdb_error_t), 4);
SAME(sizeof(quorum_error_t), 4);
SAME(CS_FALSE, 0);
SAME(CS_MAX_NAME_LENGTH, 256);
SAME(sizeof(cs_time_t), 8);
SAME(CS_TRACK_CURRENT, 1);
SAME(CS_TRACK_CHANGES, 2);
SAME(CS_TRUE, 1);
SAME(CS_TIME_END, INT64_MAX);
SAME(CS_TRACK_CHANGES_ONLY, 4);

/* The prototypes: a pointer of the wrong type would not compile. */
int main(void)
{
	cs_error_t (*initialize)(evs_handle_t *, evs_callbacks_t *) = evs_initialize;
	cs_error_t (*finalize)(evs_handle_t) = evs_finalize;
	cs_error_t (*fd_get)(evs_handle_t, int *) = evs_fd_get;
	cs_error_t (*context_get)(evs_handle_t, void **) = evs_context_get;
	cs_error_t (*context_set)(evs_handle_t, void *) = evs_context_set;
	cs_error_t (*dispatch)(evs_handle_t, cs_dispatch_flags_t) = evs_dispatch;
	cs_error_t (*join)(evs_handle_t, const struct evs_group *, size_t) = evs_join;
	cs_error_t (*leave)(evs_handle_t, const struct evs_group *, size_t) = evs_leave;
	cs_error_t (*mcast_joined)(evs_handle_t, evs_guarantee_t, const struct iovec *, unsigned int) = evs_mcast_joined;
	cs_error_t (*mcast_groups)(evs_handle_t, evs_guarantee_t, const struct evs_group *, size_t, const struct iovec *,
				   unsigned int) = evs_mcast_groups;
	cs_error_t (*membership_get)(evs_handle_t, unsigned int *, unsigned int *, size_t *) = evs_membership_get;
	return !(initialize && finalize && fd_get && context_get && context_set && dispatch && join && leave &&
		 mcast_joined && mcast_groups && membership_get);
}
