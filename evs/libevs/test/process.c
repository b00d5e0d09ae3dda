/* Threads, signals, fork, cancellation. */
#include "check.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

/* Threads */

enum { SENDERS = 4, EACH = 2000 };

struct shared {
	evs_handle_t h;
	struct seen seen;
	unsigned next[SENDERS]; /* what is expected of each sender */
};

static void from_senders(hdb_handle_t h, unsigned int node, const void *msg, size_t len)
{
	void *p;
	unsigned m[2];
	(void)node;
	OK(evs_context_get(h, &p));
	struct shared *s = (struct shared *)p;
	CHECK(len >= sizeof m);
	memcpy(m, msg, sizeof m);
	CHECK(m[0] < SENDERS);
	IS(m[1], s->next[m[0]]); /* in the order in which that thread sent */
	s->next[m[0]]++;
	s->seen.messages++;
}

struct sender {
	struct shared *s;
	unsigned number;
};

static void *sender(void *p)
{
	struct sender *me = (struct sender *)p;
	static char filler[SENDERS][70000];
	for (unsigned i = 0; i < EACH; i++) {
		unsigned m[2] = {me->number, i};
		size_t more = i % 500 == 0 ? sizeof filler[0] : i % 61;
		struct iovec iov[2] = {{m, sizeof m}, {filler[me->number], more}};
		cs_error_t e;
		while ((e = evs_mcast_joined(me->s->h, EVS_TYPE_AGREED, iov, 2)) == CS_ERR_TRY_AGAIN)
			;
		IS(e, CS_OK);
	}
	return NULL;
}

static void *joiner(void *p)
{
	struct shared *s = (struct shared *)p;
	for (int i = 0; i < 200; i++) {
		struct evs_group g = group("other");
		unsigned list[8];
		size_t n = 8;
		OK(evs_join(s->h, &g, 1));
		OK(evs_membership_get(s->h, NULL, list, &n));
		OK(evs_leave(s->h, &g, 1));
	}
	return NULL;
}

static void *blocking(void *p)
{
	struct shared *s = (struct shared *)p;
	cs_error_t e = evs_dispatch(s->h, CS_DISPATCH_BLOCKING);
	return (void *)(intptr_t)e;
}

static void open_shared(struct shared *s)
{
	evs_callbacks_t c = {from_senders, NULL};
	struct evs_group g = group("a");
	memset(s, 0, sizeof *s);
	OK(evs_initialize(&s->h, &c));
	OK(evs_context_set(s->h, s));
	OK(evs_join(s->h, &g, 1));
}

static void many_threads(void)
{
	static struct shared s;
	pthread_t threads[SENDERS + 1];
	struct sender senders[SENDERS];
	open_shared(&s);
	for (unsigned i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){&s, i};
		IS(pthread_create(&threads[i], NULL, sender, &senders[i]), 0);
	}
	IS(pthread_create(&threads[SENDERS], NULL, joiner, &s), 0);
	until(s.h, &s.seen, SENDERS * EACH);
	for (unsigned i = 0; i <= SENDERS; i++)
		pthread_join(threads[i], NULL);
	OK(evs_finalize(s.h));
}

/* To send to what is joined is no error at whatever moment the last group is left. */
static void *toggler(void *p)
{
	struct shared *s = (struct shared *)p;
	struct evs_group g = group("a");
	for (int i = 0; i < 1000; i++) {
		OK(evs_leave(s->h, &g, 1));
		OK(evs_join(s->h, &g, 1));
	}
	return NULL;
}

static void leave_while_sending(void)
{
	static struct shared s;
	pthread_t t;
	open_shared(&s);
	evs_handle_t quiet;
	struct seen none;
	quiet = joined_to(&none, "a");
	IS(pthread_create(&t, NULL, toggler, &s), 0);
	for (unsigned i = 0; i < 20000; i++) {
		cs_error_t e = evs_mcast_joined(s.h, EVS_TYPE_AGREED, NULL, 0);
		CHECK(e == CS_OK || e == CS_ERR_TRY_AGAIN);
	}
	pthread_join(t, NULL);
	OK(evs_dispatch(quiet, CS_DISPATCH_ALL));
	OK(evs_finalize(quiet));
	OK(evs_finalize(s.h));
}

/* A thread that waits is woken by another that finalizes. */
static void finalize_elsewhere(void)
{
	for (int i = 0; i < 50; i++) {
		static struct shared s;
		pthread_t t;
		void *result;
		open_shared(&s);
		IS(pthread_create(&t, NULL, blocking, &s), 0);
		OK(evs_finalize(s.h));
		pthread_join(t, &result);
		cs_error_t e = (cs_error_t)(intptr_t)result;
		CHECK(e == CS_ERR_LIBRARY || e == CS_ERR_BAD_HANDLE || e == CS_OK);
		IS(evs_finalize(s.h), CS_ERR_BAD_HANDLE);
	}
}

/* A poller is woken too. */
static void *poller(void *p)
{
	struct pollfd f = {*(int *)p, POLLIN, 0};
	poll(&f, 1, -1);
	return NULL;
}

static void finalize_wakes_poller(void)
{
	struct seen s;
	evs_handle_t h = joined_to(&s, "a");
	int fd = dup(descriptor(h)); /* so that it means the same whoever is first */
	pthread_t t;
	IS(pthread_create(&t, NULL, poller, &fd), 0);
	OK(evs_finalize(h));
	pthread_join(t, NULL);
	close(fd);
}

static void *finalizer(void *p) { return (void *)(intptr_t)evs_finalize(*(evs_handle_t *)p); }

static void finalize_once(void)
{
	for (int i = 0; i < 50; i++) {
		struct seen s;
		evs_handle_t h = opened(&s);
		pthread_t t[4];
		int good = 0;
		for (int k = 0; k < 4; k++)
			IS(pthread_create(&t[k], NULL, finalizer, &h), 0);
		for (int k = 0; k < 4; k++) {
			void *e;
			pthread_join(t[k], &e);
			good += (intptr_t)e == CS_OK;
			CHECK((intptr_t)e == CS_OK || (intptr_t)e == CS_ERR_BAD_HANDLE);
		}
		IS(good, 1);
	}
}

__attribute__((unused)) static void cancelled(void)
{
	for (int i = 0; i < 50; i++) {
		static struct shared s;
		pthread_t t;
		void *result;
		open_shared(&s);
		IS(pthread_create(&t, NULL, blocking, &s), 0);
		IS(pthread_cancel(t), 0);
		pthread_join(t, &result);
		CHECK(result == PTHREAD_CANCELED);
		/* No lock is left behind. */
		struct evs_group g = group("b");
		OK(evs_join(s.h, &g, 1));
		OK(evs_dispatch(s.h, CS_DISPATCH_ALL));
		OK(evs_finalize(s.h));
	}
}

/* Signals */

static volatile sig_atomic_t alarms;

static void on_alarm(int n)
{
	(void)n;
	alarms++;
}

static void signals(void)
{
	struct sigaction a;
	memset(&a, 0, sizeof a);
	a.sa_handler = on_alarm; /* no SA_RESTART */
	IS(sigaction(SIGALRM, &a, NULL), 0);
	struct itimerval every = {{0, 300}, {0, 300}};
	IS(setitimer(ITIMER_REAL, &every, NULL), 0);
	struct seen s;
	evs_handle_t h = joined_to(&s, "a");
	static char b[224000];
	unsigned sent = 0;
	while (alarms < 300 || sent < 200) {
		send_joined(h, b, sent * 7919 % sizeof b);
		sent++;
		if (sent % 10 == 0)
			until(h, &s, sent);
		if (sent % 50 == 0) {
			struct seen other;
			OK(evs_finalize(joined_to(&other, "b")));
		}
	}
	until(h, &s, sent);
	struct itimerval never = {{0, 0}, {0, 0}};
	setitimer(ITIMER_REAL, &never, NULL);
	OK(evs_finalize(h));
}

/* Fork */

static void wait_for(pid_t child)
{
	int status;
	IS(waitpid(child, &status, 0), child);
	IS(status, 0);
}

static void use_in_child(evs_handle_t h)
{
	struct evs_group g = group("a");
	struct iovec iov = {(void *)(uintptr_t)"no", 2};
	struct seen s;
	int fd;
	IS(evs_mcast_joined(h, EVS_TYPE_AGREED, &iov, 1), CS_ERR_BAD_HANDLE);
	IS(evs_join(h, &g, 1), CS_ERR_BAD_HANDLE);
	IS(evs_dispatch(h, CS_DISPATCH_ALL), CS_ERR_BAD_HANDLE);
	IS(evs_fd_get(h, &fd), CS_ERR_BAD_HANDLE);
	OK(evs_finalize(h));
	IS(evs_finalize(h), CS_ERR_BAD_HANDLE);
	evs_handle_t own = joined_to(&s, "a"); /* it may have handles of its own */
	CHECK(own != h);
	send_joined(own, "from the child", 14);
	until(own, &s, 1);
	OK(evs_finalize(own));
}

static void forks(void)
{
	struct seen s;
	evs_handle_t h = joined_to(&s, "a");
	for (unsigned i = 0; i < 10; i++) {
		send_joined(h, "parent", 6);
		pid_t child = fork();
		CHECK(child >= 0);
		if (child == 0) {
			use_in_child(h);
			exit(0);
		}
		wait_for(child);
		send_joined(h, "parent", 6);
	}
	until(h, &s, 30);
	OK(evs_finalize(h));
}

static void forking(hdb_handle_t h, unsigned int node, const void *msg, size_t len)
{
	on_message(h, node, msg, len);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child > 0)
		wait_for(child);
	else
		IS(evs_dispatch(h, CS_DISPATCH_ALL), CS_ERR_BAD_HANDLE);
}

static void fork_inside(void)
{
	struct seen s = {0};
	evs_callbacks_t c = {forking, NULL};
	pid_t me = getpid();
	evs_handle_t h;
	OK(evs_initialize(&h, &c));
	OK(evs_context_set(h, &s));
	struct evs_group g = group("a");
	OK(evs_join(h, &g, 1));
	send_joined(h, "1", 1);
	send_joined(h, "2", 1);
	while (s.messages < 2) {
		cs_error_t e = evs_dispatch(h, CS_DISPATCH_ONE);
		if (getpid() != me) {
			IS(e, CS_ERR_BAD_HANDLE);
			exit(0);
		}
		IS(e, CS_OK);
	}
	OK(evs_finalize(h));
}

/* What old programs do in a handler, whatever it interrupts. */
static void exit_at_once(int n)
{
	(void)n;
	exit(0);
}

static void fork_at_once(int n)
{
	(void)n;
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	alarms++;
}

/* To exit twice is not defined: that handler is called once. */
static void interrupted_by(void (*handler)(int), int usec)
{
	struct seen s;
	evs_handle_t h = joined_to(&s, "quiet");
	struct sigaction a;
	memset(&a, 0, sizeof a);
	a.sa_handler = handler;
	IS(sigaction(SIGALRM, &a, NULL), 0);
	struct itimerval every = {{0, handler == exit_at_once ? 0 : usec}, {0, usec}};
	IS(setitimer(ITIMER_REAL, &every, NULL), 0);
	for (alarms = 0; alarms < 100;)
		(void)descriptor(h);
	struct itimerval never = {{0, 0}, {0, 0}};
	setitimer(ITIMER_REAL, &never, NULL);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	OK(evs_finalize(h));
}

__attribute__((unused)) static void exit_in_a_handler(void)
{
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();
		CHECK(child >= 0);
		if (child == 0) {
			interrupted_by(exit_at_once, 1000 + 37 * i);
			_exit(1);
		}
		wait_for(child);
	}
}

__attribute__((unused)) static void fork_in_a_handler(void) { interrupted_by(fork_at_once, 2000); }

/* A child that lives on does not keep the parent's connection alive. */
static void fork_does_not_hold(void)
{
	int ready[2], end[2];
	struct seen s;
	char c;
	IS(pipe(ready), 0);
	IS(pipe(end), 0);
	pid_t parent = fork();
	if (parent == 0) {
		evs_handle_t h = joined_to(&s, "a");
		(void)h;
		if (fork() == 0) { /* the grandchild waits for the end */
			close(end[1]);
			IS(write(ready[1], "x", 1), 1);
			IS(read(end[0], &c, 1), 0);
			_exit(0);
		}
		IS(read(ready[0], &c, 1), 1);
		kill(getpid(), SIGKILL);
	}
	int status;
	IS(waitpid(parent, &status, 0), parent);
	CHECK(WIFSIGNALED(status));
	puts("the parent is dead"); /* the test looks at the daemon now */
	fflush(stdout);
	IS(read(STDIN_FILENO, &c, 1), 1);
}

/* Who exits while a thread is in a callback has sent what was accepted. */
static void stay(hdb_handle_t h, unsigned int node, const void *msg, size_t len)
{
	(void)node, (void)msg, (void)len;
	void *p;
	OK(evs_context_get(h, &p));
	IS(write(*(int *)p, "x", 1), 1);
	for (;;)
		pause();
}

static void exit_with_more(void)
{
	evs_callbacks_t c = {stay, NULL};
	struct evs_group own = group("own"), a = group("a");
	struct iovec iov = {(void *)(uintptr_t)"last", 4};
	static struct shared s;
	int in_callback[2];
	char x;
	pthread_t t;
	IS(pipe(in_callback), 0);
	OK(evs_initialize(&s.h, &c));
	OK(evs_context_set(s.h, &in_callback[1]));
	OK(evs_join(s.h, &own, 1));
	send_joined(s.h, "x", 1);
	IS(pthread_create(&t, NULL, blocking, &s), 0);
	IS(read(in_callback[0], &x, 1), 1);
	OK(evs_x_mcast(s.h, EVS_TYPE_AGREED, EVS_X_MORE, &a, 1, &iov, 1, NULL));
	exit(0);
}

static void exit_sends(void)
{
	struct seen s;
	evs_handle_t h = joined_to(&s, "a");
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0)
		exit_with_more();
	wait_for(child);
	until(h, &s, 1);
	IS(s.length, 4);
	OK(evs_finalize(h));
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "fork_does_not_hold") == 0)
		return fork_does_not_hold(), 0;
	static const struct test tests[] = {
		{"many_threads", many_threads}, {"leave_while_sending", leave_while_sending}, {"finalize_elsewhere", finalize_elsewhere},
		{"finalize_wakes_poller", finalize_wakes_poller}, {"finalize_once", finalize_once},
#ifndef __SANITIZE_ADDRESS__ /* which does not know how a cancelled thread's stack is unwound */
		{"cancelled", cancelled},
#endif
		{"signals", signals}, {"forks", forks}, {"fork_inside", fork_inside}, {"exit_sends", exit_sends},
#ifndef __SANITIZE_THREAD__ /* which tells that neither is to be done */
		{"exit_in_a_handler", exit_in_a_handler}, {"fork_in_a_handler", fork_in_a_handler},
#endif
		{NULL, NULL}};
	return run_tests(tests, argc, argv);
}
