#!/usr/bin/env bats
# Sums: what the rows of a line have is what the recording has for it, in whole programs: cmd/gofmt, cmd/vet at work on net/http, servers
# of net/http/httptest. The recording is read with `go tool pprof`, and which function made an object is told from its stack alone.
#
# ESCAUDIT_TEST_ALL=1: all three with all packages on Go 1.19, 1.24 and 1.27; otherwise all packages of cmd/gofmt, and of the others one, on
# 1.27.

load helper

setup() {
	# shellcheck disable=SC2034
	complaints=0
	t=$BATS_TEST_TMPDIR
}

# judged NAME DIRECTORY PACKAGE PATTERN: predicts the package, and builds it as $t/NAME.
judged() {
	name=$1 dir=$2 package=$3 pattern=$4
	expect_status 0 in_dir "$ESCAUDIT" predict --go "$GO" --pattern="$pattern" -o "$t/$name.p" "$package"
	in_dir "$GO" build -o "$t/$name" "$package" || complain "build of $package"
}

in_dir() { (cd "$dir" && "$@"); }

# whole RECORDING: it without what tells pprof to hide the frames between a line and the allocator, which are the runtime's or stand in for them
# ("internal/bytealg\.MakeNoZero"): a goroutine that waits in one of them for the collector is told by what it called there.
whole() {
	gunzip -c "$1" | LC_ALL=C sed -E 's/(runtime|internal\/[a-z0-9]+|os|sync|reflect|syscall)\\\./\1\\,/g'
}

# expect_sums LEAST ARGS...: runs the program; its objects are in the rows of their lines, in at least so many rows.
expect_sums() {
	local least=$1 only="" rows
	shift
	[ "$pattern" = all ] || only=$pattern/
	expect_status 0 "$ESCAUDIT" record -o "$t/$name.rec" -- "$t/$name" "$@"
	expect_status 0 "$ESCAUDIT" compare --json --all --limit 0 "$t/$name.p" "$t/$name.rec"
	mv "$t/out" "$t/$name.json"
	whole "$t/$name.rec" >"$t/whole"
	# The newest, for the text differs.
	"$("$top/scripts/toolchains" --list | awk 'END { print $2 }')" tool pprof -raw "$t/whole" >"$t/raw" 2>"$t/err" || complain "pprof: $(cat "$t/err")"
	jq -r '.verdicts[] | select(.objects > 0) | [.objects, .bytes, .function, .file, .line, ([.sites[].pc] | join(","))] | @tsv' "$t/$name.json" >"$t/rows"
	rows=$(wc -l <"$t/rows")
	[ "$rows" -ge "$least" ] || complain "$name: only $rows rows have objects"
	sums "$t/rows" >"$t/sums"
	cat "$t/sums"
	! grep -v '^together:\|^[0-9]* rows' "$t/sums" || complain "$name: sums differ"
	# Values of a literal over several lines are one row, as is a slice that append built elsewhere. These are few.
	[ "$(grep -c '^together:' "$t/sums")" -le 10 ] || complain "$name: too many lines can only be told together"
	jq -e --argjson runtime "$(sed -n 's/.* the runtime \([0-9]*\),.*/\1/p' "$t/sums")" '.runtime.objects == $runtime and
		.observed.objects == (.runtime.objects + .elsewhere.objects + ([.verdicts[].objects] | add))' "$t/$name.json" >/dev/null ||
		complain "$name: the runtime's share: $(jq -c '[.runtime, .elsewhere, .observed]' "$t/$name.json")"
}

sums() {
	awk -v root="$("$GO" env GOROOT)/src" -v module="$dir" -v only="$only" -f "$BATS_TEST_DIRNAME/sums.awk" "$t/raw" "$1"
}

# expect_seen: what is wrong with rows is found. Each number goes up by one, a row is lost, a row says another line.
expect_seen() {
	local edit only=""
	# shellcheck disable=SC2016
	for edit in 'NR == 3 { $1++ } 1' 'NR == 3 { $2++ } 1' 'NR != 3' 'NR == 3 { $5++; $6 = "" } 1'; do
		awk -F '\t' -v OFS='\t' "$edit" "$t/rows" >"$t/wrong"
		sums "$t/wrong" | grep -q 'the recording' || complain "not seen: $edit"
	done
}

versions() {
	if [ "${ESCAUDIT_TEST_ALL:-}" = 1 ]; then echo 1.19 1.24 1.27; else echo 1.27; fi
}

@test "cmd/gofmt: the rows of each line have its objects" {
	need_bpf
	check() {
		judged gofmt "$("$GO" env GOROOT)/src" cmd/gofmt all
		expect_sums 200 -l -s "$dir/net/http" "$dir/go/printer"
		expect_seen
	}
	# shellcheck disable=SC2046
	for_each_go check $(versions)
}

@test "cmd/vet: the rows of each line have its objects" {
	need_bpf
	check() {
		local pattern=go/types load=sort
		[ "${ESCAUDIT_TEST_ALL:-}" != 1 ] || pattern=all load=net/http
		judged vet "$("$GO" env GOROOT)/src" cmd/vet "$pattern"
		# What the go command hands to its vet, which says another build's name each time lest the result be known already.
		cat >"$t/wrap" <<-END
			#!/bin/sh
			for last; do :; done
			case \$1 in -V=full) echo "vet version devel buildID=\$\$-$RANDOM$RANDOM" && exit ;; esac
			case \$last in *.cfg) ! grep -q '"ImportPath": "$load"' "\$last" || jq 'del(.Stdout, .FixArchive, .PackageVetx) | .VetxOutput = "$t/vetx"' "\$last" >'$t/load.cfg' ;; esac
			exec '$t/vet' "\$@"
		END
		chmod +x "$t/wrap"
		expect_status 0 in_dir "$GO" vet -vettool="$t/wrap" "$load"
		expect_sums 50 "$t/load.cfg"
	}
	# shellcheck disable=SC2046
	for_each_go check $(versions)
}

@test "servers of net/http/httptest: the rows of each line have its objects" {
	need_bpf
	check() {
		local pattern=net/http
		[ "${ESCAUDIT_TEST_ALL:-}" != 1 ] || pattern=all
		judged testserver "$programs/testserver" . "$pattern"
		expect_sums 150
	}
	# shellcheck disable=SC2046
	for_each_go check $(versions)
}
