#!/usr/bin/env bats
# Source with the three accounts beside its lines.

load helper

setup() {
	complaints=0
}

@test "annotate shows source beside what was predicted, emitted and observed" {
	need_bpf
	check() {
		local d=$BATS_TEST_TMPDIR/$GO_VERSION file line
		mkdir -p "$d"
		(cd "$programs/scenarios" && "$ESCAUDIT" audit --go "$GO" -o "$d/r.gz" --predictions "$d/r.pred" . -- -n 200 >/dev/null 2>&1)
		read -r file line < <(line_of scenarios Y5-pointer)
		expect_status 0 "$ESCAUDIT" annotate --json --predictions "$d/r.pred" "$d/r.gz" "$file"
		# every line of the file, as it is there (tabs are blanks)
		[ "$(jq '.lines | length' <<<"$out")" = "$(wc -l <"$programs/scenarios/$file")" ] || complain "not all lines"
		diff <(jq -r '.lines[].source' <<<"$out" | tr -d ' ') <(tr -d ' \t' <"$programs/scenarios/$file") || complain "not the text"
		jq -e --argjson line "$line" '.lines[$line - 1] | .line == $line and .objects == 200 and .bytes == 3200 and
			(.emitted | length == 1) and (.verdicts | map(.verdict) == ["confirmed"])' <<<"$out" >/dev/null ||
			complain "Y5-pointer: $(jq -c --argjson line "$line" '.lines[$line - 1]' <<<"$out")"
		read -r file line < <(line_of scenarios Y5-value)
		jq -e --argjson line "$line" '.lines[$line - 1] | .objects == 0 and .emitted == []' <<<"$out" >/dev/null ||
			complain "Y5-value: $(jq -c --argjson line "$line" '.lines[$line - 1]' <<<"$out")"
		expect_status 0 "$ESCAUDIT" annotate --predictions "$d/r.pred" "$d/r.gz" main.y5pointer
		grep -qE '^ *3200 B +200 +[a-zA-Z0-9…]+ +heap +[0-9]+ +return &pair' <<<"$out" || complain "$out"
		grep -qE '^ +[0-9]+  func y5pointer' <<<"$out" || complain "no func line: $out"
		grep -qE '^ +[0-9]+  }$' <<<"$(tail -n 1 <<<"$out")" || complain "no closing brace: $out"
	}
	for_each_go check 1.19 1.27
}

@test "annotate finds source elsewhere" {
	need_bpf
	use_go
	local d=$BATS_TEST_TMPDIR
	cp -r "$programs/refactor/before" "$d/here"
	(cd "$d/here" && "$ESCAUDIT" audit --go "$GO" -o "$d/r.gz" --flag -trimpath . -- -n 5 >/dev/null 2>&1)
	mv "$d/here" "$d/there"
	expect_status 2 "$ESCAUDIT" annotate "$d/r.gz" label.go
	expect_message '--source-root'
	expect_status 0 "$ESCAUDIT" annotate --source-root "$d/there" "$d/r.gz" label.go
	grep -q 'func label' <<<"$out" || complain "$out"
	cd "$d/there" || return 1
	expect_status 0 "$ESCAUDIT" annotate "$d/r.gz" label.go
	touch -d '2099-01-01' label.go
	expect_status 0 "$ESCAUDIT" annotate "$d/r.gz" label.go
	grep -q '^NOTE .*changed after' <<<"$out" || complain "nothing about newer source: $out"
	expect_status 2 "$ESCAUDIT" annotate "$d/r.gz" nowhere.go
	expect_status 64 "$ESCAUDIT" annotate "$d/r.gz"
	[ "$complaints" -eq 0 ]
}
