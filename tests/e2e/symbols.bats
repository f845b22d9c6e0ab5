#!/usr/bin/env bats
# Both symbolizers tell the same of every call in real programs. What may differ is listed in tests/proof/pclntab_vs_dwarf.c.

load helper

setup() {
	complaints=0
	proof=$ESCAUDIT_BUILD/tests/proof/pclntab_vs_dwarf
	[ -x "$proof" ] || { echo "no $proof: run make proof" >&2 && return 1; }
}

# expect_agreement LEAST BINARY: no unexplained difference, and at least so many calls were compared.
expect_agreement() {
	local least=$1 said status=0
	said=$("$proof" "$2" 2>&1) || status=$?
	printf '%s\n' "$said"
	[ "$status" -eq 0 ] || complain "pclntab and DWARF differ in $2"
	[[ $said =~ :\ ([0-9]+)\ calls,\ .*\ 0\ unclassified$ ]] && [ "${BASH_REMATCH[1]}" -ge "$least" ] ||
		complain "fewer than $least calls were compared in $2"
}

@test "a web service, built by every toolchain" {
	webservice() { expect_agreement 40000 "$(build_go httpserver)"; }
	for_each_go webservice
}

@test "a web service, in other build modes" {
	variants() {
		expect_agreement 40000 "$(build_go httpserver -trimpath)"
		expect_agreement 40000 "$(build_go httpserver -buildmode=pie)"
		expect_agreement 40000 "$(build_go httpserver -ldflags=-linkmode=external)"
		expect_agreement 40000 "$(build_go httpserver -ldflags=-compressdwarf=false)"
	}
	if [ "${ESCAUDIT_TEST_ALL:-}" = 1 ]; then
		for_each_go variants
	else
		for_each_go variants 1.19 1.27
	fi
}

@test "the compiler itself, built by the newest toolchain" {
	local path
	use_go
	path=$cache/compile-$("$GO" env GOVERSION)/compile
	if [ ! -x "$path" ]; then
		mkdir -p "${path%/*}"
		"$GO" build -o "$path.$$" cmd/compile
		mv "$path.$$" "$path"
	fi
	expect_agreement 200000 "$path"
	[ "$complaints" -eq 0 ]
}

@test "//line directives, and a file named on the command line" {
	named() {
		local path
		path=$(cd "$programs/dwarf" && ./build "$GO" moved-named)
		expect_agreement 5000 "$path"
		grep -q "dot-directory" <<<"$("$proof" "$path")" || complain "./main.go was not seen"
	}
	for_each_go named 1.19 1.24 1.27
}
