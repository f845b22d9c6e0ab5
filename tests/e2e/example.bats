#!/usr/bin/env bats
# The worked example of docs/refactor.md: its commands are run, and what they print is compared with the page.

load helper

setup() {
	complaints=0
}

# The console blocks of a page, one after the other.
console_of() {
	sed -n '/^```console$/,/^```$/{/^```/d;p}' "$1"
}

# Runs the commands of a transcript on standard input and prints the same with what they say. Both streams are one: it is what
# a terminal shows, but for the order of the two.
replay() {
	local line script=$BATS_TEST_TMPDIR/script
	while IFS= read -r line; do
		[[ $line == '$ '* ]] || continue
		# what $? is must survive being shown
		printf 'status=$?; printf "%%s\\n" %q; (exit $status)\n%s\n' "$line" "${line#\$ }"
	done >"$script"
	bash "$script" 2>&1 </dev/null
}

# expect_like WANTED: do its lines come in this order on standard input? Where "…" stands, any lines may.
expect_like() {
	awk -v wanted="$1" '
		BEGIN { while ((getline line < wanted) > 0) want[++n] = line; k = 1 }
		{
			while (want[k] == "…") { any = 1; k++ }
			if (k > n && any) next
			if ($0 == want[k] && k <= n) { k++; any = 0 }
			else if (!any) { print "line " NR ": " $0; print "instead of: " want[k]; failed = 1; exit 1 }
		}
		END {
			if (failed) exit 1
			while (want[k] == "…") k++
			if (k <= n) { print "missing: " want[k]; exit 1 }
		}'
}

@test "the commands of the example print what it shows" {
	need_bpf
	use_go
	local source=$BATS_TEST_TMPDIR/source patch line
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
	export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.com GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.com
	export PATH=${ESCAUDIT%/*}:${GO%/*}:$PATH
	mkdir -p "$source/tests/programs/refactor" "$source/docs"
	cp -r "$programs/refactor/before" "$source/tests/programs/refactor"
	cp -r "$top/docs/refactor" "$source/docs"
	cd "$source"
	console_of "$top/docs/refactor.md" >"$BATS_TEST_TMPDIR/wanted"
	[ "$(grep -c '^\$ ' "$BATS_TEST_TMPDIR/wanted")" -ge 12 ] || complain "no commands in the page"
	replay <"$BATS_TEST_TMPDIR/wanted" >"$BATS_TEST_TMPDIR/got"
	expect_like "$BATS_TEST_TMPDIR/wanted" <"$BATS_TEST_TMPDIR/got" || complain "$(cat "$BATS_TEST_TMPDIR/got")"
	# and what the front page shows of it
	{ echo …; console_of "$top/README.md"; echo …; } >"$BATS_TEST_TMPDIR/front"
	expect_like "$BATS_TEST_TMPDIR/front" <"$BATS_TEST_TMPDIR/got" || complain "README.md shows something else"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/front")" -gt 8 ] || complain "README.md shows nothing"
	# the changes it shows are those it applies
	sed -n '/^```diff$/,/^```$/{/^```/d;p}' "$top/docs/refactor.md" | while IFS= read -r line; do
		grep -qxF -- "$line" "$top"/docs/refactor/*.patch || echo "not in a patch: $line"
	done >"$BATS_TEST_TMPDIR/lines"
	[ ! -s "$BATS_TEST_TMPDIR/lines" ] || complain "$(cat "$BATS_TEST_TMPDIR/lines")"
	[ "$complaints" -eq 0 ]
}
