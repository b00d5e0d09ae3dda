/*
 * What users of <corosync/evs.h> need of Corosync's handle database: the type
 * of a handle and how it is printed. The system headers below came with the
 * original, and programs rely on them.
 */
#ifndef STAMPEDE_COROSYNC_HDB_H
#define STAMPEDE_COROSYNC_HDB_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t hdb_handle_t;

#define HDB_D_FORMAT "%" PRIu64
#define HDB_X_FORMAT "%" PRIx64

#endif
