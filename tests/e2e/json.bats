#!/usr/bin/env bats
# What programs read: every --json output, and every JSON file, is what the published schemas say.

load helper

setup() {
	complaints=0
	schema=$top/share/schema/escaudit.schema.json
	python3 -c 'import jsonschema' 2>/dev/null || skip_or_fail "no python3-jsonschema"
}

@test "every --json output is what the schema says, and every definition has its output" {
	need_bpf
	use_go
	local d=$BATS_TEST_TMPDIR/out r=$BATS_TEST_TMPDIR/r.gz p=$BATS_TEST_TMPDIR/p key
	mkdir "$d"
	cd "$programs/scenarios" || return 1
	keep() {
		local name=$1
		shift
		"$ESCAUDIT" "$@" >"$d/$name.json" 2>"$BATS_TEST_TMPDIR/err" || complain "escaudit $*: status $?: $(cat "$BATS_TEST_TMPDIR/err")"
	}
	keep audit audit --json --go "$GO" -o "$r" --predictions "$p" . -- -n 200
	keep compare compare --json "$p" "$r"
	keep predict predict --json --log "$p"
	keep sites sites --json "$(build_go exit3)"
	keep sites-none sites --json --package none/at/all "$(build_go exit3)"
	for key in site function package type cause; do
		keep "top-$key" top --json --key "$key" "$r"
	done
	keep top-module top --json --charge module --by objects "$r"
	keep top-verdicts top --json --predictions "$p" "$r"
	keep export-plain export --format=json "$r"
	keep export export --format=json --predictions "$p" "$r"
	keep diff diff --json --all "$r" "$r"
	keep diff-verdicts diff --json --predictions-before "$p" --predictions-after "$p" --per 200 "$r" "$r"
	keep annotate annotate --json "$r" advice.go
	keep annotate-function annotate --json --predictions "$p" "$r" main.k4
	keep doctor doctor --json
	keep doctor-binary doctor --json "$(build_go exit3)"
	cp "$p" "$d/saved.json"
	# What needs a process that runs, or a change of the source, is in the texts that the reports' own tests compare.
	cp "$top"/tests/golden/report/*.json "$d"
	cat >"$d/baseline.json" <<-EOF
		{"schema": "escaudit-baseline/1", "fail_on": ["violated"], "accept": [
			{"function": "main.k4", "verdict": "confirmed", "cause": "closure", "reason": "known", "expires": "2099-12-31"}]}
	EOF
	keep baseline-read compare --json --baseline "$d/baseline.json" --fail-on violated "$p" "$r"
	"$top/tests/validate-json" "$schema" "$d"/*.json >"$BATS_TEST_TMPDIR/seen" || complain "not what $schema says"
	diff <(sort -u "$BATS_TEST_TMPDIR/seen") <(jq -r '.properties.schema.enum[]' "$schema" | sort) || complain "definitions without an output"
	[ "$complaints" -eq 0 ]
}

@test "what is not as the schema says is found" {
	local d=$BATS_TEST_TMPDIR edit edits n=0
	mapfile -t edits <<-'EOF'
		.lines[0].bytes = -1
		.lines[0].cause = "whim"
		del(.window.coverage)
		.lines[0].colour = 1
		.key = "colour"
		.schema = "escaudit-top/2"
		del(.schema)
		.lines[0].line = 0
		.key = "type" | del(.lines[0].type)
		del(.lines[0].error_pct)
		.lines[0].error_pct = -0.5
		.target.pid = "1"
	EOF
	for edit in "${edits[@]}"; do
		jq "$edit" "$top/tests/golden/report/top.json" >"$d/wrong-$n.json"
		n=$((n + 1))
	done
	! "$top/tests/validate-json" "$schema" "$d"/wrong-*.json >/dev/null 2>"$d/found" || complain "all pass"
	for edit in "${!edits[@]}"; do
		grep -q "/wrong-$edit.json: " "$d/found" || complain "passes: ${edits[edit]}"
	done
	# A reader that is older than what it reads: what was added is no fault.
	"$top/tests/validate-json" --open "$schema" "$d/wrong-3.json" >/dev/null || complain "a new member is a fault"
	[ "$complaints" -eq 0 ]
}

@test "the same files give the same bytes each time" {
	need_bpf
	use_go
	local d=$BATS_TEST_TMPDIR command i first
	(cd "$programs/scenarios" && "$ESCAUDIT" predict --go "$GO" --pattern=all -o "$d/pred" .) 2>/dev/null
	expect_status 0 "$ESCAUDIT" record -o "$d/rec.gz" -- "$(build_go scenarios)" -n 3
	for command in "compare --json --all --limit 0 $d/pred" "top --json --limit 0" \
		"export --format=html --predictions $d/pred"; do
		first=
		for i in 1 2 3 4 5 6; do
			# shellcheck disable=SC2086
			"$ESCAUDIT" $command "$d/rec.gz" >"$d/out" 2>/dev/null || true
			first=${first:-$(sha256sum <"$d/out")}
			[ "$(sha256sum <"$d/out")" = "$first" ] || { complain "$command: another time something else"; break; }
		done
	done
	[ "$complaints" -eq 0 ]
}
