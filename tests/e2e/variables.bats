#!/usr/bin/env bats
# Names that come from the debug information: which variable an object is. The compiler's own log is the judge, which names
# them too, and which escaudit does not see here.

load helper

# build_logged PROGRAM PACKAGE: $program, and $log with what the compiler says of its own packages.
build_logged() {
	program=$BATS_TEST_TMPDIR/program-$GO_VERSION log=$BATS_TEST_TMPDIR/log-$GO_VERSION
	(cd "$programs/$1" && "$GO" build -gcflags=-m -o "$program" "$2" 2>"$log") || complain "go build: $(tail -n 3 "$log")"
}

# "FILE NAME LINE" of each variable of these packages that the log says was moved to the heap.
moved_of() {
	sed -n 's|^\(.*/\)\?\([^/:]*\):\([0-9]*\):[0-9]*: moved to heap: \([^.]*\)$|\2 \4 \3|p' "$log" | sort -u
}

# "FILE NAME LINE" of each site of the program itself that has a variable.
named_of() {
	jq -r '.sites[] | select(.variable and (.function | startswith("main."))) | "\(.file | split("/") | last) \(.variable) \(.line)"' <"$BATS_TEST_TMPDIR/out" | sort -u
}

@test "variables moved to the heap have the names that the compiler's log has" {
	check() {
		local pair known=0 all=0 file name line
		for pair in "catalogue ." "scenarios ." "dwarf ./moved"; do
			# shellcheck disable=SC2086
			build_logged $pair
			expect_status 0 "$ESCAUDIT" sites --json --limit 0 --package main "$program"
			moved_of >"$BATS_TEST_TMPDIR/moved"
			while read -r file name line; do
				all=$((all + 1))
				# Of a parameter the code has the line of the function, the log its own.
				if awk -v f="$file" -v n="$name" -v l="$line" '$1 == f && $2 == n && $3 >= l && $3 <= l + 4 {found = 1} END {exit !found}' "$BATS_TEST_TMPDIR/moved"; then
					known=$((known + 1))
				else
					complain "$pair: $file:$line has no variable $name: $(grep "^$file $name " "$BATS_TEST_TMPDIR/moved")"
				fi
			done < <(named_of)
			echo "$pair: $(wc -l <"$BATS_TEST_TMPDIR/moved") moved by the log, $(named_of | wc -l) named"
		done
		[ "$known" -ge 45 ] || complain "only $known of $all have a name"
	}
	for_each_go check
}

@test "without DWARF there are no names, and nothing else is missed" {
	check() {
		local with without
		with=$(build_go catalogue) without=$(build_go catalogue -ldflags=-w)
		expect_status 0 "$ESCAUDIT" sites --json --limit 0 --package main "$without"
		jq -e 'all(.sites[]; .variable == null)' <"$BATS_TEST_TMPDIR/out" >/dev/null || complain "names out of nothing"
		jq -c '[.sites[] | {function, line, type, cause}]' <"$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/without"
		expect_status 0 "$ESCAUDIT" sites --json --limit 0 --package main "$with"
		jq -c '[.sites[] | {function, line, type, cause}]' <"$BATS_TEST_TMPDIR/out" | cmp - "$BATS_TEST_TMPDIR/without" ||
			complain "other sites without DWARF"
	}
	for_each_go check 1.19 1.27
}

@test "the name travels in the recording: an object that no log speaks of is named by compare, top and annotate" {
	need_bpf
	check() {
		local t=$BATS_TEST_TMPDIR row
		build_logged dwarf ./moved
		grep -v 'moved to heap: deep' "$log" >"$log.less"
		expect_status 0 "$ESCAUDIT" record -o "$t/r.gz" -- "$program"
		expect_status 0 "$ESCAUDIT" predict -o "$t/p" --log "$log.less"
		expect_status 0 "$ESCAUDIT" compare --json "$t/p" "$t/r.gz"
		row=$(jq -r '.verdicts[] | select(.verdict == "unpredicted" and .function == "main.inliner") | .summary' <"$t/out")
		[[ $row == "moved to heap: deep; no diagnostic says so: "* ]] || complain "compare: $row"
		expect_status 0 "$ESCAUDIT" top --json "$t/r.gz"
		row=$(jq -r '.lines[] | select(.function == "main.param") | .variable' <"$t/out")
		[ "$row" = b ] || complain "top: $row"
		expect_status 0 "$ESCAUDIT" top --limit 0 "$t/r.gz"
		grep -q 'main.big *new object: own' "$t/out" || complain "top: $(cat "$t/out")"
		expect_status 0 "$ESCAUDIT" annotate --json --source-root "$programs/dwarf" "$t/r.gz" main.result
		row=$(jq -r '[.lines[].emitted[].variable | values] | join(" ")' <"$t/out")
		[ "$row" = res ] || complain "annotate: $row"
	}
	for_each_go check 1.19 1.27
}

# The judge is the source: each closure in it that captures has a comment that says what.
@test "closures name what they capture, where the compiler wrote it down" {
	check() {
		local t=$BATS_TEST_TMPDIR program line other expected found
		program=$(build_go captures)
		expect_status 0 "$ESCAUDIT" sites --json --limit 0 --package main "$program"
		jq -r '.sites[] | select(.captures) | "\(.line) \([.captures[] | (if .by_reference then "&" else "" end) + (.name // "?")] | join(", "))"' \
			<"$t/out" | sort >"$t/found"
		awk 'NR > 3 && match($0, "// captures ") {print NR, substr($0, RSTART + RLENGTH)}' "$programs/captures/main.go" | sort >"$t/expected"
		if ! version_in "$GO_VERSION" '>=1.23'; then
			[ ! -s "$t/found" ] || complain "names out of nothing: $(cat "$t/found")"
			return 0
		fi
		# What the debug information has no name of is said to have none; names are right, and in their places.
		while read -r line expected <&3 && read -r other found <&4; do
			# shellcheck disable=SC2053 # a pattern
			[ "$line" = "$other" ] && [[ $expected == ${found//'?'/*} ]] || complain "line $line captures $expected, not $found"
			[ "$(tr -dc , <<<"$expected")" = "$(tr -dc , <<<"$found")" ] || complain "line $line has others: $found"
		done 3<"$t/expected" 4<"$t/found"
		[ "$(wc -l <"$t/expected")" -eq "$(wc -l <"$t/found")" ] || complain "not so many"
		[ "$(grep -c '?' "$t/found")" -le 3 ] || complain "names are missing: $(cat "$t/found")"
		expect_status 0 "$ESCAUDIT" sites --package main "$program"
		grep -q '^ *captures s, limit$' "$t/out" || complain "$(cat "$t/out")"
	}
	for_each_go check
}
