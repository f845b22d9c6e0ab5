#!/usr/bin/env bats
# What takes long says so on a terminal, takes its line away again, and says nothing of it elsewhere.

load helper

setup() {
	complaints=0
	pids=()
}

teardown() {
	kill_pids
}

# on_terminal COMMAND: what it writes to a terminal is in $out, with "\r" and escape sequences.
on_terminal() {
	TERM=xterm script -qec "$1" /dev/null >"$BATS_TEST_TMPDIR/tty" 2>&1 </dev/null || complain "$1: status $?"
	out=$(cat "$BATS_TEST_TMPDIR/tty")
}

clear=$'\r\e[K'

# expect_progress TEXT: a line of it was drawn, and taken away.
expect_progress() {
	tr '\r' '\n' <<<"$out" | grep -qaE "^.\[Kescaudit: $1, [0-9]+( of [0-9.]+)? s\$" || complain "no progress of $1: $(cat -v <<<"$out")"
	# the last line that was drawn is gone: nothing but other text follows the last sequence that clears
	! grep -qa "^escaudit: $1, " <<<"${out##*"$clear"}" || complain "it stays: $(cat -v <<<"$out")"
}

@test "progress: on a terminal while building, recording and merging; nothing in a pipe" {
	need_bpf
	command -v script >/dev/null || skip_or_fail "no script"
	use_go
	local d=$BATS_TEST_TMPDIR program large sleeper term=
	program=$(build_go sleeper)
	printf '#!/bin/sh\nsleep 0.15; exec "%s" "$@"\n' "$GO" >"$d/go"
	chmod +x "$d/go"
	cd "$programs/sleeper"
	on_terminal "'$ESCAUDIT' predict --go '$d/go' -o '$d/p' ."
	expect_progress 'building \.'

	# decoding a large program takes a second: Debian's prometheus, or the compiler
	large=$("$top/scripts/daemons" --list | sed -n 's/^prometheus //p')
	on_terminal "'$ESCAUDIT' sites --json '${large:-$("$GO" tool -n compile)}' >/dev/null"
	expect_progress "reading '.*'"

	"$program" -rate 5000 >"$d/log" 2>&1 3>&- &
	sleeper=$!
	pids+=("$sleeper")
	wait_on "$sleeper" grep -q ready "$d/log"
	on_terminal "'$ESCAUDIT' record --mode=exact -p $sleeper -d 1.1 -o '$d/a'"
	expect_progress 'recording'
	grep -qa '[0-9] of 1.1 s' <<<"$out" || complain "not how long: $(cat -v <<<"$out")"
	[[ $out == *"${clear}escaudit: recorded "* ]] || complain "a note beside the line: $(cat -v <<<"$out")"

	expect_status 0 "$ESCAUDIT" record --mode=exact -p "$sleeper" -d 0.4 -o "$d/b"
	! grep -q $'[\r\e]' <<<"$err" || complain "progress in a pipe: $(cat -v <<<"$err")"
	[ "$(wc -l <<<"$err")" -eq 2 ] || complain "in a pipe: $err"

	mkfifo "$d/slow"
	# merge_slowly COMMAND: one recording comes when that has succeeded
	merge_slowly() {
		(! wait_for eval "$1" || cat "$d/a") >"$d/slow" 3>&- &
		pids+=($!)
		on_terminal "$term '$ESCAUDIT' merge -o '$d/sum' '$d/slow' '$d/b'"
	}
	merge_slowly "grep -q 'reading 1 of 2' '$BATS_TEST_TMPDIR/tty'"
	expect_progress 'reading 1 of 2 recordings'
	# a terminal that can do nothing
	term=TERM=dumb merge_slowly 'sleep 1'
	! grep -q $'\e' <<<"$out" || complain "on a dumb terminal: $(cat -v <<<"$out")"
	[ "$complaints" -eq 0 ]
}

@test "progress: never while a program runs that escaudit started" {
	need_bpf
	command -v script >/dev/null || skip_or_fail "no script"
	use_go
	local d=$BATS_TEST_TMPDIR program terminal recorder target
	program=$(build_go sleeper)
	TERM=xterm script -qec "echo \$\$ >'$d/pid'; exec '$ESCAUDIT' record -o '$d/r' --duration 1 -- '$program' -rate 5000" /dev/null \
		>"$d/tty" 2>&1 </dev/null 3>&- &
	terminal=$!
	pids+=("$terminal")
	# it writes a line when it is up, and another one behind the window, both as they are
	wait_on "$terminal" grep -q ready "$d/tty" || { cat "$d/tty"; return 1; }
	recorder=$(cat "$d/pid")
	target=$(child_of "$recorder" "$program")
	pids+=("$target")
	# the window is over when nobody holds probes any more
	wait_on "$terminal" eval "[ \"\$(children_of $recorder)\" = $target ]"
	kill -TERM "$target"
	wait "$terminal" || complain "status $?"
	out=$(cat "$d/tty")
	[ "$(grep -ac '^ready' <<<"$out")" -eq 1 ] || complain "$(cat -v <<<"$out")"
	[ "$(grep -ac '^{"burst"' <<<"$out")" -eq 1 ] || complain "$(cat -v <<<"$out")"
	! grep -qa 'recording, ' <<<"$out" || complain "progress beside the program: $(cat -v <<<"$out")"
	! grep -qa $'\e' <<<"${out#*ready}" || complain "the terminal was written to while the program ran: $(cat -v <<<"$out")"
	[ "$complaints" -eq 0 ]
}
