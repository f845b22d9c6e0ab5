#!/usr/bin/env bats
# Every construct of the language that may become a heap object, and what must be said of it: verdict, cause, type and
# count, on every Go version. tests/programs/catalogue has the functions, catalogue.tsv the expectations.

load helper

# rows VERSION [REPLACEMENTS]: of catalogue.tsv, as arrays; a marker that the other table has too has its rows there alone.
rows() {
	jq -n --arg go "${1#1.}" --rawfile rows "$BATS_TEST_DIRNAME/catalogue.tsv" --rawfile other "${2:-/dev/null}" '
		def of_version: split("\n") | map(select(startswith("#") or . == "" | not) | split("\t") |
			select(.[1] as $range | $range == "all" or
				($range | split("-") | map(ltrimstr("1.") | tonumber) | ($go | tonumber) >= .[0] and ($go | tonumber) <= .[-1])));
		($other | of_version) as $others | ($others | map({key: .[0], value: true}) | from_entries) as $replaced |
		($rows | of_version | map(select($replaced[.[0]] | not))) + $others'
}

markers_of() {
	(cd "$programs/$1" && find . -name '*.go' -not -path './cmd/*' -not -path './vendor/*' -exec grep -HnE '// @[a-z0-9.-]+$' {} +) |
		jq -R -n '[inputs | capture("^./(?<file>[^:]+):(?<line>[0-9]+):.*// @(?<marker>.+)$") | .line |= tonumber]'
}

calls_of() {
	"$1" -calls | jq -R -n '[inputs | split(" ") | {key: .[0], value: (.[1] | tonumber)}] | from_entries'
}

# check_catalogue AUDIT PROGRAM [REPLACEMENTS]: the verdicts against the table.
check_catalogue() {
	local t=$BATS_TEST_TMPDIR wrong line
	rows "$GO_VERSION" ${3:+"$3"} >"$t/expected"
	markers_of catalogue >"$t/markers"
	calls_of "$2" >"$t/calls"
	[ "$(jq length "$t/expected")" -gt 200 ] || complain "only $(jq length "$t/expected") expectations"
	wrong=$(jq -r --slurpfile expected "$t/expected" --slurpfile markers "$t/markers" --slurpfile calls "$t/calls" \
		-f "$BATS_TEST_DIRNAME/catalogue.jq" "$1") || complain "unexpected shape of the output"
	while read -r line; do
		[ -z "$line" ] || complain "$line"
	done <<<"$wrong"
}

in_catalogue() {
	(cd "$programs/catalogue" && "$@")
}

# check_measured PROGRAM [REPLACEMENTS]: the table rests on the runtime's own count. What a case's rows make together is what
# MemStats counts, and a case without rows makes nothing.
check_measured() {
	local t=$BATS_TEST_TMPDIR line
	rows "$GO_VERSION" ${2:+"$2"} >"$t/expected"
	"$1" -measure >"$t/measured"
	[ "$(wc -l <"$t/measured")" -gt 200 ] || complain "only $(wc -l <"$t/measured") cases ran"
	while read -r line; do
		complain "$line"
	done < <(jq -R -n -r --slurpfile expected "$t/expected" '
		($expected[0] | group_by(.[0] | split(".")[0] | split("@")[0]) |
			map({key: (.[0][0] | split(".")[0] | split("@")[0]), value: map(.[6])}) | from_entries) as $made |
		inputs | split(" ") as [$case, $counted] | ($made[$case] // []) |
		select(all(.[]; test("^[0-9]+$"))) | (map(tonumber) | add // 0) | select(. != ($counted | tonumber)) |
		"\($case): the rows make \(.), the runtime counts \($counted)"' "$t/measured")
}

@test "the cases allocate what their rows say" {
	check() { check_measured "$(build_go catalogue)"; }
	for_each_go check
}

@test "audit: every line of the catalogue, on every version" {
	need_bpf
	check() {
		expect_status 0 in_catalogue "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" .
		check_catalogue "$BATS_TEST_TMPDIR/out" "$(build_go catalogue)"
		expect_sites "$BATS_TEST_TMPDIR/rec"
	}
	for_each_go check
}

# audited_with FLAG...: the catalogue, built that way.
audited_with() {
	local flag flags=()
	for flag; do
		flags+=(--flag "$flag")
	done
	expect_status 0 in_catalogue "$ESCAUDIT" audit --go "$GO" "${flags[@]}" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" .
	expect_sites "$BATS_TEST_TMPDIR/rec"
}

@test "audit: builds without paths, without symbols, position-independent, guided by a profile" {
	need_bpf
	check() {
		local flags=()
		case $GO_VERSION in
		1.19) flags=(-trimpath) ;;
		1.24) flags=(-buildmode=pie "-pgo=$(capture_profile)") ;;
		1.27) flags=(-trimpath '-ldflags=-s -w') ;;
		esac
		audited_with "${flags[@]}"
		check_catalogue "$BATS_TEST_TMPDIR/out" "$(build_go catalogue)"
	}
	for_each_go check 1.19 1.24 1.27
}

@test "audit: a build without optimisation" {
	need_bpf
	check() {
		local program plain=$BATS_TEST_DIRNAME/catalogue-plain.tsv
		program=$(build_go catalogue -gcflags='all=-N -l')
		check_measured "$program" "$plain"
		audited_with -gcflags='all=-N -l'
		check_catalogue "$BATS_TEST_TMPDIR/out" "$program" "$plain"
	}
	for_each_go check 1.24 1.27
}

# expect_line JSON FILE LINE WANTED: what is said of it, "verdict expression objects bytes" by column, joined by "; ".
expect_line() {
	local said
	said=$(jq -r --arg file "$2" --argjson line "$3" '[.verdicts[] | select(.file == $file and .line == $line)] | sort_by(.column, .expr) |
		map("\(.verdict) \(.expr // "-") \(.objects // 0) \(.bytes // 0)") | join("; ")' "$1")
	[ "$said" = "$4" ] || complain "$2:$3: $said; instead of $4"
}

# marked FILE MARKER: the number of its line, under tests/programs.
marked() {
	grep -n "// @$2\$" "$programs/$1" | cut -d : -f 1
}

@test "compare: two programs of one module in one log, with files and functions of one name" {
	need_bpf
	check() {
		local t=$BATS_TEST_TMPDIR one two
		one=$(marked catalogue/cmd/one/main.go one-thing) two=$(marked catalogue/cmd/two/main.go two-thing)
		rm -f "$t/p"
		expect_status 0 in_catalogue "$ESCAUDIT" predict --go "$GO" -o "$t/p" ./cmd/one ./cmd/two
		in_catalogue "$GO" build -o "$t/" ./cmd/one ./cmd/two || complain "build"
		for program in one two; do
			expect_status 0 "$ESCAUDIT" record -o "$t/rec" -- "$t/$program"
			expect_status 0 "$ESCAUDIT" compare --json --all --limit 0 "$t/p" "$t/rec"
			mv "$t/out" "$t/$program.json"
		done
		expect_line "$t/one.json" cmd/one/main.go "$one" 'confirmed &thing{...} 7 112'
		expect_line "$t/one.json" cmd/two/main.go "$two" 'stale &thing{...} 0 0'
		expect_line "$t/two.json" cmd/two/main.go "$two" 'confirmed &thing{...} 11 264'
		expect_line "$t/two.json" cmd/one/main.go "$one" 'stale &thing{...} 0 0'
		# lib.New is inlined, lib.Here is not
		expect_line "$t/one.json" cmd/one/main.go "$(marked catalogue/cmd/one/main.go one-node)" 'confirmed &lib.Node{...} 7 112'
		expect_line "$t/two.json" lib/lib.go "$(marked catalogue/lib/lib.go lib-here)" 'confirmed &Node{...} 13 208'
	}
	for_each_go check 1.19 1.24 1.27
}

@test "audit: a file that cgo rewrites" {
	need_bpf
	check() {
		local json=$BATS_TEST_TMPDIR/out file=cmd/withc/main.go source=catalogue/cmd/withc/main.go
		expect_status 0 in_catalogue env CGO_ENABLED=1 "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" ./cmd/withc
		expect_line "$json" $file "$(marked $source c-thing)" 'confirmed &thing{...} 17 272'
		expect_line "$json" $file "$(marked $source c-box)" 'confirmed n * 1000 17 136'
		expect_line "$json" $file "$(marked $source c-stays)" 'held &thing{...} 0 0'
	}
	for_each_go check 1.19 1.24 1.27
}

@test "audit: variables of a loop in a module of language 1.22" {
	need_bpf
	check() {
		local json=$BATS_TEST_TMPDIR/out source=loopvar/main.go
		in_loopvar() { (cd "$programs/loopvar" && "$@"); }
		expect_status 0 in_loopvar "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 -o "$BATS_TEST_TMPDIR/rec" .
		# a loop with a condition copies its variable once more than it turns
		expect_line "$json" main.go "$(marked $source clause)" 'confirmed i 44 352'
		expect_line "$json" main.go "$(marked $source range)" 'confirmed v 55 440'
		expect_line "$json" main.go "$(marked $source count)" 'confirmed i 33 264'
		expect_line "$json" main.go "$(marked $source closure-variable)" 'confirmed i 55 440'
		expect_line "$json" main.go "$(marked $source closure)" 'confirmed func literal 44 704'
		expect_line "$json" main.go "$(marked $source stays)" ''
	}
	for_each_go check 1.22 1.27
}

@test "compare: a test binary, and packages of the module cache" {
	need_bpf
	check() {
		local t=$BATS_TEST_TMPDIR/$GO_VERSION dir file
		mkdir -p "$t/m"
		(cd "$programs/tested" && "$GO" test -vet=off -c -gcflags=-m=2 -o "$t/tested.test" . 2>"$t/log") || complain "go test -c"
		expect_status 0 "$ESCAUDIT" record -o "$t/rec" -- "$t/tested.test"
		expect_status 0 "$ESCAUDIT" compare --json --all --limit 0 "$t/log" "$t/rec"
		# List is inlined into the test. A test binary of an old version does not say of which module it is: its paths stay whole.
		file=$(jq -r '[.verdicts[].file | select(endswith("tested_test.go"))] | first' "$BATS_TEST_TMPDIR/out")
		expect_line "$BATS_TEST_TMPDIR/out" "$file" 7 'confirmed &Node{...} 557 8912'
		expect_line "$BATS_TEST_TMPDIR/out" "${file%_test.go}.go" "$(marked tested/tested.go tested)" 'compiled-out &Node{...} 0 0'

		# What a download leaves behind; the checksum is not asked for.
		dir=$t/cache/cache/download/example.com/vendored/@v
		mkdir -p "$dir" "$t/cache/example.com/vendored@v1.0.0"
		cp "$programs"/catalogue/vendor/example.com/vendored/*.go "$t/cache/example.com/vendored@v1.0.0/"
		printf 'module example.com/vendored\n\ngo 1.19\n' | tee "$dir/v1.0.0.mod" >"$t/cache/example.com/vendored@v1.0.0/go.mod"
		echo '{"Version":"v1.0.0","Time":"2024-01-01T00:00:00Z"}' >"$dir/v1.0.0.info"
		printf 'h1:%s=' AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA >"$dir/v1.0.0.ziphash"
		touch "$dir/v1.0.0.zip"
		printf 'module example.com/user\n\ngo 1.19\n\nrequire example.com/vendored v1.0.0\n' >"$t/m/go.mod"
		cat >"$t/m/main.go" <<-'END'
			package main

			import "example.com/vendored"

			var sink interface{}

			func main() {
				for i := 0; i < 19; i++ {
					sink = vendored.Make(i)
					sink = vendored.MakeHere(i)
				}
			}
		END
		in_module() { (cd "$t/m" && env GOMODCACHE="$t/cache" GOFLAGS=-mod=mod GONOSUMDB='*' GONOSUMCHECK=1 GOSUMDB=off "$@"); }
		for flag in $([ "$GO_VERSION" = 1.19 ] && echo -v || echo -trimpath); do
			expect_status 0 in_module "$ESCAUDIT" audit --go "$GO" --flag=$flag '--pattern=example.com/...' --json --all --limit 0 -o "$t/rec" .
			expect_line "$BATS_TEST_TMPDIR/out" main.go 9 'confirmed &vendored.Item{...} 19 304'
			jq -e '[.verdicts[] | select(.package == "example.com/vendored" and .expr == "&Item{...}" and .verdict == "confirmed") |
				.objects] == [19]' "$BATS_TEST_TMPDIR/out" >/dev/null ||
				complain "vendored.MakeHere: $(jq -c '[.verdicts[] | select(.package == "example.com/vendored") | [.verdict, .file, .line, .expr, .objects]]' "$BATS_TEST_TMPDIR/out")"
		done
		chmod -R u+w "$t/cache"
	}
	for_each_go check 1.19 1.27
}
