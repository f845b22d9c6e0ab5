#!/usr/bin/env bats
# The difference of two recordings, on a refactoring of which one half does what it should and the other the opposite.

load helper

setup() {
	complaints=0
}

# run_refactor SIDE OUT [ARGS...]: audits tests/programs/refactor/SIDE into OUT.gz and OUT.pred.
run_refactor() {
	local side=$1 to=$2
	shift 2
	(cd "$programs/refactor/$side" && "$ESCAUDIT" audit --go "$GO" -o "$to.gz" --predictions "$to.pred" . -- "$@" >/dev/null 2>&1) ||
		complain "audit of $side: status $?"
}

# change_of MARKER FIELD...: what the difference in $out says of the line of a marker in the program after.
row_of() {
	local line file
	read -r file line < <(line_of "refactor/$1" "$2")
	jq -c --arg file "$file" --argjson line "$line" --arg side "$1" \
		'.changes[] | select(.noise != "runtime" and .[$side].file == $file and .[$side].line == $line)' <<<"$out"
}

@test "a refactoring: one escape is gone, one closure is new, the rest only moved" {
	need_bpf
	check() {
		local d=$BATS_TEST_TMPDIR
		run_refactor before "$d/before" -n 100
		run_refactor after "$d/after" -n 100
		expect_status 0 "$ESCAUDIT" diff --json --predictions-before "$d/before.pred" --predictions-after "$d/after.pred" \
			"$d/before.gz" "$d/after.gz"
		jq -e 'has("schema") and has("before") and has("after")' <<<"$out" >/dev/null || complain "no JSON"
		# what it was meant to do
		row_of before sum | jq -e 'select(.change == "gone" and .before.objects == 100 and .before.type == "main.sum" and
			.before.verdict == "confirmed" and .before.expr == "&sum{...}")' >/dev/null || complain "sum: $(row_of before sum)"
		# what it was not meant to do: two closures where there was one
		[ "$(row_of after goroutine | jq -s 'map(select(.change == "new").after.objects) | add')" = 100 ] ||
			complain "goroutine: $(row_of after goroutine)"
		[ "$(row_of after goroutine | jq -s 'map(.after.objects) | add')" = 200 ] || complain "closures: $(row_of after goroutine)"
		# what stayed: in another file, on another line
		row_of after label | jq -s -e 'length > 0 and all(.change == "same" and .moved and .before.file == "label.go" and
			.before.objects == 100)' >/dev/null || complain "label: $(row_of after label)"
		row_of after grow | jq -s -e 'length > 0 and all(.change == "same")' >/dev/null || complain "grow: $(row_of after grow)"
		jq -e '.counts.new == 1 and .counts.more == 0 and .counts.gone == 1 and .counts.fewer == 0' <<<"$out" >/dev/null ||
			complain "counts: $(jq -c .counts <<<"$out") $(jq -c '.changes[] | select(.change != "same")' <<<"$out")"
	}
	for_each_go check 1.19 1.24 1.27
}

@test "a gate catches what looks like an improvement" {
	need_bpf
	use_go
	local d=$BATS_TEST_TMPDIR
	run_refactor before "$d/before" -n 100
	run_refactor after "$d/after" -n 100
	expect_status 1 "$ESCAUDIT" diff --fail-on new-heap "$d/before.gz" "$d/after.gz"
	expect_message 'gate: new-heap: 1 line, 100 objects.*main\.go'
	expect_status 1 "$ESCAUDIT" diff --fail-on 'more>5%' "$d/before.gz" "$d/after.gz"
	expect_status 0 "$ESCAUDIT" diff --fail-on 'new-heap>1' "$d/before.gz" "$d/after.gz"
	# the other way round the other half is what is new
	expect_status 1 "$ESCAUDIT" diff --fail-on new-heap "$d/after.gz" "$d/before.gz"
	# the same program, run twice: exact counts need no margin, and the pools of the runtime trip nothing
	run_refactor before "$d/again" -n 100
	expect_status 0 "$ESCAUDIT" diff --fail-on 'new-heap,more>0' "$d/before.gz" "$d/again.gz"
	[ "$complaints" -eq 0 ]
}

@test "a baseline accepts, with a reason, until its day" {
	need_bpf
	use_go
	local d=$BATS_TEST_TMPDIR
	run_refactor before "$d/before" -n 20
	run_refactor after "$d/after" -n 20
	baseline() {
		jq -n --arg day "$1" '{schema: "escaudit-baseline/1", fail_on: ["new-heap"],
			accept: [{function: "main.announce", cause: "closure", reason: "to be mended", expires: $day}]}' >"$d/baseline.json"
	}
	baseline 2999-12-31
	expect_status 0 "$ESCAUDIT" diff --baseline "$d/baseline.json" "$d/before.gz" "$d/after.gz"
	baseline 2020-12-31
	expect_status 1 "$ESCAUDIT" diff --baseline "$d/baseline.json" "$d/before.gz" "$d/after.gz"
	expect_message 'expired on 2020-12-31.*to be mended'
	expect_message 'new-heap: 1 line'
	expect_status 2 "$ESCAUDIT" diff --baseline "$d/none.json" --fail-on new-heap "$d/before.gz" "$d/after.gz"
	echo '{"schema": "escaudit-baseline/1"}' >"$d/baseline.json"
	expect_status 64 "$ESCAUDIT" diff --baseline "$d/baseline.json" "$d/before.gz" "$d/after.gz"
	[ "$complaints" -eq 0 ]
}

@test "runs of different length are compared per operation" {
	need_bpf
	use_go
	local d=$BATS_TEST_TMPDIR
	run_refactor before "$d/before" -n 100
	run_refactor before "$d/longer" -n 300
	expect_status 1 "$ESCAUDIT" diff --fail-on 'more>0' "$d/before.gz" "$d/longer.gz"
	expect_status 0 "$ESCAUDIT" diff --json --per-before 100 --per-after 300 --fail-on 'new-heap,more>0,bytes>1kB/op' "$d/before.gz" "$d/longer.gz"
	row_of after sum >/dev/null
	jq -e '.before.units == 100 and .after.units == 300 and .counts.more == 0 and .counts.new == 0' <<<"$out" >/dev/null ||
		complain "$(jq -c '.changes[] | select(.change == "more" or .change == "new")' <<<"$out")"
	expect_status 1 "$ESCAUDIT" diff --per-before 100 --per-after 300 --fail-on 'bytes>100B/op' "$d/before.gz" "$d/longer.gz"
	printf 'BenchmarkOrders-2 \t 100\t 1234 ns/op\n' >"$d/before.txt"
	printf 'BenchmarkOrders-2 \t 300\t 1234 ns/op\n' >"$d/after.txt"
	expect_status 0 "$ESCAUDIT" diff --bench-before "$d/before.txt" --bench-after "$d/after.txt" --fail-on 'more>0' "$d/before.gz" "$d/longer.gz"
	printf 'BenchmarkOther-2 \t 300\t 1234 ns/op\n' >"$d/after.txt"
	expect_status 2 "$ESCAUDIT" diff --bench-before "$d/before.txt" --bench-after "$d/after.txt" "$d/before.gz" "$d/longer.gz"
	expect_message 'BenchmarkO'
	[ "$complaints" -eq 0 ]
}

@test "a gate that cannot be answered fails" {
	need_bpf
	use_go
	local d=$BATS_TEST_TMPDIR
	run_refactor before "$d/before" -n 20
	run_refactor after "$d/after" -n 20
	expect_status 2 "$ESCAUDIT" diff --fail-on violated "$d/before.gz" "$d/after.gz"
	expect_message 'predictions'
	expect_status 2 "$ESCAUDIT" diff --fail-on 'bytes>1MB/op' "$d/before.gz" "$d/after.gz"
	expect_message '--per'
	expect_status 2 "$ESCAUDIT" diff --fail-on 'new-heap' "$d/before.gz" "$d/before.gz"
	expect_message 'one recording'
	expect_status 2 "$ESCAUDIT" compare --fail-on 'new-heap' "$d/before.pred" "$d/before.gz"
	expect_message 'escaudit diff'
	expect_status 2 "$ESCAUDIT" compare --fail-on 'bytes>1kB/op' "$d/before.pred" "$d/before.gz"
	expect_status 1 "$ESCAUDIT" compare --per 20 --fail-on 'bytes>1B/op' "$d/before.pred" "$d/before.gz"
	expect_status 0 "$ESCAUDIT" compare --per 20 --fail-on 'bytes>1MB/op,elided>100' "$d/before.pred" "$d/before.gz"
	expect_status 1 "$ESCAUDIT" compare --fail-on 'confirmed>2' "$d/before.pred" "$d/before.gz"
	# predictions of another program, of which the binary has no line
	(cd "$programs/sleeper" && "$ESCAUDIT" predict --go "$GO" -o "$d/other.pred" .) 2>/dev/null
	expect_status 2 "$ESCAUDIT" compare --fail-on violated "$d/other.pred" "$d/before.gz"
	expect_message 'own build'
	expect_status 1 "$ESCAUDIT" compare --fail-on stale "$d/other.pred" "$d/before.gz"
	expect_status 2 "$ESCAUDIT" diff --predictions-before "$d/before.pred" --predictions-after "$d/other.pred" --fail-on violated \
		"$d/before.gz" "$d/after.gz"
	expect_message 'own build'
	# a pattern that covers nothing
	expect_status 2 "$ESCAUDIT" audit --go "$GO" --flag=-C="$programs/refactor/before" --pattern=example.com/typo/... --fail-on violated .
	expect_message 'typo'
	[ "$complaints" -eq 0 ]
}

@test "misuse of diff" {
	misused() {
		expect_status 64 "$ESCAUDIT" diff "$@"
		[ -z "$out" ] || complain "diff $*: output: $out"
	}
	misused
	misused a
	misused a b c
	misused --per 0 a b
	misused --per 1.5 a b
	misused --per 5 --per-after 5 a b
	misused --per-before 5 a b
	misused --bench-before a a b
	misused --fail-on nonsense a b
	misused --fail-on 'more>x' a b
	misused --charge=nobody a b
	expect_status 2 "$ESCAUDIT" diff /nonexistent /nonexistent
	[ "$complaints" -eq 0 ]
}
