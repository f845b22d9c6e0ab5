#!/usr/bin/env bats
# Columns of allocations: known in every kind of build that Go has, true to the source wherever they are known, and without
# harm to anything else where they are not. tests/programs/columns is the program; each column is held against its source text.

load helper

setup() {
	complaints=0
	t=$BATS_TEST_TMPDIR
}

versions=(1.19 1.22 1.24 1.27)

# copy_program: a copy of the program to change, in $dir.
copy_program() {
	dir=$t/m-$GO_VERSION
	rm -rf "$dir"
	cp -r "$programs/columns" "$dir"
	mv "$dir/unformatted.txt" "$dir/unformatted.go"
}

in_dir() { (cd "$dir" && "$@"); }

# marked MARKER: "FILE LINE" of it in $dir.
marked() {
	(cd "$dir" && grep -rnE --include=*.go "// @$1\$" . | sed -n '1s,^\./\([^:]*\):\([0-9]*\):.*,\1 \2,p')
}

# sources_of DIRECTORY: {file: text} of its Go files.
sources_of() {
	(cd "$1" && find . -name '*.go' | while read -r file; do
		jq -n --arg file "${file#./}" --rawfile text "$file" '{($file): $text}'
	done) | jq -s add
}

# expect_columns SITES LEAST: every column of `sites --json` is true, and so many of a hundred sites in the module have one.
expect_columns() {
	local line share
	sources_of "$dir" >"$t/sources"
	jq '.sites |= map(select((.package // "" | startswith("example.com/")) or .package == "main"))' "$1" >"$t/own"
	while read -r line; do
		complain "$line"
	done < <(jq -r --slurpfile sources "$t/sources" -f "$BATS_TEST_DIRNAME/columns.jq" "$t/own" 2>&1)
	share=$(jq '[.sites | length, (map(select(.columns)) | length)] | if .[0] == 0 then 0 else .[1] * 100 / .[0] | floor end' "$t/own")
	echo "$share of 100 sites have columns"
	[ "$share" -ge "$2" ] || complain "only $share of 100 sites have columns"
}

# expect_rows JSON MARKER WANTED: what is said of the line that was no claim of staying, "verdict column expr objects" by column, joined
# by "; ". MARKER may be "FILE:LINE".
expect_rows() {
	local file line said
	if [[ $2 == *:* ]]; then
		file=${2%:*} line=${2#*:}
	else
		read -r file line < <(marked "$2")
	fi
	said=$(jq -r --arg file "$file" --argjson line "${line:-0}" '[.verdicts[] | select(.file == $file and .line == $line and .claim != "stack" and
		.cause != "interface conversion")] | sort_by(.column, .expr) |
		map("\(.verdict)\(if .ambiguous then "?" else "" end) \(.column // "-") \(.expr // "-") \(.objects // 0)") | join("; ")' "$1")
	[ "$said" = "$3" ] || complain "$2 ($file:$line): $said; instead of $3"
}

# appended VERSION COLUMN SOURCE OBJECTS: an append, which only the newer compilers predict.
appended() {
	if [ "${GO_VERSION#1.}" -ge 25 ]; then
		echo "confirmed $1 append $3"
	else
		echo "unpredicted $1 $2 $3"
	fi
}

# audited [OPTION...]: audit of the program in $dir to $t/out; its columns in $t/columns.
audited() {
	expect_status 0 in_dir "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$t/rec" "$@"
	jq .log.columns "$t/out" >"$t/columns"
	expect_sites "$t/rec"
}

# expect_known LEAST: of 100 functions; nothing is missing.
expect_known() {
	jq -e --argjson least "$1" '.functions > 0 and .known * 100 >= .functions * $least' "$t/columns" >/dev/null ||
		complain "columns: $(jq -c . "$t/columns")"
}

expect_missing() {
	jq -r '.missing // ""' "$t/columns" | grep -qE -- "$1" || complain "no reason /$1/, but $(jq -c . "$t/columns")"
}

# expect_fresh: a build of just now has code for all that is predicted, in the packages that were compiled.
expect_fresh() {
	local said
	said=$(jq -r '[.verdicts[] | select(.verdict == "stale") | "\(.file):\(.line):\(.column) \(.expr)"] | join("; ")' "$t/out")
	[ -z "$said" ] || complain "stale: $said"
	jq -e '.log.packages == 2' "$t/out" >/dev/null || complain "$(jq .log.packages "$t/out") packages instead of 2"
}

# expect_program: what is true of the program however it is built.
expect_program() {
	local loops='confirmed 6 i 7; confirmed 9 j 7'
	# one object of both
	[ "${GO_VERSION#1.}" -lt 25 ] || loops='confirmed 6 i, j 7'
	expect_rows "$t/out" two-appends "$(appended 15 'append(append(list[:0:0], n), n, n)' 7); $(appended 22 'append(list[:0:0], n)' 7)"
	expect_rows "$t/out" two-pairs 'confirmed 12 &pair{...} 7; confirmed 32 &pair{...} 7'
	expect_rows "$t/out" assigning 'unpredicted 7 s += "!" 7'
	expect_rows "$t/out" branching 'confirmed 16 &pair{...} 4; confirmed 44 &pair{...} 3'
	expect_rows "$t/out" literals 'confirmed 7 func literal 7; confirmed 37 func literal 7'
	expect_rows "$t/out" generated "$(appended 22 'append([]int(nil), n, n)' 7); $(appended 48 'append([]*pair(nil), &pair{n, 4})' 7); confirmed 63 &pair{...} 7"
	expect_rows "$t/out" loops "$loops"
	expect_rows "$t/out" loops-literal 'confirmed 12 func literal 14'
	expect_rows "$t/out" lib-call 'confirmed 15 &Item{...} 7; confirmed 15 &Item{...} 7'
}

@test "audit: rows have the column and the expression of what was made" {
	need_bpf
	check() {
		copy_program
		audited .
		expect_known 100
		expect_missing '^$'
		expect_program
		grep -q '"columns": \[' "$t/out" || complain "sites in the report have no columns"
	}
	for_each_go check
}

@test "predict -o, then record and compare; sites shows what the predictions know" {
	need_bpf
	check() {
		copy_program
		expect_status 0 in_dir "$ESCAUDIT" predict --go "$GO" -o "$t/p" .
		in_dir "$GO" build -o "$t/program" . || complain "build"
		expect_status 0 "$ESCAUDIT" record -o "$t/rec" -- "$t/program"
		expect_status 0 "$ESCAUDIT" compare --json --all --limit 0 "$t/p" "$t/rec"
		jq .log.columns "$t/out" >"$t/columns"
		expect_known 100
		expect_program
		expect_status 0 "$ESCAUDIT" compare "$t/p" "$t/rec"
		grep -qE '^columns +known for ([0-9]+) of \1 functions' <<<"$out" || complain "the header does not speak of columns"
		expect_status 0 "$ESCAUDIT" sites --json --predictions "$t/p" "$t/program"
		expect_columns "$t/out" 100
		expect_status 0 "$ESCAUDIT" sites --package main --predictions "$t/p" "$t/program"
		grep -qE "^  0x[0-9a-f]+ +main.go:$(marked two-appends | cut -d ' ' -f 2):15 +app[^ ]*.* append growth" <<<"$out" ||
			complain "the table of sites has no columns"
		cp "$t/out" "$t/main"
		expect_status 0 "$ESCAUDIT" sites --package example.com/escaudit/columns --predictions "$t/p" "$t/program"
		cmp -s "$t/out" "$t/main" || complain "the program's package by its import path is another one"
		expect_status 0 "$ESCAUDIT" sites --json "$t/program"
		jq -e 'all(.sites[]; .columns == null and .expr == null and .columns_from == null)' "$t/out" >/dev/null ||
			complain "columns from nowhere"
	}
	for_each_go check "${versions[@]}"
}

@test "a program among other packages has columns; of none or several the header says so" {
	need_bpf
	check() {
		mkdir -p "$t/many-$GO_VERSION/p" "$t/many-$GO_VERSION/q"
		cd "$t/many-$GO_VERSION" || return
		printf 'module example.com/many\n\ngo 1.19\n' >go.mod
		printf 'package p\n\nfunc F(n int) *int { return &n }\n' >p/p.go
		printf 'package main\n\nimport "example.com/many/p"\n\nvar sink interface{}\n\nfunc main() { sink = p.F(1) }\n' >main.go
		expect_status 0 "$ESCAUDIT" predict --go "$GO" -o "$t/p" ./...
		"$GO" build -o "$t/program" . || complain "build"
		expect_status 0 "$ESCAUDIT" record -o "$t/rec" -- "$t/program"
		expect_status 0 "$ESCAUDIT" compare "$t/p" "$t/rec"
		grep -qE '^columns +known for ([1-9][0-9]*) of \1 function' <<<"$out" || complain "the program's columns are not known"
		expect_status 0 "$ESCAUDIT" predict --go "$GO" -o "$t/p" ./p
		expect_status 0 "$ESCAUDIT" compare "$t/p" "$t/rec"
		grep -qE '^columns .*; no program is among the packages named$' <<<"$out" || complain "a library alone"
		cp main.go q/
		expect_status 0 "$ESCAUDIT" predict --go "$GO" -o "$t/p" ./...
		expect_status 0 "$ESCAUDIT" compare "$t/p" "$t/rec"
		grep -qE '^columns .*; 2 programs are named; predict one at a time$' <<<"$out" || complain "two programs"
	}
	for_each_go check 1.19 1.27
}

# A go command that edits the source once its build has begun: whatever the twin compiles, it is not what was judged.
@test "a source that is edited while it is built has no columns, and the header says so" {
	need_bpf
	check() {
		mkdir "$t/edited-$GO_VERSION"
		cd "$t/edited-$GO_VERSION" || return
		printf 'module example.com/edited\n\ngo 1.19\n' >go.mod
		printf 'package main\n\nvar sink, other []int\n\nfunc main() { sink, other = append(sink, 1), append(other, 2) }\n' >main.go
		printf '#!/bin/sh\ncase " $* " in *" build "*) sed -i "s,{ ,{        ," main.go ;; esac\nexec %s "$@"\n' "$GO" >"$t/editor"
		chmod +x "$t/editor"
		expect_status 0 "$ESCAUDIT" audit --go "$t/editor" -o "$t/rec" .
		tr -d '\n' <<<"$out" | tr -s ' ' | grep -q 'sources were changed while they were built' || complain "the header says something else"
		expect_status 0 "$ESCAUDIT" audit --go "$GO" -o "$t/rec" .
		grep -qE '^columns +known for 1 of 1 function' <<<"$out" || complain "without edits"
	}
	for_each_go check 1.27
}

# An overlay is JSON: a name that is not UTF-8 cannot stand in it.
@test "a directory that is not UTF-8 has no copies, and the header says so" {
	need_bpf
	check() {
		local there=$t/l$'\xe4'tin-$GO_VERSION
		mkdir "$there"
		cd "$there" || return
		printf 'module example.com/latin\n\ngo 1.19\n' >go.mod
		printf 'package main\n\nvar sink *int\n\nfunc main() { sink = new(int) }\n' >main.go
		expect_status 0 "$ESCAUDIT" audit --go "$GO" -o "$t/rec" .
		tr -d '\n' <<<"$out" | grep -qE 'none of the predicted packages has a +file that can be copied' || complain "the header says something else"
	}
	for_each_go check 1.27
}

@test "a directory with a tab in its name has copies like any other" {
	need_bpf
	check() {
		copy_program
		rm -rf "$t/a"$'\t'"tab"
		mv "$dir" "$t/a"$'\t'"tab"
		dir=$t/a$'\t'tab
		audited .
		expect_known 100
		expect_missing '^$'
		expect_program
	}
	for_each_go check 1.19 1.27
}

@test "every format points at the column and the expression of what was not predicted" {
	need_bpf
	check() {
		local line want='append(append(list[:0:0], n), n, n)'
		copy_program
		line=$(marked two-appends | cut -d ' ' -f 2)
		audited --predictions "$t/p" .
		export_as() { expect_status 0 in_dir "$ESCAUDIT" export --format="$1" --predictions "$t/p" "$t/rec"; }
		export_as sarif
		jq -e --argjson line "$line" --arg want "$want" '[.runs[0].results[] | select(.ruleId == "unpredicted" and
			.locations[0].physicalLocation.region == {startLine: $line, startColumn: 15}) | .message.text | contains($want)] == [true]' \
			"$t/out" >/dev/null || complain "SARIF: $(jq -c --argjson line "$line" '[.runs[0].results[] |
			select(.locations[0].physicalLocation.region.startLine == $line)]' "$t/out")"
		export_as github
		grep -F "file=main.go,line=$line,col=15," <<<"$out" | grep -qF "::$want in " || complain "GitHub annotations"
		export_as markdown
		grep -F unpredicted <<<"$out" | grep -qF "\`$want\`" || complain "Markdown"
		export_as junit
		grep -F unpredicted <<<"$out" | grep -qF "$want" || complain "JUnit"
		export_as json
		expect_rows "$t/out" two-appends "$(appended 15 "$want" 7); $(appended 22 'append(list[:0:0], n)' 7)"
		export_as html
		grep -qF "$want" <<<"$out" || complain "HTML"
		expect_status 0 in_dir "$ESCAUDIT" annotate --predictions "$t/p" "$t/rec" main.go
		grep -qF "unpredicted $line:15 $want: 7 objects" <<<"$out" || complain "annotate"
		expect_status 0 in_dir "$ESCAUDIT" annotate --json --predictions "$t/p" "$t/rec" main.go
		jq -e --argjson line "$line" --arg want "$want" '[.lines[] | select(.line == $line) | .verdicts[] | select(.column == 15) | .expr] == [$want]' \
			"$t/out" >/dev/null || complain "annotate --json"
		expect_status 0 "$ESCAUDIT" compare --limit 0 "$t/p" "$t/rec"
		grep -qE "unpredicted +main.go:$line:15 +append\(app" <<<"$out" || complain "the table"
	}
	for_each_go check 1.22 1.24
}

@test "files with line directives: positions are those of the directives" {
	need_bpf
	check() {
		copy_program
		audited .
		# Two appends on one line without columns are one row, of whatever is known.
		expect_rows "$t/out" other.tmpl:200 "$(appended 26 'append([]int(nil), n)' 7); $(appended 49 'append([]string(nil), s)' 7)"
		expect_rows "$t/out" other.tmpl:300 "$(appended 41 'append([]int(nil), n)' 7); $(appended 64 'append([]string(nil), s)' 7)"
		jq -e '[.verdicts[] | select(.file == "other.tmpl" and .line == 100 and .cause == "append growth") | .objects] | add == 14' "$t/out" >/dev/null ||
			complain "other.tmpl:100 is not whole"
		jq -e 'all(.verdicts[] | select(.file == "other.tmpl" and .line == 100); .column == null)' "$t/out" >/dev/null ||
			complain "a column behind a directive without one"
	}
	for_each_go check "${versions[@]}"
}

# rows_of OUT: what is said in a report, whatever files are called, but for what -cover itself makes.
rows_of() {
	jq -r '.verdicts[] | select(.file | test("covervars.go$|autogenerated") | not) |
		"\(.verdict) \(.file | sub("^example.com/escaudit/columns/"; "")):\(.line) \(.expr) \(.objects)"' "$1" | sort
}

@test "line directives, trimmed names and -cover: what the compiler says twice is one prediction" {
	need_bpf
	check() {
		local flag
		copy_program
		# Go 1.24 takes loops of a rewritten file for those of the newest Go: another program.
		[ "$GO_VERSION" != 1.24 ] || sed -i 's/^go 1.19$/go 1.22/' "$dir/go.mod"
		# Names of both kinds, and files of both packages.
		printf 'package lib\n\n//line ../lib.tmpl:7:3\nfunc New() *int { return new(int) }\n' >"$dir/lib/given.go"
		printf 'package main\n\nimport "example.com/escaudit/columns/lib"\n\n//line %s/made.tmpl:40\nfunc init() { sink = []int{*lib.New()}; kept = lib.New() }\n\nvar kept *int\n' "$t" >"$dir/made.go"
		audited --columns=off .
		expect_fresh
		rows_of "$t/out" >"$t/plain"
		grep -q 'confirmed.*made.tmpl:40 new(int)' "$t/plain" || complain "no new(int) of made.tmpl:40"
		for flag in -trimpath -cover -covermode=atomic; do
			[ "$GO_VERSION" != 1.19 ] || [ "$flag" = -trimpath ] || continue
			audited --columns=off --flag "$flag" .
			expect_fresh
			rows_of "$t/out" | diff "$t/plain" - >"$t/diff" || complain "$flag: $(cat "$t/diff")"
		done
		audited --flag -trimpath .
		expect_fresh
		expect_known 100
		in_dir "$GO" build -trimpath -o "$t/release" . || complain "build"
		expect_status 0 in_dir "$ESCAUDIT" predict --go "$GO" --for "$t/release" -o "$t/p"
		expect_status 0 "$ESCAUDIT" record -o "$t/rec" -- "$t/release"
		expect_status 0 "$ESCAUDIT" compare --json --all --limit 0 "$t/p" "$t/rec"
		expect_fresh
	}
	for_each_go check 1.19 1.24 1.25 1.27
}

@test "build tags choose the file" {
	need_bpf
	check() {
		copy_program
		audited --flag -tags=special .
		expect_rows "$t/out" tagged-special "$(appended 22 'append([]int(nil), n)' 7); $(appended 45 'append([]string(nil), embedded)' 7)"
		expect_program
	}
	for_each_go check "${versions[@]}"
}

@test "-trimpath, and without optimisation, and with the race detector" {
	need_bpf
	check() {
		local outer=15
		copy_program
		audited --flag -trimpath .
		expect_known 100
		expect_program
		audited --flag '-gcflags=-N -l' .
		expect_known 100
		expect_rows "$t/out" two-appends "$(appended 15 'append(append(list[:0:0], n), n, n)' 7); $(appended 22 'append(list[:0:0], n)' 7)"
		expect_rows "$t/out" branching 'confirmed 16 &pair{...} 4; confirmed 44 &pair{...} 3'
		# Where writes are watched, what is assigned has the position of the assignment.
		[ "${GO_VERSION#1.}" -ge 25 ] || outer=7
		CGO_ENABLED=1 audited --flag -race .
		expect_known 100
		expect_rows "$t/out" two-appends "$(appended $outer 'append(append(list[:0:0], n), n, n)' 7); $(appended 22 'append(list[:0:0], n)' 7)"
	}
	for_each_go check "${versions[@]}"
}

@test "cgo: its files fall back, those beside them do not" {
	need_bpf
	check() {
		copy_program
		CGO_ENABLED=1 audited ./cmd/withc
		expect_rows "$t/out" untouched "$(appended 22 'append([]int(nil), n)' 7); $(appended 45 'append([]string(nil), "s")' 7)"
		jq -e --argjson line "$(marked rewritten | cut -d ' ' -f 2)" '[.verdicts[] | select(.file == "cmd/withc/main.go" and .line == $line and
			.cause == "append growth") | .objects] | add == 14' "$t/out" >/dev/null || complain "the file that cgo rewrites is not whole"
		expect_missing '^1 file has no copy$'
	}
	for_each_go check "${versions[@]}"
}

# inserted KIND: what $t/KIND.json says of maps in tests/programs/inserted, "MARKER verdict objects" a line, to $t/KIND.rows. How many objects a map of
# many elements consists of depends on its hash function.
inserted() {
	jq -r '.verdicts[] | select((.file | endswith("main.go")) and (.cause | IN("make map", "map growth")) and .objects > 0) |
		"\(.line) \(.verdict)\(if .ambiguous then "?" else "" end) \(.objects)"' "$t/$1.json" |
		awk 'NR == FNR { if (match($0, /\/\/ @.*/)) at[FNR] = substr($0, RSTART + 4); next } $1 in at { print $1, at[$1], $2, at[$1] == "many" ? "some" : $3 }' \
			"$programs/inserted/main.go" - | sort -k 1,1n -k 3 | cut -d ' ' -f 2- >"$t/$1.rows"
}

# insertions KIND [OPTION...]: audit of the program in $dir to $t/KIND.json, and its rows.
insertions() {
	local kind=$1
	shift
	expect_status 0 in_dir env CGO_ENABLED=1 "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$t/rec" "$@"
	mv "$t/out" "$t/$kind.json"
	inserted "$kind"
}

# expect_inserted KIND WANTED: its rows are those of the file WANTED.
expect_inserted() {
	diff "$2" "$t/$1.rows" >"$t/diff" || complain "$1: $(cat "$t/diff")"
}

@test "insertions into maps: elements of a literal are its own, statements nobody's, and what is not known is marked" {
	need_bpf
	check() {
		local generic='generic violated 20\ngeneric violated 20' beside='closure-beside confirmed 30\nclosure-beside unpredicted 10'
		local by_lines=(-e 's/^one-line .*/one-line violated? 30/' -e 's/^opening .*/opening violated? 20/' -e 's/^closing .*/closing violated? 20/' -e '/^closing-both/d'
			-e 's/^two .*/two violated? 20/' -e 's/^inlined .*/inlined violated? 20/' -e 's/^inlined-both .*/inlined-both violated? 30/'
			-e 's/^maps-a .*/maps-a confirmed? 30/' -e '/^maps-empty/d' -e 's/^maps-heap .*/maps-heap confirmed? 40/' -e '/^maps-heap-a/d')
		dir=$t/inserted-$GO_VERSION
		cp -r "$programs/inserted" "$dir"
		# Its linker gives all instances one name.
		version_in "$GO_VERSION" '>=1.20' || generic='generic violated? 40'
		printf '%b\n' 'below violated 20' 'below-statement unpredicted 10' 'constant violated 20' 'constant-statement unpredicted 10' \
			'constant-statement unpredicted 10' 'named confirmed 40' 'named-statement unpredicted 10' 'aliased violated 10' 'aliased-statement unpredicted 10' \
			'keys violated 20' 'keys-increment unpredicted 10' 'keys-operation unpredicted 10' 'one-line unpredicted 10' 'one-line violated 20' \
			'opening unpredicted 10' 'opening violated 10' 'closing violated 10' 'closing-both unpredicted 10' 'two violated 10' 'two violated 10' \
			'two-statement unpredicted 10' 'two-statement unpredicted 10' 'nested-a confirmed 30' 'nested-b confirmed 40' 'nested-statement unpredicted 10' \
			'listed-a violated 20' 'listed-brace violated 10' 'listed-statement unpredicted 20' 'closures confirmed 40' 'closures-statement unpredicted 10' "$beside" \
			'inlined violated 20' 'inlined-statement unpredicted 10' 'inlined-both unpredicted 10' 'inlined-both violated 20' \
			"$generic" 'generic-statement unpredicted 10' 'generic-statement unpredicted 10' 'numbers confirmed 20' 'maps-a confirmed 20' 'maps-b confirmed 20' \
			'maps-empty confirmed 10' 'maps-heap confirmed 20' 'maps-heap-a confirmed 20' 'maps-struct confirmed 20' 'many confirmed some' 'global confirmed 4' \
			'global-statement unpredicted 20' >"$t/known"
		insertions columns .
		expect_inserted columns "$t/known"

		# By lines: braces and statements of one line, elements of an inlined call, and constant maps in a literal, which are made at its brace. That a closure is another function is known since the
		# diagnostics name functions.
		version_in "$GO_VERSION" '>=1.25' || by_lines+=(-e 's/^closure-beside confirmed .*/closure-beside confirmed? 40/' -e '/^closure-beside unpredicted/d')
		awk '!(/^(one-line|opening|two|inlined-both) / && seen[$1]++)' "$t/known" | sed "${by_lines[@]}" >"$t/lines"
		insertions off --columns=off .
		expect_inserted off "$t/lines"
		expect_status 0 in_dir "$ESCAUDIT" predict --go "$GO" --columns=off -o "$t/p" .
		expect_status 0 "$ESCAUDIT" compare --json --all --limit 0 "$t/p" "$t/rec"
		mv "$t/out" "$t/saved.json"
		inserted saved
		expect_inserted saved "$t/lines"
		sed -i 's/^package main$/package main; import "C"/' "$dir/main.go"
		insertions cgo .
		expect_inserted cgo "$t/lines"

		# By words: literals in the same ones.
		awk '!(/^two / && seen[$1]++)' "$t/known" | sed 's/^two .*/two violated? 20/' >"$t/words"
		cp "$programs/inserted/main.go" "$dir/main.go"
		sed -i "1i //line $dir/main.go:1" "$dir/main.go"
		insertions directives .
		expect_inserted directives "$t/words"
		sed "s/^\t\t*\([^\t]\)/$(printf '%300s' '')\1/" "$programs/inserted/main.go" >"$dir/main.go"
		insertions beyond .
		expect_inserted beyond "$t/words"

		# Of a log the source is not known: as many objects, and what is not marked is as above.
		cp "$programs/inserted/main.go" "$dir/main.go"
		(cd "$dir" && "$GO" build -a -gcflags=-m=2 -o "$t/program" . 2>"$t/log") || complain "build"
		expect_status 0 "$ESCAUDIT" record -o "$t/rec" -- "$t/program"
		expect_status 0 "$ESCAUDIT" compare --json --all --limit 0 "$t/log" "$t/rec"
		mv "$t/out" "$t/log.json"
		inserted log
		[ "$(awk '{ n += $3 } END { print n }' "$t/log.rows")" = "$(awk '{ n += $3 } END { print n }' "$t/known")" ] || complain "of a log: $(cat "$t/log.rows")"
		[ -z "$(grep -v '?' "$t/log.rows" | grep -vxFf "$t/known")" ] || complain "of a log, unmarked: $(grep -v '?' "$t/log.rows" | grep -vxFf "$t/known")"
	}
	for_each_go check 1.19 1.22 1.24 1.26 1.27
}

# The user's own overlay replaces a file: columns are those of the text that was compiled.
overlaid() {
	copy_program
	sed 's/^func twoAppends/\/\/ one line more\n&/; s/^\tlist = append(append(list/\tother = nil; list = append(append(list/' \
		"$dir/main.go" >"$t/replaced.go"
	jq -n --arg file "$dir/main.go" --arg by "$t/replaced.go" --arg gone "$dir/special.go" '{Replace: {($file): $by, ($gone): ""}}' >"$t/overlay.json"
}

# What expect_rows needs to find the marker is the text that was compiled.
expect_overlaid() {
	cp "$t/replaced.go" "$dir/main.go"
	expect_known 100
	expect_rows "$t/out" two-appends "$(appended 28 'append(append(list[:0:0], n), n, n)' 7); $(appended 35 'append(list[:0:0], n)' 7)"
	# Go 1.19 has the replacement's name in its diagnostics, which is no file of the program's.
	expect_rows "$t/out" two-pairs 'confirmed 12 &pair{...} 7; confirmed 32 &pair{...} 7'
	expect_fresh
	jq -e 'all(.. | .file? // ""; test("replaced.go|main.text") | not)' "$t/out" >/dev/null || complain "the replacement is named"
}

@test "an overlay of the user's, by flag and by GOFLAGS" {
	need_bpf
	check() {
		overlaid
		audited --flag "-overlay=$t/overlay.json" .
		expect_overlaid
		overlaid
		GOFLAGS=-overlay=$t/overlay.json audited .
		expect_overlaid
		# Names as people write them; names of JSON in any case.
		overlaid
		cp "$t/replaced.go" "$dir/main.text"
		printf '{"replace": {"lib/..//main.go": "./main.text", "special.go": ""}}' >"$dir/overlay.json"
		audited --flag -overlay=overlay.json .
		expect_overlaid
		overlaid
		audited --flag "-overlay=$t/overlay.json" --flag -trimpath .
		expect_overlaid
	}
	for_each_go check "${versions[@]}"
}

@test "a vendored package, and modules of a workspace" {
	need_bpf
	check() {
		copy_program
		mkdir -p "$dir/vendor/example.com/outside" "$t/outside-$GO_VERSION"
		printf 'package outside\n\nvar Sink interface{}\n\n//go:noinline\nfunc Make(n int) { Sink = append(append([]int(nil), n), n, n) } // @outside\n' \
			>"$dir/vendor/example.com/outside/outside.go"
		printf '# example.com/outside v1.0.0\n## explicit; go 1.19\nexample.com/outside\n' >"$dir/vendor/modules.txt"
		printf '\nrequire example.com/outside v1.0.0\n' >>"$dir/go.mod"
		sed -i 's,^	"example.com/escaudit/columns/lib"$,&\n\t"example.com/outside",; s/^\t\ttwoAppends(n)/&\n\t\toutside.Make(n)/' "$dir/main.go"
		audited --pattern=example.com/... .
		expect_known 100
		expect_program
		jq -e '[.verdicts[] | select(.package == "example.com/outside" and .cause == "append growth") | [.column, .objects]] | sort == [[33, 7], [40, 7]]' \
			"$t/out" >/dev/null || complain "vendored: $(jq -c '[.verdicts[] | select(.package == "example.com/outside") | [.line, .column, .expr, .objects]]' "$t/out")"
		# Relative to where go runs.
		audited --pattern=./... .
		expect_known 100
		expect_program

		cp "$dir/vendor/example.com/outside/outside.go" "$t/outside-$GO_VERSION/"
		printf 'module example.com/outside\n\ngo 1.19\n' >"$t/outside-$GO_VERSION/go.mod"
		rm -r "$dir/vendor"
		printf 'go 1.19\n\nuse (\n\t%s\n\t%s\n)\n' "$dir" "$t/outside-$GO_VERSION" >"$t/go.work"
		GOWORK=$t/go.work audited --pattern=example.com/... .
		expect_known 100
		expect_program
		jq -e '[.verdicts[] | select(.package == "example.com/outside" and .cause == "append growth") | [.column, .objects]] | sort == [[33, 7], [40, 7]]' \
			"$t/out" >/dev/null || complain "workspace: $(jq -c '[.verdicts[] | select(.package == "example.com/outside") | [.line, .column, .expr, .objects]]' "$t/out")"
	}
	for_each_go check "${versions[@]}"
}

@test "a profile of the user's: no wrong column" {
	need_bpf
	check() {
		copy_program
		# of another program: what matters is that the compiler is told of hot calls
		cp "$(capture_profile)" "$dir/default.pgo"
		expect_status 0 in_dir "$ESCAUDIT" predict --go "$GO" -o "$t/p" .
		in_dir "$GO" build -o "$t/program" . || complain "build"
		expect_status 0 "$ESCAUDIT" sites --json --predictions "$t/p" "$t/program"
		expect_columns "$t/out" 80
		audited .
		expect_rows "$t/out" two-appends "$(appended 15 'append(append(list[:0:0], n), n, n)' 7); $(appended 22 'append(list[:0:0], n)' 7)"
	}
	for_each_go check 1.22 1.24 1.27
}

@test "predict --for a stripped binary of a release, then compare" {
	need_bpf
	check() {
		copy_program
		in_dir "$GO" build -trimpath -ldflags='-s -w' -o "$t/release" . || complain "build"
		expect_status 0 in_dir "$ESCAUDIT" predict --go "$GO" --for "$t/release" -o "$t/p"
		expect_status 0 "$ESCAUDIT" sites --json --predictions "$t/p" "$t/release"
		expect_columns "$t/out" 100
		expect_status 0 "$ESCAUDIT" record -o "$t/rec" -- "$t/release"
		expect_status 0 "$ESCAUDIT" compare --json --all --limit 0 "$t/p" "$t/rec"
		jq .log.columns "$t/out" >"$t/columns"
		expect_known 100
		expect_program
	}
	for_each_go check "${versions[@]}"
}

@test "what costs the columns costs nothing else" {
	need_bpf
	check() {
		local plain
		copy_program
		audited --columns=off .
		[ "$(cat "$t/columns")" = null ] || complain "--columns=off has columns: $(jq -c . "$t/columns")"
		jq -e 'all(.verdicts[].sites[]; .columns == null)' "$t/out" >/dev/null || complain "--columns=off has columns in sites"
		jq -e '[.verdicts[] | select(.verdict == "unpredicted")] | length > 0 and all(.[]; .column == null and .expr == null)' "$t/out" >/dev/null ||
			complain "--columns=off has columns in rows"
		plain=$(jq '[.verdicts[].objects] | add' "$t/out")
		if [ "$GO_VERSION" != 1.19 ]; then
			audited --flag -cover .
			expect_missing '-cover'
			jq -e '.known == 0' "$t/columns" >/dev/null || complain "-cover: $(jq -c . "$t/columns")"
		fi
		audited .
		[ "$(jq '[.verdicts[].objects] | add' "$t/out")" = "$plain" ] || complain "$(jq '[.verdicts[].objects] | add' "$t/out") objects with columns, $plain without"
		expect_status 64 in_dir "$ESCAUDIT" audit --go "$GO" --columns=none .
		expect_message "columns.*none"
	}
	for_each_go check "${versions[@]}"
}

@test "a twin that cannot be built costs a note, not the audit" {
	need_bpf
	check() {
		local real
		copy_program
		# A go command that fails where it is given the copies.
		printf '#!/bin/sh\ncase " $* " in *" -overlay="*) echo "no overlays here" >&2; exit 1 ;; esac\nexec %s "$@"\n' "$GO" >"$t/go"
		chmod +x "$t/go"
		real=$GO
		GO=$t/go audited .
		expect_missing 'no overlays here'
		jq -e '.known == 0 and .functions > 0' "$t/columns" >/dev/null || complain "$(jq -c . "$t/columns")"
		GO=$real
		jq -e '[.verdicts[].objects] | add > 0' "$t/out" >/dev/null || complain "nothing was observed"
	}
	for_each_go check 1.19 1.27
}

@test "packages of the standard library: nearly every site has its column, and its line is the original's" {
	check() {
		local program
		expect_status 0 "$ESCAUDIT" predict --go "$GO" --pattern=all -o "$t/p" cmd/gofmt
		program=$t/gofmt
		"$GO" build -o "$program" cmd/gofmt || complain "build"
		expect_status 0 "$ESCAUDIT" sites --json --predictions "$t/p" "$program"
		jq -r --arg go "$GO_VERSION" '"go \($go): columns of \(map(select(.columns)) | length) of \(length) sites, whole functions: \(
			group_by(.function + (.inline | last | .function // "")) | "\(map(select(all(.[]; .columns))) | length) of \(length)")"' <<<"$(jq .sites "$t/out")"
		jq -e '.sites | length > 1500 and (map(select(.columns)) | length) * 100 >= length * 97' "$t/out" >/dev/null ||
			complain "fewer than 97 of 100 sites have columns"
		dir=$("$GO" env GOROOT)/src
		# Each against its text, for the packages that the program is made of.
		(cd "$dir" && jq -r '.sites[].file // empty' "$t/out" | sort -u | while read -r file; do
			[ ! -f "$file" ] || LC_ALL=C grep -qP '[^\x00-\x7f]' "$file" || jq -n --arg file "$file" --rawfile text "$file" '{($file): $text}'
		done) | jq -s add >"$t/sources"
		jq -r --slurpfile sources "$t/sources" -f "$BATS_TEST_DIRNAME/columns.jq" "$t/out" >"$t/wrong"
		head -n 20 "$t/wrong"
		[ ! -s "$t/wrong" ] || complain "$(wc -l <"$t/wrong") columns are not the source's"
	}
	for_each_go check 1.19 1.27
}
