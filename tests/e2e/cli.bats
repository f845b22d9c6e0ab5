#!/usr/bin/env bats
# The command line: help, misuse, versions, and man pages that say the same.

load helper

setup() {
	complaints=0
}

subcommands() {
	"$ESCAUDIT" --help | sed -n 's/^  \(escaudit \)\{0,1\}\([a-z][a-z]*\) .*/\2/p' | sort -u
}

# Long options in a text, one a line.
options_in() {
	grep -oE -- '(^|[^[:alnum:]-])--[a-z][a-z-]*' | grep -oE -- '--[a-z-]+' | sort -u
}

# The page as plain text, without escapes.
page() {
	man --warnings -E UTF-8 -l "$top/man/$1.1" 2>/dev/null | col -b | sed 's/\xe2\x80\x90/-/g; s/\xe2\x88\x92/-/g'
}

@test "--help goes to standard output, with status 0, for the program and every subcommand" {
	local command n=0
	expect_status 0 "$ESCAUDIT" --help
	[ -n "$out" ] && [ -z "$err" ] || complain "--help: nothing on standard output, or something on standard error"
	for command in audit record predict sites compare diff export annotate merge top; do
		grep -qE "(^| )$command( |\$)" <<<"$out" || complain "--help does not name $command"
		n=$((n + 1))
	done
	for command in $(subcommands); do
		expect_status 0 "$ESCAUDIT" "$command" --help
		grep -q -- "$command" <<<"$out" || complain "$command --help does not name it"
		[ -z "$err" ] || complain "$command --help writes to standard error"
	done
	[ "$(subcommands | wc -l)" -ge "$n" ] || complain "subcommands: $(subcommands | paste -s -d ' ')"
	[ "$complaints" -eq 0 ]
}

@test "--version" {
	expect_status 0 "$ESCAUDIT" --version
	[[ $out =~ ^escaudit\ [0-9]+\.[0-9]+\.[0-9]+ ]] || complain "--version: $out"
	[ "$complaints" -eq 0 ]
}

@test "misuse goes to standard error, with status 64" {
	misused() {
		expect_status 64 "$ESCAUDIT" "$@"
		[ -z "$out" ] || complain "escaudit $*: output: $out"
		[ -n "$err" ] || complain "escaudit $*: not a word"
	}
	misused
	misused nonsense
	misused --nonsense
	local command
	for command in $(subcommands); do
		misused "$command" --nonsense
	done
	misused audit
	misused predict
	misused sites
	misused sites a b
	misused sites --limit=many x
	misused compare only-one
	misused top
	misused top --by=colour x
	misused top --key=colour x
	misused top --charge=colour x
	misused top --limit x
	misused top --color=blue x
	misused record
	misused record -p
	misused record -p zero
	misused record -p -5
	misused record -p 0
	misused record -p 1 -- true
	misused record -x file -- true
	misused record --duration=-1 -p 1
	misused record --duration=soon -p 1
	misused record --mode=guess -p 1
	misused record --reach=some -p 1
	expect_message 'it is none, main or all'
	misused top --limit=1.5 x
	expect_message 'whole number'
	[ "$complaints" -eq 0 ]
}

@test "-- ends the options, and nothing behind it is passed over" {
	cd "$BATS_TEST_TMPDIR"
	expect_status 2 "$ESCAUDIT" top -- -file.gz
	expect_message "'-file.gz'"
	expect_status 2 "$ESCAUDIT" merge -o sum.gz -- a.gz b.gz
	expect_message "'a.gz'"
	expect_status 64 "$ESCAUDIT" top a.gz -- b.gz
	expect_status 64 "$ESCAUDIT" diff a.gz b.gz -- c.gz
	expect_status 2 "$ESCAUDIT" doctor -- /bin/ls
	[[ $out == *"binary /bin/ls"* ]] || complain "doctor: $out"
	[ "$complaints" -eq 0 ]
}

@test "every option of the help is in the man page, and the other way round" {
	local command help man
	for command in $(subcommands); do
		[ -f "$top/man/escaudit-$command.1" ] || { complain "no man page for $command"; continue; }
		help=$("$ESCAUDIT" "$command" --help | options_in)
		man=$(page "escaudit-$command" | sed -n '/^OPTIONS/,/^[A-Z]/p' | sed '1!{/^[A-Z]/d}' | options_in)
		[ -n "$help" ] && [ -n "$man" ] || complain "$command: no options in help or man page"
		[ "$help" = "$man" ] || complain "$command: help (<) and man page (>) differ: $(diff <(echo "$help") <(echo "$man"))"
	done
	[ "$complaints" -eq 0 ]
}

@test "every subcommand has a man page and every man page a subcommand" {
	diff <(subcommands) <(cd "$top/man" && printf '%s\n' escaudit-*.1 | sed 's/^escaudit-//; s/\.1$//' | sort)
}

@test "man pages are well formed" {
	local page warnings
	for page in "$top"/man/*.1; do
		warnings=$(LC_ALL=C.UTF-8 man --warnings=all -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
		[ -z "$warnings" ] || complain "$(basename "$page"): $warnings"
		for section in NAME SYNOPSIS 'EXIT STATUS' EXAMPLES; do
			grep -q "^\.SH \"\{0,1\}$section" "$page" || complain "$(basename "$page"): no section $section"
		done
	done
	! grep -nE 'FIGURES|TODO|FIXME|TBD' "$top"/man/*.1 || complain "something is to be filled in"
	# every subcommand is in the list of the main page, and at its end
	for page in $(subcommands); do
		[ "$(grep -cF "escaudit-$page (1)" "$top/man/escaudit.1")" -ge 2 ] || complain "escaudit.1 does not list $page"
	done
	for page in audit record top doctor; do
		grep -q '^\.SH OVERHEAD' "$top/man/escaudit-$page.1" || complain "escaudit-$page.1: no section OVERHEAD"
	done
	[ "$complaints" -eq 0 ]
}

@test "--json prints one object with the common fields" {
	use_go
	local program
	program=$(build_go exit3)
	expect_status 0 "$ESCAUDIT" sites --json "$program"
	jq -e -s 'length == 1 and (.[0] | has("schema") and has("tool") and (.target | has("path") and has("build_id") and has("go_version") and
		has("arch")) and (.sites | type == "array"))' <<<"$out" >/dev/null || complain "sites: $(head -c 600 <<<"$out")"
	[ "$complaints" -eq 0 ]
}

@test "--limit limits, and says what it left out" {
	use_go
	expect_status 0 "$ESCAUDIT" sites --limit 3 "$(build_go exit3)"
	grep -qE '[0-9]+ (more|others|left out|not shown)' <<<"$out$err" || complain "nothing about those left out: $out"
	[ "$complaints" -eq 0 ]
}
