package sock

import "golang.org/x/sys/unix"

// MAP_NORESERVE: an arena is sized for the worst case, and most of it is never
// touched; it should not count against the commit limit.
const mapFlags = unix.MAP_ANON | unix.MAP_PRIVATE | unix.MAP_NORESERVE
