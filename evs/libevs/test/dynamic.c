/* The library is loaded and unloaded while the program runs; it is not linked. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <corosync/evs.h>

static void *symbol(void *library, const char *name)
{
	void *s = dlsym(library, name);
	if (s == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return s;
}

#define NEED(condition) ((condition) ? (void)0 : (fprintf(stderr, "line %d, round %d\n", __LINE__, round), exit(1)))

int main(int argc, char **argv)
{
	int lowest = -1;
	if (argc < 2)
		return 2;
	for (int round = 0; round < 200; round++) {
		void *library = dlopen(argv[1], RTLD_NOW);
		if (library == NULL) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
		cs_error_t (*initialize)(evs_handle_t *, evs_callbacks_t *);
		cs_error_t (*finalize)(evs_handle_t);
		cs_error_t (*dispatch)(evs_handle_t, cs_dispatch_flags_t);
		*(void **)&initialize = symbol(library, "evs_initialize");
		*(void **)&finalize = symbol(library, "evs_finalize");
		*(void **)&dispatch = symbol(library, "evs_dispatch");
		evs_handle_t h, forgotten;
		NEED(initialize(&h, NULL) == CS_OK);
		NEED(initialize(&forgotten, NULL) == CS_OK);
		NEED(dispatch(h, CS_DISPATCH_ONE) == CS_OK);
		NEED(finalize(h) == CS_OK);
		NEED(dlclose(library) == 0);
		/* Neither descriptors nor what fork calls are left behind. */
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		int status, fd = dup(0);
		NEED(waitpid(child, &status, 0) == child && status == 0);
		if (lowest < 0)
			lowest = fd;
		NEED(fd == lowest);
		close(fd);
	}
	return 0;
}
