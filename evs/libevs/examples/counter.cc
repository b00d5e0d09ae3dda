// counter N: a counter that all processors keep alike. Each adds N times, and
// all see the same values in the same order, whoever adds first.
//
//	c++ counter.cc $(pkg-config --cflags --libs libevs) -o counter
#include <corosync/evs.h>
#include <stampede/evs_x.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>

class Error : public std::runtime_error {
public:
	Error(const char *what, cs_error_t e) : std::runtime_error(std::string(what) + ": " + evs_x_strerror(e)) {}
};

static void check(const char *what, cs_error_t e)
{
	if (e != CS_OK)
		throw Error(what, e);
}

class Counter {
public:
	explicit Counter(const std::string &name)
	{
		evs_x_options_t o{};
		o.size = sizeof o;
		o.event = event;
		check("initialize", evs_x_initialize(&handle, nullptr, &o));
		check("context", evs_context_set(handle, this));
		evs_group group{};
		std::strncpy(group.key, name.c_str(), sizeof group.key - 1);
		self.size = sizeof self;
		check("info", evs_x_info_get(handle, &self));
		check("join", evs_join(handle, &group, 1));
	}
	~Counter() { evs_finalize(handle); }
	Counter(const Counter &) = delete;
	Counter &operator=(const Counter &) = delete;

	// add adds n, and returns the value that it made, the same everywhere.
	long add(long n)
	{
		iovec iov{&n, sizeof n};
		cs_error_t e;
		while ((e = evs_x_mcast(handle, EVS_TYPE_AGREED, EVS_X_JOINED | EVS_X_CONFIRM, nullptr, 0, &iov, 1, &awaited)) == CS_ERR_TRY_AGAIN)
			check("dispatch", evs_dispatch(handle, CS_DISPATCH_ALL));
		check("mcast", e);
		while (last < awaited)
			check("dispatch", evs_dispatch(handle, CS_DISPATCH_ONE));
		return mine;
	}

private:
	static void event(evs_handle_t, const evs_x_event_t *e, void *context)
	{
		auto c = static_cast<Counter *>(context);
		if (c == nullptr || e->kind != EVS_X_DELIVER || e->msg_len != sizeof(long))
			return;
		long n;
		std::memcpy(&n, e->msg, sizeof n);
		c->value += n;
		if (e->sender == c->self.self.id && e->incarnation == c->self.self.incarnation && e->origin == c->self.origin) {
			c->last = e->number;
			c->mine = c->value;
		}
	}

	evs_handle_t handle = 0;
	evs_x_info_t self{};
	uint64_t awaited = 0, last = 0;
	long value = 0, mine = 0;
};

int main(int argc, char **argv)
try {
	Counter counter("counter");
	int n = argc > 1 ? std::atoi(argv[1]) : 3;
	for (int i = 0; i < n; i++)
		std::cout << counter.add(1) << std::endl;
	return 0;
} catch (const std::exception &e) {
	std::cerr << e.what() << std::endl;
	return 1;
}
