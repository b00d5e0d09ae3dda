package main

import "stampede/internal/conf"

// daemonFlags are the keys of the table [daemon].
var daemonFlags = []settingFlag{
	{"daemon.socket", "path of the unix socket for clients"},
	{"daemon.socket-mode", "its permissions, in octal"},
	{"daemon.socket-owner", "user to whom it belongs (default the daemon's)"},
	{"daemon.socket-group", "group to which it belongs (default the daemon's)"},
	{"daemon.allow-users", "users who may connect, by name or number (default whoever can open the socket)"},
	{"daemon.allow-groups", "groups whose members may connect"},
	{"daemon.hold-users", "users whose clients may hold up the group"},
	{"daemon.hold-groups", "groups whose members may do so"},
	{"daemon.admin-users", "users who may reload, set the log's level, and stop the daemon"},
	{"daemon.admin-groups", "groups whose members may do so"},
	{"daemon.max-clients", "clients at a time"},
	{"daemon.first-clients", "names of clients that must have joined before the processor takes part"},
	{"daemon.client-queue", "bytes that may wait for a client that asks for nothing else"},
	{"daemon.max-client-queue", "bytes that a client may ask for"},
	{"daemon.raise-guarantees", "order UNORDERED and FIFO messages as if they were AGREED"},
	{"daemon.log-level", "what is logged: " + conf.LevelWords},
	{"daemon.log-format", "how: " + conf.FormatWords},
}
