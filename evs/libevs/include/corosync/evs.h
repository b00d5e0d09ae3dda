/*
 * Extended virtual synchrony: messages to groups of processors, in one order,
 * and the configurations in which they are delivered. The interface is that of
 * Corosync 1.x, in source and binary; evs_overview(8) tells what it means.
 */
#ifndef STAMPEDE_COROSYNC_EVS_H
#define STAMPEDE_COROSYNC_EVS_H

#include <inttypes.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <corosync/corotypes.h>
#include <corosync/hdb.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t evs_handle_t;

/* What is promised of a message. Any other value counts as AGREED. */
typedef enum {
	EVS_TYPE_UNORDERED, /* delivered when it has arrived */
	EVS_TYPE_FIFO,      /* behind what its sender sent before */
	EVS_TYPE_AGREED,    /* in one order everywhere */
	EVS_TYPE_SAFE       /* the same, once every member holds it */
} evs_guarantee_t;

#ifndef TOTEMIP_ADDRLEN
#define TOTEMIP_ADDRLEN (sizeof(struct in6_addr))
#endif

/* The name of a group: all 32 bytes count, those behind a NUL too. */
struct evs_group {
	char key[32];
};

/* The name of a configuration; it never comes back. */
struct evs_ring_id {
	unsigned int nodeid;
	__extension__ unsigned long long seq; /* C of 1989 has no such type */
};

/* msg is 8-byte aligned, and the library's again when the function returns. */
typedef void (*evs_deliver_fn_t)(hdb_handle_t handle, unsigned int nodeid,
				 const void *msg, size_t msg_len);

/* The lists and ring_id are the library's again when the function returns. */
typedef void (*evs_confchg_fn_t)(
	hdb_handle_t handle,
	const unsigned int *member_list, size_t member_list_entries,
	const unsigned int *left_list, size_t left_list_entries,
	const unsigned int *joined_list, size_t joined_list_entries,
	const struct evs_ring_id *ring_id);

/* Either may be NULL: such events are taken and dropped. */
typedef struct {
	evs_deliver_fn_t evs_deliver_fn;
	evs_confchg_fn_t evs_confchg_fn;
} evs_callbacks_t;

cs_error_t evs_initialize(evs_handle_t *handle, evs_callbacks_t *callbacks);
cs_error_t evs_finalize(evs_handle_t handle);
cs_error_t evs_fd_get(evs_handle_t handle, int *fd);
cs_error_t evs_context_get(evs_handle_t handle, void **context);
cs_error_t evs_context_set(evs_handle_t handle, void *context);
cs_error_t evs_dispatch(evs_handle_t handle, cs_dispatch_flags_t dispatch_types);

cs_error_t evs_join(evs_handle_t handle, const struct evs_group *groups, size_t group_cnt);
cs_error_t evs_leave(evs_handle_t handle, const struct evs_group *groups, size_t group_cnt);

cs_error_t evs_mcast_joined(evs_handle_t handle, evs_guarantee_t guarantee,
			    const struct iovec *iovec, unsigned int iov_len);
cs_error_t evs_mcast_groups(evs_handle_t handle, evs_guarantee_t guarantee,
			    const struct evs_group *groups, size_t group_cnt,
			    const struct iovec *iovec, unsigned int iov_len);

cs_error_t evs_membership_get(evs_handle_t handle, unsigned int *local_nodeid,
			      unsigned int *member_list, size_t *member_list_entries);

#ifdef __cplusplus
}
#endif

#endif
