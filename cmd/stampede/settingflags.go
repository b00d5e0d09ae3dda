package main

import "stampede/internal/conf"

// processorFlags are the keys of a processor that are flags.
var processorFlags = []settingFlag{
	{"id", "this processor's own number in the cluster, from 1"},
	{"cluster", `name of the cluster (default "stampede")`},
	{"start", "processors without all of whom there is no first configuration (default whoever is there)"},
	{"detect", "silence after which the others go on without a member (default 300ms)"},
	{"bind", "address and port to send from and to be answered at (default 127.0.0.1:0)"},
	{"transport", conf.TransportWords},
	{"multicast", "address and port of the group that all share"},
	{"peers", "addresses and ports at which others are found, for unicast"},
	{"interface", "network interface of multicast (default the one with the address in bind)"},
	{"socket", conf.SocketWords},
	{"gso", "send trains of datagrams as one (UDP_SEGMENT): " + conf.SwitchWords},
	{"gro", "receive trains of datagrams as one (UDP_GRO): " + conf.SwitchWords},
	{"wait", "how to wait for the network: " + conf.WaitWords},
	{"compress", conf.CompressWords},
	{"mtu", "bytes of an IP packet (default the interface's, 1500 on loopback)"},
	{"receive-buffer", "bytes asked of the kernel for each socket, which doubles them (default as many as it grants)"},
}

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
	{"daemon.client-queue", "bytes that may wait for a client that asks for nothing else"},
	{"daemon.max-client-queue", "bytes that a client may ask for"},
	{"daemon.raise-guarantees", "order UNORDERED and FIFO messages as if they were AGREED"},
	{"daemon.log-level", "what is logged: " + conf.LevelWords},
	{"daemon.log-format", "how: " + conf.FormatWords},
}
