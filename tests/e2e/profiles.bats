#!/usr/bin/env bats
# Heap profiles that a service hands out by net/http/pprof, in place of a recording. Needs no kernel probes.

load helper

setup() {
	complaints=0
	pids=()
}

teardown() {
	kill_pids
}

fetch() {
	curl -sSf --max-time "$patience" "$@" 2>"$BATS_TEST_TMPDIR/curl" || complain "curl $*: $(tail -n 2 "$BATS_TEST_TMPDIR/curl")"
}

# serve DIRECTORY: httpserver under load; its profiles go to DIRECTORY/heap, allocs, later and text. Sets program.
serve() {
	local notes profiles server
	program=$(build_go httpserver -tags=profile)
	mkdir -p "$1"
	HTTPSERVER_PROFILE_RATE=512 HTTPSERVER_PROFILES=127.0.0.1:0 "$program" -addr 127.0.0.1:0 >"$1/log" 2>&1 3>&- &
	server=$!
	pids+=("$server")
	wait_on "$server" grep -q 'notes at http' "$1/log" || { cat "$1/log"; return 1; }
	notes=$(sed -n 's/.* notes at //p' "$1/log")/notes
	profiles=$(sed -n 's/.* profiles at //p' "$1/log")/debug/pprof
	fetch -X PUT -d '{"text":"x","tags":["a","b"]}' "$notes/k[1-50]" >/dev/null
	fetch "$notes?[1-100]" >/dev/null
	fetch "$profiles/heap?gc=1" >"$1/heap"
	fetch "$profiles/allocs" >"$1/allocs"
	fetch "$notes?[1-200]" >/dev/null
	fetch "$profiles/heap?gc=1" >"$1/later"
	fetch "$profiles/heap?debug=1" >"$1/text"
	[ -s "$1/heap" ] && [ -s "$1/later" ] && [ -s "$1/text" ] || complain "no profiles"
	kill -KILL "$server"
}

# Sums of alloc_objects and alloc_space, as go tool pprof has them.
pprof_totals() {
	"$GO" tool pprof -raw "$1" 2>/dev/null | awk '/^Samples:/ {on = 1; next} /^Locations/ {on = 0}
		on && /^ +[0-9]+ +[0-9]+ /{o += $1; b += $2} END {print o, b}'
}

@test "a heap profile from net/http/pprof stands in for a recording" {
	check() {
		local d=$BATS_TEST_TMPDIR/$GO_VERSION kind
		serve "$d"
		for kind in heap allocs; do
			expect_status 0 "$ESCAUDIT" top --json --limit 0 "$d/$kind"
			[ "$(jq -r '.totals | "\(.objects) \(.bytes)"' <<<"$out")" = "$(pprof_totals "$d/$kind")" ] ||
				complain "$kind: $(jq -c .totals <<<"$out") and $(pprof_totals "$d/$kind")"
			jq -e '.window.mode == "profile" and ([.lines[] | select(.file == "main.go")] | length > 0)' <<<"$out" >/dev/null ||
				complain "$kind: no line of the program: $(head -c 600 <<<"$out")"
			expect_status 0 "$ESCAUDIT" top --key=package --charge=module --program "$program" "$d/$kind"
			grep -q 'example.com/httpserver' <<<"$out" || complain "$kind: $out"
		done
		# the program knows what the profile does not say
		expect_status 0 "$ESCAUDIT" top --json --limit 0 --program "$program" "$d/heap"
		[ "$(jq -r '.totals | "\(.objects) \(.bytes)"' <<<"$out")" = "$(pprof_totals "$d/heap")" ] || complain "with the program: totals"
		jq -e --arg v "go$GO_VERSION" '(.target.go_version | startswith($v)) and
			([.lines[] | select(.function == "main.(*server).list.func1" or .file == "main.go") | .cause] | index("append growth") != null) and
			([.lines[] | select(.cause == "unknown")] | length == 0)' <<<"$out" >/dev/null || complain "no causes: $(head -c 900 <<<"$out")"
		[ "$(jq '[.lines[] | select(.type != null)] | length' <<<"$out")" -gt 5 ] || complain "no types"

		# what was seen is judged; of what was not, no more is said than how much it may have been
		(cd "$programs/httpserver" && "$ESCAUDIT" predict --go "$GO" --flag=-tags=profile -o "$d/p" .) 2>/dev/null
		expect_status 0 "$ESCAUDIT" compare --json --program "$program" "$d/p" "$d/heap"
		jq -e '([.verdicts[].verdict] | unique) - ["confirmed", "unpredicted", "undecided", "held", "compiled-out", "violated", "stale"] == [] and
			([.verdicts[] | select(.verdict == "confirmed")] | length > 0) and
			([.verdicts[] | select(.verdict == "undecided")] | length > 5 and all(.upper_bytes == 3 * 512))' <<<"$out" >/dev/null ||
			complain "verdicts: $(jq -c '[.verdicts[].verdict] | group_by(.) | map([.[0], length])' <<<"$out")"
		if python3 -c 'import jsonschema' 2>/dev/null; then
			"$ESCAUDIT" compare --json --program "$program" "$d/p" "$d/heap" >"$d/json"
			"$top/tests/validate-json" "$top/share/schema/escaudit.schema.json" "$d/json" >/dev/null || complain "not what the schema says"
		fi
		expect_status 0 "$ESCAUDIT" compare --all --program "$program" "$d/p" "$d/heap"
		tr -s ' \n' ' ' <<<"$out" | grep -qE 'none in [0-9]+ samples, at most 1536 B \(95%\)' || complain "no bound: $out"
		expect_status 0 "$ESCAUDIT" annotate --program "$program" --predictions "$d/p" --source-root "$programs/httpserver" "$d/heap" main.go
		grep -qE 'confirmed' <<<"$out" || complain "annotate: $(head -n 40 <<<"$out")"
		expect_status 0 "$ESCAUDIT" export --format=sarif --program "$program" --predictions "$d/p" "$d/heap"
		jq -e '.runs[0].results | length > 0' <<<"$out" >/dev/null || complain "sarif: $(head -c 300 <<<"$out")"
		expect_status 0 "$ESCAUDIT" export --format=folded "$d/heap"
		grep -q 'main\.' <<<"$out" || complain "folded: $(head -n 3 <<<"$out")"
		# the second holds all of the first, and what came between
		expect_status 0 "$ESCAUDIT" diff --json --program-before "$program" --program-after "$program" "$d/heap" "$d/later"
		jq -e '[.changes[] | select(.after.file == "main.go" and (.change == "more" or .change == "new"))] | length > 0' <<<"$out" >/dev/null ||
			complain "diff: $(jq -c '[.changes[].change] | group_by(.) | map([.[0], length])' <<<"$out")"

		expect_status 2 "$ESCAUDIT" top "$d/text"
		expect_message 'heap profile as text.*debug=1'
		expect_status 2 "$ESCAUDIT" top --program "$(build_go sleeper)" "$d/heap"
		expect_message "not that program's|is of build"
		expect_status 2 "$ESCAUDIT" top --program /nonexistent "$d/heap"
	}
	for_each_go again 1.19 1.27
}

@test "a heap profile: the program is found by its build id, and only where it is that build" {
	local d=$BATS_TEST_TMPDIR
	use_go
	serve "$d"
	expect_status 0 "$ESCAUDIT" top --json "$d/heap"
	jq -e '.target.go_version != null and ([.lines[].type] | map(select(. != null)) | length > 0)' <<<"$out" >/dev/null ||
		complain "not found by itself: $(head -c 600 <<<"$out")"
	use_go 1.19
	serve "$d/old"
	expect_status 2 "$ESCAUDIT" compare "$top/tests/golden/diagnostics/go1.19.log" "$d/old/heap"
	expect_message '--program'
	[ "$complaints" -eq 0 ]
}
