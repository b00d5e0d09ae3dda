/*
 * What the interface of <corosync/evs.h> has no room for. Handles are the
 * same: each function of either header works with a handle of the other.
 * evs_x(3) is the manual.
 */
#ifndef STAMPEDE_EVS_X_H
#define STAMPEDE_EVS_X_H

#include <corosync/evs.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A processor in one of its lives; a restart has another incarnation. */
typedef struct {
	uint32_t id;
	uint32_t reserved; /* 0 */
	uint64_t incarnation;
} evs_x_member_t;

/* The name of a configuration. */
typedef struct {
	uint64_t epoch;
	uint64_t rep_incarnation;
	uint32_t rep;
} evs_x_config_id_t;

typedef enum {
	EVS_X_DELIVER = 1,      /* a message */
	EVS_X_TRANSITIONAL = 2, /* the last messages of a configuration come in this one */
	EVS_X_REGULAR = 3,      /* a new configuration */
	EVS_X_RELEASED = 4      /* the cluster needs a lent message no more */
} evs_x_kind_t;

/*
 * One event. All that it points to is the library's, and ends with the call
 * that got it, if evs_x_keep does not prolong it.
 *
 * (sender, incarnation, number) names a message in the whole cluster; origin is
 * the sending handle, as its processor numbers them.
 */
typedef struct {
	size_t size; /* of this structure, as the library has it */
	evs_x_kind_t kind;
	evs_guarantee_t guarantee; /* deliver */
	uint32_t sender;
	uint16_t origin;
	uint64_t incarnation;
	uint64_t number; /* deliver, released */
	const struct evs_group *groups;
	size_t group_cnt;
	const void *msg; /* 8-byte aligned */
	size_t msg_len;

	evs_x_config_id_t id;   /* of a transitional event: the configuration to come */
	evs_x_config_id_t from; /* the one that this follows */
	const evs_x_member_t *members, *left, *joined; /* ascending by id */
	size_t member_cnt, left_cnt, joined_cnt;
} evs_x_event_t;

typedef void (*evs_x_event_fn_t)(evs_handle_t handle, const evs_x_event_t *event, void *context);

/* Flags of evs_x_options_t. */
#define EVS_X_HOLD 1u /* the group waits for this program; needs permission */

/* Zero in a field asks for its default. */
typedef struct {
	size_t size;            /* sizeof(evs_x_options_t) */
	const char *socket;     /* default $STAMPEDE_SOCKET, or /run/stampede/stampede.sock */
	const char *name;       /* for operators; default the program's */
	uint64_t queue_bytes;   /* of events that may wait in the daemon; default and most
				   what it allows, 256 MiB if its operator said nothing else */
	uint64_t memory_bytes;  /* of events that may wait in this program; default
				   $LIBEVS_MEMORY, or 1 GiB */
	uint32_t timeout_ms;    /* for an answer of the daemon; default 5000 */
	uint32_t flags;
	evs_x_event_fn_t event; /* gets every event, instead of callbacks; may be NULL */
} evs_x_options_t;

/* evs_initialize with options. Either of callbacks and options may be NULL. */
cs_error_t evs_x_initialize(evs_handle_t *handle, evs_callbacks_t *callbacks,
			    const evs_x_options_t *options);

/* Flags of evs_x_mcast. */
#define EVS_X_JOINED 1u  /* to what is joined; no groups are given */
#define EVS_X_CONFIRM 4u /* wait until the daemon's processor has accepted it */
#define EVS_X_LEND 8u    /* the same, and tell by an event EVS_X_RELEASED when it is needed no more */
#define EVS_X_MORE 64u   /* others follow at once: it may stay here until one without this flag */

/*
 * Sends a message. number, if not NULL, becomes its number where one of
 * EVS_X_CONFIRM and EVS_X_LEND is given, and 0 otherwise.
 */
cs_error_t evs_x_mcast(evs_handle_t handle, evs_guarantee_t guarantee, unsigned int flags,
		       const struct evs_group *groups, size_t group_cnt,
		       const struct iovec *iovec, unsigned int iov_len, uint64_t *number);

/*
 * Waits until all that the daemon's processor has accepted, of this handle and
 * before, has its place in the order; at most timeout_ms (0 = the handle's).
 */
cs_error_t evs_x_flush(evs_handle_t handle, unsigned int timeout_ms);

/* Dispatches one event, if one comes within timeout_ms: CS_ERR_TIMEOUT if not. */
cs_error_t evs_x_dispatch_timed(evs_handle_t handle, unsigned int timeout_ms);

typedef struct {
	size_t size;            /* sizeof(evs_x_info_t), set by the caller */
	evs_x_member_t self;    /* the daemon's processor */
	uint16_t origin;        /* of this handle */
	uint16_t protocol;      /* version of it that both sides use */
	uint32_t max_message;   /* bytes */
	uint32_t max_groups;    /* of a message, and of a handle */
	uint64_t queue_bytes;   /* granted */
	uint64_t memory_bytes;
	char daemon[64];        /* the daemon's version */
} evs_x_info_t;
cs_error_t evs_x_info_get(evs_handle_t handle, evs_x_info_t *info);

/* Counters of a handle since it was opened. */
typedef struct {
	size_t size;            /* sizeof(evs_x_stats_t), set by the caller */
	uint64_t sent;          /* messages */
	uint64_t sent_bytes;    /* of their contents */
	uint64_t again;         /* sends that returned CS_ERR_TRY_AGAIN */
	uint64_t late;          /* sends that had to wait in the middle */
	uint64_t events;        /* taken, of all kinds */
	uint64_t event_bytes;   /* read from the daemon */
	uint64_t reads;         /* system calls that brought some */
	uint64_t waiting_bytes; /* of events in this program, now */
	uint64_t most_waiting;  /* and at most */
	uint64_t kept;          /* events that evs_x_keep was asked to hold */
} evs_x_stats_t;
cs_error_t evs_x_stats_get(evs_handle_t handle, evs_x_stats_t *stats);

/*
 * Keeps what the event of the running callback points to, until it is released
 * with evs_x_release: from any thread, before or after evs_finalize. The
 * structure itself is the caller's to copy. It keeps the memory of all that was
 * read together with it, some 256 KiB or one longer message.
 */
typedef struct evs_x_kept evs_x_kept_t;
cs_error_t evs_x_keep(evs_handle_t handle, const evs_x_event_t *event, evs_x_kept_t **kept);
void evs_x_release(evs_x_kept_t *kept);

/* The name of an error and what it means, constant. */
const char *evs_x_strerror(cs_error_t error);

/*
 * Why the handle has ended, or the daemon refused the last request, in words;
 * of the last initialize of this thread that failed, with handle 0. At most
 * size bytes with the NUL.
 */
cs_error_t evs_x_why(evs_handle_t handle, char *text, size_t size);

/* The version of this library, constant. */
const char *evs_x_version(void);

#ifdef __cplusplus
}
#endif

#endif
