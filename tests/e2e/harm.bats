#!/usr/bin/env bats
# It never hurts: whatever happens to escaudit, and whatever the target is doing, the target computes what it would have
# computed, and its text is as it was.
#
# ESCAUDIT_TEST_KILLS: how many times escaudit is killed (default 40).

load helper
load processes

setup() {
	processes_setup
}

teardown() {
	processes_teardown
}

@test "no object file holds a return probe" {
	local object sections n=0
	for object in "$ESCAUDIT_BUILD"/bpf/*.bpf.o; do
		sections=$(readelf -SW "$object" | sed -n 's/^ *\[ *[0-9]*\] \([^ ]*\).*/\1/p')
		grep -q '^uprobe' <<<"$sections"
		! grep -E '^\.?(rel)?\.?(uretprobe|kretprobe)' <<<"$sections"
		n=$((n + 1))
	done
	[ "$n" -gt 0 ]
}

# nap MILLISECONDS: less than so long, at random.
nap() {
	local ms=$((RANDOM % $1))
	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
}

now_ms() {
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# record_briefly MODE ARGS...: recorder is at it, in no state that is waited for. Its messages are in $messages.
record_briefly() {
	messages=$(mktemp "$BATS_TEST_TMPDIR/messages.XXXXXX")
	"$ESCAUDIT" record --mode="$1" -o "$BATS_TEST_TMPDIR/rec" -p "$target" "${@:2}" >/dev/null 2>"$messages" </dev/null 3>&- &
	recorder=$!
	pids+=("$recorder")
}

@test "killed at random moments: the target's text is as it was, and it answers" {
	need_bpf
	use_go
	local n=${ESCAUDIT_TEST_KILLS:-40} seed=$RANDOM i late=0 whole=0 mode begun load_ms
	echo "seed $seed"
	RANDOM=$seed
	start "$(own_copy "$(build_go sleeper)")" -rate 20000 -burst 1009
	is_intact "$target"
	# How long it takes here until the probes are in place.
	begun=$(now_ms)
	start_recording -p "$target"
	load_ms=$(($(now_ms) - begun))
	stop_recording
	for i in $(seq "$n"); do
		mode=exact
		[ $((i % 3)) -ne 0 ] || mode=sample
		record_briefly $mode
		if [ $((i % 2)) -eq 0 ]; then
			# while it loads and attaches
			nap $((load_ms * 5 / 4))
		else
			wait_on "$recorder" grep -q recording "$messages"
			[ $mode = sample ] || ! is_intact "$target" >/dev/null || complain "round $i: probes that do not show: this test would see nothing"
			# while it records, or while it detaches
			if [ $((i % 4)) -eq 3 ]; then
				kill -TERM "$recorder"
				nap $((load_ms / 4 + 1))
			fi
		fi
		! is_intact "$target" >/dev/null || whole=$((whole + 1))
		kill -KILL "$recorder" 2>/dev/null || late=$((late + 1))
		wait "$recorder" 2>/dev/null || true
		intact_soon "$target" "after kill $i"
		[ $((i % 5)) -ne 0 ] || burst || complain "the target does not answer after kill $i"
		kill -0 "$target" || { complain "the target is gone after kill $i"; break; }
	done
	echo "of $n kills, $whole found no probe in place, $late came too late"
	[ "$whole" -lt "$n" ]
	kill -TERM "$target"
	wait "$target" || complain "the target ended with status $?"
	[ "$complaints" -eq 0 ]
}

# kill_holders: kills what holds the probes of $recorder at some moment after they came to be.
kill_holders() {
	local holders
	while wait_on "$recorder" has_children "$recorder" || { cat "$messages"; return 1; }; do
		nap 80
		mapfile -t holders < <(children_of "$recorder")
		[ ${#holders[@]} -eq 0 ] || ! kill -KILL "${holders[@]}" 2>/dev/null || return 0
	done
}

@test "the processes that hold the probes killed at random moments: as harmless, and said" {
	need_bpf
	use_go
	local n=$((${ESCAUDIT_TEST_KILLS:-40} / 2)) i status
	start "$(own_copy "$(build_go sleeper)")" -rate 20000
	for i in $(seq "$n"); do
		record_briefly exact -d 300
		kill_holders
		if [ $((i % 2)) -eq 0 ]; then
			nap 50
			kill -KILL "$recorder" || true
			wait "$recorder" || true
		else
			status=0
			wait "$recorder" || status=$?
			# 2: while they were put in place, 3: later
			[[ $status == [23] ]] || complain "record: status $status: $(cat "$messages")"
			grep -q 'held\? .*killed\|holds .*killed' "$messages" || complain "not said: $(cat "$messages")"
		fi
		intact_soon "$target" "after kill $i"
	done
	kill -TERM "$target"
	wait "$target" || complain "the target ended with status $?"
	[ "$complaints" -eq 0 ]
}

@test "SIGTERM: the probes are gone within a second" {
	need_bpf
	check() {
		local begun ms
		start "$(own_copy "$(build_go sleeper)")" -rate 20000
		start_recording -p "$target"
		begun=$(now_ms)
		kill -TERM "$recorder"
		wait_for is_intact "$target" || complain "the probes do not leave"
		ms=$(($(now_ms) - begun))
		[ "$ms" -lt 1000 ] || complain "probes are there for $ms ms after SIGTERM"
		echo "$ms ms"
		wait "$recorder" || complain "record: status $?"
		[ -s "$rec" ] || complain "no recording"
	}
	for_each_go again 1.19 1.27
}

# storm MODE [FLAG|VARIABLE=VALUE...]: the mode alone, launched under escaudit, and running while escaudit comes and goes.
storm() {
	local mode=$1 program want got status
	shift
	program=$(own_copy "$(build_go storm "${build[@]}")") || { complain "does not build"; return 0; }
	want=$(env "$@" "$program" "$mode" 2>/dev/null | tail -n 1)
	[[ $want == "$mode "* ]] || { complain "$mode: does not work alone: $want"; return 0; }

	status=0
	got=$(env "$@" "$ESCAUDIT" record -o "$BATS_TEST_TMPDIR/rec" -- "$program" "$mode" 2>"$BATS_TEST_TMPDIR/err" | tail -n 1) ||
		status=$?
	[ "$got" = "$want" ] || complain "$mode launched: '$got' instead of '$want': $(cat "$BATS_TEST_TMPDIR/err")"

	local rounds=0 how
	start env "$@" "$program" -for "${seconds:-1}s" "$mode"
	while kill -0 "$target" 2>/dev/null; do
		how=exact
		[ $((rounds % 3)) -ne 2 ] || how=sample
		if [ "$mode" = exits ] && [ $((rounds % 2)) -eq 0 ]; then
			"$ESCAUDIT" record --mode=$how -o "$BATS_TEST_TMPDIR/rec" -x "$program" -d 0.3 >"$BATS_TEST_TMPDIR/err" 2>&1 || status=$?
		else
			"$ESCAUDIT" record --mode=$how -o "$BATS_TEST_TMPDIR/rec" -p "$target" -d 0.3 >"$BATS_TEST_TMPDIR/err" 2>&1 || status=$?
		fi
		rounds=$((rounds + 1))
	done
	status=0
	wait "$target" || status=$?
	[ "$status" -eq 0 ] || complain "$mode attached: status $status: $(tail -n 20 "$log")"
	got=$(grep "^$mode " "$log") || true
	[ "$got" = "$want" ] || complain "$mode attached: '$got' instead of '$want'"
	echo "$mode: $(grep rounds "$log") under $rounds recordings"
}

@test "storms keep their results: collector, signals, pre-emption, goroutines, stacks, panics, exits, threads" {
	need_bpf
	build=()
	check() {
		local mode
		for mode in collector signals preempt goroutines stacks panics exits threads; do
			storm "$mode"
		done
	}
	for_each_go check 1.19 1.27
}

@test "storms keep their results: collections that stop the world, no asynchronous pre-emption, poisoned memory" {
	need_bpf
	build=()
	seconds=1
	check() {
		storm collector GODEBUG=gcstoptheworld=1
		storm preempt GODEBUG=asyncpreemptoff=1 GOMAXPROCS=4
		storm stacks GODEBUG=clobberfree=1,gcshrinkstackoff=0 GOGC=10
	}
	for_each_go check 1.27
}

@test "storms keep their results: built with -race" {
	need_bpf
	build=(CGO_ENABLED=1 -race)
	seconds=1
	check() {
		storm collector
		storm stacks
		storm signals
	}
	for_each_go check 1.19 1.27
}

# start_bpftrace PROGRAM: another tool's probe on the allocator, which counts in processes of the program's name. Returns once it
# sees allocations: those of a process of the same file by another name, which tell when the probe is there.
start_bpftrace() {
	local name=${1##*/}
	bpf_log=$(mktemp "$BATS_TEST_TMPDIR/bpftrace.XXXXXX")
	ln -f "$1" "${1%/*}/hello"
	bpftrace -e 'uprobe:'"$1"':runtime.mallocgc { if (comm == "'"$name"'") { @n = count(); } else { @hello = count(); } }
		interval:ms:100 { print(@hello); }' >"$bpf_log" 2>&1 </dev/null 3>&- &
	tracer=$!
	pids+=("$tracer")
	wait_on "$tracer" eval "'${1%/*}/hello' -help; grep -q '^@hello: [1-9]' '$bpf_log'" || { cat "$bpf_log"; return 1; }
}

stop_bpftrace() {
	kill -INT "$tracer"
	wait "$tracer" || true
	[ "$(sed -n 's/^@n: //p' "$bpf_log")" -ge "$1" ] || complain "bpftrace counted $(tail -n 1 "$bpf_log"), at least $1 expected"
}

@test "bpftrace on the same function: attached and detached in any order" {
	need_bpf
	command -v bpftrace >/dev/null || skip_or_fail "no bpftrace: run make deps"
	use_go 1.23 # where every allocation passes runtime.mallocgc
	local program
	program=$(own_copy "$(build_go sleeper)")
	start "$program" -burst 1051
	# it, we, it, we
	start_bpftrace "$program"
	start_recording -p "$target"
	burst
	stop_bpftrace 1051
	burst
	stop_recording
	expect_burst 2102 "bpftrace came and left first"
	intact_soon "$target" "after bpftrace and escaudit"
	# we, it, we, it
	start_recording -p "$target"
	start_bpftrace "$program"
	burst
	stop_recording
	burst
	expect_burst 1051 "bpftrace came and left second"
	stop_bpftrace 2102
	intact_soon "$target" "after escaudit and bpftrace"
	# we within it
	start_bpftrace "$program"
	start_recording -p "$target"
	burst
	stop_recording
	expect_burst 1051 "within bpftrace"
	stop_bpftrace 1051
	intact_soon "$target" "after escaudit within bpftrace"
	kill -TERM "$target"
	wait "$target" || complain "the target ended with status $?"
	[ "$(tail -n 1 "$log")" = '{"burst":5255,"steady":0}' ] || complain "the target counted $(tail -n 1 "$log")"
	[ "$complaints" -eq 0 ]
}

@test "two recordings of one process at once: both are whole" {
	need_bpf
	use_go
	start "$(own_copy "$(build_go sleeper)")" -burst 1061
	start_recording -p "$target"
	local first=$recorder first_rec=$rec
	burst
	start_recording -p "$target"
	burst
	kill -INT "$first"
	wait "$first" || complain "first record: status $?"
	burst
	stop_recording
	expect_burst 2122 "second"
	rec=$first_rec
	expect_burst 2122 "first"
	intact_soon "$target" "after both"
	[ "$complaints" -eq 0 ]
}

@test "a debugger (delve) at the same process: before us, and after us" {
	need_bpf
	command -v dlv >/dev/null || skip_or_fail "no dlv: run make deps"
	use_go 1.19 # what Debian's delve knows
	local program
	program=$(own_copy "$(build_go sleeper)")
	start "$program" -burst 1063

	start_recording -p "$target"
	dlv attach "$target" --headless --api-version=2 --accept-multiclient --continue --listen=127.0.0.1:0 \
		>"$BATS_TEST_TMPDIR/dlv" 2>&1 </dev/null 3>&- &
	local dlv=$!
	pids+=("$dlv")
	wait_for grep -q 'listening at' "$BATS_TEST_TMPDIR/dlv" || { cat "$BATS_TEST_TMPDIR/dlv"; return 1; }
	burst || complain "the target does not answer under delve"
	stop_recording
	expect_burst 1063 "delve came during the recording"
	start_recording -p "$target"
	burst || complain "the target does not answer under both"
	kill -INT "$dlv"
	wait "$dlv" || true
	kill -CONT "$target"
	burst || complain "the target does not answer after delve"
	stop_recording
	expect_burst 2126 "delve left during the recording"
	intact_soon "$target" "after delve and escaudit"
	[ "$complaints" -eq 0 ]
}
