#!/usr/bin/env bats
# Every object exactly once, on its own line: whole runs of programs whose counts are known, on every Go version and in
# the builds that change the allocator. The total is the runtime's own MemStats.Mallocs, to the object.

load helper

record_options=()
charges=(site module)

# check_capture PROGRAM [ARGS...]: records it and holds the counts against those it prints.
check_capture() {
	local rec=$BATS_TEST_TMPDIR/rec truth=$BATS_TEST_TMPDIR/truth status=0 charge wrong
	rm -f "$rec"
	"$ESCAUDIT" record "${record_options[@]}" -o "$rec" -- "$@" >"$truth" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	if [ "$status" -ne 0 ]; then
		complain "record $*: status $status"
		head -c 2000 "$BATS_TEST_TMPDIR/err"
		return 0
	fi
	if ! jq -e .mallocs "$truth" >/dev/null; then
		complain "the program's own output did not arrive whole on standard output"
		return 0
	fi
	expect_sites "$rec"
	for charge in "${charges[@]}"; do
		"$ESCAUDIT" top --json --limit 0 --charge=$charge "$rec" >"$BATS_TEST_TMPDIR/top" 2>"$BATS_TEST_TMPDIR/err" || status=$?
		if [ "$status" -ne 0 ]; then
			complain "top: status $status"
			head -c 2000 "$BATS_TEST_TMPDIR/err"
			return 0
		fi
		wrong=$(jq -r -n --slurpfile top "$BATS_TEST_TMPDIR/top" --slurpfile truth "$truth" \
			--slurpfile markers <(markers_json capture) --arg charge $charge "$jq_rows"'
			$truth[0] as $t | $top[0] as $r | ($markers[0] | INDEX(.marker)) as $line |
			(if $r.window.mode != "exact" then "mode is \($r.window.mode)" else empty end),
			(if $r.window.complete != true then "window is not complete" else empty end),
			(if ($r.losses | length) != 0 then "losses: \($r.losses)" else empty end),
			([$r | rows | .objects] | add) as $sum |
			(if $sum != $t.mallocs then "total \($sum) instead of \($t.mallocs) (\($sum - $t.mallocs))" else empty end),
			($t.expected[] | . as $e | $line[.marker] as $at |
				select($charge == "module" or (.charged | not)) |
				[$r | rows | select(at($at.file; $at.line))] as $rows |
				($rows | map(.objects) | add // 0) as $objects | ($rows | map(.bytes) | add // 0) as $bytes |
				if .at_least then select($objects < .objects) | "@\(.marker): \($objects) objects, at least \(.objects) expected"
				elif $objects != .objects then "@\(.marker): \($objects) objects instead of \(.objects)"
				elif .bytes != null and $bytes != .bytes then "@\(.marker): \($bytes) bytes instead of \(.bytes)"
				else empty end)') || complain "comparison failed: unexpected shape of the output of top"
		while read -r line; do
			[ -z "$line" ] || complain "--charge=$charge $(basename "$(dirname "$1")"): $line"
		done <<<"$wrong"
	done
}

# Versions for the variants that need the standard library built anew: those between which the allocator changed.
few() {
	if [ -n "${ESCAUDIT_TEST_ALL:-}" ]; then
		echo ''
	else
		echo "$@"
	fi
}

built() {
	local program
	if program=$(build_go capture "$@"); then
		check_capture "$program"
	else
		complain "does not build with: $*"
	fi
}

@test "every object once, on its line: default build" {
	need_bpf
	check() { built; }
	for_each_go check
}

@test "every object once: stripped (-ldflags='-s -w')" {
	need_bpf
	check() { built -ldflags='-s -w'; }
	for_each_go check
}

@test "every object once: -trimpath" {
	need_bpf
	check() { built -trimpath; }
	for_each_go check $(few 1.19 1.27)
}

@test "every object once: position independent (-buildmode=pie)" {
	need_bpf
	check() { built -buildmode=pie; }
	for_each_go check $(few 1.19 1.25 1.26 1.27)
}

@test "every object once: no optimisation, no inlining (-gcflags='all=-N -l')" {
	need_bpf
	check() { built -gcflags='all=-N -l'; }
	for_each_go check $(few 1.19 1.23 1.25 1.27)
}

@test "every object once: race detector (-race, cgo, linked by gcc)" {
	need_bpf
	check() { built CGO_ENABLED=1 -race; }
	for_each_go check $(few 1.19 1.24 1.27)
}

@test "every object once: size-specialised allocator switched on in 1.26, off in 1.27" {
	need_bpf
	check_on() { built GOEXPERIMENT=sizespecializedmalloc; }
	check_off() { built GOEXPERIMENT=nosizespecializedmalloc; }
	for_each_go check_on 1.26
	for_each_go check_off 1.27
}

@test "every object once: guided by its own profile (-pgo)" {
	need_bpf
	check() {
		local profile
		profile=$(capture_profile) || { complain "no profile"; return 0; }
		built "-pgo=$profile"
	}
	for_each_go check $(few 1.22 1.24 1.26 1.27)
}

@test "every object once: guided by a profile of another Go version (-pgo)" {
	need_bpf
	local foreign newer
	use_go 1.25
	newer=$(capture_profile)
	use_go 1.24
	foreign=$(capture_profile)
	check() {
		if [ "$GO_VERSION" = 1.24 ]; then
			built "-pgo=$newer"
		else
			built "-pgo=$foreign"
		fi
	}
	for_each_go check $(few 1.24 1.26 1.27)
}

@test "every object once: run-time settings that change collector and scheduler" {
	need_bpf
	check() {
		local program
		program=$(build_go capture)
		GOMAXPROCS=1 check_capture "$program"
		GOGC=5 GODEBUG=gcstoptheworld=1 check_capture "$program"
		GODEBUG=asyncpreemptoff=1,madvdontneed=1 check_capture "$program"
		GODEBUG=clobberfree=1,gcshrinkstackoff=1 check_capture "$program"
	}
	for_each_go check 1.19 1.24 1.27
}

@test "millions from one line" {
	need_bpf
	# 100000000 takes minutes: ESCAUDIT_TEST_ALL=1.
	local n=2000003
	[ -z "${ESCAUDIT_TEST_ALL:-}" ] || n=100000007
	check() {
		local program
		program=$(build_go capture)
		check_capture "$program" -loop $n
	}
	for_each_go check 1.23 1.27
}

@test "more stacks than there is room for: counts and lines stay, and the report says what is short" {
	need_bpf
	record_options=(--max-stacks=16)
	charges=(site)
	check() {
		local program rec=$BATS_TEST_TMPDIR/rec
		program=$(build_go capture)
		check_capture "$program"
		expect_status 0 "$ESCAUDIT" top --json "$rec"
		jq -e '.window.shortened > 1000 and .window.shortened < .window.hits' <<<"$out" >/dev/null ||
			complain "shortened: $(jq -c .window <<<"$out")"
		expect_status 0 "$ESCAUDIT" top "$rec"
		grep -q '^SHORT  *stacks of [0-9]* objects' <<<"$out" || complain "nothing is said: $(head -n 8 <<<"$out")"
	}
	for_each_go check 1.19 1.24 1.27
}

@test "go tool pprof opens a recording and agrees on the total" {
	need_bpf
	check() {
		local program rec=$BATS_TEST_TMPDIR/rec total seen
		program=$(build_go capture)
		"$ESCAUDIT" record -o "$rec" -- "$program" -only strings >"$BATS_TEST_TMPDIR/truth" 2>/dev/null ||
			complain "record: status $?"
		total=$(jq .mallocs "$BATS_TEST_TMPDIR/truth")
		# "Showing nodes accounting for 3201, 100% of 3201 total"; -unit minimum keeps it whole
		seen=$("$GO" tool pprof -sample_index=alloc_objects -unit=minimum -nodefraction=0 -nodecount=100000 -top "$rec" 2>&1 |
			sed -n 's/^Showing nodes accounting for .* of \([0-9]*\) total.*/\1/p')
		[ "$seen" = "$total" ] || complain "pprof sees ${seen:-nothing}, MemStats says $total"
		"$GO" tool pprof -sample_index=alloc_space -list 'main.stringWork' "$rec" 2>&1 | grep -q '@string-concat$' ||
			complain "pprof -list does not find the source"
	}
	for_each_go check 1.19 1.27
}

@test "go test -exec: the tests of a package" {
	need_bpf
	check() {
		local rec=$BATS_TEST_TMPDIR/rec file line got
		rm -f "$rec"
		(cd "$programs/tested" && "$GO" test -vet=off -count=1 -exec "$ESCAUDIT record -o $rec --" .) >"$BATS_TEST_TMPDIR/out" 2>&1 ||
			complain "go test: $(cat "$BATS_TEST_TMPDIR/out")"
		read -r file line < <(line_of tested tested)
		got=$("$ESCAUDIT" top --json --limit 0 "$rec" | jq --arg file "$file" --argjson line "$line" \
			"$jq_rows"'[rows | select((.file | base) == $file and .line == $line and .cause != "runtime internal") | .objects] | add')
		[ "$got" = 557 ] || complain "$got objects instead of 557"
	}
	for_each_go check 1.19 1.27
}
