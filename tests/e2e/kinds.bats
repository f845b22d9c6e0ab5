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

# said_at FILE MARKER: what $audit says of the marked line of tests/programs/kinds/FILE, "verdict expression | cause, type
# objects/bytes" by column and expression, joined by "; ".
said_at() {
	local line
	line=$(grep -n "// @$2\$" "$programs/kinds/$1" | cut -d : -f 1)
	[ -n "$line" ] || complain "no marker @$2 in $1"
	jq -r --arg file "$1" --argjson line "$line" '[.verdicts[] | select(.file == $file and .line == $line)] |
		sort_by(.column, .expr, .verdict) |
		map("\(.verdict)\(if .ambiguous then "?" else "" end) \(.expr // "-") | \(.cause // "-"), \(.type // "-") \(.objects // 0)/\(.bytes // 0)") |
		join("; ")' "$audit"
}

# expect_at FILE MARKER WANTED: all that it says. "<any>" stands for anything.
expect_at() {
	local said
	said=$(said_at "$1" "$2")
	[ "$said" = "$3" ] || [[ $3 == *"<any>"* && $said == "${3%%<any>*}"*"${3##*<any>}" ]] || complain "@$2: $said; instead of $3"
}

# expect_among FILE MARKER ROW...: the same for rows among others, in any order.
expect_among() {
	local said row file=$1 marker=$2
	said=$(said_at "$file" "$marker")
	shift 2
	for row; do
		[[ "; $said; " == *"; $row; "* ]] || complain "@$marker: $said; without $row"
	done
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
		local c=_Ctype_
		version_in "$GO_VERSION" '>=1.27' && c=C.
		expect_at withc/main.go c-map "confirmed map[string]${c}int{...} | make map, <any>"
		expect_at withc/main.go c-made "confirmed make([]${c}int, n + 1) | make slice, main._Ctype_int 100/600; confirmed make([]${c}long, n + 1) | make slice, main._Ctype_long 100/1200"
		expect_at withc/main.go c-literals "confirmed []${c}int{...} | new object, [2]main._Ctype_int 100/800; confirmed []${c}long{...} | new object, [2]main._Ctype_long 100/1600"
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

@test "what cgo writes for itself is in no row, and what C calls is on the line of the exported function" {
	need_bpf
	check() {
		audited ./withc
		jq -e 'any(.verdicts[]; .file | test("_cgo_gotypes")) | not' "$audit" >/dev/null || complain "rows of cgo's own"
		[ "$(jq .log.cgo "$audit")" = 4 ] || complain "$(jq -c .log "$audit")"
		[ "$(jq '[.verdicts[].predictions] | add + 4' "$audit")" = "$(jq .log.predictions "$audit")" ] || complain "predictions in no account"
		audited ./called
		jq -e 'any(.verdicts[]; .file | test("_cgo_gotypes")) | not' "$audit" >/dev/null || complain "rows of cgo's own"
		[ "$(jq -c '[.verdicts[] | select(.objects > 0) | [.file, .line, .function, .objects]] | sort' "$audit")" = \
			'[["called/main.go",11,"main.keep",100],["called/main.go",12,"main.keep",100]]' ] ||
			complain "$(jq -c '[.verdicts[] | [.verdict, .file, .line, .function, .objects]]' "$audit")"
	}
	for_each_go check 1.19 1.24 1.27
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
		expect_at main.go box-overwritten "confirmed intsOf(n) | interface conversion, slice value 100/2400"
		jq -e '[.verdicts[] | select(.cause == "interface conversion" and ((.expr // "") | endswith("inlined(n)")))] | length == 1' "$audit" >/dev/null ||
			complain "@box-inlined: $(jq -c '[.verdicts[] | select(.cause == "interface conversion" and .objects > 0) | .expr]' "$audit")"
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
		expect_status 0 "$ESCAUDIT" top --json --limit 0 "$BATS_TEST_TMPDIR/rec"
		grown=$(jq -r '[.lines[] | select(.package == "net/url" and .cause == "map growth") | .type] | unique | join("; ")' <<<"$out")
		[ "$grown" = url.Values ] || complain "top: map growth: $grown"
	}
	for_each_go check 1.19 1.23 1.24 1.27
}

@test "slice literals in a map literal have a row each, though their arrays have the position of the map" {
	need_bpf
	check() {
		local one="[1]string 100/1600" two="[2]string 100/3200" map=runtime.hmap sizes="200/38400 200/32000"
		local slice="confirmed []string{...} | new object,"
		version_in "$GO_VERSION" '<=1.23' || map=maps.Map sizes="200/37600 200/31200"
		rm -f "$BATS_TEST_TMPDIR/p"
		audited --predictions "$BATS_TEST_TMPDIR/p" .
		expect_at literals.go literals-line "held map[string][]string{...} | map growth, map[string][]string 0/0; $slice $one; $slice $two; compiled-out []string{} | unknown, - 0/0; $slice $one"
		expect_at literals.go literals-map "held map[string][]string{...} | map growth, map[string][]string 0/0"
		expect_at literals.go literals-a "$slice $one"
		expect_at literals.go literals-b "$slice $two"
		expect_at literals.go literals-d "$slice [4]string 100/6400"
		expect_at literals.go literals-keyed "confirmed map[string][]int{...} | make map, $map ${sizes% *}; confirmed []int{...} | new object, [4]int 100/3200; confirmed []int{...} | new object, [5]int 100/4000; confirmed []int{...} | new object, [3]int 100/2400"
		# Without its prediction an array has the place of its literal all the same; on the line of its call, which is the map's, it has no column.
		jq '.predictions |= map(select(.expr != "[]string{...}"))' "$BATS_TEST_TMPDIR/p" >"$BATS_TEST_TMPDIR/few"
		expect_status 0 "$ESCAUDIT" compare --json --all --limit 0 "$BATS_TEST_TMPDIR/few" "$BATS_TEST_TMPDIR/rec"
		jq -e --argjson line "$(grep -n "// @literals-b$" "$programs/kinds/literals.go" | cut -d : -f 1)" '.verdicts[] |
			select(.file == "literals.go" and .line == $line) | .verdict == "unpredicted" and .column == 8 and (.expr | startswith("{ x")) and .type == "[2]string" and .sites[0].columns == [null]' "$BATS_TEST_TMPDIR/out" >/dev/null ||
			complain "without predictions: $(jq -c '[.verdicts[] | select(.file == "literals.go" and .type == "[2]string")]' "$BATS_TEST_TMPDIR/out")"
		# What is converted to the type of the elements is made at its own brace.
		expect_at literals.go literals-named "held byName{...} | map growth, main.byName 0/0; confirmed names{...} | new object, $one; confirmed names{...} | new object, $two; $slice [3]string 100/4800"
		expect_at literals.go literals-escapes "confirmed byName{...} | make map, $map ${sizes% *}; confirmed names{...} | new object, $one; confirmed names{...} | new object, $two"
		expect_at literals.go literals-then "held map[string][]string{...} | map growth, map[string][]string 0/0; $slice [1]string 50/800; $slice [2]string 50/1600"
		expect_at literals.go literals-else "held map[string][]string{...} | map growth, map[string][]string 0/0; $slice [2]string 50/1600; $slice [1]string 50/800"
		expect_at literals.go literals-nested "confirmed map[int][][]string{...} | make map, $map ${sizes#* }; confirmed [][]string{...} | new object, [2][]string 100/4800; $slice $one; $slice $two; confirmed [][]string{...} | new object, [1][]string 100/2400; $slice [3]string 100/4800"
		# Keys do not make it a map: the arrays of both slices, and the box.
		[ "$(jq -r --argjson line "$(grep -n '// @literals-slice$' "$programs/kinds/literals.go" | cut -d : -f 1)" '
			[.verdicts[] | select(.file == "literals.go" and .line == $line) | .type] | sort | join(" ")' "$audit")" = \
			"[1]string [2][]string [2]string [][]string" ] || complain "literals-slice"
		[ "$(jq -r '[.verdicts[] | select(.file == "literals.go" and .ambiguous and (.expr | contains("go.shape") | not))] | length' "$audit")" = 0 ] || complain "ambiguous"
	}
	for_each_go check 1.19 1.23 1.24 1.27
}

@test "large slice literals of structs are made at their last field, and are rows of the literal" {
	need_bpf
	check() {
		local map="make map, runtime.hmap 200/38400" array="new object, [9]main.entry 100/28800" box="interface conversion, main.entries 100/2400" lists
		local lists_map="make map, runtime.hmap 200/32000"
		version_in "$GO_VERSION" '<=1.23' || map="make map, maps.Map 200/37600" lists_map="make map, maps.Map 200/31200"
		audited .
		expect_at literals.go large-assigned "confirmed []entry{...} | $array"
		version_in "$GO_VERSION" '<=1.19' || expect_at literals.go large-named "confirmed entries{...} | $array; confirmed entries{...} | $box"
		lists="confirmed []lists{...} | interface conversion, []main.lists 100/2400; confirmed []lists{...} | new object, [9]main.lists 100/64800"
		version_in "$GO_VERSION" '<=1.19' || lists="confirmed []lists{...} | new object, [9]main.lists 100/64800; confirmed []lists{...} | interface conversion, []main.lists 100/2400"
		lists+="; confirmed map[int][]entry{...} | $lists_map; confirmed []entry{...} | new object, [9]main.entry 100/28800"
		version_in "$GO_VERSION" '>=1.20' || expect_at literals.go large-named "confirmed entries{...} | $box; confirmed entries{...} | $array"
		expect_at literals.go large-map "confirmed map[string][]entry{...} | $map; confirmed []entry{...} | new object, [1]main.entry 100/3200; confirmed []entry{...} | new object, [10]main.entry 100/32000"
		expect_at literals.go large-last "confirmed []entry{...} | new object, [2]main.entry 100/6400"
		expect_at literals.go large-keyed "confirmed []holder{...} | new object, [9]main.holder 100/36000; confirmed []int{...} | new object, [2]int 100/1600; confirmed []int{...} | new object, [3]int 100/2400"
		# In its last field, the map's own.
		expect_at literals.go large-lists "$lists"
		# Arrays in the last field that are no slice's.
		expect_at literals.go large-stack "held []wide{...} | unknown, - 0/0; confirmed new([12][4]int) | new object, [12][4]int 100/38400; confirmed new([12][4]int) | new object, [12][4]int 100/38400"
	}
	for_each_go check 1.19 1.23 1.24 1.27
}

# arrays_at MARKER: the arrays that are made on a line of literals.go, "verdict expression type objects at TEXT" with what stands at the column of the
# call.
arrays_at() {
	local line text
	line=$(grep -n "// @$1\$" "$programs/kinds/literals.go" | cut -d : -f 1)
	text=$(sed -n "${line}p" "$programs/kinds/literals.go")
	jq -r --argjson line "$line" --arg text "$text" '[.verdicts[] | select(.file == "literals.go" and .line == $line and .cause == "new object") |
		"\(.verdict) \(.expr) \(.type) \(.objects) at \(.sites[0].columns[0] as $c | $text[$c - 1:$c + 5])"] | sort | join("; ")' "$audit"
}

@test "arrays inside of a slice literal with as many elements are their own, wherever they stand" {
	need_bpf
	check() {
		audited .
		[ "$(arrays_at inside-small)" = "confirmed ... argument [1]main.small 100 at (small" ] || complain "small: $(arrays_at inside-small)"
		[ "$(arrays_at inside-first-field)" = "confirmed ... argument [1]main.record 100 at (recor" ] || complain "first field: $(arrays_at inside-first-field)"
		[ "$(arrays_at inside-last-value)" = "confirmed ... argument [1]main.record 100 at (recor" ] || complain "last value: $(arrays_at inside-last-value)"
		[ "$(arrays_at inside-first-element)" = "confirmed ... argument [2]main.record 100 at (recor" ] || complain "first element: $(arrays_at inside-first-element)"
		[ "$(arrays_at inside-map)" = "confirmed []int{...} [40]int 100 at {39: i" ] || complain "map: $(arrays_at inside-map)"
		[ "$(arrays_at inside-own)" = "confirmed []outer{...} [1]main.outer 100 at {{n: i; confirmed []record{...} [1]main.record 100 at {{n: 1" ] || complain "own: $(arrays_at inside-own)"
	}
	for_each_go check 1.19 1.22 1.24 1.27
}

# shaped MARKER: verdicts, expressions and objects of a line of literals.go in a generic function. The types of maps are left out: the map and
# what it grows by are as many.
shaped() {
	jq -r --argjson line "$(grep -n "// @$1\$" "$programs/kinds/literals.go" | cut -d : -f 1)" '[.verdicts[] | select(.file == "literals.go" and .line == $line) |
		"\(.verdict)\(if .ambiguous then "?" else "" end) \(.expr // "-" | gsub("go\\.shape\\.|_0"; "")) \(.objects)"] | sort | join(" | ")' "$audit"
}

@test "map literals of a generic function, and what is in them, are each instance's own" {
	need_bpf
	check() {
		local entry="struct { main.name string; main.n int; main.m int }" arrays lists structs
		arrays="confirmed []int{...} 100 | confirmed []int{...} 100 | confirmed []string{...} 100 | confirmed []string{...} 100"
		arrays+=" | confirmed []$entry{...} 100 | confirmed []$entry{...} 100"
		lists="confirmed map[string][]int{...} 200 | confirmed map[string][]string{...} 200 | confirmed map[string][]$entry{...} 200"
		structs="confirmed map[string]struct { f int }{...} 200 | confirmed map[string]struct { f string }{...} 200"
		structs+=" | confirmed map[string]struct { f $entry }{...} 200"
		if version_in "$GO_VERSION" '<=1.19'; then # its linker gives all instances one name
			lists="confirmed? map[string][]string{...}, map[string][]int{...}, map[string][]$entry{...} 600"
			structs="confirmed? map[string]struct { f string }{...}, map[string]struct { f int }{...}, map[string]struct { f $entry }{...} 600"
		fi
		audited .
		[ "$(shaped literals-generic)" = "$arrays | $lists" ] || complain "generic: $(shaped literals-generic)"
		[ "$(shaped literals-shapes)" = "$structs" ] || complain "shapes: $(shaped literals-shapes)"
		audited --columns=off .
		[ "$(shaped literals-shapes)" = "$structs" ] || complain "shapes, by lines: $(shaped literals-shapes)"
	}
	for_each_go check 1.19 1.23 1.24 1.27
}

# growth MARKER: verdicts, expressions and types of a line of literals.go, without the figures, which are those of hash tables.
growth() {
	jq -r --argjson line "$(grep -n "// @$1\$" "$programs/kinds/literals.go" | cut -d : -f 1)" '[.verdicts[] |
		select(.file == "literals.go" and .line == $line) | "\(.verdict)\(if .ambiguous then "?" else "" end) \(.expr // "-") \(.type) \(.objects > 0)"] |
		sort | join("; ")' "$audit"
}

@test "an insertion on the line of a map literal is not one of its elements" {
	need_bpf
	check() {
		local struct="confirmed holder{...} main.holder true" none="held map[int]int{...} map[int]int false" other="held map[string]int{...} map[string]int false"
		audited .
		[ "$(growth beside-same)" = "$none; unpredicted m[i] map[int]int true" ] || complain "same: $(growth beside-same)"
		[ "$(growth beside-other)" = "$other; unpredicted other[i] map[int]int true" ] || complain "other: $(growth beside-other)"
		[ "$(growth beside-none)" = "$none" ] || complain "none: $(growth beside-none)"
		[ "$(growth beside-struct)" = "$struct; unpredicted besideGrown[i] map[int]int true" ] || complain "struct: $(growth beside-struct)"
		# Without columns maps of one type are told apart by nothing, of two by that.
		audited --columns=off .
		[ "$(growth beside-same)" = "violated? map[int]int{...} map[int]int true" ] || complain "same, by lines: $(growth beside-same)"
		[ "$(growth beside-other)" = "$other; unpredicted - map[int]int true" ] || complain "other, by lines: $(growth beside-other)"
		[ "$(growth beside-none)" = "$none" ] || complain "none, by lines: $(growth beside-none)"
		[ "$(growth beside-struct)" = "$struct; unpredicted - map[int]int true" ] || complain "struct, by lines: $(growth beside-struct)"
	}
	for_each_go check 1.19 1.24 1.27
}

@test "slices that append builds and one line moves are told apart by their types" {
	need_bpf
	check() {
		local grown="confirmed append | append growth,"
		audited .
		expect_at moved.go moved-numbers "$grown int 100/1600"
		expect_at moved.go moved-pointers "$grown *int 100/1600"
		expect_at moved.go moved-texts "$grown string 100/1600"
		expect_at moved.go moved-others "$grown *int 100/800"
	}
	for_each_go check 1.26 1.27
}

# wrappers FILE MARKER: what is said of the marked line, by function.
wrappers() {
	local line
	line=$(grep -n "// @$2\$" "$programs/kinds/$1" | cut -d : -f 1)
	jq -r --arg file "$1" --argjson line "$line" '[.verdicts[] | select(.file == $file and .line == $line)] | map(.function |= (split("/") | last)) |
		sort_by(.function, .expr) | map("\(.function) \(.expr) \(.verdict)\(if .ambiguous then "?" else "" end) \(.objects)/\(.bytes)") | join("; ")' "$audit"
}

expect_wrappers() {
	local said
	said=$(wrappers "$1" "$2")
	[ "$said" = "$3" ] || [[ $3 == *"<any>"* && $said == "${3%%<any>*}"*"${3##*<any>}" ]] || complain "@$2: $said; instead of $3"
}

@test "what wrappers of methods make is on the line of the method, and each wrapper's own" {
	need_bpf
	check() {
		local sum eight="make([]int, 8)" value_new="; main.second.Both new(int) unreached 0/0; main.second.Both-fm new(int) confirmed 10/80"
		local value_make="; main.second.Both make([]int, n) unreached 0/0; main.second.Both-fm make([]int, n) confirmed 10/160"
		if version_in "$GO_VERSION" '<=1.20'; then # the method is called
			value_new="; main.second.Both new(int) confirmed 10/80" value_make="; main.second.Both make([]int, n) confirmed 10/160"
		fi
		audited ./wrapped
		[ "$(jq '[.verdicts[] | select(.file | test("autogenerated"))] | length' "$audit")" = 0 ] || complain "rows at <autogenerated>"
		expect_wrappers wrapped/main.go first-name "main.(*first).Name f confirmed 20/320; main.first.Name f unreached 0/0"
		expect_wrappers wrapped/main.go second-name "main.(*fourth).Name s confirmed 10/240; main.(*second).Name s confirmed 20/480; main.fourth.Name s unreached 0/0; main.second.Name s unreached 0/0"
		expect_wrappers wrapped/main.go second-new "main.(*fourth).Both new(int) unreached 0/0; main.(*second).Both new(int) confirmed 10/80; main.fourth.Both new(int) unreached 0/0$value_new"
		expect_wrappers wrapped/main.go second-make "main.(*fourth).Both make([]int, n) unreached 0/0; main.(*second).Both make([]int, n) confirmed 10/240; main.fourth.Both make([]int, n) unreached 0/0$value_make"
		expect_wrappers wrapped/main.go fifth-take "main.(*fifth).Take n, s confirmed? 20/240; main.fifth.Take n unreached 0/0; main.fifth.Take s unreached 0/0"
		expect_wrappers wrapped/main.go sixth-take "main.(*sixth).Take n, s confirmed? 60/720; main.sixth.Take n unreached 0/0; main.sixth.Take s unreached 0/0"
		expect_wrappers wrapped/other/other.go inner-name "main.(*third).Name other.i confirmed 30/480; main.third.Name other.i unreached 0/0; other.(*Inner).Name i unreached 0/0; other.Inner.Name i unreached 0/0"
		version_in "$GO_VERSION" '>=1.20' || eight="make([]int, int(8))"
		expect_wrappers wrapped/other/other.go inner-make "main.(*third).Both $eight confirmed 10/640; main.third.Both $eight unreached 0/0; other.(*Inner).Both make([]int, 8) unreached 0/0; other.Inner.Both make([]int, 8) unreached 0/0"
		# What stays in one package's wrapper is not what another's puts together, of which nothing is said.
		sum='p + path("/")'
		version_in "$GO_VERSION" '>=1.22' || sum='p + "/"'
		expect_wrappers wrapped/main.go path-compare "main.(*path).Compare $sum violated 10/530; main.path.Compare $sum held 0/0"
		[ "$(jq '[.verdicts[] | select(.file == "wrapped/other/flags.go" and .claim)] | length' "$audit")" = 0 ] || complain "claims of sums with +="
		expect_status 0 "$ESCAUDIT" top --json --limit 0 "$BATS_TEST_TMPDIR/rec"
		# of promoted methods (third, fourth) a recording alone does not tell the method
		[ "$(jq -r '[.lines[] | select((.file // "") | test("autogenerated")) | .function | select(test("third|fourth|fifth|sixth") | not)] | unique | join(" ")' <<<"$out")" = "" ] ||
			complain "top: lines at <autogenerated>"
		jq -e '.verdicts[] | select(.function == "main.(*first).Name") | .summary | test("; in the wrapper main\\.\\(\\*first\\)\\.Name$")' "$audit" >/dev/null ||
			complain "no wrapper in the summary"
	}
	for_each_go check
}

# held FILE MARKER: the functions that are said to keep what stands at the marked line on the stack, "EXPRESSION: FUNCTION ...".
held() {
	local line
	line=$(grep -n "// @$2\$" "$programs/kinds/$1" | cut -d : -f 1)
	jq -r --arg file "$1" --argjson line "$line" '[.verdicts[] | select(.file == $file and .line == $line and .verdict == "held" and .column != 6)] |
		group_by(.expr) | map("\(.[0].expr): \(map(.function | split("/") | last) | unique | join(" "))") | join("; ")' "$audit"
}

expect_held() {
	local said
	said=$(held "$1" "$2")
	[ "$said" = "$3" ] || complain "@$2: $said; instead of $3"
}

@test "wrappers of promoted methods, and what wrappers keep on the stack, are on the line of the method" {
	need_bpf
	check() {
		local rec=$BATS_TEST_TMPDIR/rec generic="main.(*box[main.number]).Show main.(*closed).Show main.(*generic[main.number]).Show main.(*generic[string]).Show
			main.(*pointing).Show main.box[main.number].Show main.closed.Show main.generic[main.number].Show-fm main.generic[string].Show main.pointing.Show" clone rest=2
		audited ./promoted
		! jq -e '.verdicts[] | select((.verdict == "unpredicted" and .cause != "runtime internal") or .verdict == "stale")' "$audit" >/dev/null ||
			complain "unpredicted or stale"
		expect_held promoted/main.go value-string "... argument: main.(*once).String main.(*twice).String main.(*value).String main.once.String main.twice.String main.value.String"
		expect_held promoted/main.go cat-list "[]string{...}: main.(*sheet).Cat main.(*words).Cat main.sheet.Cat main.words.Cat"
		expect_held promoted/other/other.go inner-text "... argument: main.(*byPtr).Text main.(*byVal).Text main.byPtr.Text main.byVal.Text other.(*Inner).Text other.Inner.Text"
		local own="other.Inner.Name i unreached 0/0; other.Inner.Name-fm other.i confirmed 10/160" # made where it is used
		if version_in "$GO_VERSION" '<=1.19'; then # nothing generic is inlined, and nothing into a method value
			generic="main.generic[...].Show" rest=0 own="other.Inner.Name i confirmed 10/160"
		fi
		expect_held promoted/main.go show "... argument: $(echo $generic)"
		# Wrappers of shapes are in the log, and not in the binary: nothing tells them apart.
		[ "$(jq -c '[.verdicts[] | select(.file | test("autogenerated")) | [.verdict, .expr, .line, .function, .objects, .predictions]]' "$audit")" = \
			"$([ $rest = 0 ] && echo '[]' || echo "[[\"held\",\"... argument\",null,null,0,$rest]]")" ] ||
			complain "rows at <autogenerated>: $(jq -c '[.verdicts[] | select(.file | test("autogenerated"))]' "$audit")"
		expect_wrappers promoted/other/other.go inner-name "main.(*byPtr).Name other.i confirmed 10/160; main.(*byVal).Name other.i confirmed 20/320; main.byPtr.Name other.i unreached 0/0; main.byVal.Name other.i unreached 0/0; other.(*Inner).Name i unreached 0/0; $own"
		if version_in "$GO_VERSION" '>=1.22'; then
			# Before Go 1.25 nothing says which instance a wrapper that was dropped is of.
			clone=$(jq -r --argjson line "$(grep -n '// @clone$' "$programs/kinds/promoted/main.go" | cut -d : -f 1)" '[.verdicts[] |
				select(.file == "promoted/main.go" and .line == $line and .verdict == "confirmed") | "\(.function) \(.objects)"] | sort | join("; ")' "$audit")
			[ "$clone" = "main.(*box[main.number]).Clone 10; main.(*closed).Clone 20; main.(*generic[main.number]).Clone 10; main.(*pointing).Clone 10" ] ||
				complain "Clone: $clone"
		fi
		# A log without JSON has no chains, up to Go 1.24 nor functions: each wrapper has what its method says, still.
		rm -f "$BATS_TEST_TMPDIR/bin"
		in_kinds env CGO_ENABLED=1 "$GO" build -a -gcflags=-m=2 -o "$BATS_TEST_TMPDIR/bin" ./promoted 2>"$BATS_TEST_TMPDIR/log"
		expect_status 0 "$ESCAUDIT" compare --json --all --limit 0 "$BATS_TEST_TMPDIR/log" "$rec"
		mv "$BATS_TEST_TMPDIR/out" "$audit"
		expect_held promoted/main.go value-string "... argument: main.(*once).String main.(*twice).String main.(*value).String main.once.String main.twice.String main.value.String"
		expect_wrappers promoted/main.go value-string "main.(*once).String ... argument held 0/0; main.(*once).String int(v) + 1000 confirmed 20/160; main.(*twice).String ... argument held 0/0; main.(*twice).String int(v) + 1000 confirmed 10/80; main.(*value).String ... argument held 0/0; main.(*value).String int(v) + 1000 confirmed 40/320; main.once.String ... argument held 0/0; main.once.String int(v) + 1000 unreached 0/0; main.twice.String ... argument held 0/0; main.twice.String int(v) + 1000 unreached 0/0; main.value.String ... argument held 0/0; main.value.String int(v) + 1000 <any>"
		# What a recording alone tells: no line stands for several wrappers.
		expect_status 0 "$ESCAUDIT" top --json --limit 0 "$rec"
		[ "$(jq -c '[.lines[] | select((.file // "") | test("autogenerated")) | .line] | unique' "$BATS_TEST_TMPDIR/out")" = "[null]" ] ||
			complain "top has <autogenerated>:1"
		jq -e --argjson line "$(grep -n '// @value-string$' "$programs/kinds/promoted/main.go" | cut -d : -f 1)" \
			'any(.lines[]; .file == "promoted/main.go" and .line == $line)' "$BATS_TEST_TMPDIR/out" >/dev/null || complain "top has no line of String"
		expect_status 0 "$ESCAUDIT" top --limit 0 "$rec"
		! grep -q autogenerated "$BATS_TEST_TMPDIR/out" && grep -q 'main\.(\*byVal).Name' "$BATS_TEST_TMPDIR/out" || complain "top names no wrapper"
		expect_status 0 "$ESCAUDIT" annotate --source-root "$programs/kinds" "$rec" 'main.(*byVal).Text'
		grep -q 'func (i Inner) Text' "$BATS_TEST_TMPDIR/out" || complain "annotate of a wrapper"
		expect_status 0 "$ESCAUDIT" export --format=markdown --limit 0 "$rec"
		! grep -q 'autogenerated' "$BATS_TEST_TMPDIR/out" || complain "Markdown has <autogenerated>"
		for_text=$(in_kinds env CGO_ENABLED=1 "$ESCAUDIT" audit --go "$GO" --all --limit 0 ./promoted)
		! grep -q 'autogenerated>:1' <<<"$for_text" || complain "<autogenerated>:1 in the text"
		expect_status 0 "$ESCAUDIT" diff --json --all "$rec" "$rec"
		! jq -e '.. | objects | select((.file? // "" | tostring | test("autogenerated")) and .line? != null)' "$BATS_TEST_TMPDIR/out" >/dev/null || complain "diff has <autogenerated>:1"
	}
	for_each_go check 1.19 1.22 1.24 1.26 1.27
}

@test "generic functions of the runtime are its own, and what a range over a function adds has a place" {
	need_bpf
	check() {
		audited .
		[ -z "$(files_with stale)" ] || complain "stale: $(files_with stale)"
		! jq -e '.verdicts[] | select(.file | startswith("runtime/"))' "$audit" >/dev/null || complain "rows of the runtime"
		expect_at cleanup124.go cleanup "compiled-out func literal | unknown, - 0/0"
		jq -e '.verdicts[] | select(.line == 8 or .function == "main.cleanups") | select(.cause == "runtime internal") | .objects > 0' "$audit" >/dev/null ||
			complain "the cleanup is charged to no line"
		jq -e 'all(.verdicts[]; .summary | test("another build") | not)' "$audit" >/dev/null || complain "another build's log, of one build"
		audited --flag=-trimpath .
		[ -z "$(files_with stale)" ] || complain "with -trimpath stale: $(files_with stale)"
	}
	for_each_go check 1.24 1.25 1.27
}

# absence MARKER: what is said of a marked line of dropped/ that the binary has no code of: "claim verdict: reason" of each row.
absence() {
	local file line
	read -r file line < <(grep -n "// @$1\$" "$programs"/kinds/dropped/*.go "$programs"/kinds/dropped/lib/*.go | cut -d : -f 1,2 | tr : ' ')
	jq -r --arg file "${file#"$programs"/kinds/}" --argjson line "$line" '[.verdicts[] | select(.file == $file and .line == $line and .objects == 0 and (.sites | length) == 0) |
		"\(.claim) \(.verdict): \(.summary | sub("; in (the wrapper|a wrapper|wrappers) .*$"; ""))"] | sort | unique | join("; ")' "$audit"
}

expect_absence() {
	local said
	said=$(absence "$1")
	[ "$said" = "$2" ] || complain "@$1: ${said:-nothing}; instead of $2"
}

@test "a build is no other build's: what its binary has nothing of was dropped, or is left in inlined copies" {
	need_bpf
	check() {
		local t=$BATS_TEST_TMPDIR dropped="the linker dropped the function" inlined="only inlined copies of the function are left in the binary"
		rm -f "$t/p"
		audited --pattern=./dropped/... --predictions "$t/p" --fail-on=stale ./dropped
		[ -z "$(files_with stale)" ] || complain "stale: $(files_with stale)"
		expect_absence dropped-unused "heap compiled-out: no call: $dropped"
		expect_absence dropped-stays "stack held: no allocating call in the binary: $dropped"
		expect_absence dropped-moved "heap compiled-out: no call: $inlined"
		expect_absence dropped-promoted "heap compiled-out: no call: $dropped"
		if version_in "$GO_VERSION" '>=1.25'; then # where the log names functions
			expect_absence dropped-map "heap compiled-out: no call: $inlined"
			jq -e --arg dropped "no call: $dropped" '[.verdicts[] | select((.function // "") | endswith(".Map[int,string]"))] |
				length == 2 and all(.verdict == "compiled-out" and .summary == $dropped)' "$audit" >/dev/null || complain "Map[int,string]"
			jq -e --arg dropped "no call: $dropped" '[.verdicts[] | select((.function // "") | test("(struct .*|Value|flag)\\)?\\.MustBe$"))] |
				length == 6 and all(.verdict == "compiled-out" and (.summary | startswith($dropped)))' "$audit" >/dev/null || complain "wrappers of MustBe"
			# The function is there, and its file is not that of the log: nothing is claimed.
			jq '.predictions |= map(if .function == "main" then .file = "./other.go" | .inlined = [] else . end)' "$t/p" >"$t/moved"
			expect_status 0 "$ESCAUDIT" compare --json --all --limit 0 "$t/moved" "$t/rec"
			jq -e '[.verdicts[] | select(.file == "dropped/other.go" and .objects == 0)] | length > 0 and all(.verdict == "undecided" and (.summary | test("another file")))' \
				"$t/out" >/dev/null || complain "a function in another file: $(jq -c '.verdicts[] | select(.file == "dropped/other.go") | [.verdict, .summary]' "$t/out")"
		fi
		# The same log, of a build that is not known.
		jq 'del(.build.build_id)' "$t/p" >"$t/unknown"
		expect_status 1 "$ESCAUDIT" compare --fail-on=stale "$t/unknown" "$t/rec"
	}
	for_each_go check 1.19 1.24 1.25 1.27
}

# long_line N: a program that makes N objects, and boxes as many numbers, on one line each; in $BATS_TEST_TMPDIR/long-N.
long_line() {
	local dir=$BATS_TEST_TMPDIR/long-$1 i objects="" boxes=""
	mkdir -p "$dir"
	for ((i = 0; i < $1; i++)); do
		objects+="new(int), " boxes+="n + $i, "
	done
	printf 'module example.com/long\n\ngo 1.18\n' >"$dir/go.mod"
	printf 'package main\n\nvar sink []*int\nvar boxes []interface{}\nvar n = 1000\n\nfunc main() {\n\tsink = []*int{%s}\n\tboxes = []interface{}{%s}\n}\n' \
		"${objects%, }" "${boxes%, }" >"$dir/main.go"
}

@test "a line with thousands of allocations: a row each, and not by trying each with each" {
	need_bpf
	local TIMEFORMAT=%U t n said
	# Columns end at 254, so that nearly all of them are at one position.
	check() {
		t=$BATS_TEST_TMPDIR
		for n in 960 3840; do
			long_line $n
			rm -f "$t/p"
			expect_status 0 env -C "$t/long-$n" "$ESCAUDIT" predict --go "$GO" -o "$t/p" .
			(cd "$t/long-$n" && "$GO" build -o "$t/prog" .) || complain "build"
			expect_status 0 "$ESCAUDIT" record -o "$t/rec" -- "$t/prog"
			{ time "$ESCAUDIT" compare --json --all --limit 0 "$t/p" "$t/rec" >"$t/compare.json"; } 2>"$t/time-$n"
			said=$(jq -r '[.verdicts[] | select(.expr == "new(int)" or (.expr // "" | startswith("n + "))) |
				"\(.verdict) \(.objects)"] | group_by(.) | map("\(length) \(.[0])") | join("; ")' "$t/compare.json")
			[ "$said" = "$((2 * n)) confirmed 1" ] || complain "$n: $said"
		done
		# four times as many: 16 times the work would be each with each
		awk -v few="$(cat "$t/time-960")" -v many="$(cat "$t/time-3840")" 'BEGIN {exit many > 9 * few + 0.2}' ||
			complain "960 take $(cat "$t/time-960") s, 3840 take $(cat "$t/time-3840") s"
	}
	for_each_go again 1.22 1.27
}

@test "values of named types, and what variables of a package begin with" {
	need_bpf
	check() {
		local append="confirmed append" map=40/53360 row="confirmed %s | string/[]byte conversion, - 10/%s"
		row() { # EXPRESSION BYTES
			printf "$row" "$@"
		}
		audited ./named
		version_in "$GO_VERSION" '>=1.24' || map=30/61200
		version_in "$GO_VERSION" '>=1.25' || append="unpredicted grown = append(names, names...)"
		expect_at named/main.go grown "$append | append growth, string 1/32"
		version_in "$GO_VERSION" '>=1.25' || append='unpredicted append([]string{names[0]}, names[0]+"x")'
		expect_at named/main.go begun "$append | append growth, string 1/32; confirmed []string{...} | new object, [1]string 1/16; confirmed names[0] + \"x\" | string concatenation, - 1/<any>"
		version_in "$GO_VERSION" '>=1.25' || append='unpredicted one, two = append([]string{names[0]}, names...), any(calls +…'
		expect_at named/main.go two "$append | append growth, string 1/32; confirmed []string{...} | new object, [1]string 1/16"
		expect_at named/main.go text-bytes "$(row 'text(b)' 460)"
		expect_at named/main.go letters-text "$(row 'letters(s)' 1440)"
		expect_at named/main.go text-letters "$(row 'text(lettersSink)' 370)"
		expect_at named/main.go line-text "$(row 'line(q)' 480)"
		if version_in "$GO_VERSION" '>=1.24'; then
			expect_at named/main.go line-sum "$(row 'line(s + "y")' 480); held s + \"y\" | unknown, - 0/0"
		else
			expect_at named/main.go line-sum "$(row 'line(s + "y")' 480); violated s + \"y\" | string concatenation, - 10/350"
		fi
		expect_at named/main.go line-constant 'confirmed line("a line of constant text") | new object, [23]uint8 10/230'
		expect_at named/main.go line-boxed "confirmed line(s) | interface conversion, main.line 10/240; $(row 'line(s)' 480)"
		expect_at named/main.go map "confirmed make(header, n) | make map, main.header $map"
		if version_in "$GO_VERSION" '>=1.21'; then
			expect_at named/main.go generic "$(row 'go.shape.string(b)' 460)"
			expect_at named/main.go map-generic "confirmed make(go.shape.map[string][]string, n) | make map, <any> $map"
		fi
		expect_at named/main.go channel "unpredicted make(signals, n) | make chan, main.signals 10/<any>"
		expect_at named/main.go list "confirmed make(list, n) | make slice, int 10/8000"
		expect_at named/main.go clause "confirmed v | new object, main.pair 10/160"
		expect_at named/main.go clause-default "confirmed v | new object, interface {} 10/160"
		expect_at named/main.go pointer-named "confirmed &list{...} | new object, main.list 10/240; confirmed list{...} | new object, [2]int 10/160"
		expect_at named/main.go pointer-slice "confirmed &[]pair{...} | new object, []main.pair 10/240; confirmed []pair{...} | new object, [1]main.pair 10/160"
		expect_at named/main.go pointer-array "confirmed &[1]list{...} | new object, [1]main.list 10/240; confirmed list{...} | new object, [1]int 10/80"
		append="confirmed append"
		version_in "$GO_VERSION" '>=1.25' || append='unpredicted append([]interface{}{len(values)}, values...)'
		expect_at named/main.go passed "held ... argument | unknown, - 0/0; confirmed []interface {}{...} | new object, [1]interface {} 10/160; $append | append growth, interface {} 10/640; elided len(values) | interface conversion, int 0/0; confirmed s | interface conversion, string 10/160; compiled-out \"x\" | unknown, - 0/0; confirmed s | interface conversion, string 10/160"
	}
	for_each_go check 1.19 1.22 1.24 1.27
}

@test "what is declared, assigned or returned with its value, bytes of sums, and what inlined calls begin a variable with" {
	need_bpf
	check() {
		local append="confirmed append" literals boxed stays sum table='maps.Map 1/48'
		two() { # ELEMENTS ELEMENTS: of a []pair and a list
			printf 'confirmed []pair{...} | new object, [%s]main.pair 10/%s; confirmed list{...} | new object, [%s]main.pair 10/%s' "$1" $((160 * $1)) "$2" $((160 * $2))
		}
		bytes() { # EXPRESSION BYTES
			printf 'confirmed ([]byte)(%s) | string/[]byte conversion, - 10/%s' "$@"
		}
		audited ./assigned
		version_in "$GO_VERSION" '>=1.24' || table='runtime.hmap 1/48'
		literals="confirmed make(table) | make map, $table; confirmed new(pair) | new object, main.pair 1/16"
		version_in "$GO_VERSION" '>=1.20' || literals="confirmed &logger{...} | new object, main.logger 1/40; $literals"
		expect_at assigned/main.go standard "$literals"
		expect_at assigned/main.go declared "confirmed []pair{...} | new object, [2]main.pair 10/320"
		expect_at assigned/main.go declared-typed "confirmed []pair{...} | new object, [1]main.pair 10/160"
		expect_at assigned/main.go declared-second "confirmed list{...} | new object, [1]main.pair 10/160"
		version_in "$GO_VERSION" '>=1.25' || append='unpredicted append([]pair{{n, 3}, {}, {}}, pair{})'
		expect_at assigned/main.go declared-append "$append | append growth, main.pair 10/960; confirmed []pair{...} | new object, [3]main.pair 10/480"
		expect_at assigned/main.go together-declared "$(two 2 1)"
		expect_at assigned/main.go together-defined "$(two 2 1)"
		expect_at assigned/main.go together-assigned "$(two 1 2)"
		expect_at assigned/main.go together-returned "$(two 2 1)"
		# The concatenation is made with the bytes since Go 1.24; up to 1.19 the conversion has a position of its own, before it.
		stays='string concatenation, -'
		version_in "$GO_VERSION" '>=1.24' && stays='unknown, -'
		both() { # EXPRESSION BYTES
			local conversion sum
			conversion=$(bytes "$1" "$2") sum="held $1 | $stays 0/0"
			if [[ $1 != '"'* ]] || ! version_in "$GO_VERSION" '>=1.20'; then printf '%s; %s' "$conversion" "$sum"; else printf '%s; %s' "$sum" "$conversion"; fi
		}
		expect_at assigned/main.go sum "$(both '"a beginning, and " + s' 320)"
		expect_at assigned/main.go sum-end "$(both 's + " and an end"' 240)"
		expect_at assigned/main.go sum-nested "$(both '"a beginning, " + s + "."' 240)"
		expect_at assigned/main.go part "$(bytes '"only a beginning"[:len(s)]' 160)"
		expect_at assigned/main.go constant 'confirmed ([]byte)("a constant") | new object, [10]uint8 10/100'
		sum='"a beginning, and boxed " + s'
		boxed=$(both "$sum" 480)
		version_in "$GO_VERSION" '>=1.24' || boxed=${boxed/held $sum | $stays 0\/0/violated $sum | $stays 10\/330}
		expect_at assigned/main.go sum-boxed "confirmed ([]byte)($sum) | interface conversion, []uint8 10/240; $boxed"
		if version_in "$GO_VERSION" '>=1.25'; then
			append='compiled-out append | unknown, - 0/0; confirmed append'
		else
			append='unpredicted append(n.list, names...)'
		fi
		expect_at option/option.go with "$append | append growth, string 10/320"
		expect_at assigned/main.go boxed "confirmed ([]byte)(s) | interface conversion, []uint8 10/240; $(bytes s 160)"
	}
	for_each_go check 1.19 1.21 1.24 1.27
}

@test "what is inlined from a package without predictions is told apart by types, or is one row" {
	need_bpf
	check() {
		audited --pattern=example.com/escaudit/kinds/assigned ./assigned
		expect_at assigned/main.go described "held ... argument | unknown, - 0/0; confirmed? option.name, option.size | interface conversion, string 20/240"
		expect_at assigned/main.go listed "confirmed? make([]int, option.n + 100), make([]int, option.n + 200) | make slice, int 20/<any>"
		# An instance is the package's that compiles it.
		expect_at option/option.go push "confirmed &option.Node[go.shape.string]{...} | new object, option.Node[go.shape.string] 10/240"
	}
	for_each_go check 1.21 1.24 1.27
}

@test "moved variables that share an object are told apart by block, order and size, with columns and without" {
	need_bpf
	main=together/main.go
	own() { # "NAMES | TYPE OBJECTS/BYTES"...: a row for each
		local one each=()
		for one; do each+=("confirmed ${one/ | / | new object, }"); done
		join_rows "${each[@]}"
	}
	join_rows() {
		local all
		all=$(printf '%s; ' "$@")
		printf '%s' "${all%; }"
	}
	separate() { # up to Go 1.24
		expect_at $main var "$(own 'a | int 10/80' 'b | int 10/80' 'c | int 10/80')"
		expect_at $main defined "$(own 'd | int 10/80' 's | string 10/160' 'e | int 10/80' 'f | int 10/80' 'g | int 10/80')"
		expect_at $main parameters "$(own 'n | int 10/80' 'who | string 10/160' 'k | int 10/80' 'r | int 10/80' 'err | error 10/160')"
		expect_at $main twice "$(own 'a | int 10/80' 'b | [2]int 10/160' 'c | int 10/80'); <any>"
		expect_at $main kept "$(own 'a | int 10/80' 'b | int 10/80')"
		expect_at $main range "$(own 'i | int 10/80' 'v | int 10/80'); held <any>"
	}
	shared() {
		expect_at $main var "$(own 'a, b | - 10/160' 'c, d | - 10/160')"
		expect_at $main defined "$(own 's | string 10/160' 'e, f | - 10/160' 'g | int 10/80')"
		expect_at $main size-4 "$(own 'a, c, b | - 10/160')"
		expect_at $main size-8 "$(own 'd, e, f | - 10/160')"
		expect_at $main size-1 ''
		expect_at $main parameters "$(own 'n, k | - 10/160' 'who | string 10/160' 'r | int 10/80' 'err | error 10/160')"
		inlined="$(own 'a, c | - 10/160' 'b | [2]int 10/160'); confirmed func literal | closure, struct { F uintptr; X0 *int } 10/160"
		expect_at $main twice "$inlined; $inlined"
		expect_at $main kept "$(own 'a, b | - 10/160')"
		expect_at $main folded "$(own 'a, b | - 10/80')"
		expect_at $main inner "$(own 'c, d | - 10/160')"
		expect_at $main range "$(own 'i, v | - 10/160'); held <any>"
		expect_at $main scanned "$(own 'start, stop | - 10/160' 'step | int 10/80')"
		expect_at together/lines.go loop "$(own 'o, p | - 10/160')"
		expect_at together/lines.go loop-body "$(own 'q, r | - 20/320')"
		expect_at together/lines.go branch "$(own 'e, f | - 10/160')"
		expect_at together/lines.go branch-inner "$(own 'h, i | - 5/80')"
	}
	# Rows that are not marked are those with columns.
	no_other() {
		local audit=$BATS_TEST_TMPDIR/audit.json rows='[.verdicts[] | select(.ambiguous | not) | select(.verdict != "unpredicted" and (.file | startswith("together/"))) |
			"\(.file):\(.line) \(.verdict) \(.expr) \(.objects) \(.bytes)"] | sort[]'
		jq -r "$rows" "$audit" >"$BATS_TEST_TMPDIR/columns"
		audited --columns=off ./together
		jq -r "$rows" "$audit" >"$BATS_TEST_TMPDIR/lines"
		[ "$(wc -l <"$BATS_TEST_TMPDIR/lines")" -ge 20 ] || complain "only marked rows: $(cat "$BATS_TEST_TMPDIR/lines")"
		[ -z "$(comm -13 "$BATS_TEST_TMPDIR/columns" "$BATS_TEST_TMPDIR/lines")" ] || complain "not with columns: $(comm -13 "$BATS_TEST_TMPDIR/columns" "$BATS_TEST_TMPDIR/lines")"
	}
	check() {
		audited ./together
		expect_at $main literal "<any>$(own 'p | [6]int 10/480' 'q | *[7]int 10/80' '&[7]int{} | [7]int 10/560')"
		expect_at $main optional 'compiled-out q | unknown, - 0/0'
		expect_at $main dropped 'compiled-out q | unknown, - 0/0'
		expect_at $main case-int "$(own 'z | int 10/80')"
		expect_at $main case-string 'compiled-out z | unknown, - 0/0'
		if version_in "$GO_VERSION" '>=1.25'; then shared; else separate; fi
		if version_in "$GO_VERSION" '>=1.26'; then
			expect_at together/expressions126.go new-int "$(own 'new(n + 1), new(float64(n) / 2) | - 10/160')"
			expect_at together/expressions126.go new-bool "$(own 'new(n > 2), new(n) | - 10/160')"
			expect_at together/expressions126.go new-two "$(own 'new("x") | string 10/160')"
			expect_at together/expressions126.go new-pointer "$(own 'new(n + 1), new(float64(n)) | - 10/160')"
		fi
		version_in "$GO_VERSION" '>=1.25' && [ -n "$(files_with unpredicted)" ] && complain "unpredicted: $(files_with unpredicted)"
		no_other
	}
	for_each_go check 1.22 1.24 1.25 1.26 1.27
}

@test "moved variables of several blocks on one line share by block" {
	need_bpf
	expect_lines() { # ROWS, of the program in $joined
		audit=$BATS_TEST_TMPDIR/audit.json
		(cd "$joined" && "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" .) >"$audit" || complain "audit failed"
		said=$(jq -r '[.verdicts[] | select(.file == "lines.go") | "\(.expr)\(if .ambiguous then "?" else "" end) \(.objects)/\(.bytes)"] | sort | join("; ")' "$audit")
		[ "$said" = "$1" ] || complain "$said"
	}
	check() {
		local joined=$BATS_TEST_TMPDIR/joined said rows='e, f 10/160; h, i 5/80; o, p 10/160; q, r 20/320'
		rm -rf "$joined" && mkdir "$joined"
		cp "$programs/kinds/together/"*.go "$joined"
		printf 'module example.com/escaudit/joined\n\ngo 1.18\n' >"$joined/go.mod"
		# Each statement of lines.go becomes one line.
		awk '/^\t(for|if) /{ joining = 1 } { sub(/ *\/\/ @.*/, "") } joining { sub(/^\t+/, ""); printf "%s%s", $0, /[{]$/ ? " " : "; " ; if (/^}$/ && --depth == 0) { joining = 0; print "" } else if (/[{]$/) depth++; next } { print }' \
			"$programs/kinds/together/lines.go" >"$joined/lines.go"
		[ "$(grep -c 'sink, sink2' "$joined/lines.go")" = 2 ] || complain "not joined: $(cat "$joined/lines.go")"
		expect_lines "$rows"
		# Behind a directive without a column it has the blocks, and of what a call declares the words.
		cp "$joined/lines.go" "$BATS_TEST_TMPDIR/lines.go"
		sed -i '1i //line lines.go:1' "$joined/lines.go"
		expect_lines 'e, f 10/160; h, i 5/80; o, p, q, r? 30/480'
		cp "$BATS_TEST_TMPDIR/lines.go" "$joined/lines.go"
		# Beyond the last column that the compiler has, the source says which is which.
		sed -i -E "s/(f|q, r) := /$(printf '%300s' '')&/" "$joined/lines.go"
		[ "$(grep -c '.\{500\}' "$joined/lines.go")" = 0 ] && [ "$(grep -c '.\{320\}' "$joined/lines.go")" = 2 ] || complain "not moved: $(cat "$joined/lines.go")"
		expect_lines "$rows"
		jq -e '[.verdicts[] | select(.file == "lines.go" and .expr == "h, i" and (.column // 0) == 0)] | length == 1' "$audit" >/dev/null || complain 'h has a column'
	}
	for_each_go check 1.25 1.26 1.27
}

@test "several values that one assignment boxes are not taken for one another" {
	need_bpf
	check() {
		audited ./assigned
		expect_at assigned/main.go boxed-together 'confirmed? standard.level, ahead | interface conversion, []main.pair 1/24'
	}
	for_each_go check 1.19
}

@test "operands with blanks of their own, texts of several lines, sums of as many operands as a call puts together" {
	need_bpf
	check() {
		local marker text bytes box sum unreached=''
		version_in "$GO_VERSION" '>=1.25' && unreached='; unreached append | append growth, main.named 0/0'
		audited ./texts
		while IFS=$'\t' read -r marker text bytes; do
			expect_among texts/main.go "$marker" "confirmed $text | interface conversion, string 7/112" "confirmed $text | string concatenation, - 7/$bytes"
		done <<-'TEXTS'
			struct	struct { s string }{...}.s + "v"	49
			struct-last	s + struct { a string; b string }{...}.b + s	126
			interface	map[string]interface {}{...}["a"].(string) + "v"	49
			func-type	map[int]func(int) string{...}[n](n) + s	65
			field	struct { f func(int) string }{...}.f(n) + s	65
			literal	(func literal)(n) + s	65
			assertion	x.(interface { Name() string }).Name() + s	70
		TEXTS
		# The log up to here has a script with lines like a package's header.
		box='confirmed "x" + s | interface conversion, string 7/112' sum='confirmed "x" + s | string concatenation, - 7/35'
		version_in "$GO_VERSION" '>=1.20' || expect_at texts/main.go behind "$box; $sum"
		expect_among texts/main.go behind "$box" "$sum"
		expect_at texts/main.go appended "unpredicted s += b + a | string concatenation, - 7/82; held b + a | unknown, - 0/0"
		expect_at texts/main.go appended-escapes 'unpredicted s += a + ": " + b | string concatenation, - 7/118; compiled-out a + ": " + b | unknown, - 0/0'
		expect_at texts/main.go wrapped "<any>append growth, main.named 7/112$unreached"
		jq -e 'all(.verdicts[] | select(.function != "main.fromTemplate"); .column and .expr)' "$audit" >/dev/null ||
			complain "without a column: $(jq -c '[.verdicts[] | select(.column | not) | .line]' "$audit")"
		jq -e 'all(.verdicts[]; (.function // "main.") | startswith("main."))' "$audit" >/dev/null || complain "$(jq -c '[.verdicts[].function] | unique' "$audit")"
		expect_among texts/main.go table "held string(rune(r + 54)) | string/[]byte conversion, - 0/0" "held string(rune(r + 86)) | string/[]byte conversion, - 0/0"
		jq -e 'any(.verdicts[]; .expr == "a + \": \" + b" and (.summary | test("part of a longer sum")))' "$audit" >/dev/null || complain "the reason of a + b"
		expect_at texts/main.go assigned "confirmed a + b + a | string concatenation, - 7/82"
	}
	for_each_go check 1.19 1.24 1.25 1.27
}

@test "an array among constants of a struct or an array literal is its slice literal's, which the compiler puts elsewhere" {
	need_bpf
	check() {
		local at said
		audited ./arrays
		for at in boxed kept new unnamed json around-plain array-1 array-4 around-1 around-2 map-1 table-0 table-19; do
			said=$(elements_at arrays/main.go "$at")
			[ "$said" = "confirmed [2]string 7" ] || complain "@$at: $said"
		done
		for at in named array-5 around-list map-2 table-18; do
			said=$(elements_at arrays/main.go "$at")
			[ "$said" = "confirmed [3]string 7" ] || complain "@$at: $said"
		done
		for at in array-2 array-3; do
			said=$(elements_at arrays/main.go "$at")
			[ "$said" = "confirmed [1]string 7" ] || complain "@$at: $said"
		done
		said="$(elements_at arrays/main.go table); $(elements_at arrays/main.go around-function); $(elements_at arrays/main.go json-port)"
		[ "$said" = "confirmed [20]main.entry 7; confirmed [2]string 8; confirmed [1]int 7" ] || complain "$said"
		said="$(elements_at arrays/main.go package-field); $(elements_at arrays/main.go package-map); $(elements_at arrays/main.go package-map-constant)"
		[ "$said" = "; confirmed [2]int 1; confirmed [1]int 1" ] || complain "$said"
		said=$(elements_at arrays/main.go generic)
		[[ "; $said;" =~ ^("; confirmed "[^\;]*" 7"){4}";"$ ]] || complain "@generic: $said"
		# What is inlined has its own place in the inlined function.
		said=$(jq -r '[.verdicts[] | select(.file == "arrays/main.go" and (.verdict == "unpredicted" or .verdict == "compiled-out")) |
			"\(.verdict) \(.line)"] | join("; ")' "$audit")
		[ "$said" = "compiled-out $(grep -n '@inlined$' "$programs/kinds/arrays/main.go" | cut -d : -f 1)" ] || complain "$said"
	}
	for_each_go check 1.19 1.21 1.24 1.27
}

# elements_at FILE MARKER: the arrays that $audit has on the marked line, "verdict type objects".
elements_at() {
	jq -r --arg file "$1" --argjson line "$(grep -n "// @$2\$" "$programs/kinds/$1" | cut -d : -f 1)" '[.verdicts[] |
		select(.file == $file and .line == $line and ((.type // "") | test("^\\[[0-9]"))) |
		select(.cause == "new object") | "\(.verdict) \(.type) \(.objects)"] | join("; ")' "$audit"
}

@test "lines that directives name: several boxed literals on one, and one of a file that there is" {
	need_bpf
	check() {
		audited ./texts
		expect_files() { # FILE LINE WANTED
			local said
			said=$(jq -r --arg file "$1" --argjson line "$2" '[.verdicts[] | select((.file | split("/")[-1]) == $file and .line == $line) |
				"\(.verdict) \(.expr) | \(.cause), \(.type) \(.objects)/\(.bytes)"] | sort | join("; ")' "$audit")
			[ "$said" = "$3" ] || complain "$1:$2: $said; instead of $3"
		}
		expect_files boxed.tmpl 7 "confirmed []int{...} | interface conversion, []int 7/168; confirmed []int{...} | interface conversion, []int 7/168; confirmed []int{...} | new object, [1]int 7/56; confirmed []int{...} | new object, [3]int 7/168"
		expect_files main.go 9999 "confirmed &numbered{...} | new object, main.numbered 7/168"
		expect_files main.go 9 "confirmed &numbered{...} | new object, main.numbered 7/168"
	}
	for_each_go check 1.19 1.21 1.24 1.27
}

@test "what two inlined appends of one line built is moved by the call that it is of" {
	need_bpf
	check() {
		audited ./grown
		expect_at grown/main.go both "confirmed append | append growth, main.three 4/144; confirmed append | append growth, main.four 6/384"
		expect_at grown/main.go twice "confirmed append | append growth, main.three 4/144; confirmed append | append growth, main.three 3/72"
		expect_at grown/main.go filtered "confirmed append | append growth, main.three 6/144; confirmed append | append growth, main.four 4/128"
		expect_among grown/main.go one "confirmed append | append growth, main.three 4/144" "confirmed append | append growth, main.four 7/480" \
			"confirmed append | append growth, main.four 6/256"
		# Nothing but the column tells of which slice the move is.
		audited --columns=off ./grown
		[[ $(said_at grown/main.go one) =~ ^(confirmed\? append [^;]*(; )?){3}$ ]] || complain "@one: $(said_at grown/main.go one)"
	}
	for_each_go check 1.26 1.27
}

@test "function literals that inlining copies out of a package with a dot in its name" {
	need_bpf
	check() {
		audited ./dotted
		! grep -q '%25' "$audit" || complain "escaped twice: $(grep -o '[^"]*%25[^"]*' "$audit")"
		jq -e '[.verdicts[] | select((.expr // "" | endswith("n + 1000")) and .objects > 0) | .objects] | add == 21' "$audit" >/dev/null ||
			complain "$(jq -c '[.verdicts[] | [.verdict, .function, .expr, .objects]]' "$audit")"
		version_in "$GO_VERSION" '<=1.26' || [ "$(jq -r '[.verdicts[] | select(.objects == 21) | .function] | join(" ")' "$audit")" = \
			'example.com/escaudit/kinds/dotted/x%2ev2.Each.func1' ] || complain "$(jq -c '[.verdicts[].function]' "$audit")"
	}
	for_each_go check 1.19 1.26 1.27
}
