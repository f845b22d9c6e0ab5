#!/usr/bin/env bats
# A daemon that somebody else built: Debian's prometheus. Stripped, linked by gcc, no symbols, no DWARF; Go 1.19. It runs on
# loopback, scrapes itself, and its own counter of allocations is the truth.

load helper
load processes

setup() {
	processes_setup
}

teardown() {
	processes_teardown
}

# Starts it in a folder of its own; sets target and port.
start_prometheus() {
	local program dir=$BATS_TEST_TMPDIR/prometheus i
	program=$("$top/scripts/daemons" --list | sed -n 's/^prometheus //p')
	[ -n "$program" ] || skip_or_fail "no prometheus: run scripts/daemons"
	command -v curl >/dev/null || skip_or_fail "no curl: run make deps"
	mkdir -p "$dir"
	program=$(own_copy "$program")
	for i in 1 2 3 4 5; do
		port=$((20000 + RANDOM % 20000))
		cat >"$dir/config.yml" <<-END
			global:
			  scrape_interval: 250ms
			  scrape_timeout: 250ms
			scrape_configs:
			- job_name: itself
			  static_configs:
			  - targets: ['127.0.0.1:$port']
		END
		"$program" --config.file="$dir/config.yml" --storage.tsdb.path="$dir/data" --web.listen-address=127.0.0.1:$port \
			--web.console.templates=/nonexistent --web.console.libraries=/nonexistent >"$dir/log" 2>&1 </dev/null 3>&- &
		target=$!
		pids+=("$target")
		wait_for eval "grep -q 'Server is ready' '$dir/log' || ! kill -0 $target"
		! grep -q 'Server is ready' "$dir/log" || return 0
	done
	tail -n 5 "$dir/log"
	return 1
}

# Its own counter. The answer to one question allocates, which the next one counts.
mallocs() {
	curl -sf "http://127.0.0.1:$port/debug/pprof/heap?debug=1" | sed -n 's/^# Mallocs = //p'
}

query() {
	curl -sf "http://127.0.0.1:$port/api/v1/query" --data-urlencode 'query=sum by (handler) (rate(prometheus_http_requests_total[5s]))' >/dev/null
}

@test "prometheus as Debian ships it: every allocation of some seconds under load, with functions, lines and types" {
	need_bpf
	use_go
	start_prometheus
	local i outer_before inner_before inner_after outer_after objects readings=() share
	local rounds=60
	[ -z "${ESCAUDIT_TEST_ALL:-}" ] || rounds=260 # half a minute
	rec=$BATS_TEST_TMPDIR/rec messages=$BATS_TEST_TMPDIR/rec.messages
	"$ESCAUDIT" record --mode=exact -o "$rec" -p "$target" 2>"$messages" </dev/null 3>&- &
	recorder=$!
	pids+=("$recorder")
	# Readings until the probes are in place: the last but one is surely from before.
	until grep -q 'recording process' "$messages"; do
		kill -0 "$recorder"
		readings+=("$(mallocs)")
	done
	outer_before=${readings[-2]}
	inner_before=$(mallocs)
	for i in $(seq "$rounds"); do
		query || complain "it does not answer while it is recorded"
		sleep 0.1
	done
	inner_after=$(mallocs)
	kill -INT "$recorder"
	until is_intact "$target" >/dev/null; do :; done
	outer_after=$(mallocs)
	wait "$recorder" || complain "record: status $?: $(cat "$messages")"
	# The window lies within the outer readings, and holds all between the inner ones.
	objects=$(objects_of "$rec")
	echo "recorded $objects, its own counter says $((inner_after - inner_before)) to $((outer_after - outer_before))"
	[ "$objects" -ge $((inner_after - inner_before)) ] || complain "$objects recorded, at least $((inner_after - inner_before)) made"
	[ "$objects" -le $((outer_after - outer_before)) ] || complain "$objects recorded, at most $((outer_after - outer_before)) made"
	[ $((outer_after - outer_before)) -le $(((inner_after - inner_before) * 13 / 10)) ] || complain "a bracket that proves little"
	[ "$objects" -gt 20000 ] || complain "only $objects objects: no load"

	# Functions, lines, types: as from a binary with everything in it.
	"$ESCAUDIT" top --json --limit 0 "$rec" >"$BATS_TEST_TMPDIR/top"
	jq -e '.losses | length == 0' "$BATS_TEST_TMPDIR/top" >/dev/null || complain "losses: $(jq -c .losses "$BATS_TEST_TMPDIR/top")"
	jq -e '.target.go_version | startswith("go1.19.")' "$BATS_TEST_TMPDIR/top" >/dev/null || complain "$(jq -c .target "$BATS_TEST_TMPDIR/top")"
	share() { # of all objects, in 1/10000, those of the rows that do not satisfy a condition
		jq "([.lines[] | select($1 | not) | .objects] | add // 0) * 10000 / ([.lines[].objects] | add) | floor" "$BATS_TEST_TMPDIR/top"
	}
	echo "without a function $(share '.function != "[unknown]" and .function != null')," \
		"without a line $(share '.file != null and .line > 0')," \
		"without a type $(share '.type != null') of 10000"
	[ "$(share '.function != "[unknown]" and .function != null')" -eq 0 ] || complain "unknown functions"
	[ "$(share '.file != null and .line > 0')" -eq 0 ] || complain "unknown lines"
	# Strings and byte slices are given no type by the compiler itself: never more than a part.
	[ "$(share '.type != null or (.cause | test("string|slice|growth|internal|chan|map"))')" -le 10 ] || complain "unknown types: $(
		jq -c '.lines[] | select(.type == null) | [.function, .cause, .objects]' "$BATS_TEST_TMPDIR/top" | head)"
	# What is inlined shows: the physical function is another than the one on the line.
	"$GO" tool pprof -raw "$rec" 2>/dev/null | grep -cE '^ {13}[a-zA-Z]' >"$BATS_TEST_TMPDIR/inlined" || true
	[ "$(cat "$BATS_TEST_TMPDIR/inlined")" -gt 50 ] || complain "$(cat "$BATS_TEST_TMPDIR/inlined") inlined frames"
	# Stacks go down to where the goroutine began.
	local cut
	cut=$("$GO" tool pprof -sample_index=alloc_objects -unit=minimum -nodefraction=0 -nodecount=100000 -top -cum "$rec" 2>/dev/null |
		awk -v all="$objects" '$NF == "runtime.goexit" || $NF == "runtime.mstart" || $NF == "runtime.mcall" { n += $4 } END { print all - n }')
	echo "$cut objects on stacks without a root"
	[ "$cut" -le $((objects / 100)) ] || complain "$cut of $objects objects on stacks that end nowhere"
	intact_soon "$target" "after the recording"
	query || complain "it does not answer any more"
	kill -TERM "$target"
	wait "$target" || complain "it ended with status $?"
	[ "$complaints" -eq 0 ]
}
