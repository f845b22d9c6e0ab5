#!/usr/bin/env bats
# What is read of Go source text, held against the libraries of the Go project that read it: tokens against go/scanner, extents
# of expressions and statements against go/parser, over the standard library and the commands of every version.

load helper

setup() {
	complaints=0
	proofs=$ESCAUDIT_BUILD/tests/proof
	[ -x "$proofs/lexer_tokens" ] && [ -x "$proofs/token_extents" ] || { echo "no proofs: run make proof" >&2 && return 1; }
}

# library: files of $GO's standard library and commands, one a line.
library() {
	find -L "$("$GO" env GOROOT)/src" -name '*.go' -not -path '*/testdata/*' | sort
}

# oracle NAME: tests/proof/NAME/main.go, built with $GO.
oracle() {
	local path
	path=$cache/$1-$GO_VERSION-$(sha256sum "$top/tests/proof/$1/main.go" | cut -c 1-16)
	if [ ! -x "$path" ]; then
		mkdir -p "$cache"
		"$GO" build -o "$path.$$" "$top/tests/proof/$1/main.go" && mv "$path.$$" "$path" || return 1
	fi
	echo "$path"
}

@test "the tokens of every file, by every version's scanner" {
	tokens() {
		local t=$BATS_TEST_TMPDIR program
		program=$(oracle scanner) || complain "the scanner was not built"
		library >"$t/files"
		[ "$(wc -l <"$t/files")" -gt 4500 ] || complain "only $(wc -l <"$t/files") files"
		"$program" <"$t/files" >"$t/theirs"
		"$proofs/lexer_tokens" <"$t/files" >"$t/ours"
		# What does not scan there does not scan here; where the error stands is not compared.
		diff <(grep -v malformed "$t/theirs") <(grep -v malformed "$t/ours") || complain "tokens differ"
		diff <(grep malformed "$t/theirs" | cut -d ' ' -f 1) <(grep malformed "$t/ours" | cut -d ' ' -f 1) ||
			complain "files that do not scan differ"
		awk '{ n += $2 } END { print NR " files, " n " tokens" }' "$t/ours"
	}
	for_each_go tokens
}

@test "what the token of each expression and statement stands for, by the parser" {
	extents() {
		local t=$BATS_TEST_TMPDIR program
		program=$(oracle extents) || complain "the parser was not built"
		library | "$program" | "$proofs/token_extents" >"$t/extents"
		grep -v ' 0 of [0-9]* otherwise$' "$t/extents" | grep -vx '0 files not read' && complain "extents differ"
		awk '/ otherwise$/ { n += $(NF - 1) } END { print n " nodes"; exit n < 1500000 }' "$t/extents" || complain "too few nodes"
	}
	if [ "${ESCAUDIT_TEST_ALL:-}" = 1 ]; then
		for_each_go extents
	else
		for_each_go extents 1.19 1.27
	fi
}
