#!/usr/bin/env bats
# Lines that were judged wrongly once: programs of tests/programs/kinds, one kind of mistake each, on the versions that
# showed it.

load helper

in_kinds() {
	(cd "$programs/kinds" && "$@")
}

# audited FLAG...: what audit says of a program of kinds, in $audit.
audited() {
	audit=$BATS_TEST_TMPDIR/audit.json
	expect_status 0 in_kinds env CGO_ENABLED=1 "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" "$@"
	mv "$BATS_TEST_TMPDIR/out" "$audit"
}

# expect_at FILE[:LINE] MARKER WANTED: what $audit says of the marked line of tests/programs/kinds/FILE, "verdict expression
# | cause, type objects/bytes" by column and expression, joined by "; ".
expect_at() {
	local line said
	line=$(grep -n "// @$2\$" "$programs/kinds/$1" | cut -d : -f 1)
	[ -n "$line" ] || complain "no marker @$2 in $1"
	said=$(jq -r --arg file "$1" --argjson line "$line" '[.verdicts[] | select(.file == $file and .line == $line)] |
		sort_by(.column, .expr, .verdict) |
		map("\(.verdict)\(if .ambiguous then "?" else "" end) \(.expr // "-") | \(.cause // "-"), \(.type // "-") \(.objects // 0)/\(.bytes // 0)") |
		join("; ")' "$audit")
	[ "$said" = "$3" ] || complain "@$2: $said; instead of $3"
}

# files_with VERDICT: of $audit.
files_with() {
	jq -r --arg verdict "$1" '[.verdicts[] | select(.verdict == $verdict) | "\(.file):\(.line)"] | join(" ")' "$audit"
}

@test "packages with cgo: no line a second time, under the name of the file that cgo makes" {
	need_bpf
	check() {
		audited ./withc
		expect_at withc/main.go c-new "confirmed new(pair) | new object, main.pair 100/1600"
		expect_at withc/main.go c-moved "confirmed x | new object, int 100/800"
		# Inlined out of a file that cgo rewrote, into another such file and into one that it did not touch.
		expect_at withc/lib/lib.go lib-keep "confirmed &Node{...} | new object, lib.Node 100/1600"
		expect_at withc/plain.go c-node "confirmed &lib.Node{...} | new object, lib.Node 100/1600"
		[ -z "$(files_with stale)" ] || complain "stale: $(files_with stale)"
		expect_status 0 in_kinds env CGO_ENABLED=1 "$ESCAUDIT" audit --go "$GO" --fail-on=stale -o "$BATS_TEST_TMPDIR/rec" ./withc
		expect_status 0 in_kinds env CGO_ENABLED=1 "$ESCAUDIT" predict --go "$GO" --json ./withc
		! grep -q 'cgo1\.go' <<<"$out" || complain "predictions in a file of cgo's"
	}
	for_each_go check 1.19 1.22 1.25 1.27
}

@test "C.GoString and its like are string conversions of the line" {
	need_bpf
	check() {
		local said
		audited ./withc
		expect_at withc/main.go c-gostring "unpredicted - | string/[]byte conversion, - 100/4800"
		local closure=""
		version_in "$GO_VERSION" '>=1.25' || closure="; held func literal | unknown, - 0/0"
		expect_at withc/main.go c-gobytes "unpredicted - | string/[]byte conversion, - 100/4000$closure"
		expect_at withc/main.go c-gostringn "unpredicted - | string/[]byte conversion, - 100/3600"
		for said in GoString GoBytes GoStringN; do
			jq -e --arg said "C.$said copies what is C's; the compiler reports nothing for it" \
				'[.verdicts[].summary] | index($said)' "$audit" >/dev/null || complain "no summary with C.$said"
		done
	}
	for_each_go check 1.19 1.22 1.27
}

@test "a size that is known to the machine code is read there, and no other out of the text" {
	need_bpf
	check() {
		local line said sizes text="make([]byte, n)"
		audited .
		version_in "$GO_VERSION" '<=1.20' || text="make([]byte, max(n, 16))"
		expect_at main.go sized-inlined "confirmed $text | make slice, uint8 100/409600"
		expect_at main.go sized "confirmed make([]byte, atLeast(n, 16)) | make slice, uint8 100/24950"
		expect_at main.go lengths "confirmed make([]byte, 104) | make slice, uint8 100/10400; confirmed make([]byte, 204) | make slice, uint8 100/20400"
		# makeslicecopy is told two lengths
		expect_at main.go copied "confirmed make([]*int, 10) | make slice, *int 100/8000"
		expect_status 0 "$ESCAUDIT" sites --json --limit 0 "$(build_go kinds)"
		for sizes in sized:null lengths:104,204 copied:80; do
			read -r _ line < <(line_of kinds "${sizes%:*}")
			said=$(jq -r --argjson line "$line" '[.sites[] | select(.file == "main.go" and .line == $line) |
				select(.cause == "make slice") | .size // "null"] | sort | map(tostring) | join(",")' "$BATS_TEST_TMPDIR/out")
			[ "$said" = "${sizes#*:}" ] || complain "sites of @${sizes%:*}: sizes $said instead of ${sizes#*:}"
		done
	}
	for_each_go check
}

@test "what is boxed has the type that the source has" {
	need_bpf
	check() {
		local said
		audited .
		expect_at main.go box-float "confirmed f | interface conversion, float64 100/800"
		expect_at main.go box-duration "confirmed d | interface conversion, time.Duration 100/800"
		expect_at main.go box-string "confirmed s | interface conversion, string 100/1600"
		expect_at main.go box-int "confirmed n | interface conversion, int 100/800"
		expect_at main.go box-itab "confirmed d | interface conversion, time.Duration 100/800"
		expect_at main.go box-result "confirmed level(n) | interface conversion, main.level 100/800"
		# up to 1.19 what is converted without saying so has the column of the call
		said="confirmed n | interface conversion, int 100/800; confirmed f | interface conversion, float64 100/800; confirmed b | interface conversion, []uint8 100/2400"
		version_in "$GO_VERSION" '>=1.20' ||
			said="confirmed b | interface conversion, []uint8 100/2400; confirmed f | interface conversion, float64 100/800; confirmed n | interface conversion, int 100/800"
		expect_at main.go box-variadic "confirmed ... argument | new object, [3]interface {} 100/4800; $said"
		expect_status 0 "$ESCAUDIT" top --json --limit 0 "$BATS_TEST_TMPDIR/rec"
		! grep -q InterfacePtr <<<"$out" || complain "top: $(grep -o '[a-z.A-Z0-9]*InterfacePtr' <<<"$out" | sort | uniq -c)"
	}
	for_each_go check
}

@test "what a map grows by is named after the map" {
	need_bpf
	check() {
		local grown
		audited .
		grown=$(jq -r '[.verdicts[] | select(.file == "main.go" and .cause == "map growth") | "\(.verdict) \(.type) \(.other_types // 0)"] | join("; ")' "$audit")
		[ "$grown" = "unpredicted url.Values 0" ] || complain "map growth: $grown"
	}
	for_each_go check 1.19 1.23 1.24 1.27
}
