#!/usr/bin/env bats
# Assertions in the source against what the program did.

load helper

setup() {
	complaints=0
}

# of PROGRAM: whose assertions are looked at, asserted if it is not said.
of=asserted

# verdict MARKER-LINE…: of the assertion on the first line that matches REGEX in main.go, or on the next ones.
expect_verdict() {
	local wanted=$1 regex=$2 line found
	line=$(grep -nE -- "$regex" "$programs/$of/main.go" | head -n 1 | cut -d : -f 1)
	[ -n "$line" ] || { complain "no line like $regex"; return; }
	# above a function the comment stands some lines before it
	found=$(jq -r --argjson line "$line" '[.assertions[] | select(.file == "main.go" and (.line == $line or .first == $line)).verdict] | unique |
		join(",")' <<<"$out")
	[ "$found" = "$wanted" ] || complain "$regex (line $line): '$found' instead of '$wanted'"
}

expect_all_verdicts() {
	expect_verdict broken '^func push'
	expect_verdict held '^func sum'
	expect_verdict held '^func small'
	expect_verdict broken '^func large'
	expect_verdict 'never executed' '^func unused'
	expect_verdict 'never executed' '^func dropped'
	expect_verdict held '^func join'
	expect_verdict broken '^func deep'
	expect_verdict held '^func flat'
	expect_verdict held 'append\(list'
	expect_verdict held 'local := node'
	expect_verdict held 'kept := &node'
	expect_verdict broken '// it does$'
	expect_verdict 'never executed' 'node\{nil, 7\}'
	expect_verdict broken '^func moved'
	expect_verdict broken '^func \(l \*list\) Push'
	expect_verdict undecided '^func main'
	jq -e '.assertions | length == 17' <<<"$out" >/dev/null || complain "$(jq '.assertions | length' <<<"$out") assertions"
}

@test "held, broken, never executed" {
	need_bpf
	check() {
		local d=$BATS_TEST_TMPDIR
		cd "$programs/asserted" || return
		expect_status 0 "$ESCAUDIT" audit --go "$GO" --json -o "$d/rec.gz" --predictions "$d/pred" . -- -n 50
		expect_all_verdicts
		jq -e '.assertions[] | select(.function == "push") | .objects == 50 and .bytes == 800 and
			(.why[0] | test("^new object of main.node at main.go:[0-9]+: 50 objects, 800 bytes$"))' <<<"$out" >/dev/null ||
			complain "push: $(jq -c '.assertions[] | select(.function == "push")' <<<"$out")"
		# the same from the files, and in words
		cd "$d" || return
		expect_status 1 "$ESCAUDIT" compare --json --fail-on 'broken,unproven>9' "$d/pred" "$d/rec.gz"
		expect_message 'gate: broken: 6 lines'
		expect_all_verdicts
		expect_status 0 "$ESCAUDIT" export --format=github --source-root "$programs/asserted" --predictions "$d/pred" --fail-on broken "$d/rec.gz"
		[ "$(grep -c '^::error .*//escaudit:noalloc of push: 50 objects, 800 B' <<<"$out")" = 1 ] || complain "annotations: $(head -n 3 <<<"$out")"
		expect_status 1 "$ESCAUDIT" compare --fail-on 'broken>9,unproven' "$d/pred" "$d/rec.gz"
		expect_message 'gate: unproven: 4 lines'
		grep -q '^ASSERTIONS: 17: 6 broken, 1 undecided, 3 never executed, 7 held' <<<"$out" || complain "$(grep ASSERTIONS <<<"$out")"
	}
	for_each_go check 1.19 1.27
}

@test "functions that are inlined wherever they are called" {
	need_bpf
	check() {
		local d=$BATS_TEST_TMPDIR of=inlinedasserts
		cd "$programs/$of" || return
		expect_status 0 "$ESCAUDIT" audit --go "$GO" --json -o "$d/rec.gz" --predictions "$d/pred" . -- -n 50
		expect_verdict broken '^func list'
		expect_verdict broken '^func address'
		expect_verdict broken '^func checked'
		expect_verdict broken '^func pair'
		expect_verdict held '^func plus'
		expect_verdict 'never executed' '^func last'
		expect_verdict held 'kept = list.*by itself'
		expect_verdict broken 'makes := func'
		expect_verdict broken 'moves := func'
		expect_verdict held 'adds := func'
		jq -e '[.assertions[] | select(.file == "inlined/inlined.go") | .verdict, .objects] == ["broken", 50]' <<<"$out" >/dev/null ||
			complain "another package: $(jq -c '.assertions[] | select(.file != "main.go")' <<<"$out")"
		jq -e '.assertions | length == 11' <<<"$out" >/dev/null || complain "$(jq '.assertions | length' <<<"$out") assertions"
		# list is called twice a round, and its objects are all there is of it
		jq -e '.assertions[] | select(.function == "list") | .objects == 100 and (.why | length) == 2 and
			(.why[0] | test("^new object of \\[1\\]int at main.go:[0-9]+, inlined at main.go:[0-9]+: 50 objects, 400 bytes$"))' \
			<<<"$out" >/dev/null || complain "list: $(jq -c '.assertions[] | select(.function == "list")' <<<"$out")"
		jq -e '.assertions[] | select(.function == "last") | .why[0] | test("left no code of its own")' <<<"$out" >/dev/null ||
			complain "last: $(jq -c '.assertions[] | select(.function == "last")' <<<"$out")"
		expect_status 1 "$ESCAUDIT" compare --fail-on 'broken' "$d/pred" "$d/rec.gz"
		expect_message 'gate: broken: 7 lines'
		# a log of text says nothing of inlined calls: what was made may be of any function that is inlined, not of others
		"$GO" build -a -gcflags=-m -o "$d/$of" . 2>"$d/log" || return
		expect_status 0 "$ESCAUDIT" record -o "$d/plain.gz" -- "$d/$of" -n 5
		expect_status 0 "$ESCAUDIT" compare --json "$d/log" "$d/plain.gz"
		expect_verdict undecided '^func list'
		expect_verdict undecided '^func plus'
	}
	for_each_go check 1.19 1.27
}

@test "what is not known is not claimed" {
	need_bpf
	use_go
	local d=$BATS_TEST_TMPDIR
	cd "$programs/asserted"
	# without probes nobody knows what ran
	expect_status 0 "$ESCAUDIT" audit --go "$GO" --reach none --json --flag=-trimpath -o "$d/rec.gz" --predictions "$d/pred" . -- -n 5
	expect_verdict undecided '^func unused'
	expect_verdict undecided 'node\{nil, 7\}'
	expect_verdict held '^func sum'
	expect_verdict broken '^func push'
	# the sources are elsewhere
	cp main.go "$d/main.go"
	cd /
	jq '.build.directory = "/nonexistent"' "$d/pred" >"$d/pred2" 2>/dev/null
	expect_status 2 "$ESCAUDIT" compare --fail-on broken "$d/pred2" "$d/rec.gz"
	expect_message 'sources were not found; name.*--source-root'
	expect_status 1 "$ESCAUDIT" compare --source-root "$d" --fail-on broken "$d/pred2" "$d/rec.gz"
	expect_status 2 "$ESCAUDIT" diff --fail-on broken "$d/rec.gz" "$d/rec.gz"
	# a gate on assertions where there are none
	cd "$programs/exit3"
	expect_status 2 "$ESCAUDIT" audit --go "$GO" --fail-on broken .
	expect_message 'no assertion in the sources'
	[ "$complaints" -eq 0 ]
}
