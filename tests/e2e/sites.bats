#!/usr/bin/env bats
# The sites of a binary are all there are: Go's own disassembler finds no other call that may allocate. That no object comes
# from anywhere else is asked of every recording in capture.bats and catalogue.bats (expect_sites).

load helper

@test "sites: every call of the runtime that may allocate, by Go's own disassembler" {
	check() {
		local t=$BATS_TEST_TMPDIR program found
		program=$(build_go catalogue)
		expect_status 0 "$ESCAUDIT" sites --json --limit 0 "$program"
		jq -r '.sites[] | "\(.pc) \(.callee)"' <"$t/out" >"$t/sites"
		"$GO" tool objdump "$program" >"$t/objdump" || complain "go tool objdump"
		found=$(awk -f "$top/tests/proof/sites_vs_objdump.awk" "$t/sites" "$t/objdump") ||
			complain "$(head -n 20 <<<"$found")"
		tail -n 1 <<<"$found"
		[ "$GO_VERSION" = 1.27 ] || return 0
		# A list cut short must show.
		sed -i '/ runtime.growslice$/d' "$t/sites"
		found=$(awk -f "$top/tests/proof/sites_vs_objdump.awk" "$t/sites" "$t/objdump") && complain "sites are missing, and it does not show"
		grep -q 'the call of runtime.growslice is no site$' <<<"$found" || complain "$(head -n 20 <<<"$found")"
	}
	for_each_go check
}
