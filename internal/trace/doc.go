// Package trace is the record of what processors did: JSON lines, one event a
// line, for `stampede verify` and for any other program that reads JSON.
//
//	{"t":1,"proc":2,"inc":7,"ev":"start"}
//	{"t":2,"proc":2,"inc":7,"ev":"config","kind":"regular","config":"8.2","members":[2,3],"left":[],"joined":[2,3]}
//	{"t":3,"proc":2,"inc":7,"ev":"send","msg":"2.7.1","guarantee":"agreed","groups":["news"]}
//	{"t":4,"proc":2,"inc":7,"ev":"deliver","msg":"2.7.1","guarantee":"agreed","groups":["news"],"config":"8.2"}
//	{"t":5,"proc":2,"inc":7,"ev":"config","kind":"transitional","config":"9.2","from":"8.2","members":[2],"left":[3],"joined":[]}
//	{"t":6,"proc":2,"inc":7,"ev":"config","kind":"regular","config":"9.2","from":"8.2","members":[2],"left":[3],"joined":[]}
//	{"t":7,"proc":2,"inc":7,"ev":"leave"}
//
//	field      type                in                what
//	t          integer             every event       ns, a clock of the processor's own; nothing is concluded from it
//	proc       integer, 1 … 2³²-1  every event       the processor's id
//	inc        integer             every event       its incarnation: a restart is another life with another one
//	ev         word                every event       start, send, deliver, config, leave
//	msg        "proc.inc.number"   send, deliver     the message; of a send, proc and inc are those of the event
//	guarantee  word                send, deliver     unordered, fifo, agreed, safe
//	groups     strings             send, deliver     where the message goes; GroupName tells how a key is written
//	config     "epoch.rep"         deliver, config   see below
//	kind       word                config            regular, transitional
//	from       "epoch.rep"         config            the regular configuration that the processor comes from
//	members    integers            config            ids
//	left       integers            config            ids; absent is none
//	joined     integers            config            ids; absent is none
//
// A life begins with a start and has no event after a leave, by which the
// processor says that it goes as planned. A life that ends without one crashed,
// or the record was ended. A file holds the lives of one processor or of
// several; the events of one life are in one file, in the order in which they
// happened.
//
// A send is in the file before the message is handed in, and a message whose
// send is in the file is handed in. Which configuration it goes into is decided
// later, so a send has no config. The numbers of one life's sends ascend.
//
// Configurations are told by the ids of the regular ones. The config of a
// config event is the configuration that the processor enters, for a
// transitional one the regular configuration to come; from is the regular
// configuration that it leaves, and is absent before a life's first. The config
// of a deliver is the regular configuration that the message belongs to. Between
// a transitional event and the next regular one that is still the old one: that
// a delivery is transitional is told by its place and by nothing else.
//
// A process that is killed may leave half a line at the end of its file.
package trace
