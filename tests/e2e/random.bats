#!/usr/bin/env bats
# Random programs: what an audit says of each expression is what the runtime counted. tests/random does one program; tests/programs/generate
# has the generator and the judge.
#
# ESCAUDIT_TEST_ALL=1: ten times as many statements. ESCAUDIT_TEST_SEED: another first seed than 1. What fails prints the seed, the version and the
# line of the source; `tests/random SEED VERSION` repeats it.

load helper

# No expression is told of wrongly. How many rows are ambiguous, of seed 1 and of seeds 1 to 10: to be lowered, never raised. What is ambiguous
# is boxed in one call by Go 1.19, which gives all values of a call one position.
wrong_at_most=0 ambiguous_at_most=2
[ -z "${ESCAUDIT_TEST_ALL:-}" ] || ambiguous_at_most=4

setup() {
	export ESCAUDIT_RANDOM=$BATS_TEST_TMPDIR
}

# sum_of TEXT OUTPUT: of the numbers in front of it in the closing lines.
sum_of() {
	sed -nE "s/^random .*[ (]([0-9]+) $1.*/\1/p" "$2" | awk '{ sum += $1 } END { print sum + 0 }'
}

judged() {
	local first=${ESCAUDIT_TEST_SEED:-1} last seed status
	last=$((first + (${ESCAUDIT_TEST_ALL:-0} ? 9 : 0)))
	: >"$BATS_TEST_TMPDIR/all"
	for ((seed = first; seed <= last; seed++)); do
		status=0
		"$top/tests/random" "$seed" "$GO_VERSION" 200 >"$BATS_TEST_TMPDIR/said" 2>&1 || status=$?
		cat "$BATS_TEST_TMPDIR/said" >>"$BATS_TEST_TMPDIR/all"
		[ "$status" -le 1 ] || complain "seed $seed: status $status: $(tail -n 3 "$BATS_TEST_TMPDIR/said")"
		rm -rf "${BATS_TEST_TMPDIR:?}/$seed-$GO_VERSION"
	done
}

@test "every expression of a random program made what its row says" {
	need_bpf
	check() {
		judged
		cat "$BATS_TEST_TMPDIR/all"
		local all=$BATS_TEST_TMPDIR/all whole
		[ "$(sum_of wrong "$all")" -le "$wrong_at_most" ] || complain "$(sum_of wrong "$all") expressions are told of wrongly"
		[ "$(sum_of ambiguous "$all")" -le "$ambiguous_at_most" ] || complain "$(sum_of ambiguous "$all") rows are ambiguous"
		# The judge is not blind: it knows what nearly each expression made, and of each statement how its sum came about.
		whole=$(sum_of expressions "$all")
		[ "$(sum_of 'statements' "$all")" -ge 200 ] && [ "$whole" -gt 400 ] || complain "only $whole expressions"
		[ $(($(sum_of 'decided alone' "$all") * 100)) -gt $((whole * 80)) ] || complain "only $(sum_of 'decided alone' "$all") of $whole are decided"
		[ "$(sum_of 'without account' "$all")" -eq 0 ] || complain "statements whose sum has no explanation"
	}
	for_each_go check 1.19 1.22 1.24 1.25 1.26 1.27
}

# The row of an audit that made something, changed by a jq expression, is found wrong by the judge.
@test "the judge sees what is wrong" {
	need_bpf
	use_go 1.27
	local t=$BATS_TEST_TMPDIR change module=$BATS_TEST_TMPDIR/7-$GO_VERSION before after
	complaints=0
	"$top/tests/random" 7 "$GO_VERSION" 100 >"$t/said" 2>&1 || true
	before=$(sum_of wrong "$t/said")
	(cd "$programs/generate" && "$GO" build -o "$t/generate" .)
	for change in '.objects += 1' '.objects -= 1' '.verdict = "unreached" | .objects = 0' '.claim = "stack"' '.smallest *= 9 | .largest *= 9' \
		'.line += 1000' '.verdict = "undecided"'; do
		jq --argjson at 5 "(.verdicts | map(select(.verdict == \"confirmed\" and .objects > 1 and (.file | startswith(\"s\")))) | .[\$at]) as \$row |
			.verdicts |= map(if . == \$row then ($change) else . end)" "$module/audit.json" >"$t/changed"
		! cmp -s "$t/changed" <(jq . "$module/audit.json") || complain "$change: changed nothing"
		"$t/generate" judge "$module" "$module/truth" "$t/changed" >"$t/judged" || true
		after=$(sum_of wrong "$t/judged")
		[ "$after" -gt "$before" ] || complain "$change: $after wrong, as before"
	done
	[ "$complaints" -eq 0 ]
}
