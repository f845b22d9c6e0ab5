#!/usr/bin/env bats
# C stacks are read as elfutils reads them: tests/proof/c_stacks_vs_dwfl.c.

load helper

setup() {
	proof=$ESCAUDIT_BUILD/tests/proof/c_stacks_vs_dwfl
	[ -x "$proof" ] || { echo "no $proof: run make proof" >&2 && return 1; }
}

@test "ten thousand stacks, through libraries, signals and threads, are unwound as libdwfl does it" {
	run "$proof" 10000
	printf '%s\n' "$output"
	[ "$status" -eq 0 ]
	[[ $output =~ ^10000\ stacks,\ ([0-9]+)\ frames\ in\ ([0-9]+)\ files,\ ([0-9]+)\ with\ a\ signal,\ ([0-9]+)\ in\ threads:\ 0\ differ ]]
	# They are what they are said to be.
	[ "${BASH_REMATCH[1]}" -ge 100000 ]
	[ "${BASH_REMATCH[2]}" -ge 5 ]
	[ "${BASH_REMATCH[3]}" -ge 1000 ]
	[ "${BASH_REMATCH[4]}" -ge 1000 ]
}
