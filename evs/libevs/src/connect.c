/* From nothing to a handle: the socket, hello, welcome. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"

#define DEFAULT_SOCKET "/run/stampede/stampede.sock"
#define DEFAULT_MEMORY ((uint64_t)1 << 30)
#define DEFAULT_TIMEOUT 5000

/* address_of makes an address; "@name" is an abstract one. */
static bool address_of(const char *path, struct sockaddr_un *a, socklen_t *len)
{
	size_t n = strlen(path);
	if (n == 0 || n >= sizeof a->sun_path)
		return false;
	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, path, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	if (path[0] == '@')
		a->sun_path[0] = 0;
	else
		(*len)++;
	return true;
}

static cs_error_t connect_to(struct handle *h, const char *path)
{
	struct sockaddr_un a;
	socklen_t len;
	if (!address_of(path, &a, &len)) {
		why_set(h, "%s: not the path of a socket", path);
		return CS_ERR_INVALID_PARAM;
	}
	h->requests = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (h->requests < 0) {
		why_set(h, "socket: %s", strerror(errno));
		return errno == EMFILE || errno == ENFILE ? CS_ERR_NO_RESOURCES : CS_ERR_LIBRARY;
	}
	if (connect(h->requests, (struct sockaddr *)&a, len) < 0) {
		int error = errno;
		why_set(h, "%s: %s", path, strerror(error));
		return error == EACCES || error == EPERM ? CS_ERR_SECURITY : CS_ERR_TRY_AGAIN;
	}
	return CS_OK;
}

/*
 * size_buffer lets all but the longest messages fit into the request socket as a
 * whole. It is no larger than that: what waits in it is late, and no longer in
 * the processor's cache when its turn comes. And it is small beside the queue of
 * events in the daemon: what is in it may come back to this program while that
 * does not run.
 */
static void size_buffer(struct handle *h)
{
	int size = 1 << 18; /* the kernel doubles it for its overhead, and allows net.core.wmem_max */
	if (h->info.queue_bytes / 8 < (uint64_t)size)
		size = (int)(h->info.queue_bytes / 8);
	socklen_t n = sizeof h->sndbuf;
	if (getsockopt(h->requests, SOL_SOCKET, SO_SNDBUF, &h->sndbuf, &n) < 0 || h->sndbuf / 2 >= size)
		return;
	setsockopt(h->requests, SOL_SOCKET, SO_SNDBUF, &size, sizeof size); /* less is no error */
	getsockopt(h->requests, SOL_SOCKET, SO_SNDBUF, &h->sndbuf, &n);
}

static cs_error_t say_hello(struct handle *h, const char *name, uint64_t queue_bytes, unsigned flags)
{
	uint8_t body[HELLO_BYTES + LONGEST_NAME] = {0};
	size_t n = strnlen(name, LONGEST_NAME);
	put32(body, HELLO_MAGIC);
	put16(body + 4, PROTOCOL_VERSION);
	put16(body + 6, PROTOCOL_VERSION);
	put64(body + 8, queue_bytes);
	memcpy(body + HELLO_BYTES, name, n);
	struct iovec iov = {body, HELLO_BYTES + n};
	struct sending s = {.request = {.op = OP_HELLO, .flags = flags & EVS_X_HOLD ? F_HOLD : 0},
			    .iov = &iov, .iov_len = 1, .bytes = iov.iov_len};
	return out_send(h, &s);
}

/*
 * take_events keeps the socket that came with a message, if one did: false
 * where this process could not have it.
 */
static bool take_events(struct handle *h, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (h->events < 0)
				h->events = fd;
			else
				close(fd);
		}
	}
	return h->events >= 0 || !(m->msg_flags & MSG_CTRUNC);
}

/* hear_welcome reads the answer to hello. */
static cs_error_t hear_welcome(struct handle *h, struct answer *a)
{
	int64_t deadline = now_ms() + h->timeout_ms;
	for (bool there = false;;) {
		cs_error_t err = answer_next(h, a, &there);
		if (err != CS_OK || there)
			return err;
		uint8_t *room;
		size_t size;
		answers_room(h, &room, &size);
		if (room == NULL)
			return CS_ERR_NO_MEMORY;
		char control[CMSG_SPACE(4 * sizeof(int))] __attribute__((aligned(8)));
		struct iovec iov = {room, size};
		struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
		ssize_t n = recvmsg(h->requests, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		if (n > 0) {
			if (!take_events(h, &m)) {
				why_set(h, "this process has no more descriptors");
				return CS_ERR_NO_RESOURCES;
			}
			h->answers.end += (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			err = out_wait(h, POLLIN, deadline);
			if (err != CS_OK) {
				why_set(h, "the daemon does not answer");
				return CS_ERR_TRY_AGAIN;
			}
		} else if (n == 0 || errno != EINTR) {
			why_set(h, "the daemon has hung up");
			return CS_ERR_TRY_AGAIN; /* it ends; another may come */
		}
	}
}

static cs_error_t take_welcome(struct handle *h, const struct answer *a)
{
	if (a->op == OP_BYE || a->status != S_OK) {
		why_set(h, "%.*s", (int)(a->body_len < 200 ? a->body_len : 200), (const char *)a->body);
		cs_error_t err = status_error(a->status);
		if (err == CS_ERR_IN_SHUTDOWN)
			return CS_ERR_TRY_AGAIN;
		return a->status == S_FAILED ? CS_ERR_NO_RESOURCES : err;
	}
	const uint8_t *b = a->body;
	if (a->op != OP_HELLO || a->body_len < WELCOME_BYTES || get16(b) != PROTOCOL_VERSION || h->events < 0) {
		why_set(h, "what answers is no stampede daemon of protocol version %d", PROTOCOL_VERSION);
		return CS_ERR_VERSION;
	}
	evs_x_info_t *i = &h->info;
	i->protocol = get16(b);
	i->origin = get16(b + 2);
	i->self.id = get32(b + 4);
	i->self.incarnation = get64(b + 8);
	i->max_message = get32(b + 16);
	i->max_groups = get32(b + 20);
	i->queue_bytes = get64(b + 24);
	snprintf(i->daemon, sizeof i->daemon, "%.*s", (int)(a->body_len - WELCOME_BYTES), (const char *)b + WELCOME_BYTES);
	if (i->max_message > INT32_MAX - (64 << 20) || i->max_groups > UINT16_MAX) {
		why_set(h, "the daemon names limits that cannot be");
		return CS_ERR_VERSION;
	}
	size_t message = DELIVER_BYTES + (size_t)i->max_groups * KEY_BYTES + i->max_message;
	size_t change = CHANGE_BYTES + 3 * (size_t)MOST_LISTED * MEMBER_BYTES;
	h->longest = message > change ? message : change;
	size_buffer(h);
	return CS_OK;
}

cs_error_t handle_open(struct handle *h, const char *path, const char *name, uint64_t queue_bytes, unsigned flags)
{
	struct answer a;
	cs_error_t err = connect_to(h, path);
	if (err == CS_OK)
		err = say_hello(h, name, queue_bytes, flags);
	if (err == CS_OK || err == CS_ERR_LIBRARY) /* it may have been refused already, and why can be read */
		err = hear_welcome(h, &a);
	if (err == CS_OK)
		err = take_welcome(h, &a);
	if (err == CS_OK && fcntl(h->events, F_SETFL, fcntl(h->events, F_GETFL) | O_NONBLOCK) < 0)
		err = CS_ERR_LIBRARY;
	store(&h->dead, err == CS_OK ? 0 : load(&h->dead));
	return err;
}

static struct handle *handle_new(void)
{
	struct handle *h = calloc(1, sizeof *h);
	if (h == NULL)
		return NULL;
	h->requests = h->events = -1;
	pthread_mutex_init(&h->ask, NULL);
	pthread_mutex_init(&h->out, NULL);
	pthread_mutex_init(&h->in, NULL);
	pthread_mutex_init(&h->say, NULL);
	return h;
}

void handle_free(struct handle *h)
{
	if (!h->orphan) {
		if (h->requests >= 0)
			close(h->requests);
		if (h->events >= 0)
			close(h->events);
		pthread_mutex_destroy(&h->ask);
		pthread_mutex_destroy(&h->out);
		pthread_mutex_destroy(&h->in);
		pthread_mutex_destroy(&h->say);
	}
	in_free(h);
	free(h->answers.buf);
	free(h->groups);
	free(h->rest);
	free(h->last);
	free(h);
}

/* number reads an environment variable; 0 where it says nothing. */
static uint64_t number(const char *name)
{
	const char *text = getenv(name);
	return text != NULL ? strtoull(text, NULL, 10) : 0;
}

static cs_error_t options_of(evs_x_options_t *o, const evs_x_options_t *given)
{
	memset(o, 0, sizeof *o);
	if (given != NULL) {
		if (given->size != sizeof *o || given->flags & ~EVS_X_HOLD)
			return CS_ERR_INVALID_PARAM;
		*o = *given;
	}
	if (o->socket == NULL)
		o->socket = getenv("STAMPEDE_SOCKET");
	if (o->socket == NULL || o->socket[0] == 0)
		o->socket = DEFAULT_SOCKET;
	if (o->name == NULL)
		o->name = program_invocation_short_name;
	if (o->queue_bytes == 0)
		o->queue_bytes = UINT64_MAX; /* programs of old know no limit: as much as the operator allows */
	if (o->memory_bytes == 0)
		o->memory_bytes = number("LIBEVS_MEMORY");
	if (o->memory_bytes == 0)
		o->memory_bytes = DEFAULT_MEMORY;
	if (o->timeout_ms == 0)
		o->timeout_ms = DEFAULT_TIMEOUT;
	return CS_OK;
}

static cs_error_t open_new(evs_handle_t *handle, const evs_callbacks_t *callbacks, const evs_x_options_t *options)
{
	evs_x_options_t o;
	cs_error_t err = options_of(&o, options);
	struct handle *h = err == CS_OK ? handle_new() : NULL;
	if (h == NULL) {
		err = err == CS_OK ? CS_ERR_NO_MEMORY : err;
		why_unopened(err);
		return err;
	}
	if (callbacks != NULL)
		h->callbacks = *callbacks;
	h->event_fn = o.event;
	h->timeout_ms = o.timeout_ms;
	h->info.memory_bytes = o.memory_bytes;
	err = handle_open(h, o.socket, o.name, o.queue_bytes, o.flags);
	if (err == CS_OK)
		err = table_add(h);
	if (err == CS_OK)
		*handle = h->self;
	else
		handle_free(h);
	return err;
}

EXPORT cs_error_t evs_x_initialize(evs_handle_t *handle, evs_callbacks_t *callbacks, const evs_x_options_t *options)
{
	int cancel;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	cs_error_t err = CS_ERR_INVALID_PARAM;
	if (handle != NULL) {
		*handle = table_dead();
		err = open_new(handle, callbacks, options);
	} else {
		why_unopened(err);
	}
	pthread_setcancelstate(cancel, NULL);
	return err;
}

EXPORT cs_error_t evs_initialize(evs_handle_t *handle, evs_callbacks_t *callbacks)
{
	return evs_x_initialize(handle, callbacks, NULL);
}

EXPORT cs_error_t evs_finalize(evs_handle_t handle)
{
	int cancel;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	cs_error_t err = table_remove(handle);
	pthread_setcancelstate(cancel, NULL);
	return err;
}
