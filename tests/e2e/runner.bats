#!/usr/bin/env bats
# tests/run-e2e and tests/run-unit themselves: what fails twice fails, what passed one of two times is named.

load helper

setup() {
	complaints=0
	d=$BATS_TEST_TMPDIR
	unset ESCAUDIT_TEST_ONCE
}

# run_fake STATUS [VARIABLE=VALUE...] NAME...: by a bats that knows nothing of this one.
run_fake() {
	local status=$1 variable drop=() vars=()
	shift
	for variable in "${!BATS_@}"; do
		drop+=(-u "$variable")
	done
	while [[ ${1:-} == [A-Z]*=* ]]; do
		vars+=("$1")
		shift
	done
	in_peace() { env "${drop[@]}" MARKS="$d" "${vars[@]}" "$top/tests/run-e2e" "$ESCAUDIT_BUILD" "${@/%/.bats}"; }
	cd "$d" || return
	expect_status "$status" in_peace "$@"
	[ -z "$err" ] || complain "on standard error: $err"
}

# Its closing lines, behind the plan.
expect_close() {
	local close
	close=$(sed '1,/^1\.\./d' <<<"$out" | paste -s -d '|')
	[ "$close" = "$1" ] || complain "'$close' instead of '$1': $out"
	[ "$(grep -c '^ok ' <<<"$out") $(grep -c '^not ok ' <<<"$out")" = \
		"$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' <<<"$out")" ] || complain "totals: $out"
}

# fake NAME: a file of tests as on standard input, where TEST stands for what bats would find in this file too.
fake() {
	sed 's/^TEST /@test /' >"$d/$1.bats"
}

# first NAME: does nobody of that name come before?
marks='first() { mkdir "$MARKS/$1" 2>/dev/null; }
die() { kill -KILL $PPID $$; }'

@test "what fails once and passes then is passed, and named" {
	fake flaky <<-END
		$marks
		TEST "sound" { true; }
		TEST "flaky in 5ms" { ! first flaky; }
		TEST "the other one" { first other; }
	END
	fake fine <<<'TEST "fine" { true; }'
	run_fake 0 flaky fine
	expect_close 'unsteady: flaky.bats: flaky in 5ms|unsteady: flaky.bats: the other one|4 passed, 0 failed'
	# its first words are shown, and not counted; the second time is alone, behind the others
	grep -q '^#   not ok [0-9]* flaky in 5ms in [0-9]*ms' <<<"$out" || complain "what it said first is not shown: $out"
	[ "$(grep -nE '^ok [0-9]+ fine' <<<"$out" | cut -d : -f 1)" -lt "$(grep -nE '^ok [0-9]+ flaky' <<<"$out" | cut -d : -f 1)" ] ||
		complain "not behind the others: $out"
	[ "$complaints" -eq 0 ]
}

@test "what hangs ends, and is no pass unless it ends by itself the second time" {
	fake hangs <<-END
		$marks
		TEST "sound" { true; }
		TEST "hangs once" { ! first hangs || sleep 300; }
	END
	run_fake 0 ESCAUDIT_TEST_FILE_SECONDS=5 hangs
	expect_close 'unsteady: hangs.bats: not every test reported|2 passed, 0 failed'
	[ "$complaints" -eq 0 ]
}

@test "what fails twice fails, and what does not parse, and what ends half-way" {
	fake broken <<-END
		$marks
		TEST "sound" { true; }
		TEST "broken" { echo why; false; }
		TEST "flaky" { ! first flaky; }
	END
	run_fake 1 broken
	expect_close 'unsteady: broken.bats: flaky|2 passed, 1 failed'
	grep -qE '^not ok [0-9]+ broken in' <<<"$out" && grep -q '^# why' <<<"$out" || complain "$out"

	fake torn <<<'TEST "no end" { true'
	run_fake 1 torn
	grep -q '^0 passed, [12] failed$' <<<"$out" || complain "does not parse: $out"

	fake dies <<-END
		$marks
		TEST "sound" { true; }
		TEST "dies" { die; }
		TEST "never comes" { true; }
	END
	run_fake 1 dies
	grep -q '^not ok [0-9]* not every test reported' <<<"$out" || complain "half a file passes: $out"
	[ "$complaints" -eq 0 ]
}

@test "what comes before and behind the tests of a file, and a half that is made up for" {
	fake before <<-END
		$marks
		setup_file() { ! first setup; }
		TEST "sound" { true; }
		TEST "as sound" { true; }
	END
	run_fake 0 before
	[[ $out == *$'\nunsteady: before.bats: setup_file failed\n'*$'\n2 passed, 0 failed' ]] || complain "setup_file: $out"

	fake dies <<-END
		$marks
		TEST "sound" { true; }
		TEST "dies" {
			! first dies || die
		}
		TEST "comes" { true; }
	END
	run_fake 0 dies
	expect_close 'unsteady: dies.bats: not every test reported|3 passed, 0 failed'

	# a test that failed is not made up for by a second run that does not get to it
	fake late <<-END
		$marks
		TEST "dies" {
			first late || die
		}
		TEST "broken" { false; }
	END
	run_fake 1 late
	grep -qE '^not ok [0-9]+ broken' <<<"$out" || complain "made up for by nothing: $out"
	[ "$complaints" -eq 0 ]
}

@test "no second chance where it was not wanted, nor where nearly everything fails" {
	local i
	echo "$marks @test \"flaky\" { ! first flaky; }" | sed 's/; } @/; }\n@/' >"$d/flaky.bats"
	run_fake 1 ESCAUDIT_TEST_ONCE=1 flaky
	expect_close '0 passed, 1 failed'
	for i in 1 2 3 4 5 6 7; do
		fake "$i" <<<"$marks"$'\n'"TEST \"test $i\" { ! first $i; }"
	done
	run_fake 1 1 2 3 4 5 6 7
	expect_close '0 passed, 7 failed'
	[ "$complaints" -eq 0 ]
}

# unit NAME TESTED PASSING [AGAIN]: a program that says so at its end, the second time AGAIN.
unit() {
	printf '%s\n' '#!/bin/bash' "n=\$([ -e '$d/$1.ran' ] && echo '${4:-$3}' || echo '$3'); touch '$d/$1.ran'" \
		"echo \"[====] Synthesis: Tested: $2 | Passing: \$n | Failing: \$(($2 - n)) | Crashing: 0 \"" "[ \$n -eq $2 ]" >"$d/$1"
	chmod +x "$d/$1"
}

@test "unit tests: what fails twice fails, what fails once is named, what a sanitizer found is no matter of luck" {
	unit sound 3 3
	unit flaky 5 4 5
	expect_status 0 "$top/tests/run-unit" "$d/flaky" "$d/sound"
	[ "$(tail -n 2 <<<"$out")" = "unsteady: $d/flaky"$'\n8 passed, 0 failed' ] || complain "once: $out"
	unit broken 5 3
	expect_status 1 "$top/tests/run-unit" "$d/sound" "$d/broken"
	[ "$(tail -n 2 <<<"$out")" = "not ok $d/broken (status 1, 3 of 5)"$'\n6 passed, 2 failed' ] || complain "twice: $out"
	unit flaky-too 5 4 5
	expect_status 1 env ESCAUDIT_TEST_ONCE=1 "$top/tests/run-unit" "$d/flaky-too"
	[ "$(tail -n 1 <<<"$out")" = '4 passed, 1 failed' ] || complain "no second chance: $out"
	unit leaks 2 1 2
	# where the sanitizer is told to write, the first time
	sed -i '2i log=${ASAN_OPTIONS#log_path=}; [ -e "$0.ran" ] || echo leak >"${log%%:*}.1"' "$d/leaks"
	expect_status 1 "$top/tests/run-unit" "$d/leaks"
	[ "$(tail -n 1 <<<"$out")" = '2 passed, 1 failed' ] || complain "a leak: $out"
	[ "$complaints" -eq 0 ]
}
