#!/usr/bin/env bats
# predict --for: the predictions of a binary that is already built.

load helper

setup() {
	complaints=0
	need_bpf
}

@test "predict --for a stripped, trimmed release build: predictions that belong to it" {
	check() {
		local binary=$BATS_TEST_TMPDIR/release-$GO_VERSION p=$BATS_TEST_TMPDIR/p-$GO_VERSION rec=$BATS_TEST_TMPDIR/rec-$GO_VERSION
		(cd "$programs/scenarios" && "$GO" build -trimpath -ldflags='-s -w' -tags release -o "$binary" .)
		"$ESCAUDIT" predict --for "$binary" --go "$GO" -o "$p" "$programs/scenarios" || complain "predict --for: status $?"
		"$ESCAUDIT" record -o "$rec" -- "$binary" -n 23 || complain "record: status $?"
		"$ESCAUDIT" compare --json "$p" "$rec" >"$p.json" || complain "compare: status $?"
		# 23 calls: the struct that is returned by pointer is made 23 times, on its line
		[ "$(jq '[.verdicts[] | select(.expr == "&pair{...}" and .verdict == "confirmed") | .objects] | add' "$p.json")" = 23 ] ||
			complain "no confirmed &pair{...} with 23 objects"
		[ "$(jq '[.verdicts[] | select(.verdict == "confirmed")] | length' "$p.json")" -ge 10 ] || complain "fewer than 10 confirmed lines"
	}
	for_each_go check 1.19 1.24 1.27
}

@test "predict --for: another Go version is named, nothing is saved" {
	use_go 1.27
	local binary=$BATS_TEST_TMPDIR/release
	(cd "$programs/scenarios" && "$GO" build -o "$binary" .)
	use_go 1.24
	run "$ESCAUDIT" predict --for "$binary" --go "$GO" -o "$BATS_TEST_TMPDIR/p" "$programs/scenarios"
	[ "$status" -eq 2 ]
	[[ $output == *go1.27* && $output == *go1.24* ]]
	[ ! -e "$BATS_TEST_TMPDIR/p" ]
}

# crafted FROM TO: a copy of $binary that says TO where it said FROM; both are equally long.
crafted() {
	[ "${#1}" -eq "${#2}" ] || complain "'$2' is not as long as '$1'"
	LC_ALL=C sed "s|$1|$2|" "$binary" >"$BATS_TEST_TMPDIR/crafted"
	! cmp -s "$binary" "$BATS_TEST_TMPDIR/crafted" || complain "nothing was crafted"
	expect_status 2 "$ESCAUDIT" predict --for "$BATS_TEST_TMPDIR/crafted" --go "$GO" -o "$BATS_TEST_TMPDIR/q" .
}

# What a binary says of its build is given to the go command, and anybody may have written it.
@test "predict --for: a binary that names other things than a package and flags of the compiler's is refused" {
	use_go 1.27
	local binary=$BATS_TEST_TMPDIR/release tool package flags
	cp "$programs/sleeper"/* "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR"
	"$GO" build -gcflags=-dwarf=true -o "$binary" .
	expect_status 0 "$ESCAUDIT" predict --for "$binary" --go "$GO" -o p .
	tool=$(mktemp /tmp/e.XXXXXXXX)
	printf '#!/bin/sh\ntouch "%s/ran"\nexec "$@"\n' "$BATS_TEST_TMPDIR" >"$tool"
	chmod +x "$tool"
	for package in "-toolexec=$tool/////" "/usr/lib/go/src/cmd/gofmt///" "../../../../../elsewhere/../x" "example.com/escaudit/sl.../"; do
		package=$(printf '%-28.28s' "$package" | tr ' ' /)
		crafted "path	example.com/escaudit/sleeper" "path	$package"
		expect_message "its package is '$package'"
	done
	rm "$tool"
	for flags in -asmhdr=a.h -o=abcdefgh --env=A=bcd -d=x/dump=y; do
		crafted "-gcflags=-dwarf=true" "-gcflags=$flags"
		expect_message "is not repeated"
	done
	[ ! -e ran ] && [ ! -e a.h ] && [ ! -e abcdefgh ] || complain "something was written: $(ls)"
	[ "$complaints" -eq 0 ]
}
