# make demo     install what is missing, build, and see six tasks performed
# make test     install what the tests need, and run everything on SQLite and PostgreSQL
# make model    go through the protocol in every order in which things can happen
# make bench    measure the floor, taskrun and its peers side by side; QUICK=1 takes some three minutes; SMOKE=1 shows that all works
# make install  PREFIX=/usr/local: one binary, Swift's library linked in, libsqlite3 (and libpq, if used) from the system

PREFIX ?= /usr/local
# One after the other: each is many tests at once.
SUITES = TaskRunTests StoreTests PostgreSQLStoreTests HandlersTests CommandTests
# How many of them. Swift Testing's default is all: hundreds of runs with windows and leases of seconds then share two cores and
# libdispatch's 255 threads, and some wait for seconds.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 32
# At a fixed address the program needs no 90,000 corrections when it starts: 4 MiB less memory each minute. The libraries, the heap and the
# stack are at random addresses all the same.
NO_PIE = $(if $(filter Linux,$(shell uname -s)),-Xswiftc -Xclang-linker -Xswiftc -no-pie)
# All symbols are looked up when the program starts, and the table of their places can be written no more after that.
BIND_NOW = $(if $(filter Linux,$(shell uname -s)),-Xlinker -z -Xlinker now)
# What a run with nothing to do calls lies side by side: 6 MiB less memory each minute. Scripts/order.sh has written down what it calls.
# Swift's own lld can do that; another linker lays it as it comes.
LLD = $(wildcard $(shell swift -print-target-info 2>/dev/null | sed -n 's|.*"runtimeResourcePath": "\(.*\)/lib/swift[^/]*".*|\1/bin/ld.lld|p'))
ORDER = $(if $(and $(filter Linux,$(shell uname -s)),$(LLD)),-Xswiftc -use-ld=lld -Xswiftc -Xfrontend -Xswiftc -function-sections -Xlinker --symbol-ordering-file=$(CURDIR)/Scripts/order.txt -Xlinker --no-warn-symbol-ordering)
# No library is looked for beside the program.
RELEASE = swift build -c release --static-swift-stdlib --disable-local-rpath $(NO_PIE) $(BIND_NOW) $(ORDER) --product taskrun

.PHONY: build release demo test model replay torture bench install uninstall lint format docs clean

build:
	@Scripts/needs.sh build
	swift build --product taskrun

release:
	@Scripts/needs.sh build
	$(RELEASE)

demo: release
	@Scripts/needs.sh demo
	@Examples/Demo/demo.sh "$$($(RELEASE) --show-bin-path)/taskrun"

test:
	@Scripts/needs.sh build test
	swift build --package-path Examples/OwnHandlers --scratch-path .build/own-handlers
	$(MAKE) model
	swift build --build-tests
	$(MAKE) replay
	$(MAKE) bench SMOKE=1
	for suite in $(SUITES); do swift test --skip-build --filter "^$$suite\." || exit 1; done

# The protocol as a model: every order in which things can happen. Tests/Model/README.md says what it covers.
model:
	python3 Tests/Model/check.py

# The model beside the built program and real databases.
replay:
	python3 Tests/Model/granted.py
	python3 Tests/Model/order.py .build/debug/taskrun
	python3 Tests/Model/replay.py .build/debug/taskrun

# More rounds of kill -9 than `make test` has: ROUNDS a database.
torture:
	@Scripts/needs.sh build test
	swift build --build-tests
	TASKRUN_TEST_KILL_ROUNDS=$(or $(ROUNDS),1000) swift test --skip-build --filter "^CommandTests\.KillTests"

# ONLY=sqlite,postgresql: these scenarios. QUICK=1: few rounds and rows. Neither replaces the results in Benchmarks.
# FOLDER=/var/tmp: the disk to measure. ROUNDS=5. Debian starts beanstalkd and gearmand, which it installs, as services.
# SMOKE=1: a few rows of each scenario with the debug build and no peers, in under a minute; ends in 1 where one cannot be measured.
BENCHED = $(if $(SMOKE),swift build --product taskrun,$(RELEASE))
bench: $(if $(SMOKE),build,release)
	@Scripts/needs.sh $(if $(SMOKE),build test,bench)
	@Benchmarks/floors/build.sh >/dev/null
	@$(if $(SMOKE),true,Benchmarks/peers/install.sh >/dev/null)
	@python3 Benchmarks/bench.py --taskrun "$$($(BENCHED) --show-bin-path)/taskrun" \
		$(if $(QUICK)$(ONLY)$(SMOKE),--out .build/benchmarks/results) $(if $(QUICK),--quick) $(if $(SMOKE),--smoke) \
		$(if $(ONLY),--only $(ONLY)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(FOLDER),--folder $(FOLDER))
	@$(if $(SMOKE),python3 Benchmarks/lock_place.py --smoke $(if $(FOLDER),--folder $(FOLDER)) >/dev/null,true)

# Copies what `make demo` or `make release` has built, so that root needs no Swift.
install:
	@test -x .build/release/taskrun || $(MAKE) release
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -s -m 755 .build/release/taskrun "$(DESTDIR)$(PREFIX)/bin/taskrun"

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/taskrun"

lint:
	@Scripts/needs.sh lint
	Scripts/lint.sh

format:
	swift format -i -p -r Package.swift Sources Tests Migrations Examples

# The API's pages; a warning is an error.
docs:
	@Scripts/needs.sh build
	Scripts/docs.sh

clean:
	rm -rf .build Examples/OwnHandlers/.build demo
