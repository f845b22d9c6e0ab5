#!/usr/bin/env bats
# Formats for other programs, each read by a program of its kind.

load helper

setup() {
	complaints=0
}

# One audit serves all tests of the file.
recorded() {
	need_bpf
	use_go
	rec=$BATS_FILE_TMPDIR/r.gz
	pred=$BATS_FILE_TMPDIR/r.pred
	[ -e "$rec" ] || (cd "$programs/scenarios" && "$ESCAUDIT" audit --go "$GO" -o "$rec" --predictions "$pred" . -- -n 200 >/dev/null 2>&1)
}

exported() {
	expect_status 0 "$ESCAUDIT" export --format="$1" "${@:2}" "$rec"
	[ -z "$err" ] || complain "$1: $err"
}

@test "SARIF has what its schema and code scanning ask for" {
	recorded
	exported sarif --predictions "$pred" --fail-on unpredicted
	jq -e '.version == "2.1.0" and (.runs | length == 1) and .runs[0].tool.driver.name == "escaudit"' <<<"$out" >/dev/null ||
		complain "head: $(head -c 300 <<<"$out")"
	jq -e '.runs[0] | (.tool.driver.rules | map(.id)) as $rules | .results | length > 10 and all(
		.message.text != "" and $rules[.ruleIndex] == .ruleId and (.level | IN("note", "warning", "error")) and
		(.locations | length == 1) and (.locations[0].physicalLocation | .artifactLocation.uriBaseId == "%SRCROOT%" and
			(.artifactLocation.uri | test("^[A-Za-z0-9._~/%-]+$")) and .region.startLine >= 1) and
		.rank >= 0 and .rank <= 100 and (.partialFingerprints."escauditSite/v1" | test("^[0-9a-f]{16}$")))' <<<"$out" >/dev/null ||
		complain "results: $(jq -c '.runs[0].results[0]' <<<"$out")"
	[ "$(jq '[.runs[0].results[].partialFingerprints."escauditSite/v1"] | length - (unique | length)' <<<"$out")" = 0 ] ||
		complain "two results have one fingerprint"
	jq -e '[.runs[0].results[] | select(.ruleId == "unpredicted").level] | length > 0 and all(. == "error")' <<<"$out" >/dev/null ||
		complain "unpredicted is no error"
	exported sarif --predictions "$pred" --limit 2
	jq -e '.runs[0] | (.results | length == 2) and (.invocations[0].toolExecutionNotifications | length == 1)' <<<"$out" >/dev/null ||
		complain "limit: $(jq -c '.runs[0].invocations' <<<"$out")"
	exported sarif
	jq -e '[.runs[0].results[].ruleId] | length > 5 and all(. == "allocation")' <<<"$out" >/dev/null || complain "without predictions"
	[ "$complaints" -eq 0 ]
}

# The schema of the standard belongs to OASIS and is not kept here; what we write has a narrower one of our own. ESCAUDIT_SARIF_SCHEMA
# names a copy of sarif-schema-2.1.0.json, which is then asked as well.
@test "SARIF is valid, also for code scanning" {
	python3 -c 'import jsonschema' 2>/dev/null || skip_or_fail "no python3-jsonschema"
	recorded
	local args n=0 d=$BATS_TEST_TMPDIR edit edits
	for args in "" "--predictions $pred" "--predictions $pred --limit 1" "--predictions $pred --fail-on violated,held,stale,compiled-out"; do
		# shellcheck disable=SC2086
		exported sarif $args
		printf '%s' "$out" >"$d/out-$n.sarif"
		n=$((n + 1))
	done
	"$top/tests/validate-json" "$top/tests/schema/sarif-2.1.0-subset.schema.json" "$d"/out-*.sarif || complain "not valid"
	[ -z "${ESCAUDIT_SARIF_SCHEMA:-}" ] || "$top/tests/validate-json" --open "$ESCAUDIT_SARIF_SCHEMA" "$d"/out-*.sarif || complain "not as OASIS has it"
	mapfile -t edits <<-'EOF'
		.version = "2.0.0"
		.runs[0].results[0].message.text = "&pair{...}"
		.runs[0].results[0].message.text = "f[i](x)"
		.runs[0].results[0].locations[0].physicalLocation.region.startLine = 0
		.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri = "/a b.go"
		.runs[0].results[0].level = "fatal"
		.runs[0].results[0].color = 1
		del(.runs[0].tool.driver.name)
		del(.runs[0].invocations[0].executionSuccessful)
		.runs[0].results[0].partialFingerprints = {}
	EOF
	for edit in "${!edits[@]}"; do
		jq "${edits[edit]}" "$d/out-1.sarif" >"$d/wrong-$edit.sarif"
	done
	! "$top/tests/validate-json" "$top/tests/schema/sarif-2.1.0-subset.schema.json" "$d"/wrong-*.sarif 2>"$d/found" >/dev/null || complain "all pass"
	for edit in "${!edits[@]}"; do
		grep -q "/wrong-$edit.sarif: " "$d/found" || complain "passes: ${edits[edit]}"
	done
	[ "$complaints" -eq 0 ]
}

@test "folded stacks add up to what was recorded, and end in types" {
	recorded
	exported folded --by objects
	[ -z "$(grep -vE '^[^;].* [0-9]+$' <<<"$out")" ] || complain "not folded: $(grep -vE '^[^;].* [0-9]+$' <<<"$out")"
	local sum total
	sum=$(awk '{ n += $NF } END { print n }' <<<"$out")
	total=$("$ESCAUDIT" top --json "$rec" | jq .totals.objects)
	[ "$sum" = "$total" ] || complain "objects: $sum folded, $total recorded"
	grep -qE '(^|;)main\.y5pointer;main\.pair 200$' <<<"$out" || complain "no stack of Y5: $(grep y5 <<<"$out")"
	exported folded
	sum=$(awk '{ n += $NF } END { print n }' <<<"$out")
	total=$("$ESCAUDIT" top --json "$rec" | jq .totals.bytes)
	[ "$sum" = "$total" ] || complain "bytes: $sum folded, $total recorded"
	# Debian ships flamegraph.pl with a profiler for Perl.
	local draw=/usr/share/perl5/Devel/NYTProf/flamegraph.pl
	[ -e "$draw" ] || skip_or_fail "no flamegraph.pl: libdevel-nytprof-perl has it"
	perl "$draw" --countname bytes --minwidth 0 <<<"$out" >"$BATS_TEST_TMPDIR/flame.svg" 2>"$BATS_TEST_TMPDIR/err" || complain "flamegraph.pl: $?"
	[ ! -s "$BATS_TEST_TMPDIR/err" ] || complain "flamegraph.pl: $(cat "$BATS_TEST_TMPDIR/err")"
	[ "$(sed -n 's/.*<title>all (\([0-9,]*\) bytes, 100%).*/\1/p' "$BATS_TEST_TMPDIR/flame.svg" | tr -d ,)" = "$total" ] ||
		complain "flamegraph.pl: not $total bytes: $(grep -o '<title>all [^<]*' "$BATS_TEST_TMPDIR/flame.svg")"
	grep -q '<title>main.pair (3,200 bytes, ' "$BATS_TEST_TMPDIR/flame.svg" || complain "flamegraph.pl: no main.pair"
	[ "$complaints" -eq 0 ]
}

@test "pprof, JSON, JUnit, Markdown and GitHub commands" {
	recorded
	expect_status 0 "$ESCAUDIT" export --format=pprof -o "$BATS_TEST_TMPDIR/p.gz" "$rec"
	cmp "$rec" "$BATS_TEST_TMPDIR/p.gz" || complain "pprof is no copy"
	[ "$("$GO" tool pprof -top -unit=minimum -sample_index=alloc_objects "$BATS_TEST_TMPDIR/p.gz" 2>/dev/null |
		sed -n 's/.*% of \([0-9]*\) total.*/\1/p')" = "$("$ESCAUDIT" top --json "$rec" | jq .totals.objects)" ] || complain "pprof has another total"
	exported json
	jq -e '.schema | startswith("escaudit-top/")' <<<"$out" >/dev/null || complain "json"
	exported json --predictions "$pred"
	jq -e '.schema | startswith("escaudit-audit/")' <<<"$out" >/dev/null || complain "json with predictions"
	exported junit --predictions "$pred" --fail-on unpredicted
	if command -v xmllint >/dev/null; then
		xmllint --noout - <<<"$out" || complain "junit: not well formed"
	fi
	[ "$(grep -c '<testcase ' <<<"$out")" = "$(sed -n 's/^<testsuites tests="\([0-9]*\)".*/\1/p' <<<"$out")" ] || complain "junit: tests"
	[ "$(grep -c '<failure ' <<<"$out")" = "$(sed -n 's/.*<testsuites.* failures="\([0-9]*\)".*/\1/p' <<<"$out")" ] || complain "junit: failures"
	grep -q '<failure ' <<<"$out" || complain "junit: no failure"
	exported markdown --predictions "$pred"
	[ -z "$(grep '^|' <<<"$out" | sed 's/\\|//g' | grep -vE '^(\|[^|]*){8}\|$')" ] || complain "markdown: a row without eight cells: $out"
	grep -q '^| confirmed | .*advice.go' <<<"$out" || complain "markdown: $out"
	exported github --predictions "$pred" --fail-on unpredicted --limit 0
	[ -z "$(grep -vE '^::(error|warning|notice) file=[^,:]+,line=[0-9]+(,col=[0-9]+)?,title=[^,:]+::.+' <<<"$out")" ] ||
		complain "github: $(grep -vE '^::(error|warning|notice) file=' <<<"$out")"
	grep -q '^::error file=' <<<"$out" || complain "github: no error"
	exported github --predictions "$pred"
	[ "$(wc -l <<<"$out")" = 10 ] || complain "github: not ten lines"
	[ "$complaints" -eq 0 ]
}

@test "fingerprints are the same in another run and another version of the source" {
	need_bpf
	use_go
	local side d=$BATS_TEST_TMPDIR
	for side in before after; do
		(cd "$programs/refactor/$side" && "$ESCAUDIT" audit --go "$GO" -o "$d/$side.gz" --predictions "$d/$side.pred" . -- -n 30 >/dev/null 2>&1)
	done
	prints() {
		"$ESCAUDIT" export --format=sarif --predictions "$d/$1.pred" "$d/$1.gz" |
			jq -r '.runs[0].results[] | select(.locations[0].logicalLocations[0].fullyQualifiedName == "main.label").partialFingerprints."escauditSite/v1"' | sort
	}
	[ "$(prints before | wc -l)" -ge 2 ] || complain "no results for main.label"
	diff <(prints before) <(prints after) || complain "they differ"
	[ "$complaints" -eq 0 ]
}

@test "misuse of export" {
	misused() {
		expect_status 64 "$ESCAUDIT" export "$@"
		[ -z "$out" ] || complain "export $*: output"
	}
	misused
	misused x
	misused --format=csv x
	misused --format=sarif
	misused --format=sarif a b
	misused --format=sarif --fail-on violated x
	misused --format=sarif --predictions p --fail-on 'violated>3' x
	misused --format=sarif --predictions p --fail-on new-heap x
	expect_status 2 "$ESCAUDIT" export --format=sarif /nonexistent
	[ "$complaints" -eq 0 ]
}
