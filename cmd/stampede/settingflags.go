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
	{"busy-poll", "take in what the network card has without its interrupt, 1us to 1s (default off)"},
	{"cpus", "processors that the loop's thread may run on (default any)"},
	{"compress", conf.CompressWords},
	{"mtu", "bytes of an IP packet (default the interface's, 1500 on loopback)"},
	{"receive-buffer", "bytes asked of the kernel for each socket, which doubles them (default as many as it grants)"},
}
