#!/usr/bin/env bats
# top of a running process: plain tables where there is no terminal, and a screen in a terminal that tmux plays.

load helper

setup() {
	complaints=0
	pids=()
	tmux=(tmux -S "$BATS_TEST_TMPDIR/tmux" -f /dev/null)
}

teardown() {
	"${tmux[@]}" kill-server 2>/dev/null || true
	kill_pids
}

# Waits as elsewhere, but the test goes on, with what the screen shows.
sees() {
	! wait_for "$@" || return 0
	complain "waited in vain for: $*"
	! "${tmux[@]}" has-session 2>/dev/null || screen
	return 0
}

# ---- the terminal ----

# start_terminal [WIDTH [HEIGHT]]: a shell in it that says when a command is over, and how.
start_terminal() {
	need_tmux
	"${tmux[@]}" new-session -d -x "${1:-110}" -y "${2:-24}" 'env PS1="" bash --norc --noediting' 3>&-
	type_line "top() { (echo \$BASHPID >$BATS_TEST_TMPDIR/pid; exec '$ESCAUDIT' top \"\$@\"); }; over() { echo \"over:\$?\"; stty -g; }; stty -g; clear"
}

need_tmux() {
	command -v tmux >/dev/null || skip_or_fail "no tmux"
}

type_line() { "${tmux[@]}" send-keys -l "$1" && "${tmux[@]}" send-keys Enter; }
type_keys() { "${tmux[@]}" send-keys "$@"; }
screen() { "${tmux[@]}" capture-pane -p; }
shows() { screen | grep -qE -- "$1"; }
shows_not() { ! shows "$1"; }
last_line_is_help() { [ "$(screen | tail -n 1 | cut -c 1-5)" = Enter ]; }
# What the program in the terminal is told of its size, which tmux changes a moment after its own.
size_is() { [ "$(stty size -F "$("${tmux[@]}" display-message -p '#{pane_tty}')")" = "$2 $1" ]; }
# The same twice.
drawn() {
	local before
	before=$(screen)
	sleep 0.1
	[ "$(screen)" = "$before" ]
}
has_alternate_screen() { [ "$("${tmux[@]}" display-message -p '#{alternate_on}')" = 1 ]; }
shows_cursor() { [ "$("${tmux[@]}" display-message -p '#{cursor_flag}')" = 1 ]; }

# start_top ARGS...: in the terminal; returns when it shows rows. Sets viewer to its process id.
start_top() {
	type_line "stty -g >$BATS_TEST_TMPDIR/before; top $*; over >$BATS_TEST_TMPDIR/over"
	sees has_alternate_screen
	sees shows '^ .*main\.go:[0-9]+'
	viewer=$(cat "$BATS_TEST_TMPDIR/pid")
}

# expect_over STATUS: it has ended, and the terminal is as it was.
expect_over() {
	sees test -s "$BATS_TEST_TMPDIR/over"
	sees eval "[ \$(wc -l <'$BATS_TEST_TMPDIR/over') -eq 2 ]"
	[ "$(head -n 1 "$BATS_TEST_TMPDIR/over")" = "over:$1" ] ||
		complain "$(head -n 1 "$BATS_TEST_TMPDIR/over") instead of status $1"
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/over")" = "$(cat "$BATS_TEST_TMPDIR/before")" ] || complain "another terminal mode is left"
	sees eval '! has_alternate_screen'
	sees shows_cursor
	rm -f "$BATS_TEST_TMPDIR/over"
}

# ---- tests ----

@test "top of a process without a terminal: tables with rates, a count of them, JSON, verdicts" {
	need_bpf
	use_go
	local p=$BATS_TEST_TMPDIR/p
	start_sleeper -rate 5000
	(cd "$programs/sleeper" && "$ESCAUDIT" predict --go "$GO" -o "$p" .) 2>/dev/null
	# The rates are those of a process that may get its turn late.
	exact() {
		expect_status 0 timeout "$patience" "$ESCAUDIT" top -p "$sleeper" --mode=exact --interval=0.5 --count=2 --predictions="$p"
		[ "$(grep -c '^target ' <<<"$out")" -eq 2 ] || complain "not two tables: $out"
		grep -qE '^observed .*; now [1-9][0-9]{3} objects/s' <<<"$out" || complain "no rate: $out"
		grep -qE '^cost +one trap for each object' <<<"$out" || complain "no cost: $out"
		grep -qE 'BYTES/S +OBJECTS +OBJ/S +VERDICT' <<<"$out" || complain "no titles: $out"
		grep -qE ' [1-9][0-9]{3}  confirmed +main\.go:[0-9]+ +\[5\]uint64 +new object' <<<"$out" || complain "no row: $out"
		expect_message "watching process $sleeper"
	}
	twice exact
	# sampled unless told otherwise; one object for each table
	sampled() {
		expect_status 0 timeout "$patience" "$ESCAUDIT" top -p "$sleeper" --interval=1 --count=2 --json
		[ "$(jq -s length <<<"$out")" -eq 2 ] || complain "not two objects: $out"
		jq -es '.[1] | .window.mode == "sample" and .lines[0].type == "[5]uint64" and
			.lines[0].objects_per_second > 500 and .lines[0].objects_per_second < 20000 and
			.lines[0].objects > 500' <<<"$out" >/dev/null || complain "$out"
	}
	twice sampled
	[ "$complaints" -eq 0 ]
}

# One that begins after now.
another_table() {
	local n
	n=$(grep -c '^target ' "$BATS_TEST_TMPDIR/out" || true)
	wait_for eval "[ \$(grep -c '^target ' '$BATS_TEST_TMPDIR/out') -gt $n ]"
}

@test "top of a process without a terminal: the last table when it ends, and misuse" {
	need_bpf
	use_go
	local top burst status=0
	start_sleeper -burst 1013
	"$ESCAUDIT" top -p "$sleeper" --mode=exact --interval=0.2 --key=type >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	top=$!
	pids+=("$top")
	wait_on "$top" grep -q watching "$BATS_TEST_TMPDIR/err"
	for burst in 1 2 3; do
		kill -USR1 "$sleeper"
		wait_for grep -q "burst $burst" "$log"
		wait_on "$top" another_table
	done
	kill -TERM "$sleeper"
	wait "$top" || status=$?
	[ "$status" -eq 0 ] || complain "status $status"
	# looking changes nothing: in the end every object is there, once
	tail -n 12 "$BATS_TEST_TMPDIR/out" | grep -qE ' 3039 .* \[3\]uint64' || complain "$(cat "$BATS_TEST_TMPDIR/out")"
	grep -q "process $sleeper ended" "$BATS_TEST_TMPDIR/err" || complain "$(cat "$BATS_TEST_TMPDIR/err")"
	expect_status 64 "$ESCAUDIT" top -p 1 somefile
	expect_status 64 "$ESCAUDIT" top --interval=1 somefile
	expect_message 'running process'
	expect_status 64 "$ESCAUDIT" top --by=rate somefile
	expect_status 64 "$ESCAUDIT" top --by=type --key=function somefile
	expect_message 'no type to be sorted by'
	expect_status 64 "$ESCAUDIT" top -p 1 --interval=0
	expect_status 64 "$ESCAUDIT" top -p 1 --count=0
	expect_status 2 "$ESCAUDIT" top -p 1 --count=1 --predictions=/nonexistent
	[ "$complaints" -eq 0 ]
}

@test "top on a terminal: sort, group, stacks, freeze, help, resize, and the last view of a process that ended" {
	need_bpf
	use_go
	local p=$BATS_TEST_TMPDIR/p frozen viewer
	start_sleeper -rate 5000
	(cd "$programs/sleeper" && "$ESCAUDIT" predict --go "$GO" -o "$p" .) 2>/dev/null
	start_terminal 120 24
	type_line 'set +m' # so that it does not come forward when top is stopped below
	start_top -p "$sleeper" --mode=exact --interval=0.3 --predictions="$p"
	sees shows '^by bytes, a row for each site, every 0.3 s'
	sees shows '5 kB|[0-9] kB .*confirmed +main\.go:[0-9]+ +\[5\]uint64'
	# every key sorts or groups
	local key
	for key in o:objects r:rate l:site f:function p:package t:type c:cause b:bytes; do
		type_keys "${key%:*}"
		sees shows "^by ${key#*:}, a row for each site"
	done
	type_keys f
	sees shows 'LINE +FUNCTION +TYPE'
	type_keys b g
	sees shows '^by bytes, a row for each function'
	sees shows ' main\.steady$'
	type_keys g g
	sees shows '^by bytes, a row for each type'
	# into the stacks of the first row, and back
	type_keys Enter
	sees shows '^    main\.steady  main\.go:[0-9]+'
	sees shows '^    main\.main  main\.go:[0-9]+'
	type_keys Escape
	sees shows '^ .*\[5\]uint64$'
	type_keys '?'
	sees shows 'freeze, go on'
	type_keys '?'
	sees shows '^observed '
	# what is frozen stands still, what is not does not
	type_keys z
	sees shows '^FROZEN'
	sees drawn
	frozen=$(screen)
	sleep 1 # in which it would draw three times
	[ "$(screen)" = "$frozen" ] || complain "frozen, and yet: $(diff <(echo "$frozen") <(screen))"
	type_keys z
	sees shows_not '^FROZEN'
	sees eval '! [ "$(screen)" = "$frozen" ]'
	# another size
	"${tmux[@]}" resize-window -x 70 -y 12
	sees size_is 70 12
	sees eval 'shows_not ".{71}" && last_line_is_help'
	"${tmux[@]}" resize-window -x 120 -y 24
	sees eval 'shows "^target " && last_line_is_help'
	# there and back before top has seen either
	kill -STOP "$viewer"
	"${tmux[@]}" resize-window -x 50 -y 10
	sees size_is 50 10
	"${tmux[@]}" resize-window -x 120 -y 24
	sees size_is 120 24
	kill -CONT "$viewer"
	sees eval 'shows "^target " && last_line_is_help'
	kill -TERM "$sleeper"
	sees shows "^process $sleeper ended; this is the last view"
	sees shows '\[5\]uint64$'
	type_keys g
	sees shows ' new object$'
	type_keys q
	expect_over 0
	sees shows "process $sleeper ended"
	[ "$complaints" -eq 0 ]
}

@test "top on a terminal: whatever ends it, the terminal and the process stay as they were" {
	need_bpf
	use_go
	local how viewer
	start_sleeper -rate 5000
	start_terminal
	for how in q C-c TERM HUP; do
		start_top -p "$sleeper" --interval=0.3
		sees shows 'sampled: counts are estimates'
		sees shows '^cost .*of one core, of 1.00% allowed'
		case $how in
		q | C-c) type_keys "$how" ;;
		*) kill -"$how" "$viewer" ;;
		esac
		expect_over 0
	done
	# it crashes: status 128 + SIGSEGV
	start_top -p "$sleeper" --interval=0.3
	kill -SEGV "$viewer"
	expect_over 139
	# a terminal that cannot move its cursor
	type_line "clear; TERM=dumb top -p $sleeper --interval=0.3 --duration=1; over"
	sees shows 'over:0'
	sees shows '^observed'
	kill -0 "$sleeper" || complain "the target died"
	sees "$ESCAUDIT_BUILD/tests/proof/text_intact" "$sleeper"
	[ "$complaints" -eq 0 ]
}
