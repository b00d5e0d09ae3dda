// Package sim runs whole processors (internal/member) in worlds of their own:
// with virtual time, a network, clocks, receive buffers, applications and
// faults. It records what they deliver, lets the checker (internal/verify) judge
// it, and sees to it that after all faults everybody comes together and gets
// everything that was promised.
//
// A world is a script: lines of text, one after the other. Scenarios are
// written by hand; random worlds are drawn as scripts from a seed (Draw), so
// that one that fails can be kept, read, and made shorter line by line (Shrink).
// A script is run by one goroutine and has no other source of chance than its
// seed: the same script does the same, byte by byte, always.
//
// # A script
//
// A # begins a comment. Lines are done one after the other; one that begins with
// `at TIME` waits until the world is so old. Processors are named by their ids,
// several one behind the other, or by `all`. Times are written as 20us, 1.5s.
//
//	processors 1 2 3            must come first
//	seed 7                      of the network's chance
//	set NAME VALUE [of IDS]     see below
//
//	start IDS                   each start is a life with a higher incarnation
//	crash IDS [sending N|after N]
//	                            at once; or with the next burst, N datagrams of which leave;
//	                            or after N datagrams have left
//	restart IDS                 crash, start
//	pause IDS, resume IDS       not running meanwhile; its receive buffer fills
//	leave IDS                   as planned
//	app IDS prompt|stopped|slow D
//	                            how the application takes its deliveries; slow: one every D
//	buffer IDS holds N          receive buffer in datagrams; `buffer IDS default`
//	clock IDS ahead D|rate PPM|drift PPM
//	                            drift: a rate that changes every 20 ms by up to so much
//	incarnation ID N            of its next life, instead of a higher one than before
//	handoff A to B              if A is the sequencer
//	send ID GUARANTEE [LABEL] [size A[..B]] [set K|set any] [lent] [times N] [every D]
//	                            GUARANTEE is unordered, fifo, agreed, safe or any; set K has
//	                            K%7+1 groups; with times, labels are numbered: m1, m2, …
//
//	network QUALITY …           loss P% double P% replay P% reorder P% corrupt P% delay D jitter D
//	link A>B … QUALITY …        of single links; A-B is both directions
//	cut A>B …, mend A>B …
//	partition IDS | IDS …       who is not named is on the first side
//	heal                        all links are whole and lose nothing
//
//	drop|hold|twice|delay D [KIND …] [new|old] [of IDS] [from IDS] [to IDS] [with FRAME]
//	    [message LABEL] [dseq A[..B]] [skip N] [times N] [as NAME]
//	                            what becomes of certain datagrams. KIND: stream, ack, nack, join,
//	                            beacon, propose, answer, state, hold, install, leave. FRAME: data,
//	                            fragment, set, stamp, handoff, accept. of: whose stream it is;
//	                            from: who sends it. new: of a configuration that nobody had
//	                            entered when the line was come to. skip: so many pass first
//	lift NAME|all               the rule ends; what it held arrives now
//
//	wait D
//	until CONDITION [within D]  10 s if nothing is said; later is a failure
//	require CONDITION           now
//	when CONDITION do COMMAND   as soon as it is true
//	begin                       forgets what was seen so far
//	expect ID: EVENTS           exactly what ID has seen since: labels of messages that it
//	                            delivered, TR{…} and RG{…} for the transitional and regular
//	                            configurations that it entered, m1..m9 for a run
//	settle                      see below; done at the end unless the script says `unsettled`
//
// Conditions:
//
//	IDS delivered LABEL         since begin
//	IDS in {1,2,3}              in a regular configuration of these
//	IDS together                those of them that are up are in one configuration, of just them
//	IDS gone                    down
//	IDS sent|received KIND|FRAME [N]
//	                            N of them, counted from when the line was come to
//	not CONDITION, CONDITION and CONDITION
//
// Settings, for all processors or some: transport multicast|unicast; formation
// open|listed (the first configuration waits for all processors of the script);
// sequencer following|fixed; echo off|on (multicast comes back to its sender);
// ring off|on (arrivals lie in memory that can be kept); compress off|s2|zstd;
// datagram, message, queue in bytes; window, history, buffer in datagrams; pool,
// how many of the longest messages can be joined at a time, times the number of
// processors; spare, chunks for arrivals beside what twice the history takes;
// detect, join, beacon, heartbeat, grace, retry, ack, roundtrip as times.
//
// # What is judged
//
// All the time: every rule of internal/verify, with Options.Exact; payloads,
// groups and guarantees of what is delivered, payloads at the time when the
// application reads them; that no datagram leaves that the door refuses, and
// none gets in that was damaged; that answers are repeated word by word; that
// memory lent by an application does not change; that nobody asks to be stepped
// for ever; that nothing panics.
//
// When a script settles: faults end, who sleeps wakes, applications take what
// there is; who is down stays down. Within a bound all that are up must be in
// one configuration, must have delivered all that they sent, and must hold no
// memory any more; then, for two intervals of failure detection and beacons,
// nothing may happen. With D = detect, B = beacon, J = join, H = heartbeat, d =
// the network's delay, all the greatest of any processor, and n processors the
// bound is
//
//	aftermath    2.5 D + 3 B + 10 J            until what a fault has set off is over: silence
//	                                           is noticed (D), rows of who is gone are forgotten
//	                                           (D + 3 B), a gathering ends (D/2 + 10 J)
//	convergence  3 D + 5 B + 40 J + 40 d       until all have found each other: two attempts
//	             + n (J + 2 ms)                that fail for want of progress, and one that does not
//	draining     (H + 4 d) for each datagram that waits or that a history may hold
package sim
