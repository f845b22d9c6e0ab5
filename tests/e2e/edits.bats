#!/usr/bin/env bats
# Edits of many kinds, one for each function of a program: what the difference says of each.

load helper

setup() {
	complaints=0
}

# expect_edit MARKER CONDITION: holds for exactly one row of the difference in $out that is on the marker's line, after or,
# where there is no after, before.
expect_edit() {
	local marker=$1 condition=$2 before after
	before=$(cd "$programs/edits/before" && grep -rE -n -m 1 "// @$marker\$" .) || true
	after=$(cd "$programs/edits/after" && grep -rE -n -m 1 "// @$marker\$" .) || true
	got=$(jq -c --arg before "$before" --arg after "$after" "
		def at(\$place): (\$place | split(\":\")) as \$p | . != null and (\"./\" + .file) == \$p[0] and (.line | tostring) == \$p[1];
		[.changes[] | select(.noise != \"runtime\" and (if .after then (.after | at(\$after)) else (.before | at(\$before)) end))] |
		if length == 1 and (.[0] | $condition) then empty else . end" <<<"$out") || got="no answer"
	[ -z "$got" ] || complain "$marker: $got"
}

expect_edits() {
	expect_edit gone '.change == "gone" and .before.objects == 50 and (.unsure | not)'
	expect_edit more '.change == "more" and .before.objects == 150 and .after.objects == 200'
	expect_edit fewer '.change == "fewer" and .before.objects == 250 and .after.objects == 100'
	expect_edit fresh '.change == "new" and .after.objects == 50 and .before.objects == (if .before then 0 else null end)'
	expect_edit retyped '.change == "same" and .type_changed and .before.type == "int32" and .after.type == "int64"'
	expect_edit resized '.change == "same" and .size_changed and (.type_changed | not) and .before.bytes == 50000 and .after.bytes == 100000'
	expect_edit moving '.change == "same" and .moved and .before.file == "moving.go" and .after.file == "main.go"'
	expect_edit helper '.change == "same" and .moved and .before.objects == 50'
	expect_edit closures '.change == "same" and .before.objects == 50 and .after.objects == 50'
	expect_edit renamed-function '.change == "same" and .moved and .before.function == "main.formerly" and .after.function == "main.currently"'
	expect_edit receiver '.change == "same" and .before.function == "main.pair.boxed" and .after.function == "main.(*pair).boxed"'
	expect_edit generic '.change == "same" and .after.objects == 50'
	expect_edit package '.change == "same" and .moved and (.type_changed | not) and .before.type == "old.Thing" and .after.type == "renamed.Thing"'
	expect_edit variable '.change == "same" and .before.objects == 50 and .after.objects == 50'
	expect_edit twice-second '.change == "same" and .after.objects == 50'
	# one of two alike is gone: whichever is named, it is said to be a guess
	jq -e '[.changes[] | select(.change == "gone" and .unsure)] | length == 1 and .[0].before.function == "main.twice"' <<<"$out" >/dev/null ||
		complain "twice: $(jq -c '.changes[] | select(.unsure)' <<<"$out")"
	expect_edit noisy '.change == "same" and .after.cause == "make chan"'
	expect_edit pool '.noise == "random" and .change == "same"'
	jq -e '[.changes[] | select(.noise == "runtime" and .change != "same")] | all(.after.cause == "runtime internal" or .after.cause == "go statement" or
		((.after // .before).function | startswith("sync.")) or .before.cause == "runtime internal" or .before.cause == "go statement")' <<<"$out" >/dev/null ||
		complain "the runtime's own"
	jq -e '.counts | .new == 2 and .more == 1 and .fewer == 1 and .gone == 3' <<<"$out" >/dev/null || complain "$(jq -c .counts <<<"$out")"
}

@test "every kind of edit is called what it is" {
	need_bpf
	check() {
		local d=$BATS_TEST_TMPDIR side
		for side in before after; do
			(cd "$programs/edits/$side" && "$ESCAUDIT" audit --go "$GO" -o "$d/$side.gz" --predictions "$d/$side.pred" . >/dev/null 2>&1) ||
				complain "audit of $side: status $?"
		done
		expect_status 0 "$ESCAUDIT" diff --json "$d/before.gz" "$d/after.gz"
		expect_edits
		expect_status 0 "$ESCAUDIT" diff --json --predictions-before "$d/before.pred" --predictions-after "$d/after.pred" "$d/before.gz" "$d/after.gz"
		expect_edits
		expect_edit outgrown '.change == "new" and .verdict_changed and .before.verdict == "held" and .after.verdict == "violated"'
		expect_edit settled '.change == "gone" and .verdict_changed and .before.verdict == "confirmed" and .after.verdict == "held"'
		# the pools were emptied by collections, goroutines came and went: of one program nothing trips
		(cd "$programs/edits/before" && "$ESCAUDIT" record -o "$d/again.gz" -- "$(build_go edits/before)" >/dev/null 2>&1) || complain "again: status $?"
		expect_status 0 "$ESCAUDIT" diff --fail-on 'new-heap,more>0' "$d/before.gz" "$d/again.gz"
	}
	for_each_go check 1.19 1.27
}
