#!/usr/bin/env bats
# The textbook cases of escape analysis: each verdict as it must be, on every Go version, and the three ways to them
# (audit in one go; predict, record and compare; a log made by hand) agree.

load helper

calls=200

# The table of what happens, by the runtime's own count: objects and bytes a call. It is the programs that are checked
# here, so that the verdicts below rest on something.
@test "the scenarios allocate what they are known to allocate" {
	check() {
		local program id objects bytes rest wanted
		program=$(build_go scenarios)
		while read -r id objects bytes rest; do
			case $id in
			K4) wanted='3 56' ;;
			K5 | A1 | Y3-pointer) wanted='1 8' ;;
			A2) version_in "$GO_VERSION" '<=1.24' && wanted='1 16' || wanted='0 0' ;;
			A2b | Y5-pointer) wanted='1 16' ;;
			A4-1e6) wanted='1 8003584' ;;
			A4-var) version_in "$GO_VERSION" '<=1.24' && wanted='1 80' || wanted='0 0' ;;
			# a channel without room for elements is 16 bytes larger since it holds a timer
			Y4-capture) version_in "$GO_VERSION" '<=1.22' && wanted='2 120' || wanted='2 136' ;;
			Y4-parameter) version_in "$GO_VERSION" '<=1.22' && wanted='3 136' || wanted='3 152' ;;
			*) wanted='0 0' ;;
			esac
			[ "$objects $bytes" = "$wanted" ] || complain "$id: $objects objects, $bytes bytes a call instead of $wanted"
		done < <("$program" -measure -n 50)
		[ "$("$program" -measure -n 1 | wc -l)" -eq 23 ] || complain "not all scenarios ran"
	}
	for_each_go check
}

# The rows of scenarios.expect for $GO_VERSION, with the lines their markers stand on now.
expectations() {
	sed -e '/^#/d' -e '/^$/d' -e 's/ *; */;/g' "$BATS_TEST_DIRNAME/scenarios.expect" |
		while IFS=';' read -r marker expr version rest; do
			! version_in "$GO_VERSION" "$version" || echo "$marker;$expr;$rest"
		done | jq -R -n --slurpfile markers <(markers_json scenarios) '
		($markers[0] | INDEX(.marker)) as $at |
		def number: if . == "-" then null else tonumber end;
		[inputs | split(";") as [$marker, $expr, $verdicts, $objects, $bytes, $type] |
			{$marker, file: $at[$marker].file, line: $at[$marker].line, $expr,
			verdicts: ($verdicts | ltrimstr("? ") | split(" ")), optional: ($verdicts | startswith("? ")),
			objects: ($objects | number), bytes: ($bytes | number), type: (if $type == "-" then null else $type end)}]'
}

# check_verdicts FILE: the output of audit or compare against scenarios.expect.
check_verdicts() {
	local wrong line
	wrong=$(jq -r --slurpfile expected <(expectations) --argjson calls $calls "$jq_rows"'
		. as $audit | $expected[0][] | . as $e |
		if .line == null then "no marker" else
			[$audit.verdicts[] | select(at($e.file; $e.line)) |
				select(if $e.expr == "unpredicted" then .claim == null
					else .claim != null and ((.expr // "") | test($e.expr)) end)] as $found |
			($found | map(.objects) | add // 0) as $n |
			(if ($found | length) == 0 and (.optional | not) then "nothing said of it" else empty end),
			($found[] | select(.verdict as $v | $e.verdicts | index($v) | not) |
				"\(.verdict) instead of \($e.verdicts | join(" or "))"),
			(if .objects != null and $n != .objects * $calls then "\($n) objects in \($calls) calls" else empty end),
			($found[] | select($e.bytes != null and .bytes != .objects * $e.bytes) | "\(.bytes) bytes for \(.objects) objects"),
			($found[] | select($e.type != null and .type != $e.type) | "type \(.type) instead of \($e.type)")
		end | "@\($e.marker) /\($e.expr)/: \(.)"' "$1") || complain "unexpected shape of the output"
	while read -r line; do
		[ -z "$line" ] || complain "$line"
	done <<<"$wrong"
}

in_scenarios() {
	(cd "$programs/scenarios" && "$@")
}

@test "audit: the verdict of every scenario" {
	need_bpf
	check() {
		local json=$BATS_TEST_TMPDIR/audit.json
		expect_status 0 in_scenarios "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" . -- -n $calls
		cp "$BATS_TEST_TMPDIR/out" "$json"
		check_verdicts "$json"
	}
	for_each_go check
}

@test "audit: everything adds up to the runtime's own total" {
	need_bpf
	check() {
		local json=$BATS_TEST_TMPDIR/audit.json truth=$BATS_TEST_TMPDIR/truth
		# Standard output of the program is kept apart from the report.
		(cd "$programs/capture" && "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" . \
			-- -only small) >"$json" 2>"$BATS_TEST_TMPDIR/err" || complain "audit: status $?"
		grep -o '{"mallocs":[0-9]*' "$json" "$BATS_TEST_TMPDIR/err" | head -n 1 | grep -o '[0-9]*$' >"$truth"
		local sum
		sum=$(jq -s -r 'map(select(.verdicts)) | first |
			([.verdicts[] | .objects // 0] | add) + .elsewhere.objects + .runtime.objects' "$json")
		[ "$sum" = "$(cat "$truth")" ] || complain "verdicts, elsewhere and runtime make $sum, MemStats says $(cat "$truth")"
	}
	for_each_go check 1.19 1.24 1.27
}

@test "predict, record and compare say what audit says" {
	need_bpf
	check() {
		local t=$BATS_TEST_TMPDIR
		rm -f "$t"/{p,rec}
		expect_status 0 in_scenarios "$ESCAUDIT" predict --go "$GO" -o "$t/p" .
		expect_status 0 "$ESCAUDIT" record -o "$t/rec" -- "$(build_go scenarios)" -n $calls
		expect_status 0 "$ESCAUDIT" compare --json --all --limit 0 "$t/p" "$t/rec"
		cp "$t/out" "$t/compare.json"
		check_verdicts "$t/compare.json"
	}
	for_each_go check
}

@test "a log of go build -gcflags=-m alone: the same verdicts where nothing was inlined" {
	need_bpf
	check() {
		local t=$BATS_TEST_TMPDIR wrong
		# A fresh output directory does not help: only a flag of its own keeps the build cache from replaying another's paths.
		in_scenarios "$GO" build -gcflags=-m -o "$t/prog" . 2>"$t/log" || complain "build"
		expect_status 0 "$ESCAUDIT" record -o "$t/rec" -- "$t/prog" -n $calls
		expect_status 0 "$ESCAUDIT" compare --json --all --limit 0 "$t/log" "$t/rec"
		wrong=$(jq -r '.verdicts | length' <<<"$out")
		[ "$wrong" -gt 30 ] || complain "only $wrong verdicts"
		cp "$t/out" "$t/compare.json"
		local marker file line verdict
		for marker in K4-slice A1 A2b Y3-pointer Y5-pointer; do
			read -r file line < <(line_of scenarios $marker)
			verdict=$(jq -r --arg file "$file" --argjson line "$line" "$jq_rows"'
				[.verdicts[] | select(at($file; $line)) | "\(.verdict) \(.objects)"] | join(",")' "$t/compare.json")
			[ "$verdict" = "confirmed $calls" ] || complain "@$marker: $verdict"
		done
	}
	for_each_go check 1.19 1.24 1.27
}

@test "predict: every claim the compiler makes at a marked line" {
	check() {
		local wrong line
		expect_status 0 in_scenarios "$ESCAUDIT" predict --go "$GO" --json .
		wrong=$(jq -r --slurpfile expected <(expectations) "$jq_rows"'
			.predictions as $p | $expected[0][] | select(.expr != "unpredicted" and (.optional | not)) | . as $e |
			select([$p[] | select((.file | base) == $e.file and .line == $e.line and (.expr | test($e.expr)))] == []) |
			"@\(.marker) /\(.expr)/: no prediction"' <<<"$out") || complain "unexpected shape of the output"
		while read -r line; do
			[ -z "$line" ] || complain "$line"
		done <<<"$wrong"
	}
	for_each_go check
}

@test "sites: what the machine code holds, without running it" {
	check() {
		local json=$BATS_TEST_TMPDIR/sites.json file line n
		expect_status 0 "$ESCAUDIT" sites --json --limit 0 "$(build_go scenarios)"
		cp "$BATS_TEST_TMPDIR/out" "$json"
		sites_on() {
			read -r file line < <(line_of scenarios "$1")
			jq --arg file "$file" --argjson line "$line" "$jq_rows"'[.sites[] | select(at($file; $line))] | length' "$json"
		}
		for marker in A1 A2b Y3-pointer Y5-pointer A4-1e6 Y4-capture-channel; do
			[ "$(sites_on $marker)" = 1 ] || complain "@$marker: $(sites_on $marker) sites instead of 1"
		done
		# the slice, and the map's assignment
		[ "$(sites_on K4-slice)" = 2 ] || complain "@K4-slice: $(sites_on K4-slice) sites instead of 2"
		[ "$(sites_on Y4-parameter-closure)" -ge 2 ] || complain "@Y4-parameter-closure: fewer than 2 sites"
		for marker in A4-100 Y2 Y3-value Y5-value Y6-concrete K1-literal K1-assign; do
			[ "$(sites_on $marker)" = 0 ] || complain "@$marker: $(sites_on $marker) sites instead of none"
		done
		n=0
		! version_in "$GO_VERSION" '<=1.24' || n=1
		[ "$(sites_on A4-var)" = $n ] || complain "@A4-var: $(sites_on A4-var) sites instead of $n"
	}
	for_each_go check
}

@test "gates: --fail-on trips on what is there and on nothing else" {
	need_bpf
	use_go
	complaints=0
	local t=$BATS_TEST_TMPDIR
	expect_status 0 in_scenarios "$ESCAUDIT" predict --go "$GO" -o "$t/p" .
	expect_status 0 "$ESCAUDIT" record -o "$t/rec" -- "$(build_go scenarios)" -n 3
	expect_status 1 "$ESCAUDIT" compare --fail-on=confirmed "$t/p" "$t/rec"
	expect_status 1 "$ESCAUDIT" compare --fail-on=violated,unpredicted "$t/p" "$t/rec"
	expect_status 0 "$ESCAUDIT" compare --fail-on=violated "$t/p" "$t/rec"
	expect_status 1 in_scenarios "$ESCAUDIT" audit --go "$GO" -o "$t/rec" --fail-on=elided . -- -only K5 -n 3
	expect_status 0 in_scenarios "$ESCAUDIT" audit --go "$GO" -o "$t/rec" --fail-on=violated . -- -only K5 -n 3
	expect_status 64 "$ESCAUDIT" compare --fail-on=nonsense "$t/p" "$t/rec"
	expect_message nonsense
	[ "$complaints" -eq 0 ]
}

@test "a scenario that did not run is unreached, not elided" {
	need_bpf
	check() {
		local file line verdict
		expect_status 0 in_scenarios "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" . -- -only K5 -n 5
		for marker in A1 A2b Y5-pointer; do
			read -r file line < <(line_of scenarios $marker)
			verdict=$(jq -r --arg file "$file" --argjson line "$line" "$jq_rows"'
				[.verdicts[] | select(at($file; $line) and .claim == "heap") | .verdict] | join(",")' <<<"$out")
			[ "$verdict" = unreached ] || complain "@$marker: $verdict"
		done
	}
	for_each_go check 1.19 1.27
}

@test "the text report names lines, types and counts" {
	need_bpf
	use_go
	complaints=0
	expect_status 0 in_scenarios "$ESCAUDIT" audit --go "$GO" -o "$BATS_TEST_TMPDIR/rec" . -- -n $calls
	local file line word
	read -r file line < <(line_of scenarios Y5-pointer)
	grep -q "$file:$line" <<<"$out" || complain "$file:$line is not in the report"
	for word in confirmed elided unpredicted compiled-out main.pair; do
		grep -q -- "$word" <<<"$out" || complain "no \"$word\" in the report"
	done
	! grep -q $'\e' <<<"$out" || complain "colour without a terminal"
	expect_status 0 in_scenarios "$ESCAUDIT" audit --color=always --go "$GO" -o "$BATS_TEST_TMPDIR/rec" . -- -n 5
	grep -q $'\e\[' <<<"$out" || complain "no colour with --color=always"
	[ "$complaints" -eq 0 ]
}

@test "advice: what helps is said where it helps, and only there" {
	need_bpf
	check() {
		local program name before after file line said wanted
		program=$(build_go advised)
		# That it helps: the remedy taken makes fewer objects.
		while read -r name before after; do
			case $name in append | append-parameter | builder | make | box | box-print | concat)
				[ "$after" -lt "$before" ] || complain "$name: $before objects a call, with the remedy $after" ;;
			esac
		done < <("$program" -measure)
		in_advised() { (cd "$programs/advised" && "$@"); }
		expect_status 0 in_advised "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" .
		cp "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/audit.json"
		for name in append append-parameter append-field append-result append-seldom builder builder-shared make make-varied box box-field \
			box-print box-variable concat concat-once capture capture-variable; do
			read -r file line < <(line_of advised $name)
			said=$(jq -r --argjson line "$line" '[.verdicts[] | select(.line == $line and .objects > 0 and .advice).advice] | join("; ")' \
				"$BATS_TEST_TMPDIR/audit.json")
			case $name in
			append) wanted='^capacity known: .* make\(\[\]int, 0, 128\)' ;;
			append-parameter | append-result) wanted='^slices grew .*: slices.Grow by what is to come, whatever they hold already,' ;;
			append-field) wanted='^capacity known: .* slices.Grow\(h.ints, 128\)' ;;
			builder) wanted='^capacity known: .* Grow\(128\)' ;;
			builder-shared) wanted='^builders grew .*: Grow with all that is to come .* this line alone does not tell' ;;
			make) version_in "$GO_VERSION" '<=1.24' && wanted='^$' || wanted='^size known: .* make\(\[\]int, 10\)' ;;
			box) wanted='^value boxed for an interface argument of keep: 2000 objects' ;;
			box-print) wanted='^value boxed for an interface argument of fmt.Fprint: .* package strconv appends numbers' ;;
			concat) wanted='use a strings.Builder$' ;;
			*) wanted='^$' ;;
			esac
			[[ $said =~ $wanted ]] || complain "@$name: ${said:-no advice}, not /$wanted/"
		done
		[ "$(jq -c '[.verdicts[] | select(.expr == "n * 1000" and ((.advice // "") | test("of keep:"))) | .path[] | .reason]' "$BATS_TEST_TMPDIR/audit.json")" = \
			'["spill","call parameter"]' ] || complain "the path of what is boxed"
		expect_status 0 in_advised "$ESCAUDIT" audit --go "$GO" -o "$BATS_TEST_TMPDIR/rec" .
		grep -q '→ string concatenation, from 20 to 500 bytes' <<<"$out" || complain "no advice in the text"
	}
	for_each_go check 1.24 1.27
}
