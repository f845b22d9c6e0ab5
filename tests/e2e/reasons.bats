#!/usr/bin/env bats
# What a verdict says of why, what it advises, and that each prediction has one row: tests/programs/reasons has the lines,
# reasons.tsv what must be said of them.

load helper

calls=100

in_reasons() { (cd "$programs/reasons" && "$@"); }

# The rows of reasons.tsv for $GO_VERSION, with the lines their markers stand on now.
expectations() {
	grep -v '^#' "$BATS_TEST_DIRNAME/reasons.tsv" | while IFS=$'\t' read -r marker version rest; do
		! version_in "$GO_VERSION" "$version" || printf '%s\t%s\n' "$marker" "$rest"
	done | jq -R -n --slurpfile markers <(markers_json reasons) '
		($markers[0] | INDEX(.marker)) as $at |
		[inputs | split("\t") as [$marker, $expr, $verdict, $rows, $objects, $summary, $advice] |
			{$marker, file: $at[$marker].file, line: $at[$marker].line, $expr, $verdict, rows: ($rows | tonumber), $objects, $summary, $advice}]'
}

# check_reasons AUDIT: every expectation holds.
check_reasons() {
	local wrong line
	expectations >"$BATS_TEST_TMPDIR/expected"
	[ "$(jq length "$BATS_TEST_TMPDIR/expected")" -gt 15 ] || complain "only $(jq length "$BATS_TEST_TMPDIR/expected") expectations"
	wrong=$(jq -r --slurpfile expected "$BATS_TEST_TMPDIR/expected" --argjson calls $calls "$jq_rows"'
		. as $audit | $expected[0][] | . as $e |
		if .line == null then "no marker" else
			[$audit.verdicts[] | select(at($e.file; $e.line)) |
				select(if $e.expr == "-" then .claim == null else .claim != null and ((.expr // "") | test($e.expr)) end)] as $found |
			($found[] | (.verdict + if .ambiguous then "?" else "" end) | select(. != $e.verdict) | "\(.) instead of \($e.verdict)"),
			(if ($found | length) != $e.rows then "\($found | length) rows instead of \($e.rows)" else empty end),
			(($found | map(.objects) | add // 0) as $n | select($e.objects != "." and $n != ($e.objects | tonumber) * $calls) |
				"\($n) objects in \($calls) calls instead of \($e.objects) each"),
			($found[] | select($e.summary != "." and (.summary | test($e.summary) | not)) | "says \"\(.summary)\""),
			($found[] | select($e.advice == "none" and .advice) | "advises \"\(.advice)\""),
			($found[] | select($e.advice != "none" and $e.advice != "." and ((.advice // "") | test($e.advice) | not)) |
				"advises \"\(.advice // "nothing")\"")
		end | "@\($e.marker) /\($e.expr)/: \(.)"' "$1") || complain "unexpected shape of the output"
	while read -r line; do
		[ -z "$line" ] || complain "$line"
	done <<<"$wrong"
}

@test "reason, advice and number of rows of every marked line" {
	need_bpf
	check() {
		expect_status 0 in_reasons "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" . -- -n $calls
		cp "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/audit"
		check_reasons "$BATS_TEST_TMPDIR/audit"
		# Both lines are named.
		if version_in "$GO_VERSION" '>=1.26'; then
			local line
			for marker in moved-append:moved-return range-append:range-range; do
				read -r _ line < <(line_of reasons "${marker#*:}")
				jq -e --argjson line "$(line_of reasons "${marker%:*}" | cut -d ' ' -f 2)" --arg moved "on line $line" \
					'.verdicts[] | select(.line == $line and (.summary | endswith($moved)))' "$BATS_TEST_TMPDIR/audit" >/dev/null ||
					complain "@${marker%:*} does not name line $line"
				[ "$(jq --argjson line "$line" '[.verdicts[] | select(.line == $line)] | length' "$BATS_TEST_TMPDIR/audit")" = 0 ] ||
					complain "@${marker#*:} has a row of its own"
			done
		fi
	}
	for_each_go check
}

# The first is never made, the second each time. Whoever cannot tell which of the calls is whose says so.
@test "branches on one line are not credited by the order of the code" {
	need_bpf
	check() {
		local line said
		expect_status 0 in_reasons "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" . -- -n $calls
		read -r _ line < <(line_of reasons branches)
		said=$(jq -r --argjson line "$line" '[.verdicts[] | select(.line == $line)] | sort_by(.column) |
			map("\(.verdict)\(if .ambiguous then "?" else "" end) \(.predictions) \(.objects)") | join(", ")' "$BATS_TEST_TMPDIR/out")
		case $said in
		"confirmed? 2 $calls" | "unreached 1 0, confirmed 1 $calls") ;;
		*) complain "$said" ;;
		esac
	}
	for_each_go check
}

@test "each prediction is in one row: their sum is the log's" {
	need_bpf
	check() {
		local rows predicted
		expect_status 0 in_reasons "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" \
			--predictions "$BATS_TEST_TMPDIR/p" . -- -n 3
		rows=$(jq '[.verdicts[].predictions] | add' "$BATS_TEST_TMPDIR/out")
		expect_status 0 in_reasons "$ESCAUDIT" predict --go "$GO" --json .
		predicted=$(jq '.predictions | length' "$BATS_TEST_TMPDIR/out")
		[ "$rows" = "$predicted" ] || complain "$rows predictions in the rows, $predicted in the log"
	}
	for_each_go check
}

# There no package is of a main module: what was predicted is what is probed.
@test "a program of the standard library: nothing is undecided" {
	need_bpf
	check() {
		local undecided
		expect_status 0 "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" cmd/asm -- -V
		sed -i -n '/^{/,$p' "$BATS_TEST_TMPDIR/out"
		[ "$(jq '.verdicts | length' "$BATS_TEST_TMPDIR/out")" -gt 100 ] || complain "only $(jq '.verdicts | length' "$BATS_TEST_TMPDIR/out") verdicts"
		undecided=$(jq '[.verdicts[] | select(.verdict == "undecided")] | length' "$BATS_TEST_TMPDIR/out")
		[ "$undecided" = 0 ] || complain "$undecided verdicts are undecided"
	}
	for_each_go check 1.19 1.27
}

# Their type descriptors are laid out in another way.
@test "maps of buckets in Go 1.24 and 1.25: values of their own are known there, too" {
	need_bpf
	check() {
		local line said
		expect_status 0 in_reasons env GOEXPERIMENT=noswissmap "$ESCAUDIT" audit --go "$GO" --json --limit 0 -o "$BATS_TEST_TMPDIR/rec" . -- -n 3
		for marker in map-wide:"a value over 128" map-wide-key:"a key over 128" map-wide-both:"a key and a value" map-grown:"the map grew"; do
			read -r _ line < <(line_of reasons "${marker%%:*}")
			said=$(jq -r --argjson line "$line" '.verdicts[] | select(.line == $line).summary' "$BATS_TEST_TMPDIR/out")
			[[ $said == "${marker#*:}"* ]] || complain "@${marker%%:*}: ${said:-nothing}"
		done
	}
	for_each_go check 1.24 1.25
}

@test "without optimisation no append has room on the stack" {
	need_bpf
	check() {
		local line said
		expect_status 0 in_reasons "$ESCAUDIT" audit --go "$GO" --flag=-gcflags=-N --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" . -- -n 3
		for marker in append-round append-outgrown; do
			read -r _ line < <(line_of reasons $marker)
			said=$(jq -r --argjson line "$line" '.verdicts[] | select(.line == $line and .expr == "append") | "\(.verdict): \(.summary)"' "$BATS_TEST_TMPDIR/out")
			[[ $said =~ ^violated:.*"not optimised (-N)" ]] || complain "@$marker: ${said:-nothing}"
		done
	}
	for_each_go check 1.25 1.27
}

@test "an ambiguous verdict of one prediction does not count predictions" {
	need_bpf
	use_go 1.27
	complaints=0
	expect_status 0 in_reasons "$ESCAUDIT" audit --go "$GO" --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" . -- -n $calls
	tr -s ' \n' ' ' <<<"$out" | grep -q 'ambiguous (some of its calls may be of another prediction)' || complain "no ambiguous verdict of one prediction"
	! grep -q '(1 predictions)' <<<"$out" || complain "it says \"1 predictions\""
	[ "$complaints" -eq 0 ]
}
