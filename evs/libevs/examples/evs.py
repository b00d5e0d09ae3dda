"""Extended virtual synchrony in Python, by way of libevs and ctypes.

As a program it sends its arguments to a group and prints what arrives until all
of them have:

    python3 evs.py hello world
"""
import ctypes as c
import sys

OK, TRY_AGAIN = 1, 6
ALL, ONE = 2, 1
UNORDERED, FIFO, AGREED, SAFE = range(4)

lib = c.CDLL("libevs.so.4")


class Group(c.Structure):
    _fields_ = [("key", c.c_char * 32)]


class IoVec(c.Structure):
    _fields_ = [("base", c.c_char_p), ("len", c.c_size_t)]


class RingId(c.Structure):
    _fields_ = [("nodeid", c.c_uint), ("seq", c.c_ulonglong)]


Handle, List = c.c_uint64, c.POINTER(c.c_uint)
Deliver = c.CFUNCTYPE(None, Handle, c.c_uint, c.c_void_p, c.c_size_t)
Confchg = c.CFUNCTYPE(None, Handle, List, c.c_size_t, List, c.c_size_t, List, c.c_size_t, c.POINTER(RingId))


class Callbacks(c.Structure):
    _fields_ = [("deliver", Deliver), ("confchg", Confchg)]


for name, arguments in {
    "evs_initialize": [c.POINTER(Handle), c.POINTER(Callbacks)],
    "evs_finalize": [Handle],
    "evs_fd_get": [Handle, c.POINTER(c.c_int)],
    "evs_dispatch": [Handle, c.c_int],
    "evs_join": [Handle, c.POINTER(Group), c.c_size_t],
    "evs_leave": [Handle, c.POINTER(Group), c.c_size_t],
    "evs_mcast_joined": [Handle, c.c_int, c.POINTER(IoVec), c.c_uint],
    "evs_mcast_groups": [Handle, c.c_int, c.POINTER(Group), c.c_size_t, c.POINTER(IoVec), c.c_uint],
    "evs_membership_get": [Handle, List, List, c.POINTER(c.c_size_t)],
}.items():
    getattr(lib, name).argtypes = arguments
lib.evs_x_strerror.restype = c.c_char_p


class Error(Exception):
    def __init__(self, code):
        super().__init__(lib.evs_x_strerror(code).decode())
        self.code = code


def check(code):
    if code != OK:
        raise Error(code)


class Evs:
    """A handle. deliver(node, bytes) and confchg(members, left, joined) are called by dispatch."""

    def __init__(self, deliver, confchg):
        def on_deliver(_, node, message, length):
            deliver(node, c.string_at(message, length))

        def on_confchg(_, members, m, left, l, joined, j, ring):
            confchg(members[:m], left[:l], joined[:j])

        # The library keeps the functions, so they must live as long as the handle.
        self.callbacks = Callbacks(Deliver(on_deliver), Confchg(on_confchg))
        self.handle = Handle()
        check(lib.evs_initialize(c.byref(self.handle), c.byref(self.callbacks)))

    def close(self):
        check(lib.evs_finalize(self.handle))

    def fileno(self):  # so that select and selectors take it
        fd = c.c_int()
        check(lib.evs_fd_get(self.handle, c.byref(fd)))
        return fd.value

    def join(self, *names):
        check(lib.evs_join(self.handle, (Group * len(names))(*[Group(n) for n in names]), len(names)))

    def send(self, message, guarantee=AGREED):
        """Whether the message was accepted; if not, it is to be tried again."""
        code = lib.evs_mcast_joined(self.handle, guarantee, c.byref(IoVec(message, len(message))), 1)
        if code != TRY_AGAIN:
            check(code)
        return code == OK

    def dispatch(self, how=ALL):
        check(lib.evs_dispatch(self.handle, how))

    def members(self):
        local, most = c.c_uint(), c.c_size_t(1024)
        ids = (c.c_uint * most.value)()
        check(lib.evs_membership_get(self.handle, c.byref(local), ids, c.byref(most)))
        return local.value, ids[: most.value]


def main(words):
    heard = []

    def deliver(node, message):
        print(node, message.decode())
        heard.append(message)

    def confchg(members, left, joined):
        print("members", members, "left", left, "joined", joined)

    evs = Evs(deliver, confchg)
    evs.join(b"python")
    for word in words:
        while not evs.send(word.encode()):
            evs.dispatch()
    while len(heard) < len(words):
        evs.dispatch(ONE)
    local, members = evs.members()
    assert local in members
    evs.close()


if __name__ == "__main__":
    main(sys.argv[1:])
