# Short names; the commands behind them are plain.

.PHONY: build test fmt fuzz ci libevs install uninstall

build:
	go build -o stampede ./cmd/stampede

test:
	go test ./...

fmt:
	gofmt -l -w .

# One fuzz target for longer than CI does: make fuzz PKG=./wire TARGET=FuzzCheck TIME=5m
PKG    ?= ./wire
TARGET ?= Fuzz
TIME   ?= 1m
fuzz:
	go test -run '^$$' -fuzz '$(TARGET)' -fuzztime $(TIME) $(PKG)

# The C library: make libevs && make install DESTDIR= PREFIX=/usr/local
libevs:
	$(MAKE) -C evs/libevs

install uninstall:
	$(MAKE) -C evs/libevs $@

ci:
	.ci/run
