#!/usr/bin/env bats
# Attaching to processes that already run, and leaving them as they were.

load helper
load processes

setup() {
	processes_setup
}

teardown() {
	processes_teardown
}

# start_recording ARGS...: sets recorder; returns when the probes are in the text of the sleeper.
start_recording() {
	local untouched
	rec=$BATS_TEST_TMPDIR/rec
	messages=$(mktemp "$BATS_TEST_TMPDIR/messages.XXXXXX")
	rm -f "$rec"
	untouched=$(text_of "$sleeper")
	"$ESCAUDIT" record --mode=exact -o "$rec" "$@" >"$BATS_TEST_TMPDIR/record.out" 2>"$messages" </dev/null 3>&- &
	recorder=$!
	pids+=("$recorder")
	wait_on "$recorder" grep -q 'recording ' "$messages" || { cat "$messages"; return 1; }
	# Else a test of what is left in the text would see nothing.
	[ "$(text_of "$sleeper")" != "$untouched" ]
}

# text_of PID: hash of the executable part of its binary as it is in memory now.
text_of() {
	local range path exe
	exe=$(readlink "/proc/$1/exe")
	while read -r range _ _ _ _ path; do
		[ "$path" = "$exe" ] || continue
		dd if="/proc/$1/mem" iflag=skip_bytes,count_bytes,fullblock bs=64K skip=$((16#${range%-*})) \
			count=$((16#${range#*-} - 16#${range%-*})) 2>/dev/null
	done < <(awk '$2 ~ /x/' "/proc/$1/maps") | sha256sum
}

expect_counts() {
	local got
	got=$(counts_at "$rec" sleeper "$1")
	[ "$got" = "$2 $3" ] || complain "@$1: $got objects and bytes instead of $2 $3"
}

@test "attach to a process: what it allocates in the window, no more and no less" {
	need_bpf
	check() {
		start_sleeper -burst 1013
		burst "$sleeper"
		start_recording -p "$sleeper"
		burst "$sleeper"
		burst "$sleeper"
		stop_recording
		burst "$sleeper"
		expect_counts burst 2026 $((24 * 2026))
		kill -TERM "$sleeper"
		wait "$sleeper" || complain "the target ended with status $?"
		[ "$(tail -n 1 "$log")" = '{"burst":4052,"steady":0}' ] || complain "the target counted $(tail -n 1 "$log")"
	}
	for_each_go check
}

@test "attach to a process: --duration ends the window by itself" {
	need_bpf
	use_go
	complaints=0
	start_sleeper -rate 1000
	check() {
		local objects seconds
		rec=$BATS_TEST_TMPDIR/rec
		expect_status 0 timeout "$patience" "$ESCAUDIT" record --mode=exact --attach="$1" -o "$rec" -p "$sleeper" --duration 2
		seconds=$("$ESCAUDIT" top --json "$rec" | jq .window.seconds)
		read -r objects _ < <(counts_at "$rec" sleeper steady)
		# 50 ticks of 20 objects each second; a busy machine may be late, by up to half
		jq -n -e --argjson seconds "$seconds" --argjson objects "$objects" '$seconds >= 2 and $objects >= 500 * $seconds and
			$objects <= 1000 * $seconds + 100' >/dev/null || complain "$objects objects in $seconds s at 1000/s"
		[ $((objects % 20)) -eq 0 ] || echo "# window cut a tick: $objects" >&3
	}
	twice check auto
	# Perf events take long to leave: no part of the window.
	twice check perf
	[ "$complaints" -eq 0 ]
}

@test "attach to a process: its end ends the window" {
	need_bpf
	use_go
	complaints=0
	start_sleeper -burst 1019
	start_recording -p "$sleeper"
	burst "$sleeper"
	kill -TERM "$sleeper"
	wait "$sleeper" || complain "the target ended with status $?"
	local status=0
	wait "$recorder" || status=$?
	[ "$status" -eq 0 ] || { complain "record: status $status"; cat "$messages"; }
	expect_counts burst 1019 $((24 * 1019))
	[ "$complaints" -eq 0 ]
}

@test "attach to a process: another one of the same binary is not counted" {
	need_bpf
	use_go
	complaints=0
	start_sleeper -burst 1021
	local other=$sleeper other_log=$log
	start_sleeper -burst 1031
	start_recording -p "$sleeper"
	burst "$sleeper"
	log=$other_log burst "$other"
	stop_recording
	expect_counts burst 1031 $((24 * 1031))
	[ "$complaints" -eq 0 ]
}

@test "attach to a binary: every process of it counts, started before or after" {
	need_bpf
	use_go
	complaints=0
	start_sleeper -burst 1033
	local first=$sleeper first_log=$log
	start_recording -x "$(build_go sleeper)"
	start_sleeper -burst 1039
	burst "$sleeper"
	log=$first_log burst "$first"
	stop_recording
	expect_counts burst $((1033 + 1039)) $((24 * (1033 + 1039)))
	[ "$complaints" -eq 0 ]
}

@test "the target's text is as it was: after the end, after SIGTERM and after SIGKILL of escaudit" {
	need_bpf
	use_go
	complaints=0
	start_sleeper -burst 1049
	local before signal
	before=$(text_of "$sleeper")
	for signal in INT TERM KILL; do
		start_recording -p "$sleeper"
		burst "$sleeper"
		kill -"$signal" "$recorder"
		wait "$recorder" || true
		wait_for eval "[ \"\$(text_of $sleeper)\" = '$before' ]" || complain "text differs after SIG$signal"
		burst "$sleeper" || complain "the target does not go on after SIG$signal"
	done
	kill -TERM "$sleeper"
	wait "$sleeper" || complain "the target ended with status $?"
	[ "$complaints" -eq 0 ]
}

@test "attach: not a Go process, no such process, a file that is no binary" {
	need_bpf
	complaints=0
	sleep 1000 3>&- &
	pids+=($!)
	wait_for executes $! "$(command -v sleep)"
	expect_status 2 "$ESCAUDIT" record -o "$BATS_TEST_TMPDIR/rec" -p $!
	expect_message 'not .*Go|no Go'
	expect_status 2 "$ESCAUDIT" record -o "$BATS_TEST_TMPDIR/rec" -p 4194304
	expect_message '4194304'
	expect_status 2 "$ESCAUDIT" record -o "$BATS_TEST_TMPDIR/rec" -x "$BATS_TEST_FILENAME"
	[ ! -e "$BATS_TEST_TMPDIR/rec" ] || complain "a recording was left behind"
	[ "$complaints" -eq 0 ]
}
