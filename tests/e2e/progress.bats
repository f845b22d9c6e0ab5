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
	local d=$BATS_TEST_TMPDIR program sleeper slow_merge
	program=$(build_go sleeper)
	printf '#!/bin/sh\nsleep 0.15; exec "%s" "$@"\n' "$GO" >"$d/go"
	chmod +x "$d/go"
	cd "$programs/sleeper"
	on_terminal "'$ESCAUDIT' predict --go '$d/go' -o '$d/p' ."
	expect_progress 'building \.'

	# decoding a large program takes a second
	on_terminal "'$ESCAUDIT' sites --json '$("$GO" tool -n compile)' >/dev/null"
	expect_progress "reading '.*'"

	"$program" -rate 5000 >"$d/log" 2>&1 3>&- &
	sleeper=$!
	pids+=("$sleeper")
	sleep 0.3
	on_terminal "'$ESCAUDIT' record --mode=exact -p $sleeper -d 1.1 -o '$d/a'"
	expect_progress 'recording'
	grep -qa '[01] of 1.1 s' <<<"$out" || complain "not how long: $(cat -v <<<"$out")"
	[[ $out == *"${clear}escaudit: recorded "* ]] || complain "a note beside the line: $(cat -v <<<"$out")"

	expect_status 0 "$ESCAUDIT" record --mode=exact -p "$sleeper" -d 0.4 -o "$d/b"
	! grep -q $'[\r\e]' <<<"$err" || complain "progress in a pipe: $(cat -v <<<"$err")"
	[ "$(wc -l <<<"$err")" -eq 2 ] || complain "in a pipe: $err"

	mkfifo "$d/slow"
	slow_merge="{ sleep 0.6; cat '$d/a'; } >'$d/slow' & '$ESCAUDIT' merge -o '$d/sum' '$d/slow' '$d/b'"
	on_terminal "$slow_merge"
	expect_progress 'reading 1 of 2 recordings'
	# a terminal that can do nothing
	on_terminal "TERM=dumb; $slow_merge"
	! grep -q $'\e' <<<"$out" || complain "on a dumb terminal: $(cat -v <<<"$out")"
	[ "$complaints" -eq 0 ]
}

@test "progress: never while a program runs that escaudit started" {
	need_bpf
	command -v script >/dev/null || skip_or_fail "no script"
	use_go
	local d=$BATS_TEST_TMPDIR program
	program=$(build_go sleeper)
	# it writes a line when it is up, and another one a second later, both as they are
	on_terminal "'$ESCAUDIT' record -o '$d/r' --duration 1 -- '$program' -rate 5000 & sleep 2.2; kill -TERM \$(pgrep -nf '^$program')"
	[ "$(grep -ac '^ready' <<<"$out")" -eq 1 ] || complain "$(cat -v <<<"$out")"
	! grep -qa 'recording, ' <<<"$out" || complain "progress beside the program: $(cat -v <<<"$out")"
	! grep -qa $'\e' <<<"${out#*ready}" || complain "the terminal was written to while the program ran: $(cat -v <<<"$out")"
	[ "$complaints" -eq 0 ]
}
