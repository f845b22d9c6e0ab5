#!/usr/bin/env bats
# What the compiler said of packages that did not change comes from go's build cache, text and JSON: it is always what a fresh
# build says.

load helper

setup() {
	complaints=0
	everything=./...
	t=$BATS_TEST_TMPDIR
}

write_module() {
	mkdir -p "$1/lib" "$1/other"
	cat >"$1/go.mod" <<-'END'
		module example.com/cached

		go 1.19
	END
	cat >"$1/main.go" <<-'END'
		package main

		import (
			"example.com/cached/lib"
			"example.com/cached/other"
		)

		var sink any

		func main() {
			p := lib.New(3)
			sink = p
			sink = other.Keep(func() int { return *p })
		}
	END
	cat >"$1/lib/lib.go" <<-'END'
		package lib

		func New(n int) *int {
			m := n
			return &m
		}
	END
	cat >"$1/lib/more.go" <<-'END'
		package lib

		var all [][]byte

		func Add(n int) { all = append(all, make([]byte, n)) }
	END
	cat >"$1/other/other.go" <<-'END'
		package other

		type Nothing int

		func Keep(f func() int) func() int { return f }
	END
}

# logged: a toolexec of the user's own, which writes down what is compiled.
write_logged() {
	printf '#!/bin/bash\n[[ $1 != */compile || $2 == -V* ]] || echo "$TOOLEXEC_IMPORTPATH" >>"%s"\nexec "$@"\n' "$t/compiled" >"$t/logged"
	chmod +x "$t/logged"
}

# predictions ARGS...: sorted, for packages end in any order. build_id is of the binary.
predictions() {
	"$ESCAUDIT" predict --columns=off --go "$GO" -o "$t/p" "$@" >"$t/said" 2>&1 || complain "predict $*: $(cat "$t/said")"
	jq -S 'del(.build.build_id) | .packages |= sort | .functions |= sort | .predictions |= sort | .log.unknown |= sort' "$t/p"
}

# same WHAT [ARGS...]: what is said with the cache is what a fresh directory gets. A pattern that is relative does not use the cache.
same() {
	local what=$1
	shift
	predictions "$@" >"$t/cached"
	predictions --pattern="$everything" "$@" >"$t/fresh"
	[ "$(jq '.predictions | length' "$t/fresh")" -ge 3 ] || complain "$what: the control has no predictions"
	[ "$(jq '[.predictions[] | select(.inlined)] | length' "$t/cached")" -ge 3 ] || complain "$what: no JSON"
	cmp -s "$t/cached" "$t/fresh" || complain "$what: $(diff "$t/fresh" "$t/cached" | head -n 5)"
}

# compiles N ARGS...: so many packages of the module are.
compiles() {
	local wanted=$1
	shift
	: >"$t/compiled"
	predictions --flag="-toolexec=$t/logged" "$@" >/dev/null
	[ "$(grep -c '^example.com/cached' "$t/compiled")" -eq "$wanted" ] || complain "compiled, of $wanted: $(sort "$t/compiled" | tr '\n' ' ')"
}

@test "predictions from the build cache are those of a fresh build, through edits and back" {
	check() {
		local m=$t/m$GO_VERSION
		rm -rf "$m"
		write_module "$m"
		# no other build has these contents
		echo "// $m" | tee -a "$m/main.go" "$m/lib/lib.go" "$m/lib/more.go" "$m/other/other.go" >/dev/null
		cd "$m"
		write_logged
		compiles 3 .
		compiles 0 .
		same "at first" .
		predictions . >"$t/first"
		cp lib/lib.go "$t/lib.go"
		sed -i 's/m := n/m := n + 1\n\tkept = \&n\n/; s/^package lib/package lib\n\nvar kept *int\n/' lib/lib.go
		compiles 2 .
		same "lib is edited" .
		predictions . | cmp -s - "$t/first" && complain "the edit made no difference"
		cp "$t/lib.go" lib/lib.go
		compiles 0 .
		same "lib is as it was" .
		predictions . | cmp -s - "$t/first" || complain "it is not as at first"
		sed -i 's/return f/kept = append(kept, f)\n\treturn f/; s/^type/var kept []func() int\n\ntype/' other/other.go
		same "other is edited" .
		# a file that had diagnostics has none, another is gone, a third is new
		printf 'package lib\n\nfunc Add(n int) {}\n' >lib/more.go
		same "a file says nothing" .
		rm lib/more.go
		same "a file is gone" .
		printf 'package lib\n\nfunc Add(n int) *[]int { s := make([]int, n); return &s }\n' >lib/most.go
		same "a file is new" .
		compiles 0 .
		# files are named from the directory where go runs
		cd lib
		everything=../...
		same "from another directory" ..
		compiles 0 ..
		cd ..
		everything=./...
		same "several packages" ./...
		same "with flags" --flag=-trimpath --flag=-gcflags=-l .
		same "with flags, again" --flag=-trimpath --flag=-gcflags=-l .
	}
	for_each_go check 1.19 1.24 1.27
}

# Under -trimpath go's key has no directories, and of a replaced file it has the contents.
@test "a copy of a module in another directory, and a replaced file, have names of their own" {
	use_go 1.27
	local m
	for m in one two; do
		write_module "$t/$m"
		cd "$t/$m"
		same "$m" --flag=-trimpath .
	done
	cd "$t/one"
	for m in x y; do
		cp lib/lib.go "$t/$m.go"
		printf '{"Replace": {"%s": "%s"}}' "$t/one/lib/lib.go" "$t/$m.go" >"$t/overlay.json"
		same "overlay $m" --flag=-overlay="$t/overlay.json" .
	done
	[ "$complaints" -eq 0 ]
}

@test "runs at the same time do not take each other's" {
	use_go 1.27
	local m=$t/m i
	write_module "$m"
	echo "// $m" | tee -a "$m/main.go" "$m/lib/lib.go" >/dev/null
	cd "$m"
	for i in 1 2 3; do
		"$ESCAUDIT" predict --columns=off --go "$GO" -o "$t/p$i" . >/dev/null 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
	predictions --pattern=./... . >"$t/fresh"
	for i in 1 2 3; do
		jq -S 'del(.build.build_id) | .packages |= sort | .functions |= sort | .predictions |= sort' "$t/p$i" | cmp -s - "$t/fresh" ||
			complain "run $i differs"
	done
	[ "$complaints" -eq 0 ]
}

# go's cache keeps what a compiler said beside what it made, and one may be gone without the other.
@test "what is missing in the build cache, or damaged there, is compiled again" {
	use_go 1.27
	local m=$t/m file files
	write_module "$m"
	cd "$m"
	write_logged
	export GOCACHE=$t/cache
	predictions . >"$t/first"
	compiles 0 .
	mapfile -t files < <(grep -rlF escaudit-json: "$GOCACHE")
	[ "${#files[@]}" -eq 3 ] || complain "the cache has ${#files[@]} lines of the relay"
	: >"${files[1]}"
	predictions . | cmp -s - "$t/first" || complain "empty: it is not as at first"
	for file in "${files[@]}"; do
		rm "$file"
	done
	compiles 3 .
	predictions . | cmp -s - "$t/first" || complain "gone: it is not as at first"
	[ "$complaints" -eq 0 ]
}

@test "a program that was replaced while it ran builds without the cache" {
	use_go 1.27
	write_module "$t/m"
	cd "$t/m"
	cp "$ESCAUDIT" "$t/escaudit"
	printf '#!/bin/sh\n[ "$1" != build ] || rm -f "%s"\nexec "%s" "$@"\n' "$t/escaudit" "$GO" >"$t/go"
	chmod +x "$t/go"
	predictions . >"$t/first"
	"$t/escaudit" predict --columns=off --go "$t/go" -o "$t/q" . >/dev/null || complain "status $?"
	[ ! -e "$t/escaudit" ] || complain "it was not replaced"
	[ "$(jq '.predictions | length' "$t/q")" = "$(jq '.predictions | length' "$t/first")" ] || complain "other predictions"
	[ "$complaints" -eq 0 ]
}

@test "a program that does not compile fails with the compiler's words alone" {
	use_go 1.27
	write_module "$t/m"
	cd "$t/m"
	sed -i 's/lib.New(3)/lib.New("3")/' main.go
	expect_status 2 "$ESCAUDIT" predict --go "$GO" -o "$t/p" .
	[[ $err == *'cannot use "3"'* ]] || complain "$err"
	[[ $err != *escaudit-json* ]] || complain "$err"
	[ ! -e "$t/p" ] || complain "predictions were left behind"
	[ "$complaints" -eq 0 ]
}
