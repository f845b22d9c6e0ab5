#!/usr/bin/env bats
# make dist: the archive, and the static program in it where nothing else is: an empty root folder with /proc and /sys.

load helper
load processes
load empty

setup_file() {
	make_dist dist
}

setup() {
	processes_setup
	[ "$(id -u)" -eq 0 ] || skip_or_fail "not root"
	empty_setup
	use_go
	# Go programs without cgo need no files either.
	static=(CGO_ENABLED=0)
}

teardown() {
	"${tmux[@]}" kill-server 2>/dev/null || true
	processes_teardown
}

tmux=(true)
archive() { echo "$ESCAUDIT_BUILD"/escaudit-*-linux-"$(uname -m)".tar.gz; }
top_json() { in_empty /escaudit top --json --limit 0 "$@"; }

# record_empty ARGS...: in the empty folder, in the background; returns once the probes are in place.
record_empty() {
	local words
	# A file of its own: what an earlier one said is no answer.
	messages=$(mktemp "$BATS_TEST_TMPDIR/messages.XXXXXX")
	empty_words /escaudit record "$@"
	"${words[@]}" >"$BATS_TEST_TMPDIR/record.out" 2>"$messages" </dev/null 3>&- &
	recorder=$!
	pids+=("$recorder")
	wait_for grep -qE 'recording |waiting ' "$messages" || { cat "$messages"; return 1; }
}

@test "the archive: a static program below 8 MB, stripped, with man pages, completion, schema and licences" {
	local unpacked=$BATS_TEST_TMPDIR/unpacked name program missing
	mkdir "$unpacked"
	tar -C "$unpacked" --strip-components=1 -xzf "$(archive)"
	name=$(tar -tzf "$(archive)" | sed 's,/.*,,' | sort -u)
	[ "$name" = "escaudit-$("$ESCAUDIT" --version | cut -d ' ' -f 2)-linux-$(uname -m)" ] || complain "the folder is $name"
	program=$unpacked/bin/escaudit
	cmp "$program" "$ESCAUDIT_BUILD/dist/escaudit" || complain "not the program in dist/"
	[[ $(file "$program") =~ (static-pie|statically)\ linked.*,\ stripped ]] || complain "$(file "$program")"
	! readelf -lW "$program" | grep -q INTERP || complain "asks for an interpreter"
	[ "$(stat -c %s "$program")" -lt $((8 << 20)) ] || complain "$(stat -c %s "$program") bytes"
	! grep -aqF "$top/" "$program" || complain "the path of the build is in it"
	missing=$(comm -23 <(cd "$top/man" && ls) <(cd "$unpacked/share/man/man1" && ls))
	[ -z "$missing" ] || complain "no man page $missing"
	cmp "$top/share/schema/escaudit.schema.json" "$unpacked/share/escaudit/escaudit.schema.json" || complain schema
	"$program" --completion=bash | cmp - "$unpacked/share/bash-completion/completions/escaudit" || complain bash
	"$program" --completion=zsh | cmp - "$unpacked/share/zsh/site-functions/_escaudit" || complain zsh
	cmp "$top/LICENSE" "$unpacked/share/doc/escaudit/LICENSE" || complain LICENSE
	cmp "$top/README.md" "$unpacked/share/doc/escaudit/README.md" || complain README
	cmp "$top/share/container/debug.yaml" "$unpacked/share/doc/escaudit/share/container/debug.yaml" || complain "README leads nowhere"
	# A library whose licence is not there is one that was not looked for.
	for library in glibc elfutils libbpf zlib jansson protobuf-c ncurses zydis libunwind libiberty; do
		grep -q "^$library " "$unpacked/share/doc/escaudit/LICENSES-OF-LIBRARIES" || complain "no licence of $library"
	done
	[ -z "$(tar -tvzf "$(archive)" | awk '$2 != "0/0"')" ] || complain "owners: $(tar -tvzf "$(archive)" | awk '{print $2}' | sort -u)"
	[ "$complaints" -eq 0 ]
}

@test "the same bytes, built again elsewhere" {
	local copy=$BATS_TEST_TMPDIR/a/copy
	mkdir -p "$copy"
	(cd "$top" && scripts/tree-files | xargs -0 cp --parents -t "$copy")
	SOURCE_DATE_EPOCH=1000000007 make -s -C "$top" O="$ESCAUDIT_BUILD" dist || complain "make dist"
	cp "$(archive)" "$BATS_TEST_TMPDIR/first.tar.gz"
	(umask 077 && cd "$copy" && TZ=Asia/Tokyo SOURCE_DATE_EPOCH=1000000007 nice make -s -j"$(nproc)" O=elsewhere dist 2>&1) || complain "make dist in a copy"
	cmp "$BATS_TEST_TMPDIR/first.tar.gz" "$copy"/elsewhere/escaudit-*.tar.gz || complain "differ"
	[ "$(tar --utc -tvzf "$BATS_TEST_TMPDIR/first.tar.gz" | awk '{print $4}' | sort -u)" = 2001-09-09 ] || complain "times"
	make -s -C "$top" O="$ESCAUDIT_BUILD" dist
	[ "$complaints" -eq 0 ]
}

@test "empty folder: doctor; a launched program's every object, and what else is done with a recording" {
	need_bpf
	check() {
		local truth=$BATS_TEST_TMPDIR/truth wrong
		cp "$(build_go capture "${static[@]}")" "$root/program"
		expect_status 0 in_empty /escaudit doctor --json
		[ "$(jq .works <<<"$out")" = true ] || complain "doctor: $out"
		in_empty /escaudit record -o rec -- /program >"$truth" 2>"$BATS_TEST_TMPDIR/err" || complain "record: $(cat "$BATS_TEST_TMPDIR/err")"
		expect_status 0 top_json rec
		wrong=$(jq -r --slurpfile truth "$truth" --slurpfile markers <(markers_json capture) "$jq_rows"'
			. as $r | $truth[0] as $t | ($markers[0] | INDEX(.marker)) as $line |
			(if $r.window.mode != "exact" or $r.window.complete != true or ($r.losses | length) != 0 then "window: \($r.window)" else empty end),
			([$r | rows | .objects] | add) as $sum | (if $sum != $t.mallocs then "\($sum) objects instead of \($t.mallocs)" else empty end),
			($t.expected[] | select((.charged | not) and (.at_least | not)) | . as $e | $line[.marker] as $at |
				([$r | rows | select(at($at.file; $at.line)) | .objects] | add // 0) as $n |
				if $n != .objects then "@\(.marker): \($n) instead of \(.objects)" else empty end)' <<<"$out")
		[ -z "$wrong" ] || complain "$wrong"
		expect_status 0 in_empty /escaudit export --format=html -o page.html rec
		expect_status 0 in_empty /escaudit sites /program
		cmp <(in_empty /escaudit top --limit 0 rec) <("$ESCAUDIT" top --limit 0 "$root/rec") || complain "top says something else than elsewhere"
	}
	for_each_go check 1.19 1.27
}

@test "empty folder: a running process, counted; a file it is to run" {
	need_bpf
	cp "$(build_go sleeper "${static[@]}")" "$root/sleeper"
	start "$root/sleeper" -burst 1237
	local method rec=$root/rec
	for method in multi perf; do
		record_empty --mode=exact "--attach=$method" -p "$target" -o rec
		burst
		stop_recording
		expect_burst 1237 "$method"
		intact_soon "$target" "after $method"
	done
	record_empty --mode=exact -x /sleeper -o rec
	burst
	stop_recording
	expect_burst 1237 -x
	expect_status 0 in_empty /escaudit doctor --json -p "$target"
	[ "$(jq .works <<<"$out")" = true ] || complain "doctor: $out"
	[ "$complaints" -eq 0 ]
}

# How many bytes the process says it made in the window, by its own counters of every 20 ms, and how many the recording has.
# shellcheck disable=SC2016
jq_totals='
def at($t): . as $l | (map(.unix_ns < $t) | index(false)) as $i | if $i == null then last.bytes elif $i == 0 then first.bytes else
	$l[$i - 1] as $a | $l[$i] as $b | (($t - $a.unix_ns) / ($b.unix_ns - $a.unix_ns)) as $w |
	[$a.bytes, $b.bytes] | transpose | map(.[0] + (.[1] - .[0]) * $w) end;
$rec[0] as $rec | .timeline | "\((at($rec.start_unix_ns + $rec.window_seconds * 1e9) | add) - (at($rec.start_unix_ns) | add) | floor) \([$rec.rows[].bytes] | add)"
'

sample_rates() {
	local truth=$BATS_TEST_TMPDIR/truth pid total found
	"$1" -seconds 6 -timeline >"$truth" 3>&- &
	pid=$!
	pids+=("$pid")
	sleep 0.5
	expect_status 0 in_empty /escaudit record --mode=sample -d 3 -o rec -p "$pid"
	wait "$pid"
	"$ESCAUDIT_BUILD/tests/proof/recording_rows" "$root/rec" >"$BATS_TEST_TMPDIR/rows"
	read -r total found < <(jq -r --slurpfile rec "$BATS_TEST_TMPDIR/rows" "$jq_totals" "$truth")
	echo "$found bytes of $total"
	awk -v total="$total" -v found="$found" 'BEGIN { exit !(total > 1e6 && found > total * 0.97 && found < total * 1.03) }'
}

@test "empty folder: a running process, sampled" {
	need_bpf
	local program
	program=$(build_go rates "${static[@]}")
	# An estimate may be wrong once.
	sample_rates "$program" || sample_rates "$program" || complain "see above"
	[ "$complaints" -eq 0 ]
}

@test "empty folder: what has to be built or asked of git elsewhere is said" {
	empty_variables=()
	expect_status 2 in_empty /escaudit audit .
	expect_message "in '/tmp': No such file or directory; set TMPDIR"
	expect_status 2 in_empty /escaudit predict .
	expect_message "'/tmp': No such file or directory; set TMPDIR"
	empty_variables=(TMPDIR=/)
	expect_status 2 in_empty /escaudit audit .
	expect_message "failed to run 'go'.*install Go.*there is no /dev/null either"
	expect_status 2 in_empty /escaudit predict .
	expect_message "failed to run 'go'.*install Go"
	expect_status 2 in_empty /escaudit audit --against HEAD .
	expect_message "no git command in PATH.*install git.*there is no /dev/null either"
	[ "$(ls "$root")" = "$(printf '%s\n' escaudit proc sys)" ] || complain "left: $(ls "$root")"
	[ "$complaints" -eq 0 ]
}

# A process that allocates all the time.
start_busy() {
	local program
	program=$(build_go rates)
	"$program" -seconds 600 -rate 20000 >/dev/null 2>&1 3>&- &
	target=$!
	pids+=("$target")
}

screen() { "${tmux[@]}" capture-pane -p; }
shows() { screen | grep -qE -- "$1"; }

@test "empty folder: the screen of top, without terminfo, locale or user data base" {
	need_bpf
	command -v tmux >/dev/null || skip_or_fail "no tmux"
	local terminal script=$BATS_TEST_TMPDIR/script
	start_busy
	for terminal in xterm-ghostty tmux-256color linux; do
		{
			declare -f in_empty empty_words
			declare -p root
			echo "empty_variables=(TERM=$terminal LANG=de_DE.UTF-8); in_empty /escaudit top --mode=sample -p $target; sleep 60"
		} >"$script"
		tmux=(tmux -u -S "$BATS_TEST_TMPDIR/$terminal" -f /dev/null)
		"${tmux[@]}" new-session -d -x 110 -y 24 "bash $script" 3>&-
		wait_for shows "^ .*sites\.go:[0-9]+" || complain "$terminal: $(screen)"
		shows "OBJ/S *±% " || complain "$terminal: no UTF-8: $(screen)"
		[ "$(screen | tail -n 1 | cut -c 1-5)" = Enter ] || complain "$terminal: no screen: $(screen)"
		"${tmux[@]}" kill-server
	done
	[ "$complaints" -eq 0 ]
}

@test "no mount is left behind" {
	in_empty /escaudit --version >/dev/null
	! grep -qF "$BATS_FILE_TMPDIR" /proc/self/mounts || complain "$(grep -F "$BATS_FILE_TMPDIR" /proc/self/mounts)"
	! grep -qF "$root" /proc/self/mounts || complain "$(grep -F "$root" /proc/self/mounts)"
	[ "$complaints" -eq 0 ]
}
