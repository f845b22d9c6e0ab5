#!/usr/bin/env bats
# predict --for: the predictions of a binary that is already built.

load helper

setup() { need_bpf; }

@test "predict --for a stripped, trimmed release build: predictions that belong to it" {
	check() {
		local binary=$BATS_TEST_TMPDIR/release-$GO_VERSION p=$BATS_TEST_TMPDIR/p-$GO_VERSION rec=$BATS_TEST_TMPDIR/rec-$GO_VERSION
		(cd "$programs/scenarios" && "$GO" build -trimpath -ldflags='-s -w' -tags release -o "$binary" .)
		"$ESCAUDIT" predict --for "$binary" --go "$GO" -o "$p" "$programs/scenarios" || complain "predict --for: status $?"
		"$ESCAUDIT" record -o "$rec" -- "$binary" -n 23 || complain "record: status $?"
		"$ESCAUDIT" compare --json "$p" "$rec" >"$p.json" || complain "compare: status $?"
		# 23 calls: the struct that is returned by pointer is made 23 times, on its line
		[ "$(jq '[.verdicts[] | select(.expr == "&pair{...}" and .verdict == "confirmed") | .objects] | add' "$p.json")" = 23 ] ||
			complain "no confirmed &pair{...} with 23 objects"
		[ "$(jq '[.verdicts[] | select(.verdict == "confirmed")] | length' "$p.json")" -ge 10 ] || complain "fewer than 10 confirmed lines"
	}
	for_each_go check 1.19 1.24 1.27
}

@test "predict --for: another Go version is named, nothing is saved" {
	use_go 1.27
	local binary=$BATS_TEST_TMPDIR/release
	(cd "$programs/scenarios" && "$GO" build -o "$binary" .)
	use_go 1.24
	run "$ESCAUDIT" predict --for "$binary" --go "$GO" -o "$BATS_TEST_TMPDIR/p" "$programs/scenarios"
	[ "$status" -eq 2 ]
	[[ $output == *go1.27* && $output == *go1.24* ]]
	[ ! -e "$BATS_TEST_TMPDIR/p" ]
}
