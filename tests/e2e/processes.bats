#!/usr/bin/env bats
# What is really out there: every way a Go runtime gets into a process, and what processes do while they are recorded.

load helper
load processes

setup() {
	processes_setup
}

teardown() {
	processes_teardown
}

# burst [PID [LOG]]: makes it allocate, once.
burst() {
	local pid=${1:-$target} file=${2:-$log} bursts
	bursts=$(grep -c burst "$file" || true)
	kill -USR1 "$pid"
	wait_for eval "[ \$(grep -c burst '$file') -gt $bursts ]"
}

# expect_at PROGRAM MARKER OBJECTS BYTES [RECORDING]
expect_at() {
	local got
	got=$(counts_at "${5:-$rec}" "$1" "$2")
	[ "$got" = "$3 $4" ] || complain "@$2: $got objects and bytes instead of $3 $4"
}

expect_said() {
	wait_for grep -qE -- "$1" "$messages" || complain "not said: $1; said: $(cat "$messages")"
}

# A sleeper built in a way of its own: two bursts within the window, one before and one after.
check_build() {
	local program
	program=$(build_go sleeper "$@") || { complain "does not build: $*"; return 0; }
	start "$(own_copy "$program")" -burst 1087
	burst
	start_recording -p "$target"
	burst
	burst
	stop_recording
	burst
	expect_at sleeper burst 2174 $((24 * 2174))
	[ "$("$ESCAUDIT" top --json --limit 0 "$rec" | jq -r '[.lines[] | select(.function == "main.burst") | .type] | unique | join(" ")')" = \
		'[3]uint64' ] || complain "$*: type of the burst: $("$ESCAUDIT" top --json "$rec" | jq -c .lines)"
	intact_soon "$target" "($*)"
}

@test "builds: PIE, PIE linked by gcc, static, stripped, -trimpath" {
	need_bpf
	need_cgo
	check() {
		check_build -buildmode=pie
		check_build CGO_ENABLED=1 -buildmode=pie -ldflags='-linkmode=external'
		check_build CGO_ENABLED=1 -ldflags='-linkmode=external -s -w'
		check_build CGO_ENABLED=0 -ldflags='-s -w' -trimpath
	}
	for_each_go check 1.19 1.27
}

@test "a c-shared library in a C program, which keeps no frame pointers" {
	need_bpf
	need_cgo
	check() {
		local host library
		library=$(built_in shared clib.so -buildmode=c-shared ./clib) || { complain "does not build"; return 0; }
		host=$BATS_TEST_TMPDIR/host
		gcc -O2 -o "$host" "$programs/shared/host.c" -ldl
		start "$host" "$library:1091"
		burst
		start_recording -p "$target"
		expect_said "clib.so"
		burst
		burst
		stop_recording
		expect_at shared/clib clib 2182 $((24 * 2182))
		# Registers of C code must not look like different stacks.
		[ "$("$ESCAUDIT" top --json "$rec" | jq .window.stacks)" -lt 10 ] || complain "$("$ESCAUDIT" top --json "$rec" | jq .window.stacks) stacks"
		"$ESCAUDIT" top --json "$rec" | jq -e '.lines | all(.function != "[unknown]")' >/dev/null || complain "unknown frames"
		[ "$("$ESCAUDIT" top --json "$rec" | jq -r .target.path)" = "$library" ] || complain "path of the target"
		intact_soon "$target" "after the recording"
	}
	for_each_go check 1.19 1.27
}

@test "two Go runtimes in one process: one is recorded, the other named; -x chooses" {
	need_bpf
	need_cgo
	local one two host=$BATS_TEST_TMPDIR/host
	use_go 1.19
	one=$(built_in shared clib.so -buildmode=c-shared ./clib)
	use_go 1.27
	two=$(built_in shared clib.so -buildmode=c-shared ./clib)
	gcc -O2 -o "$host" "$programs/shared/host.c" -ldl
	start "$host" "$one:1093" "$two:1097"
	for path in "$one" "$two"; do
		start_recording -p "$target" -x "$path"
		expect_said "2 Go runtimes: recorded is '$path'"
		burst
		stop_recording
		if [ "$path" = "$one" ]; then
			expect_at shared/clib clib 1093 $((24 * 1093))
		else
			expect_at shared/clib clib 1097 $((24 * 1097))
		fi
	done
	start_recording -p "$target"
	expect_said "2 Go runtimes: recorded is .*; not covered: "
	burst
	stop_recording
	[[ $(objects_of "$rec") == 109[37] ]] || complain "$(objects_of "$rec") objects without -x"
	expect_status 2 "$ESCAUDIT" record -o "$BATS_TEST_TMPDIR/none" -p "$target" -x "$host"
	expect_message "failed to find a Go runtime in '$host'"
	[ "$complaints" -eq 0 ]
}

@test "a plugin in its host: both counted, functions and types of the plugin known" {
	need_bpf
	need_cgo
	check() {
		local host plugin
		host=$(built_in shared plughost ./plughost) && plugin=$(built_in shared plug.so -buildmode=plugin ./plug) ||
			{ complain "does not build"; return 0; }
		start "$host" 1103 "$plugin"
		burst
		start_recording -p "$target"
		burst
		burst
		stop_recording
		expect_at shared/plughost plughost 2206 $((24 * 2206))
		wrong=$("$ESCAUDIT" top --json --limit 0 "$rec" | jq -r '
			.lines as $l |
			([$l[] | select(.file // "" | endswith("plug/plug.go")) | select(.type == "main.Item")] | map(.objects) | add) as $items |
			([$l[] | select((.file // "" | endswith("strings/builder.go")) and .cause != "runtime internal")] | map(.objects) | add) as $texts |
			(if $items != 2206 then "\($items) items" else empty end),
			(if $texts != 2206 then "\($texts) texts" else empty end)')
		[ -z "$wrong" ] || complain "instead of 2206: $wrong; $("$ESCAUDIT" top "$rec")"
		intact_soon "$target" "after the recording"
	}
	for_each_go check 1.22 1.27
}

@test "a plugin that cannot be covered is said: built before Go 1.21, or loaded during the window" {
	need_bpf
	need_cgo
	local host plugin
	use_go 1.19
	host=$(built_in shared plughost ./plughost)
	plugin=$(built_in shared plug.so -buildmode=plugin ./plug)
	start "$host" 1109 "$plugin"
	start_recording -p "$target"
	burst
	stop_recording 3
	expect_said "not covered: the plugin '$plugin' carries no build information"
	expect_at shared/plughost plughost 1109 $((24 * 1109))
	use_go 1.27
	host=$(built_in shared plughost ./plughost)
	plugin=$(built_in shared plug.so -buildmode=plugin ./plug)
	start "$host" 1109 "$plugin" -late
	start_recording -p "$target"
	burst
	burst
	stop_recording 3
	expect_said "not covered: loaded during the window: '$plugin'"
	expect_at shared/plughost plughost 2218 $((24 * 2218))
	[ "$complaints" -eq 0 ]
}

@test "a binary deleted, and one replaced while it runs: the file that is running" {
	need_bpf
	use_go 1.27
	local program old
	program=$(own_copy "$(build_go sleeper)")
	start "$program" -burst 1117
	rm "$program"
	start_recording -p "$target"
	expect_said "was deleted or replaced"
	burst
	stop_recording
	expect_at sleeper burst 1117 $((24 * 1117))
	[ "$("$ESCAUDIT" top --json "$rec" | jq -r .target.path)" = "$program" ] || complain "path: $("$ESCAUDIT" top --json "$rec" | jq -r .target.path)"
	# The new file is of another version; the recording must be of the old one.
	old=$GO_VERSION
	use_go 1.19
	cp "$(build_go sleeper)" "$program.new"
	mv "$program.new" "$program"
	start_recording -p "$target"
	burst
	stop_recording
	expect_at sleeper burst 1117 $((24 * 1117))
	[[ $("$ESCAUDIT" top --json "$rec" | jq -r .target.go_version) == go$old.* ]] || complain "version of the new file"
	# -x speaks of the file that is there, and says who runs the one that was.
	start_recording -x "$program" -d 1
	expect_said "no process (runs|is seen to run)"
	expect_said "1 process runs a file that stood at .*: not recorded; -p $target"
	stop_recording
	[ "$complaints" -eq 0 ]
}

@test "another mount namespace, another pid namespace, another root" {
	need_bpf
	use_go
	local program root
	program=$(build_go sleeper)
	root=$BATS_TEST_TMPDIR/root
	mkdir -p "$root"
	# Its root is a file system that nobody else sees, its process id is 1, and /proc there is its own.
	start unshare -m -p -f --mount-proc sh -c "mount -t tmpfs none '$root' && mkdir '$root/app' '$root/proc' '$root/dev' &&
		cp '$program' '$root/app/daemon' && mount -t proc none '$root/proc' && exec chroot '$root' /app/daemon -burst 1123"
	[ ! -e "$root/app" ]
	target=$(children_of "$target")
	pids+=("$target")
	start_recording -p "$target"
	burst
	burst
	stop_recording
	expect_at sleeper burst 2246 $((24 * 2246))
	[ "$("$ESCAUDIT" top --json "$rec" | jq -r .target.path)" = /app/daemon ] || complain "path: $("$ESCAUDIT" top --json "$rec" | jq -r .target.path)"
	intact_soon "$target" "after the recording"
	[ "$complaints" -eq 0 ]
}

@test "escaudit itself in a pid namespace" {
	need_bpf
	use_go
	local program
	program=$(own_copy "$(build_go sleeper)")
	cat >"$BATS_TEST_TMPDIR/inside" <<-END
		"$program" -burst 1129 >"$BATS_TEST_TMPDIR/log" &
		target=\$!
		until grep -q ready "$BATS_TEST_TMPDIR/log"; do sleep 0.1; done
		"$ESCAUDIT" record --mode=exact -o "$BATS_TEST_TMPDIR/rec" -p \$target 2>"$BATS_TEST_TMPDIR/err" &
		until grep -q 'recording process' "$BATS_TEST_TMPDIR/err"; do sleep 0.1; done
		kill -USR1 \$target
		until grep -q burst "$BATS_TEST_TMPDIR/log"; do sleep 0.1; done
		kill -INT %2
		wait %2
		kill -TERM \$target
		wait \$target
	END
	timeout "$patience" unshare -p -f --mount-proc bash -m "$BATS_TEST_TMPDIR/inside" 3>&- || complain "status $?: $(cat "$BATS_TEST_TMPDIR/err")"
	rec=$BATS_TEST_TMPDIR/rec
	expect_at sleeper burst 1129 $((24 * 1129))
	[ "$complaints" -eq 0 ]
}

@test "two processes of one binary: the one that is wanted, then all" {
	need_bpf
	check() {
		local program first first_log
		program=$(own_copy "$(build_go sleeper "${flags[@]}")")
		start "$program" -burst 1151
		first=$target first_log=$log
		start "$program" -burst 1153
		start_recording -p "$target"
		burst
		burst "$first" "$first_log"
		stop_recording
		expect_at sleeper burst 1153 $((24 * 1153))
		start_recording -x "$program"
		expect_said 'recording 2 processes'
		burst
		burst "$first" "$first_log"
		start "$program" -burst 1163
		burst
		kill -TERM "$target" # its end is not the window's
		burst "$first" "$first_log"
		stop_recording
		expect_at sleeper burst $((2 * 1151 + 1153 + 1163)) $((24 * (2 * 1151 + 1153 + 1163)))
		intact_soon "$first" "after -x"
	}
	flags=()
	for_each_go check 1.27
	# Each at a base address of its own.
	flags=(-buildmode=pie)
	for_each_go check 1.27
}

@test "-x with no process: waits for the first" {
	need_bpf
	use_go
	local program
	program=$(own_copy "$(build_go sleeper)")
	start_recording -x "$program"
	expect_said "no process (runs|is seen to run) '$program' .*: waiting"
	start "$program" -burst 1171
	burst
	stop_recording
	expect_at sleeper burst 1171 $((24 * 1171))
	[ "$complaints" -eq 0 ]
}

@test "a process that executes itself: the window ends, the two are not mixed" {
	need_bpf
	check() {
		local program thread
		program=$(own_copy "$(build_go changer)")
		for thread in -main-thread ''; do
			# shellcheck disable=SC2086
			start "$program" $thread -burst 1181
			start_recording -p "$target"
			burst
			kill -USR2 "$target"
			wait_for eval "[ \$(grep -c ready '$log') -eq 2 ]"
			burst
			stop_recording 0 0
			expect_said "executed a program"
			expect_at changer changer 1181 $((24 * 1181))
			intact_soon "$target" "after exec ($thread)"
			# The same process again, as what it is now.
			start_recording -p "$target"
			burst
			stop_recording
			expect_at changer changer 2362 $((24 * 2362))
			kill -TERM "$target"
			wait "$target" || complain "the target ended with status $?"
		done
	}
	for_each_go check 1.19 1.27
}

@test "a process that executes another program, one that ends, one that is killed: what was seen is saved" {
	need_bpf
	use_go
	local program signal
	program=$(own_copy "$(build_go changer)")
	for signal in WINCH TERM KILL; do
		start "$program" -burst 1187
		start_recording -p "$target"
		burst
		kill -$signal "$target"
		[ $signal = WINCH ] || wait "$target" || [ $signal = KILL ]
		stop_recording 0 0
		if [ $signal = WINCH ]; then
			expect_said "executed a program"
			# the kernel changes the address space first and the name a little later
			wait_for eval "[ \"\$(cat /proc/$target/comm)\" = sleep ]" || complain "the target is no sleep"
		else
			expect_said "the process ended"
		fi
		expect_at changer changer 1187 $((24 * 1187))
	done
	[ "$complaints" -eq 0 ]
}

@test "a launched program that executes itself: what came before" {
	need_bpf
	use_go
	local program status=0
	program=$(own_copy "$(build_go changer)")
	log=$BATS_TEST_TMPDIR/log rec=$BATS_TEST_TMPDIR/rec
	"$ESCAUDIT" record -o "$rec" -- "$program" -burst 1193 >"$log" 2>"$rec.messages" 3>&- &
	recorder=$! messages=$rec.messages
	pids+=("$recorder")
	wait_on "$recorder" grep -q ready "$log" || { cat "$messages"; return 1; }
	target=$(child_of "$recorder" "$program")
	burst
	kill -USR2 "$target"
	wait_for eval "[ \$(grep -c ready '$log') -eq 2 ]"
	burst
	# What executes and ends between two looks, a tenth of a second apart, is taken to have ended (escaudit-record(1)). After
	# a look that found it so there are no probes any more, nor who holds them.
	wait_for eval "[ \"\$(children_of $recorder)\" = $target ]" || complain "it does not notice: $(cat "$messages")"
	kill -TERM "$target"
	wait "$recorder" || status=$?
	[ "$status" -eq 0 ] || complain "status $status: $(cat "$messages")"
	expect_at changer changer 1193 $((24 * 1193))
	[ "$("$ESCAUDIT" top --json "$rec" | jq .window.complete)" = false ] || complain "said to be complete"
	[ "$complaints" -eq 0 ]
}

@test "children of the target are not counted, not even of the same binary" {
	need_bpf
	check() {
		start "$(own_copy "$(build_go changer)")" -burst 1201
		# shellcheck disable=SC2086
		start_recording -p "$target" $method
		burst
		kill -VTALRM "$target"
		wait_for eval "[ \$(grep -c burst '$log') -eq 2 ]"
		burst
		stop_recording
		expect_at changer changer 2402 $((24 * 2402))
		intact_soon "$target" "after its child"
	}
	method=
	for_each_go check 1.27
	method=--attach=perf
	for_each_go check 1.23
}

another_thread() {
	find "/proc/$target/task" -mindepth 1 -maxdepth 1 ! -name "$target" -printf '%f\n' | grep -m 1 .
}

@test "a thread's id stands for its process" {
	need_bpf
	use_go
	local tid
	start "$(own_copy "$(build_go sleeper)")" -burst 1213
	wait_for another_thread
	tid=$(another_thread)
	start_recording -p "$tid"
	expect_said "$tid is a thread of process $target"
	burst
	stop_recording
	expect_at sleeper burst 1213 $((24 * 1213))
	[ "$("$ESCAUDIT" top --json "$rec" | jq .target.pid)" -eq "$target" ] || complain "pid of the target"
	[ "$complaints" -eq 0 ]
}

@test "no target: none of that id, a thread of the kernel, one that has ended, no Go" {
	need_bpf
	local zombie
	expect_status 2 "$ESCAUDIT" record -p 4194304
	expect_message 'find process 4194304'
	expect_status 2 "$ESCAUDIT" record -p 2
	expect_message 'thread of the kernel'
	# A child that nobody asks for: it ends when its parent has become another program.
	bash -c '(until [ "$(cat /proc/$$/comm)" = sleep ]; do sleep 0.05; done) & echo $!; exec sleep 1000' >"$BATS_TEST_TMPDIR/zombie" 2>/dev/null 3>&- &
	pids+=($!)
	wait_for eval "grep -q 'State:.Z' /proc/\$(cat '$BATS_TEST_TMPDIR/zombie')/status"
	zombie=$(cat "$BATS_TEST_TMPDIR/zombie")
	expect_status 2 "$ESCAUDIT" record -p "$zombie"
	expect_message "process $zombie .*has ended"
	expect_status 2 "$ESCAUDIT" record -p $$
	expect_message 'is not a Go program.*libraries'
	expect_status 64 "$ESCAUDIT" record -p 0
	expect_status 64 "$ESCAUDIT" record -p abc
	expect_status 64 "$ESCAUDIT" record -p 1 -- true
	[ "$complaints" -eq 0 ]
}

# Until the sleeper has allocated at its rate, once more at least.
steady_on() {
	local before
	wait_for ticks
	before=$ticked
	wait_for eval "ticks && [ \$ticked -gt $before ]"
}

# Asks how often it did; sets ticked once there is an answer.
ticks() {
	local answers
	answers=$(grep -c ticks "$log" || true)
	kill -USR2 "$target"
	wait_for eval "[ \$(grep -c ticks '$log') -gt $answers ]" && ticked=$(sed -n 's/^ticks //p' "$log" | tail -n 1)
}

# cut_into PARTS: a burst in each part, and some of the rest; $rec, $rec.1 and so on.
cut_into() {
	local i part=
	for i in $(seq $(($1 - 1))); do
		burst
		steady_on
		kill -HUP "$recorder"
		wait_on "$recorder" grep -q "to $rec$part\$" "$messages" || { cat "$messages"; return 1; }
		part=.$i
	done
	burst
	steady_on
	kill -TERM "$target"
}

@test "SIGHUP cuts the recording and goes on: every object is in exactly one part" {
	need_bpf
	check() {
		local part got
		start "$(own_copy "$(build_go sleeper)")" -burst 1217 -rate 50000
		# shellcheck disable=SC2086
		start_recording -p "$target" $method
		cut_into 4
		wait "$target" || complain "the target ended with status $?"
		stop_recording 0 0
		for part in '' .1 .2 .3; do
			got=$(counts_at "$rec$part" sleeper burst)
			[ "$got" = "1217 $((24 * 1217))" ] || complain "part '$part': $got of the burst"
			[ "$("$ESCAUDIT" top --json "$rec$part" | jq '.losses | length')" -eq 0 ] || complain "part '$part': losses"
			read -r got _ < <(counts_at "$rec$part" sleeper steady)
			[ "$got" -gt 0 ] || complain "part '$part': nothing steady"
		done
		[ ! -e "$rec.4" ] || complain "a part too many"
	}
	method=
	for_each_go check 1.19 1.27
	method=--attach=perf
	for_each_go check 1.22
}

@test "SIGHUP while a launched program allocates all the time: the parts add up to what it made" {
	need_bpf
	use_go
	local program part got sum=0 bytes=0 status=0
	program=$(own_copy "$(build_go sleeper)")
	log=$BATS_TEST_TMPDIR/log rec=$BATS_TEST_TMPDIR/rec
	"$ESCAUDIT" record -o "$rec" -- "$program" -burst 1217 -rate 100000 >"$log" 2>"$rec.messages" 3>&- &
	recorder=$! messages=$rec.messages
	pids+=("$recorder")
	wait_on "$recorder" grep -q ready "$log" || { cat "$messages"; return 1; }
	target=$(child_of "$recorder" "$program")
	cut_into 6
	wait "$recorder" || status=$?
	[ "$status" -eq 0 ] || complain "status $status: $(cat "$messages")"
	for part in '' .1 .2 .3 .4 .5; do
		read -r got more < <(counts_at "$rec$part" sleeper steady)
		sum=$((sum + got)) bytes=$((bytes + more))
	done
	[ "$sum $bytes" = "$(tail -n 1 "$log" | jq -r '"\(.steady) \(.steady * 40)"')" ] || complain "$sum objects, $bytes bytes; made: $(tail -n 1 "$log")"
	[ "$complaints" -eq 0 ]
}

@test "the terminal goes away: the window ends and is saved" {
	need_bpf
	use_go
	start "$(own_copy "$(build_go sleeper)")" -burst 1223
	rec=$BATS_TEST_TMPDIR/rec
	# script gives it a terminal of its own, and takes it away when it is killed. To those started by nohup that would be nothing.
	env --default-signal=HUP script -qec "echo \$\$ >$rec.pid; exec $ESCAUDIT record --mode=exact -o $rec -p $target 2>$rec.messages" /dev/null \
		</dev/null >/dev/null 2>&1 3>&- &
	local terminal=$!
	pids+=("$terminal")
	wait_on "$terminal" grep -q 'recording process' "$rec.messages" || { cat "$rec.messages"; return 1; }
	recorder=$(cat "$rec.pid")
	pids+=("$recorder")
	burst
	kill -KILL "$terminal"
	wait_for has_ended "$recorder" || complain "it goes on without a terminal"
	[ -s "$rec" ] || complain "nothing is saved: $(cat "$rec.messages")"
	expect_at sleeper burst 1223 $((24 * 1223))
	intact_soon "$target" "after the terminal went away"
	[ "$complaints" -eq 0 ]
}
