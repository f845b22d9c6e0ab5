#!/usr/bin/env bats
# String constants that the compiler prints in part, with no closing quote.

load helper

setup() {
	complaints=0
}

# The verdicts behind the comment's colon, line by line.
wanted() {
	sed -n 's|^.*// [^:]*: \([a-z,-]*\)$|\1|; t print; b; : print; =; p' "$programs/constants/main.go" | paste -d ' ' - -
}

@test "long constants are read as what they are" {
	need_bpf
	check() {
		cd "$programs/constants" || return
		expect_status 0 "$ESCAUDIT" audit --go "$GO" --json . --
		diff <(wanted) <(jq -r '[.verdicts[] | select(.file == "main.go")] | group_by(.line)[] |
			"\(.[0].line) \(map(.verdict) | unique | join(","))"' <<<"$out") || complain "verdicts"
		jq -e '.log.unknown_lines == 0' <<<"$out" >/dev/null || complain "not understood: $(jq -c .log <<<"$out")"
	}
	for_each_go check
	[ "$(wanted | wc -l)" -eq 14 ]
}
