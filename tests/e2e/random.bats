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

# said_of KIND DIRECTORY [OPTION...]: audit of the program in DIRECTORY to $t/KIND.json, without what counts the objects, which makes some itself.
said_of() {
	local kind=$1 module=$2
	shift 2
	(cd "$module" && "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 "$@" . -- "$module/truth") >"$t/$kind.all" 2>"$t/err" ||
		complain "$kind: $(tail -n 3 "$t/err")"
	jq '.verdicts |= map(select(.file != "main.go"))' "$t/$kind.all" >"$t/$kind.json"
}

# expect_alike WITH WITHOUT: two audits of one program, with and without columns.
expect_alike() {
	local line
	while read -r line; do
		complain "$2: $line"
	done < <(jq -r --slurpfile with "$t/$1.json" -f "$BATS_TEST_DIRNAME/alike.jq" "$t/$2.json" 2>&1)
	jq -e '.verdicts | length > 50' "$t/$2.json" >/dev/null || complain "$2: hardly a row"
}

# without_columns FOLDER: the program in FOLDER has columns; said again without a twin, with directives that give lines and no columns, and with
# all that it makes beyond the last column there is. Where the compiler inlines what may depend on columns too, which is left out of the last.
without_columns() {
	rm -rf "$t/lines" "$t/far"
	cp -r "$1" "$t/lines"
	find "$t/lines" -name '*.go' | while read -r file; do
		grep -q '^//line' "$file" || sed -i "1i //line $file:1" "$file"
	done
	cp -r "$1" "$t/far"
	find "$t/far" -name '*.go' -exec sed -i "s/^\t\t*\([^\t]\)/$(printf '%300s' '')\1/" {} +
	said_of columns "$1"
	said_of off "$1" --columns=off
	said_of lines "$t/lines"
	said_of columns-l "$1" --flag '-gcflags=example.com/...=-l'
	said_of far-l "$t/far" --flag '-gcflags=example.com/...=-l'
	expect_alike columns off
	expect_alike columns lines
	expect_alike columns-l far-l
	jq -e '[.verdicts[] | select(.claim and .column)] | length > 50' "$t/columns.json" >/dev/null || complain "no columns with columns"
	jq -e '[.verdicts[] | select(.claim and .column)] | length == 0' "$t/lines.json" >/dev/null || complain "columns behind directives without"
	jq -e '([.verdicts[] | select(.claim and .column == null)] | length) * 2 > (.verdicts | length)' "$t/far-l.json" >/dev/null ||
		complain "columns beyond the last one"
}

@test "without columns each row of a random program is the same, or one that is marked has it" {
	need_bpf
	t=$BATS_TEST_TMPDIR
	check() {
		local first=${ESCAUDIT_TEST_SEED:-1} last seed
		last=$((first + (${ESCAUDIT_TEST_ALL:-0} ? 9 : 0)))
		(cd "$programs/generate" && "$GO" build -o "$t/generate" .)
		for ((seed = first; seed <= last; seed++)); do
			rm -rf "$t/program"
			"$t/generate" write -seed "$seed" -go "${GO_VERSION#1.}" -n 120 "$t/program"
			without_columns "$t/program"
			echo "seed $seed, go $GO_VERSION: $(for kind in off lines far-l; do
				jq -r --arg kind "$kind" '"\($kind) \([.verdicts[] | select(.ambiguous)] | length) of \(.verdicts | length) rows marked"' "$t/$kind.json"
			done | paste -sd ';')"
		done
	}
	for_each_go check 1.19 1.22 1.24 1.25 1.27
}

# Rows of an audit without columns, changed by a jq expression, are found to be others.
@test "the comparison sees what is wrong" {
	need_bpf
	use_go 1.27
	complaints=0
	t=$BATS_TEST_TMPDIR
	(cd "$programs/generate" && "$GO" build -o "$t/generate" .)
	"$t/generate" write -seed 1 -go 27 -n 120 "$t/program"
	without_columns "$t/program"
	[ "$complaints" -eq 0 ]
	local change
	for change in '.objects += 1' '.verdict = "unpredicted" | .claim = null | .ambiguous = false' '.ambiguous = false' '.predictions -= 1' '.bytes += 8'; do
		jq "(.verdicts | map(select(.ambiguous and .objects > 0 and .cause != \"make map\")) | .[0]) as \$row | .verdicts |= map(if . == \$row then ($change) else . end)" \
			"$t/off.json" >"$t/changed.json"
		[ -n "$(jq -r --slurpfile with "$t/columns.json" -f "$BATS_TEST_DIRNAME/alike.jq" "$t/changed.json")" ] || complain "$change: not seen"
	done
	[ "$complaints" -eq 0 ]
}
