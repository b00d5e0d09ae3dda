// The headers in C++, and exceptions that leave a callback.
#include <corosync/evs.h>
#include <stampede/evs_x.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"

namespace {

void thrower(hdb_handle_t, unsigned int, const void *msg, size_t len)
{
	throw std::runtime_error(std::string(static_cast<const char *>(msg), len));
}

} // namespace

int main()
{
	evs_callbacks_t callbacks = {thrower, nullptr};
	evs_handle_t h;
	OK(evs_initialize(&h, &callbacks));
	evs_group g = group("c++");
	OK(evs_join(h, &g, 1));
	OK(evs_dispatch(h, CS_DISPATCH_ONE));
	for (int i = 0; i < 100; i++) {
		std::string text = "message " + std::to_string(i);
		send_joined(h, text.data(), text.size());
		try {
			evs_dispatch(h, CS_DISPATCH_ONE);
			CHECK(false);
		} catch (const std::runtime_error &e) {
			CHECK(e.what() == text);
		}
	}
	OK(evs_finalize(h));
	IS(evs_finalize(h), CS_ERR_BAD_HANDLE);
}
