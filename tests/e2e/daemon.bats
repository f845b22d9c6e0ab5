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

# Starts it in a folder of its own; sets target and port, which is one that is free. It learns from a file where it is
# itself.
start_prometheus() {
	local program dir=$BATS_TEST_TMPDIR/prometheus
	program=$("$top/scripts/daemons" --list | sed -n 's/^prometheus //p')
	[ -n "$program" ] || skip_or_fail "no prometheus: run scripts/daemons"
	command -v curl >/dev/null || skip_or_fail "no curl: run make deps"
	mkdir -p "$dir"
	program=$(own_copy "$program")
	cat >"$dir/config.yml" <<-END
		global:
		  scrape_interval: 250ms
		  scrape_timeout: 250ms
		scrape_configs:
		- job_name: itself
		  file_sd_configs:
		  - files: ['$dir/itself.json']
		    refresh_interval: 1s
	END
	"$program" --config.file="$dir/config.yml" --storage.tsdb.path="$dir/data" --web.listen-address=127.0.0.1:0 \
		--web.console.templates=/nonexistent --web.console.libraries=/nonexistent >"$dir/log" 2>&1 </dev/null 3>&- &
	target=$!
	pids+=("$target")
	wait_on "$target" eval 'grep -q "Server is ready" "$dir/log" && port=$(port_of "$target")' || { tail -n 5 "$dir/log"; return 1; }
	echo "[{\"targets\": [\"127.0.0.1:$port\"]}]" >"$dir/itself.new"
	mv "$dir/itself.new" "$dir/itself.json"
	wait_on "$target" eval 'ask targets | grep -q "\"health\":\"up\""' || { tail -n 5 "$dir/log"; return 1; }
}

ask() {
	curl -sf "http://127.0.0.1:$port/api/v1/$1" "${@:2}"
}

# Its own counter. The answer to one question allocates, which the next one counts.
mallocs() {
	curl -sf "http://127.0.0.1:$port/debug/pprof/heap?debug=1" | sed -n 's/^# Mallocs = //p'
}

query() {
	ask query --data-urlencode 'query=sum by (handler) (rate(prometheus_http_requests_total[5s]))' >/dev/null
}

# record_under_load ROUNDS: into $rec. The window lies within two readings of the daemon's own counter and holds all between
# two others.
record_under_load() {
	local i outer_before inner_before inner_after outer_after objects readings
	rec=$BATS_TEST_TMPDIR/rec
	messages=$(mktemp "$BATS_TEST_TMPDIR/messages.XXXXXX")
	# Readings until the probes are in place: the last but one is surely from before.
	readings=("$(mallocs)")
	"$ESCAUDIT" record --mode=exact -o "$rec" -p "$target" 2>"$messages" </dev/null 3>&- &
	recorder=$!
	pids+=("$recorder")
	until grep -q 'recording process' "$messages"; do
		! has_ended "$recorder" || { complain "record: $(cat "$messages")"; return 0; }
		readings+=("$(mallocs)")
	done
	outer_before=${readings[0]}
	[ ${#readings[@]} -lt 2 ] || outer_before=${readings[-2]}
	inner_before=$(mallocs)
	for ((i = 0; i < $1; i++)); do
		query || complain "it does not answer while it is recorded"
		sleep 0.1
	done
	inner_after=$(mallocs)
	kill -INT "$recorder"
	wait_for is_intact "$target" || complain "the probes do not leave"
	outer_after=$(mallocs)
	wait "$recorder" || complain "record: status $?: $(cat "$messages")"
	objects=$(objects_of "$rec")
	echo "recorded $objects, its own counter says $((inner_after - inner_before)) to $((outer_after - outer_before))"
	[ "$objects" -ge $((inner_after - inner_before)) ] || complain "$objects recorded, at least $((inner_after - inner_before)) made"
	[ "$objects" -le $((outer_after - outer_before)) ] || complain "$objects recorded, at most $((outer_after - outer_before)) made"
	[ $((outer_after - outer_before)) -le $(((inner_after - inner_before) * 13 / 10)) ] || complain "a bracket that proves little"
	[ "$objects" -gt 20000 ] || complain "only $objects objects: no load"
}

@test "prometheus as Debian ships it: every allocation of some seconds under load, with functions, lines and types" {
	need_bpf
	use_go
	start_prometheus
	local objects share rounds=60
	[ -z "${ESCAUDIT_TEST_ALL:-}" ] || rounds=260 # half a minute
	twice record_under_load "$rounds"
	objects=$(objects_of "$rec")

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
