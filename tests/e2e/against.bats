#!/usr/bin/env bats
# audit --against: the working tree and a revision of it, in git repositories made here.

load helper

setup() {
	complaints=0
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
	export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.com GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.com
	repo=$BATS_TEST_TMPDIR/repo
	# Whatever is left behind is seen here.
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir -p "$repo" "$TMPDIR"
	git -C "$repo" init -q -b trunk
}

commit() {
	git -C "$repo" add -A && git -C "$repo" commit -q -m "$1"
}

# What must be as it was: the index byte for byte, branches, HEAD, work trees, status; and nothing left over.
state() {
	git --no-optional-locks -C "$repo" status --porcelain=v1
	git -C "$repo" for-each-ref
	cat "$repo/.git/HEAD"
	git -C "$repo" worktree list
	sha256sum "$repo/.git/index"
	ls -A "$TMPDIR" "$repo/.git"
}

expect_untouched() {
	diff "$BATS_TEST_TMPDIR/state" <(state) || complain "$1: the repository is not as it was, or something was left behind"
}

# The program before in the history, the program after in the tree, both as a module in a folder.
make_refactor() {
	mkdir -p "$repo/services/orders"
	cp "$programs/refactor/before"/* "$repo/services/orders"
	commit before
	rm "$repo/services/orders"/*
	cp "$programs/refactor/after"/* "$repo/services/orders"
	git -C "$repo" status --porcelain >/dev/null
	touch "$repo/services/orders/go.mod" # known to the index by another time: who refreshes it is caught
	state >"$BATS_TEST_TMPDIR/state"
}

row() {
	local file line
	read -r file line < <(line_of "refactor/$1" "$2")
	jq -c --arg file "$file" --argjson line "$line" --arg side "$1" \
		'.changes[] | select(.noise != "runtime" and .[$side].file == $file and .[$side].line == $line)' <<<"$out"
}

@test "what a change was meant to remove, whether it did, and what it added" {
	need_bpf
	check() {
		local rec=$BATS_TEST_TMPDIR/rec.gz
		rm -rf "$repo"
		mkdir -p "$repo"
		git -C "$repo" init -q -b trunk
		make_refactor
		cd "$repo/services/orders" || return
		expect_status 0 "$ESCAUDIT" audit --go "$GO" --against HEAD --json -o "$rec" --per 100 . -- -n 100
		expect_untouched "$GO_VERSION"
		row before sum | jq -e 'select(.outcome == "removed" and .touched and .before.objects == 100)' >/dev/null ||
			complain "sum: $(row before sum)"
		row after goroutine | jq -s -e 'map(.outcome) | sort == ["added", "kept"]' >/dev/null ||
			complain "goroutine: $(row after goroutine)"
		# in another file, which git does not know yet, and yet not touched
		row after label | jq -s -e 'length > 0 and all(.outcome == "none" and (.touched | not) and .moved)' >/dev/null ||
			complain "label: $(row after label)"
		jq -e --arg commit "$(git -C "$repo" rev-parse HEAD)" '.change.revision == "HEAD" and .change.commit == $commit and
			.change.outcomes.removed == 1 and .change.outcomes.added == 1 and .before.units == 100' <<<"$out" >/dev/null ||
			complain "change: $(jq -c .change <<<"$out")"
		expect_status 0 "$ESCAUDIT" diff --json "$rec.before" "$rec"
		jq -e '.change == null' <<<"$out" >/dev/null || complain "a difference of recordings knows no change"
	}
	for_each_go check 1.19 1.27
}

@test "a gate on a change, in words, from the root and by import path" {
	need_bpf
	use_go
	make_refactor
	cd "$repo"
	sed -i 's|^func announce|//escaudit:noalloc\n&|' services/orders/main.go
	state >"$BATS_TEST_TMPDIR/state"
	expect_status 1 "$ESCAUDIT" audit --go "$GO" --flag=-C=services/orders --against trunk --fail-on new-heap,broken . -- -n 100
	expect_message 'gate: new-heap: 1 line, 100 objects.*main\.go'
	expect_message 'gate: broken: 1 line, .*announce'
	grep -q '^verdict   3 lines meant to go: 1 removed, 2 kept; 1 line added' <<<"$out" || complain "verdict: $out"
	expect_untouched "gate"
	# the change taken back: nothing is left to say
	git checkout -q . && git clean -qfd && state >"$BATS_TEST_TMPDIR/state"
	cd services/orders
	status=0
	echo unread | "$ESCAUDIT" audit --go "$GO" --against HEAD --fail-on 'new-heap,more>0' example.com/escaudit/refactor -- -n 100 \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	[ "$status" -eq 0 ] || complain "no change: status $status: $(cat "$BATS_TEST_TMPDIR/err")"
	grep -q '^verdict   no line that allocates was meant to go; nothing added' "$BATS_TEST_TMPDIR/out" ||
		complain "no change: $(cat "$BATS_TEST_TMPDIR/out")"
	grep -q 'standard input is a pipe' "$BATS_TEST_TMPDIR/err" || complain "not a word about the pipe"
	expect_untouched "no change"
	[ "$complaints" -eq 0 ]
}

@test "modules beside each other, in a work tree of the user's own" {
	need_bpf
	use_go
	local linked=$BATS_TEST_TMPDIR/linked
	mkdir -p "$repo/lib" "$repo/svc"
	printf 'module example.com/lib\n\ngo 1.19\n' >"$repo/lib/go.mod"
	printf 'package lib\n\ntype T struct{ A, B int }\n\n//go:noinline\nfunc Make(i int) *T { return &T{i, i} }\n' >"$repo/lib/lib.go"
	printf 'module example.com/svc\n\ngo 1.19\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../lib\n' >"$repo/svc/go.mod"
	printf 'package main\n\nimport "example.com/lib"\n\nfunc main() {\n\tn := 0\n\tfor i := 0; i < 50; i++ {\n\t\tn += lib.Make(i).A\n\t}\n\tprintln(n)\n}\n' \
		>"$repo/svc/main.go"
	commit modules
	git -C "$repo" worktree add -q "$linked"
	sed -i 's/\*T { return &T{/T { return T{/' "$linked/lib/lib.go"
	state >"$BATS_TEST_TMPDIR/state"
	cd "$linked"
	expect_status 0 "$ESCAUDIT" audit --go "$GO" --against trunk --pattern 'example.com/...' --flag=-C=svc --json .
	jq -e '.changes[] | select(.outcome == "removed") | .touched and .before.file == "example.com/lib/lib.go" and .before.objects == 50' <<<"$out" >/dev/null ||
		complain "lib: $(jq -c '.changes[] | select(.change != "same" and .noise != "runtime")' <<<"$out")"
	expect_untouched "modules"
	[ "$complaints" -eq 0 ]
}

@test "what cannot be compared" {
	need_bpf
	use_go
	local here=$BATS_TEST_TMPDIR/here
	cp -r "$programs/exit3" "$here"
	cd "$here"
	expect_status 2 "$ESCAUDIT" audit --go "$GO" --against HEAD .
	expect_message 'git repository of .*/here.*not a git repository'
	expect_status 64 "$ESCAUDIT" audit --go "$GO" --against -- .
	expect_status 64 "$ESCAUDIT" audit --go "$GO" --against= .

	mkdir -p "$repo/broken" "$repo/cmd/new"
	cp "$programs/nocompile"/* "$repo/broken"
	commit broken
	cp "$programs/exit3"/* "$repo/broken"
	rm -f "$repo/broken/nocompile.go"
	cp "$programs/exit3/main.go" "$repo/broken/main.go"
	cp "$programs/exit3"/* "$repo/cmd/new"
	state >"$BATS_TEST_TMPDIR/state"
	cd "$repo/broken"
	expect_status 2 "$ESCAUDIT" audit --go "$GO" --against nowhere .
	expect_message "no commit of that name"
	expect_status 2 "$ESCAUDIT" audit --go "$GO" --against HEAD .
	expect_message "failed to build revision 'HEAD'"
	grep -qE '^\./main\.go:[0-9]+:[0-9]+: ' <<<"$err" || complain "the compiler's message: $err"
	cd "$repo/cmd/new"
	expect_status 2 "$ESCAUDIT" audit --go "$GO" --against HEAD .
	expect_message "'cmd/new/' in revision 'HEAD': it has no such directory"
	cd "$repo/broken"
	mkdir sub && sed 's/^package .*/package main/' main.go >sub/main.go && state >"$BATS_TEST_TMPDIR/state"
	expect_status 2 "$ESCAUDIT" audit --go "$GO" --against HEAD ./sub
	expect_message "'./sub' in revision 'HEAD': it has no 'broken/sub'"
	expect_status 2 "$ESCAUDIT" audit --go "$GO" --flag=-C="$here" --against HEAD .
	expect_message 'not a git repository'
	expect_status 2 env PATH=/nonexistent "$ESCAUDIT" audit --go "$GO" --against HEAD .
	expect_message 'no git command in PATH.*install git'
	expect_untouched "failures"
	[ "$complaints" -eq 0 ]
}

@test "a signal leaves nothing behind" {
	need_bpf
	use_go
	mkdir "$repo/sleeper"
	cp "$programs/sleeper"/* "$repo/sleeper"
	commit sleeper
	state >"$BATS_TEST_TMPDIR/state"
	cd "$repo/sleeper"
	# interrupted SIGNAL WHAT COMMAND...: sends it to the audit, which is process $pid, as soon as COMMAND succeeds.
	interrupted() {
		local signal=$1 what=$2 pid status=0
		shift 2
		"$ESCAUDIT" audit --go "$GO" --against HEAD . </dev/null >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
		pid=$!
		limit=$building wait_on "$pid" "$@" || complain "$what never came: $(cat "$BATS_TEST_TMPDIR/err")"
		kill "-$signal" "$pid" || true
		wait "$pid" || status=$?
		[ "$status" -ge 128 ] || complain "$what: status $status: $(cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err")"
		expect_untouched "$signal during $what"
	}
	set -m # background jobs of a shell without job control ignore SIGINT
	interrupted TERM "the first build" eval 'compgen -G "$TMPDIR/escaudit-audit-*/2"'
	interrupted INT "the second build" eval 'compgen -G "$TMPDIR/escaudit-audit-*/1"'
	interrupted TERM "the run" eval 'child_of "$pid" "$TMPDIR"/escaudit-audit-*/1/program'
	set +m
	[ "$complaints" -eq 0 ]
}

@test "a report without a reader leaves nothing behind" {
	need_bpf
	use_go
	make_refactor
	cd "$repo/services/orders"
	{ "$ESCAUDIT" audit --go "$GO" --json --all --limit 0 --against HEAD . -- -n 100 2>"$BATS_TEST_TMPDIR/err" || echo "$?" >"$BATS_TEST_TMPDIR/status"; } |
		true
	[ "$(cat "$BATS_TEST_TMPDIR/status")" -eq 141 ] || complain "status $(cat "$BATS_TEST_TMPDIR/status" "$BATS_TEST_TMPDIR/err")"
	expect_untouched "a report without a reader"
	[ "$complaints" -eq 0 ]
}
