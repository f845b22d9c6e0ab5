#!/usr/bin/env bats
# Programs that escaudit starts and that are not Go but load what is, and Go programs that load more: recorded from the first allocation.

load helper
load processes

setup() {
	processes_setup
}

teardown() {
	processes_teardown
}

library() {
	built_in hosted "${1:-lib.so}" -buildmode=c-shared ./lib
}

opener() {
	local path=$BATS_TEST_TMPDIR/opener
	[ -e "$path" ] || gcc -O2 -o "$path" "$programs/hosted/opener.c" -ldl -pthread || return 1
	echo "$path"
}

no_go() {
	local path=$BATS_TEST_TMPDIR/nogo.so
	[ -e "$path" ] || gcc -O2 -shared -fPIC -o "$path" "$programs/hosted/nogo.c" || return 1
	echo "$path"
}

# run_host STATUS COMMAND...: records it to its end; sets rec, log and messages.
run_host() {
	local wanted=$1 status=0
	shift
	rec=$(mktemp -d "$BATS_TEST_TMPDIR/rec.XXXXXX")/rec.pb.gz
	log=$rec.log messages=$rec.messages
	# shellcheck disable=SC2086
	timeout "$patience" "$ESCAUDIT" record ${method:-} -o "$rec" -- "$@" >"$log" 2>"$messages" </dev/null 3>&- || status=$?
	[ "$status" -eq "$wanted" ] || { complain "$*: status $status instead of $wanted: $(cat "$messages" "$log")"; }
}

# start_host COMMAND...: records it in the background; sets recorder, target, rec, log and messages; returns once it is ready.
start_host() {
	rec=$(mktemp -d "$BATS_TEST_TMPDIR/rec.XXXXXX")/rec.pb.gz
	log=$rec.log messages=$rec.messages
	# shellcheck disable=SC2086
	"$ESCAUDIT" record ${method:-} -o "$rec" ${more:-} -- "$@" >"$log" 2>"$messages" </dev/null 3>&- &
	recorder=$!
	pids+=("$recorder")
	wait_on "$recorder" grep -q ready "$log" || { cat "$messages" "$log"; return 1; }
	target=$(child_of "$recorder" "$1")
	pids+=("$target")
}

# What is recorded for the library's lines: init and burst.
expect_library() {
	local burst=$1 file=${2:-$rec} got
	got=$(counts_at "$file" hosted/lib lib-init)
	[ "$got" = "1013 $((24 * 1013))" ] || complain "$file: $got of init instead of 1013"
	got=$(counts_at "$file" hosted/lib lib-burst)
	[ "$got" = "$burst $((24 * burst))" ] || complain "$file: $got of the burst instead of $burst"
	"$ESCAUDIT" top --json "$file" | jq -e '.window.complete and (.losses | length) == 0' >/dev/null ||
		complain "$file: $("$ESCAUDIT" top --json "$file" | jq -c '[.window, .losses]')"
}

# All that was counted is what the runtime itself says it has made.
expect_all() {
	local made=$1 file=${2:-$rec}
	[ "$(objects_of "$file")" = "$made" ] || complain "$file: $(objects_of "$file") objects; the runtime says $made"
}

said() {
	grep -qE -- "$1" "$messages" || complain "not said: $1; said: $(cat "$messages")"
}

is_stopped() {
	local fields
	fields_of "$1" && [ "${fields[0]}" = T ]
}

opened_more() {
	[ "$(grep -c opened "$log")" -gt "$1" ]
}

# Does the host of -for-ever go on?
goes_on() {
	local before
	before=$(grep -c opened "$log")
	wait_on "$target" opened_more "$before"
}

@test "a C program linked with a Go library, one that opens it early or late, with threads: from its first allocation" {
	need_bpf
	need_cgo
	check() {
		local lib linked
		lib=$(library) || { complain "does not build"; return 0; }
		linked=${lib%/*}/linked
		gcc -O2 -o "$linked" "$programs/hosted/linked.c" "$lib"
		for method in '' --attach=perf; do
			[ -z "$method" ] || [ "$GO_VERSION" = 1.27 ] || continue
			run_host 3 "$linked"
			expect_library 1019
			expect_all "$(jq .mallocs "$log")"
			[ "$("$ESCAUDIT" top --json "$rec" | jq -r .target.path)" = "$lib" ] || complain "path of the target"
			[ "$("$ESCAUDIT" top --json "$rec" | jq -r .target.exit_status)" = 3 ] || complain "status of the host"
			run_host 0 "$(opener)" -at-once "$lib:1021"
			expect_library 1021
			expect_all "$(awk '$1 == "mallocs" { print $2 }' "$log")"
			start_host "$(opener)" -threads "$lib:1031"
			kill -USR1 "$target"
			wait_for grep -q burst "$log"
			intact_soon_but "$target"
			kill -TERM "$target"
			wait "$recorder" || complain "status $?: $(cat "$messages")"
			expect_library 1031
		done
		method=
	}
	# While it is recorded its text has the probes: only that it goes on is of interest.
	intact_soon_but() { ! is_stopped "$1" || wait_for eval "! is_stopped $1"; }
	for_each_go check 1.19 1.27
}

@test "Python with an extension that is Go, by name and as a script" {
	need_bpf
	need_cgo
	command -v python3 >/dev/null || skip_or_fail "no python3"
	check() {
		local lib script=$programs/hosted/script.py
		lib=$(library) || { complain "does not build"; return 0; }
		run_host 0 python3 "$script" "$lib" 1033
		expect_library 1033
		expect_all "$(jq .mallocs "$log")"
		run_host 0 "$script" "$lib" 1039
		expect_library 1039
		run_host 0 bash -c "exec python3 '$script' '$lib' 1049"
		expect_library 1049
	}
	for_each_go check 1.27
}

@test "a C program with a Go archive in it, started as it is and by another program" {
	need_bpf
	need_cgo
	check() {
		local archive program
		archive=$(built_in hosted lib.a -buildmode=c-archive ./lib) || { complain "does not build"; return 0; }
		program=${archive%/*}/archived
		gcc -O2 -o "$program" "$programs/hosted/linked.c" "$archive" -pthread
		run_host 3 "$program"
		expect_library 1019
		expect_all "$(jq .mallocs "$log")"
		run_host 3 env "$program"
		expect_library 1019
		expect_all "$(jq .mallocs "$log")"
	}
	for_each_go check 1.19 1.27
}

@test "two runtimes in one process: each counted by itself, in a recording of its own" {
	need_bpf
	need_cgo
	local one two made dir
	use_go 1.19
	one=$(library libold.so)
	use_go 1.27
	two=$(library libnew.so)
	run_host 0 "$(opener)" -at-once "$one:1051" "$two:1061"
	mapfile -t made < <(awk '$1 == "mallocs" { print $2 }' "$log")
	expect_library 1051
	expect_all "${made[0]}"
	expect_library 1061 "${rec%.pb.gz}.libnew.pb.gz"
	expect_all "${made[1]}" "${rec%.pb.gz}.libnew.pb.gz"
	said "of the Go runtime in '$one'"
	said "of the Go runtime in '$two'"
	[[ $("$ESCAUDIT" top --json "$rec" | jq -r .target.go_version) == go1.19* ]] || complain "version of the first"
	# Both are of one package: in a directory they have to differ all the same.
	dir=$BATS_TEST_TMPDIR/dir/
	"$ESCAUDIT" record -o "$dir" -- "$(opener)" -at-once "$one:1063" "$two:1069" >"$log" 2>"$messages" || complain "status $?"
	[ "$(find "$dir" -type f | wc -l)" -eq 2 ] || complain "$(find "$dir" -type f)"
	# One standard output: the first, and that it is not all.
	expect_status 3 "$ESCAUDIT" record -o - -- "$(opener)" -at-once "$one:1063" "$two:1069"
	expect_message "not covered: '$two' holds a further Go runtime, and there is one standard output"
	[ "$complaints" -eq 0 ]
}

@test "SIGHUP cuts the recordings of both" {
	need_bpf
	need_cgo
	local one two part
	use_go
	one=$(library libone.so) two=$(library libtwo.so)
	start_host "$(opener)" "$one:1087" "$two:1091"
	kill -USR1 "$target"
	wait_for grep -q burst "$log"
	kill -HUP "$recorder"
	wait_on "$recorder" grep -q 'libtwo.pb.gz$' "$messages" || complain "not cut: $(cat "$messages")"
	kill -USR1 "$target"
	wait_for eval "[ \$(grep -c burst '$log') -eq 2 ]"
	kill -TERM "$target"
	wait "$recorder" || complain "status $?"
	for part in '' .1; do
		[ "$(counts_at "$rec$part" hosted/lib lib-burst)" = "1087 $((24 * 1087))" ] || complain "$part of the first"
		[ "$(counts_at "${rec%.pb.gz}.libtwo.pb.gz$part" hosted/lib lib-burst)" = "1091 $((24 * 1091))" ] || complain "$part of the second"
	done
	[ "$complaints" -eq 0 ]
}

@test "a plugin opened while its host is recorded, at once and late" {
	need_bpf
	need_cgo
	check() {
		local host plugin late wrong
		host=$(built_in shared plughost ./plughost) && plugin=$(built_in shared plug.so -buildmode=plugin ./plug) ||
			{ complain "does not build"; return 0; }
		for late in '' -late; do
			# shellcheck disable=SC2086
			start_host "$host" 1093 "$plugin" $late
			burst
			burst
			kill -TERM "$target"
			wait "$recorder" || [ $? -eq 143 ] || complain "status $?: $(cat "$messages")"
			wrong=$("$ESCAUDIT" top --json --limit 0 "$rec" | jq -r --argjson n "$(if [ "$late" ]; then echo 1093; else echo 2186; fi)" '
				([.lines[] | select(.file // "" | endswith("plug/plug.go")) | select(.type == "main.Item")] | map(.objects) | add) as $items |
				([.lines[] | select(.file // "" | endswith("plughost/main.go")) | select(.type == "[3]uint64")] | map(.objects) | add) as $own |
				(if $items != $n then "\($items) items instead of \($n)" else empty end),
				(if $own != 2186 then "\($own) of the host" else empty end),
				(if .losses | length > 0 then "losses" else empty end)')
			[ -z "$wrong" ] || complain "$late: $wrong; $("$ESCAUDIT" top "$rec")"
			! grep -q 'not covered' "$messages" || complain "$(cat "$messages")"
		done
	}
	for_each_go check 1.22 1.27
}

@test "sampled: a Go library that is opened" {
	need_bpf
	need_cgo
	use_go
	method=--mode=sample run_host 0 "$(opener)" -at-once "$(library):200000"
	[ "$("$ESCAUDIT" top --json "$rec" | jq -r .window.mode)" = sample ] || complain "mode"
	[ "$(objects_of "$rec")" -gt 100000 ] || complain "$(objects_of "$rec") objects of 200,000"
	[ "$complaints" -eq 0 ]
}

@test "the window ends before the host does: it goes on, as it was" {
	need_bpf
	need_cgo
	use_go
	local lib
	lib=$(library)
	start_host "$(opener)" "$lib:1097"
	kill -USR1 "$target"
	wait_for grep -q burst "$log"
	kill -INT "$recorder" # left to the program, which does not mind
	wait_for has_heard "$recorder"
	stop_recording
	expect_burst_only 1097
	kill -USR1 "$target"
	wait_for eval "[ \$(grep -c burst '$log') -eq 2 ]" || complain "the host does not go on"
	intact_soon "$target" "after the window"
	kill -TERM "$target"
	[ "$complaints" -eq 0 ]
}

# Two signals alike are one while the first is pending.
has_heard() {
	grep -q '^ShdPnd:\s*0*$' "/proc/$1/status"
}

expect_burst_only() {
	local got
	got=$(counts_at "$rec" hosted/lib lib-burst)
	[ "$got" = "$1 $((24 * $1))" ] || complain "$got of the burst instead of $1"
}

@test "no Go at all: said, with the program's own status" {
	need_bpf
	need_cgo
	expect_status 2 "$ESCAUDIT" record -o "$BATS_TEST_TMPDIR/none" -- true
	expect_message "no Go runtime was loaded by '.*true', which ended with status 0"
	expect_status 2 "$ESCAUDIT" record -o "$BATS_TEST_TMPDIR/none" -- sh -c 'exit 7'
	expect_message "which ended with status 7"
	expect_status 2 "$ESCAUDIT" record -o "$BATS_TEST_TMPDIR/none" -d 0.2 -- sleep 1
	expect_message "no Go runtime was loaded by '.*sleep', which ran longer"
	printf 'int main(void) { return 0; }' >"$BATS_TEST_TMPDIR/static.c"
	gcc -static -o "$BATS_TEST_TMPDIR/static" "$BATS_TEST_TMPDIR/static.c"
	expect_status 2 "$ESCAUDIT" record -o "$BATS_TEST_TMPDIR/none" -- "$BATS_TEST_TMPDIR/static"
	expect_message "static' holds no Go runtime, and it has no dynamic loader"
	echo 'nothing that can be executed' >"$BATS_TEST_TMPDIR/text"
	chmod +x "$BATS_TEST_TMPDIR/text"
	expect_status 2 "$ESCAUDIT" record -o "$BATS_TEST_TMPDIR/none" -- "$BATS_TEST_TMPDIR/text"
	expect_message 'not an ELF file'
	printf '#!%s\n' "$BATS_TEST_TMPDIR/loop" >"$BATS_TEST_TMPDIR/loop"
	chmod +x "$BATS_TEST_TMPDIR/loop"
	expect_status 2 "$ESCAUDIT" record -o "$BATS_TEST_TMPDIR/none" -- "$BATS_TEST_TMPDIR/loop"
	expect_message 'its interpreter is a script'
	[ ! -e "$BATS_TEST_TMPDIR/none" ] || complain "a recording of nothing"
	[ "$complaints" -eq 0 ]
}

# Starts escaudit as an interactive shell does, in a process group of its own within the session: it takes a terminal to have these.
start_job() {
	rec=$BATS_TEST_TMPDIR/rec.pb.gz log=$BATS_TEST_TMPDIR/job.log messages=$BATS_TEST_TMPDIR/job.messages
	rm -f "$BATS_TEST_TMPDIR/job.pids" "$log"
	cat >"$BATS_TEST_TMPDIR/job" <<-END
		"$ESCAUDIT" record $method -o "$rec" -- "$(opener)" -for-ever "$(no_go)" >"$log" 2>"$messages" </dev/null &
		echo \$! \$\$ >"$BATS_TEST_TMPDIR/job.pids"
		while :; do sleep 1000; done
	END
	# To those started by nohup SIGHUP would be nothing.
	env --default-signal=HUP script -qec "bash -m $BATS_TEST_TMPDIR/job" /dev/null </dev/null >/dev/null 2>&1 3>&- &
	pids+=("$!")
	wait_for test -s "$BATS_TEST_TMPDIR/job.pids"
	read -r recorder shell <"$BATS_TEST_TMPDIR/job.pids"
	pids+=("$recorder")
	wait_on "$recorder" grep -q opened "$log" || { cat "$messages"; return 1; }
	target=$(child_of "$recorder" "$(opener)")
	pids+=("$target")
	fields_of "$recorder"
	[ "${fields[2]}" -eq "$recorder" ] || complain "no process group of its own"
}

# It is as if there had never been a recording: it runs, its text is whole, and nobody of ours is left.
expect_free() {
	goes_on || complain "does not go on $1: $(cat "/proc/$target/stat")"
	intact_soon "$target" "$1"
	wait_for no_helpers || complain "helpers are left $1"
}

no_helpers() {
	! grep -lsE '^escaudit-(guard|probes)' /proc/[0-9]*/comm >"$BATS_TEST_TMPDIR/helpers" || {
		# Those of other tests are none of ours: these have the session's, or ours, for a session.
		local helper fields
		while read -r helper; do
			helper=${helper#/proc/}
			! fields_of "${helper%/comm}" || [ "${fields[3]}" != "$shell" ] || return 1
		done <"$BATS_TEST_TMPDIR/helpers"
	}
}

@test "escaudit is killed while its program stands still: the program goes on, its process group gets no SIGHUP" {
	need_bpf
	need_cgo
	local fields
	for method in '' --attach=perf; do
		start_job
		# It does not answer: the program waits for it.
		kill -STOP "$recorder"
		wait_for is_stopped "$target" || complain "is not stopped"
		kill -KILL "$recorder"
		expect_free "after escaudit was killed ($method)"
		kill_pids
		pids=()
	done
	[ "$complaints" -eq 0 ]
}

@test "escaudit is killed at any moment: the program goes on, its text whole" {
	need_bpf
	need_cgo
	local fields i turns=15
	[ -z "${ESCAUDIT_TEST_ALL:-}" ] || turns=200
	for ((i = 0; i < turns; i++)); do
		start_job
		sleep 0.0$((RANDOM % 10))$((RANDOM % 10))
		kill -KILL "$recorder"
		expect_free "after kill $i"
		kill_pids
		pids=()
		[ "$complaints" -eq 0 ] || break
	done
	[ "$complaints" -eq 0 ]
}

@test "the guard is killed, and then escaudit: the program goes on" {
	need_bpf
	need_cgo
	local fields guard
	for method in '' --attach=perf; do
		start_job
		for guard in $(cat "/proc/$recorder/task/$recorder/children"); do
			[ "$(cat "/proc/$guard/comm")" != escaudit-guard ] || break
		done
		[ "$(cat "/proc/$guard/comm")" = escaudit-guard ] || complain "no guard"
		kill -KILL "$guard"
		sleep 0.5 # a few turns of the loop that looks after it
		# A program that stands still is told by its standing still.
		kill -STOP "$recorder"
		goes_on || complain "does not go on without escaudit ($method)"
		kill -KILL "$recorder"
		expect_free "after both were killed ($method)"
		kill_pids
		pids=()
	done
	[ "$complaints" -eq 0 ]
}
