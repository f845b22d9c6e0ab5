#!/usr/bin/env bats
# What is missing, and what mends it; and that little is needed.

load helper
load processes

setup() {
	processes_setup
	# Where another user can get at what is tested.
	open_dir=$(mktemp -d /tmp/escaudit-doctor.XXXXXX)
	chmod 755 "$open_dir"
}

teardown() {
	processes_teardown
	rm -rf "$open_dir"
}

# user_with CAPABILITIES: sets as_user to what runs a command as a user who is nobody, with these capabilities ("bpf,perfmon", or ""
# for none) and no others, ever.
user_with() {
	local set=-all
	[ -z "$1" ] || set=-all,+${1//,/,+}
	as_user=(setpriv --reuid 64123 --regid 64123 --clear-groups --inh-caps="$set" --ambient-caps="$set" --bounding-set="$set")
}

# in_the_open PROGRAM: a copy that the other user may run.
in_the_open() {
	cp "$1" "$open_dir/"
	chmod 755 "$open_dir/${1##*/}"
	echo "$open_dir/${1##*/}"
}

# status_of GROUP NAME [FILE]: of a check in the JSON of $out.
status_of() {
	jq -r --arg group "$1" --arg name "$2" '.checks[] | select(.group == $group and .name == $name) | .status' <<<"$out"
}

finding_of() {
	jq -r --arg group "$1" --arg name "$2" '.checks[] | select(.group == $group and .name == $name) | .finding' <<<"$out"
}

remedy_of() {
	jq -r --arg group "$1" --arg name "$2" '.checks[] | select(.group == $group and .name == $name) | .remedy' <<<"$out"
}

expect_check() {
	[ "$(status_of "$1" "$2")" = "$3" ] || complain "$1, $2: '$(status_of "$1" "$2")' instead of '$3': $(finding_of "$1" "$2")"
	[ -z "${4:-}" ] || [[ $(finding_of "$1" "$2") =~ $4 ]] || complain "$1, $2: finding '$(finding_of "$1" "$2")' instead of /$4/"
}

@test "doctor: the machine; its kernel features are tried" {
	need_bpf
	expect_status 0 "$ESCAUDIT" doctor --json
	[ "$(jq -r '.schema, .works, .target.pid' <<<"$out" | tr '\n' ' ')" = 'escaudit-doctor/1 true null ' ] || complain "$out"
	expect_check kernel 'bpf()' good
	expect_check kernel 'ring buffer' good
	expect_check kernel uprobe_multi good '6 calls, 6 hits'
	expect_check kernel 'perf events' good '6 calls, 6 hits'
	expect_check kernel 'exact mode' good 'its programs load; 6 calls .* 6 objects'
	expect_check kernel 'sample mode' good 'its programs load; 3 calls .* 3 samples of 6 slots'
	expect_check kernel BTF good 'not needed'
	jq -e '[.checks[] | select(.calls != null)] | length == 4 and all(.calls == .seen)' <<<"$out" >/dev/null || complain "counts: $out"
	expect_check privileges probes good
	expect_status 0 "$ESCAUDIT" doctor
	grep -q '^recording works$' <<<"$out" || complain "no verdict: $out"
	expect_status 64 "$ESCAUDIT" doctor -p 1 "$ESCAUDIT"
	expect_status 64 "$ESCAUDIT" doctor a b
	[ "$complaints" -eq 0 ]
}

@test "doctor: a binary of each Go version: entries, points, coverage" {
	need_bpf
	check() {
		local want=1
		! version_in "$GO_VERSION" '>=1.24' || want=5
		! version_in "$GO_VERSION" '>=1.27' || want=18
		expect_status 0 "$ESCAUDIT" doctor --json "$(build_go sleeper)"
		expect_check binary 'Go version' good "^go$GO_VERSION"
		expect_check binary 'main module' good '^example.com/escaudit/'
		expect_check binary 'allocator entries' good "^$want: mallocgc"
		if [ "$GO_VERSION" = 1.19 ]; then
			expect_check binary 'allocation points' good '^1 jcc'
		else
			expect_check binary 'allocation points' good "^$want push"
		fi
		expect_check binary coverage good 'every object'
		expect_check binary 'symbol table' good '^there'
		expect_check binary "Go's heap profile" good '^removed'
		expect_check kernel 'exact mode' good 'with the settings of this binary; 6 calls .* 6 objects'
		expect_check kernel 'sample mode' good 'with the settings of this binary; 3 calls .* 3 samples of 6 slots'
		[[ $(jq -r .target.go_version <<<"$out") == go$GO_VERSION* ]] || complain "target: $(jq -c .target <<<"$out")"
		expect_status 0 "$ESCAUDIT" doctor --json "$(build_go sleeper -ldflags='-s -w')"
		expect_check binary 'symbol table' good '^stripped'
		expect_check binary DWARF good '^not there'
		expect_status 0 "$ESCAUDIT" doctor --json "$(build_go storm -tags heapprofile)"
		expect_check binary "Go's heap profile" good '^in the program'
		expect_check binary DWARF good '^there'
	}
	# Those between which the allocator changed.
	# shellcheck disable=SC2046
	for_each_go check $([ -n "${ESCAUDIT_TEST_ALL:-}" ] || echo 1.19 1.23 1.24 1.27)
}

@test "doctor: a process; breakpoints that another tool has there" {
	need_bpf
	use_go 1.27
	local program
	program=$(own_copy "$(build_go sleeper)")
	start "$program"
	expect_status 0 "$ESCAUDIT" doctor --json -p "$target"
	expect_check process runtime good "$program"
	expect_check binary coverage good
	[ -z "$(status_of process breakpoints)" ] || complain "breakpoints: $(finding_of process breakpoints)"
	[ "$(jq .target.pid <<<"$out")" = "$target" ] || complain "target: $(jq -c .target <<<"$out")"
	start_recording -p "$target"
	expect_status 0 "$ESCAUDIT" doctor --json -p "$target"
	expect_check process breakpoints note '^18 at allocation points'
	stop_recording
	expect_status 0 "$ESCAUDIT" doctor --json -p "$target"
	[ -z "$(status_of process breakpoints)" ] || complain "breakpoints: $(finding_of process breakpoints)"
	[ "$complaints" -eq 0 ]
}

@test "doctor --prove: a known number of calls is counted, in both modes" {
	need_bpf
	use_go 1.27
	# calls_of NAME: "CALLS SEEN"
	calls_of() {
		jq -r --arg name "$1" '.checks[] | select(.group == "prove" and .name == $name) | "\(.calls) \(.seen)"' <<<"$out"
	}
	expect_status 0 "$ESCAUDIT" doctor --prove --json
	"$top/tests/validate-json" "$top/share/schema/escaudit.schema.json" "$BATS_TEST_TMPDIR/out" || complain "schema"
	expect_check prove 'exact mode' good '2000 calls, 2000 objects of 248000 bytes counted, on 2 stacks'
	expect_check prove 'sample mode' good '1000 spans given up, 1000 samples for their 15908 slots, on 1 stack'
	[ "$(calls_of 'exact mode'), $(calls_of 'sample mode')" = '2000 2000, 1000 1000' ] || complain "counts: $out"
	[ -z "$(status_of prove window)" ] || complain "a window of nothing"
	expect_status 0 "$ESCAUDIT" doctor --prove
	grep -q '^recording works$' <<<"$out" || complain "no verdict: $out"
	# Of a process it also samples: one that allocates, and is as it was afterwards.
	start "$(own_copy "$(build_go sleeper)")" -rate 200000
	sees_it_allocate() {
		expect_status 0 "$ESCAUDIT" doctor --prove --json -p "$target"
		expect_check prove window good "process $target, sampled for [0-9.]* s: [0-9]+ samples, 0 losses"
		[ "$(calls_of window)" != 'null 0' ]
	}
	wait_for sees_it_allocate
	intact_soon "$target" "after doctor --prove"
	[ "$complaints" -eq 0 ]
}

@test "doctor: what cannot be recorded, and why" {
	need_bpf
	expect_status 2 "$ESCAUDIT" doctor --json /bin/true
	expect_check binary binary lack 'Go'
	[ "$(jq .works <<<"$out")" = false ] || complain "works"
	expect_status 2 "$ESCAUDIT" doctor --json /nonexistent
	expect_check binary binary lack 'No such file'
	# As record has it.
	expect_status 2 "$ESCAUDIT" doctor --json -x /bin/true
	expect_check binary binary lack 'Go'
	expect_status 64 "$ESCAUDIT" doctor -x /bin/true /bin/true
	expect_status 2 "$ESCAUDIT" doctor --json -p $$
	expect_check process process lack 'not a Go program'
	expect_status 2 "$ESCAUDIT" doctor --json -p 4194304
	expect_check process process lack 'none of that id'
	expect_status 2 "$ESCAUDIT" doctor -p 4194304
	grep -q '^recording would not work$' <<<"$out" || complain "no verdict: $out"
	# shellcheck disable=SC2016
	expect_status 2 unshare -m sh -c 'mount -t tmpfs none /sys && exec "$@"' sh "$ESCAUDIT" doctor --json
	expect_check kernel 'exact mode' lack 'count the CPUs|perf events'
	[ "$(jq -r '.checks[] | select(.name == "exact mode").remedy' <<<"$out")" = '/sys is not mounted: mount -t sysfs sys /sys' ] ||
		complain "no remedy: $out"
	[ "$complaints" -eq 0 ]
}

@test "doctor: a build that cannot be sampled: a note, for exact mode works" {
	need_bpf
	use_go 1.24
	local program
	program=$(build_go capture -pgo="$(capture_profile)")
	expect_status 0 "$ESCAUDIT" doctor --json "$program"
	expect_check kernel 'exact mode' good 'with the settings of this binary'
	"$ESCAUDIT" record --mode=sample -o "$BATS_TEST_TMPDIR/rec" -- "$program" -only small >/dev/null 2>"$BATS_TEST_TMPDIR/err" ||
		expect_check kernel 'sample mode' note 'profile-guided'
	[ "$complaints" -eq 0 ]
}

@test "doctor: a process that /proc hides, and one that is not" {
	need_bpf
	local mine how
	mine=$(in_the_open "$ESCAUDIT")
	user_with ''
	for how in 0 1 2; do
		# shellcheck disable=SC2016
		expect_status 2 unshare -m sh -c 'mount -t proc -o hidepid=$0 proc /proc && exec "$@"' "$how" "${as_user[@]}" "$mine" doctor --json -p $$
		if [ "$how" = 0 ]; then
			expect_check process process lack 'belongs to user 0'
		else
			expect_check process process lack 'hides it \(hidepid\)'
		fi
	done
	# shellcheck disable=SC2016
	expect_status 2 unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$mine" doctor --json -p $$
	expect_check process process lack '/proc is not mounted'
	[ "$(jq -r '.checks[] | select(.name == "exact mode").remedy' <<<"$out")" = '/proc is not mounted: mount -t proc proc /proc' ] ||
		complain "no remedy: $out"
	[ "$complaints" -eq 0 ]
}

@test "doctor: no privileges: said, with the command that mends it; and it mends it" {
	need_bpf
	use_go
	local mine program command
	mine=$(in_the_open "$ESCAUDIT")
	program=$(in_the_open "$(build_go sleeper)")
	user_with ''
	expect_status 2 "${as_user[@]}" "$mine" doctor --json
	expect_check kernel 'bpf()' lack 'Operation not permitted'
	expect_check privileges probes lack 'CAP_BPF and CAP_PERFMON are missing'
	user_with perfmon
	expect_status 2 "${as_user[@]}" "$mine" doctor --json
	expect_check privileges probes lack 'CAP_BPF is missing'
	user_with bpf
	expect_status 2 "${as_user[@]}" "$mine" doctor --json
	expect_check privileges probes lack 'CAP_PERFMON is missing'
	command=$(remedy_of privileges probes)
	[[ $command == *sudo\ setcap* ]] || complain "remedy: $command"
	eval "${command#*sudo }"
	setpriv --reuid 64123 --regid 64123 --clear-groups "$mine" doctor --json >"$BATS_TEST_TMPDIR/out" || complain "status $? after '$command'"
	out=$(cat "$BATS_TEST_TMPDIR/out")
	expect_check privileges probes good
	expect_check kernel uprobe_multi good '6 calls, 6 hits'
	expect_check kernel 'sample mode' good '3 samples'
	# And what it says is so: the user records a process of its own.
	user_with ''
	start "${as_user[@]}" "$program" -burst 1231
	mkdir -m 777 "$open_dir/out"
	setpriv --reuid 64123 --regid 64123 --clear-groups "$mine" record --mode=exact -o "$open_dir/out/rec" -p "$target" 2>"$BATS_TEST_TMPDIR/messages" </dev/null 3>&- &
	recorder=$! messages=$BATS_TEST_TMPDIR/messages rec=$open_dir/out/rec
	pids+=("$recorder")
	wait_on "$recorder" grep -q 'recording process' "$messages" || { cat "$messages"; return 1; }
	burst
	stop_recording
	expect_burst 1231 "with what setcap gives"
	[ "$complaints" -eq 0 ]
}

# record_as CAPABILITIES ARGS...: records one burst of $target as the other user.
record_as() {
	local capabilities=$1
	shift
	user_with "$capabilities"
	rec=$open_dir/out/rec
	messages=$(mktemp "$BATS_TEST_TMPDIR/messages.XXXXXX")
	rm -f "$rec"
	"${as_user[@]}" "$open_dir/escaudit" record --mode=exact -o "$rec" "$@" 2>"$messages" </dev/null 3>&- &
	recorder=$!
	pids+=("$recorder")
	wait_on "$recorder" grep -qE 'recording |waiting |failed' "$messages" || { cat "$messages"; return 1; }
	! grep -q failed "$messages" || return 0
	burst
	stop_recording
	expect_burst 1237 "$capabilities $*"
	intact_soon "$target" "after record with $capabilities"
}

@test "record with CAP_BPF and CAP_PERFMON and nothing else; CAP_SYS_PTRACE for other users' processes" {
	need_bpf
	use_go
	local program
	in_the_open "$ESCAUDIT" >/dev/null
	program=$(in_the_open "$(build_go sleeper)")
	mkdir -m 777 "$open_dir/out"
	# A process of its own.
	user_with ''
	start "${as_user[@]}" "$program" -burst 1237
	record_as bpf,perfmon -p "$target"
	record_as bpf,perfmon -x "$program"
	kill -TERM "$target"
	# One of another user.
	start setpriv --reuid 64124 --regid 64124 --clear-groups "$program" -burst 1237
	record_as bpf,perfmon -p "$target"
	grep -q 'belongs to user 64124; run as that user, as root, or with CAP_SYS_PTRACE' "$messages" || complain "$(cat "$messages")"
	wait "$recorder" && complain "recorded what is not its own"
	record_as bpf,perfmon,sys_ptrace -p "$target"
	# By its file it needs no look at the process.
	record_as bpf,perfmon -x "$program"
	kill -TERM "$target"
	# One of root.
	start "$program" -burst 1237
	record_as bpf,perfmon,sys_ptrace -p "$target"
	# Too little.
	record_as bpf -p "$target"
	grep -qE 'CAP_SYS_PTRACE|CAP_PERFMON' "$messages" || complain "$(cat "$messages")"
	wait "$recorder" && complain "recorded without CAP_PERFMON"
	record_as sys_ptrace -p "$target"
	grep -q 'CAP_BPF and CAP_PERFMON' "$messages" || complain "$(cat "$messages")"
	[ "$complaints" -eq 0 ]
}

@test "a kernel without uprobe_multi (--attach=perf): counts as exact, launched and attached" {
	need_bpf
	check() {
		local program objects
		program=$(build_go capture)
		"$ESCAUDIT" record --attach=perf -o "$BATS_TEST_TMPDIR/rec" -- "$program" -only small >"$BATS_TEST_TMPDIR/truth" 2>"$BATS_TEST_TMPDIR/err" ||
			complain "status $?: $(cat "$BATS_TEST_TMPDIR/err")"
		objects=$(objects_of "$BATS_TEST_TMPDIR/rec")
		[ "$objects" = "$(jq .mallocs "$BATS_TEST_TMPDIR/truth")" ] || complain "$objects instead of $(jq .mallocs "$BATS_TEST_TMPDIR/truth")"
		start "$(own_copy "$(build_go sleeper)")" -burst 1249
		start_recording -p "$target" --attach=perf
		burst
		stop_recording
		expect_burst 1249 "perf events"
		intact_soon "$target" "after perf events"
	}
	for_each_go check 1.19 1.24 1.27
}
