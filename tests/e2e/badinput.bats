#!/usr/bin/env bats
# What is not as it should be: the right status, one sentence that names it, nothing half-written left behind.

load helper

setup() {
	complaints=0
	pids=()
	t=$BATS_TEST_TMPDIR
}

# Programs of the tests' own directory live where only root may look; a user without privileges needs copies.
copy_for_everyone() {
	public=$(mktemp -d "${TMPDIR:-/tmp}/escaudit-public.XXXXXX")
	chmod 755 "$public"
	cp "$@" "$public"
	chmod 755 "$public"/*
}

teardown() {
	kill_pids
	[ -z "${public:-}" ] || rm -rf "$public"
}

# refuses WHAT FILE: every command that takes a binary refuses this one, with a message that matches, and leaves no file.
refuses() {
	local what=$1 file=$2
	expect_status 2 "$ESCAUDIT" sites "$file"
	expect_message "$what"
	[ -z "$out" ] || complain "sites printed a result for $file"
	expect_status 2 "$ESCAUDIT" record -o "$t/rec" -x "$file" --duration 1
	expect_message "$what"
	expect_status 2 "$ESCAUDIT" record -o "$t/rec" -- "$file"
	expect_message "$what"
	[ ! -e "$t/rec" ] || complain "a recording was left behind for $file"
	rm -f "$t/rec"
}

@test "not an ELF file" {
	echo 'this is text' >"$t/text"
	chmod +x "$t/text"
	refuses 'ELF' "$t/text"
	: >"$t/empty"
	chmod +x "$t/empty"
	refuses 'ELF|empty|short' "$t/empty"
	printf '\x7fELF' >"$t/stub"
	chmod +x "$t/stub"
	refuses 'ELF|short|truncated' "$t/stub"
	head -c 100000 "$(command -v bash)" >"$t/cut"
	chmod +x "$t/cut"
	expect_status 2 "$ESCAUDIT" sites "$t/cut"
	expect_status 2 "$ESCAUDIT" sites "$t/missing"
	expect_message 'missing'
	expect_status 2 "$ESCAUDIT" sites "$t"
	[ "$complaints" -eq 0 ]
}

@test "a name that would steer the terminal is printed without its escape" {
	local name=$t/$'red\033[31m'
	echo text >"$name"
	expect_status 2 "$ESCAUDIT" sites "$name"
	expect_message 'is not an ELF file'
	! grep -q $'\033' "$t/err" || complain "an escape character got through"
	[ "$complaints" -eq 0 ]
}

@test "an ELF file that is not Go" {
	refuses 'Go' "$(command -v bash)"
	[ "$complaints" -eq 0 ]
}

@test "Go for another machine: arm64, 386" {
	use_go
	refuses 'arm64|aarch64' "$(build_go exit3 GOARCH=arm64 CGO_ENABLED=0)"
	refuses '386|32.bit|i386|x86' "$(build_go exit3 GOARCH=386 CGO_ENABLED=0)"
	[ "$complaints" -eq 0 ]
}

@test "Go for another system: a Windows program" {
	use_go
	refuses 'ELF' "$(build_go exit3 GOOS=windows CGO_ENABLED=0)"
	[ "$complaints" -eq 0 ]
}

@test "Go older than 1.19, Go newer than what is known" {
	local program version
	use_go 1.27
	program=$(build_go exit3)
	# The version is in the build information, and as the value of runtime.buildVersion.
	version=$("$GO" version "$program" | awk '{print $2}')
	LC_ALL=C sed "s/$version/go1.99.3/g" "$program" >"$t/new"
	chmod +x "$t/new"
	[ "$("$GO" version "$t/new" | awk '{print $2}')" = go1.99.3 ]
	refuses 'go1\.99' "$t/new"
	LC_ALL=C sed "s/$version/go1.18.3/g" "$program" >"$t/old"
	chmod +x "$t/old"
	refuses 'go1\.18' "$t/old"
	[ "$complaints" -eq 0 ]
}

@test "damaged Go binaries end in a message, not in a signal" {
	use_go
	local program size at status
	program=$(build_go exit3)
	size=$(stat -c %s "$program")
	for at in 16 40 54 64 200 $((size / 4)) $((size / 3)) $((size / 2)) $((size - 1000)); do
		cp "$program" "$t/damaged"
		chmod u+w "$t/damaged"
		head -c 512 /dev/zero | tr '\0' '\377' | dd of="$t/damaged" bs=1 seek="$at" conv=notrunc 2>/dev/null
		status=0
		"$ESCAUDIT" sites "$t/damaged" >/dev/null 2>"$t/err" || status=$?
		[ "$status" -eq 0 ] || [ "$status" -eq 2 ] || [ "$status" -eq 3 ] || complain "bytes at $at: status $status: $(cat "$t/err")"
		[ "$status" -eq 0 ] || [ -s "$t/err" ] || complain "bytes at $at: status $status without a word"
	done
	for size in 1000 100000 $((size / 2)); do
		head -c "$size" "$program" >"$t/damaged"
		expect_status 2 "$ESCAUDIT" sites "$t/damaged"
		[ -n "$err" ] || complain "cut at $size: no message"
	done
	[ "$complaints" -eq 0 ]
}

@test "a package that does not compile: the compiler's own words" {
	check() {
		expect_status 2 in_program nocompile "$ESCAUDIT" audit --go "$GO" -o "$t/rec" .
		expect_message 'main\.go:5:.*"a string"'
		[ ! -e "$t/rec" ] || complain "a recording was left behind"
		expect_status 2 in_program nocompile "$ESCAUDIT" predict --go "$GO" -o "$t/p" .
		expect_message 'missing'
		[ ! -e "$t/p" ] || complain "predictions were left behind"
	}
	for_each_go check 1.19 1.27
}

in_program() {
	(cd "$programs/$1" && "${@:2}")
}

@test "a library can be predicted, not audited" {
	use_go
	expect_status 2 in_program notmain "$ESCAUDIT" audit --go "$GO" -o "$t/rec" .
	expect_message 'main'
	expect_status 0 in_program notmain "$ESCAUDIT" predict --go "$GO" --json .
	[ "$(jq -r '[.predictions[] | select(.claim == "heap") | .expr] | join(",")' <<<"$out")" = local ] || complain "predictions: $out"
	[ "$complaints" -eq 0 ]
}

@test "a library that is loaded, and an archive: what they are, not that they cannot be started" {
	need_bpf
	use_go
	local mode
	for mode in c-shared plugin; do
		expect_status 2 in_program kinds env CGO_ENABLED=1 "$ESCAUDIT" audit --go "$GO" --flag=-buildmode=$mode -o "$t/rec" ./withc
		expect_message "'.*' is a library \\(-buildmode=$mode\\), which is not run by itself"
		expect_status 0 in_program kinds env CGO_ENABLED=1 "$GO" build -buildmode=$mode -o "$t/lib.so" ./withc
		chmod +x "$t/lib.so"
		expect_status 2 "$ESCAUDIT" record -o "$t/rec" -- "$t/lib.so"
		expect_message "'.*lib.so' is a library"
	done
	expect_status 2 in_program kinds env CGO_ENABLED=1 "$ESCAUDIT" audit --go "$GO" --flag=-buildmode=c-archive -o "$t/rec" ./withc
	expect_message 'is not run by itself \(-buildmode=c-archive\)'
	expect_status 0 in_program kinds env CGO_ENABLED=1 "$ESCAUDIT" predict --go "$GO" --json --flag=-buildmode=c-archive ./withc
	[ "$(jq -r '[.predictions[] | select(.claim == "heap" and .expr == "new(pair)")] | length' <<<"$out")" = 1 ] || complain "predictions: $out"
	expect_status 0 in_program kinds env CGO_ENABLED=1 "$ESCAUDIT" predict --go "$GO" --flag=-buildmode=c-archive -o "$t/predictions" ./withc
	expect_status 0 in_program kinds env CGO_ENABLED=1 "$GO" build -o "$t/program" ./withc
	expect_status 0 "$ESCAUDIT" record -o "$t/rec" -- "$t/program"
	expect_status 0 "$ESCAUDIT" compare --json "$t/predictions" "$t/rec"
	[[ $(jq -r .log.columns.missing <<<"$out") == *'an archive for programs in C (-buildmode=c-archive)'* ]] || complain "columns: $(jq -c .log.columns <<<"$out")"
	[ "$complaints" -eq 0 ]
}

@test "a program that its file system does not let run" {
	need_bpf
	use_go
	cd "$programs/sleeper"
	mkdir "$t/small"
	expect_status 2 unshare -m sh -c 'mount -t tmpfs -o noexec none "$1"; shift; "$@"' \
		sh "$t/small" env TMPDIR="$t/small" "$ESCAUDIT" audit --go "$GO" -o "$t/rec" .
	expect_message "failed to start '$t/small/escaudit-audit-.*/program': .* noexec, .*; set TMPDIR to"
	expect_status 2 unshare -m sh -c 'mount -t tmpfs -o noexec none "$1"; cp /bin/true "$1"; shift; "$@"' \
		sh "$t/small" "$ESCAUDIT" record -o "$t/rec" -- "$t/small/true"
	expect_message "failed to start '$t/small/true': .* noexec, .*; copy it"
	[ "$complaints" -eq 0 ]
}

@test "a package or a go command that does not exist" {
	use_go
	expect_status 2 in_program notmain "$ESCAUDIT" predict --go "$GO" ./nowhere
	expect_message 'nowhere'
	expect_status 2 in_program notmain "$ESCAUDIT" predict --go "$t/no-go" .
	expect_message 'no-go'
	[ "$complaints" -eq 0 ]
}

@test "a program that crashes or fails: its status is passed on, the recording kept" {
	need_bpf
	check() {
		rm -f "$t/rec"
		expect_status 3 "$ESCAUDIT" record -o "$t/rec" -- "$(build_go exit3)"
		[ "$(counts_at "$t/rec" exit3 exit3)" = "503 $((24 * 503))" ] || complain "exit3: $(counts_at "$t/rec" exit3 exit3)"
		expect_status 0 "$ESCAUDIT" top --json "$t/rec"
		[ "$(jq .target.exit_status <<<"$out")" = 3 ] || complain "exit_status: $(jq -c .target <<<"$out")"
		rm -f "$t/rec"
		expect_status 2 "$ESCAUDIT" record -o "$t/rec" -- "$(build_go crash)"
		expect_message 'goroutine 1 \[running\]' # its own standard error
		[ "$(counts_at "$t/rec" crash crash)" = "1009 $((24 * 1009))" ] || complain "crash: $(counts_at "$t/rec" crash crash)"
		rm -f "$t/rec"
		expect_status 3 in_program exit3 "$ESCAUDIT" audit --go "$GO" --json -o "$t/rec" .
		[ "$(jq .target.exit_status <<<"$out")" = 3 ] || complain "audit: exit_status $(jq -c .target <<<"$out")"
		[ "$(jq '[.verdicts[] | select(.verdict == "confirmed" and .objects == 503)] | length' <<<"$out")" = 1 ] ||
			complain "audit: no confirmed verdict with 503 objects"
		expect_status 3 in_program exit3 "$ESCAUDIT" audit --go "$GO" -o "$t/rec" .
		grep -q 'exit status 3' <<<"$out$err" || complain "the report does not say: exit status 3"
	}
	for_each_go check 1.19 1.27
}

@test "a program that is killed: 128 and the signal" {
	need_bpf
	use_go
	local program status=0 recorder
	program=$(build_go sleeper)
	"$ESCAUDIT" record -o "$t/rec" -- "$program" -rate 1000 >"$t/log" 2>"$t/err" </dev/null 3>&- &
	recorder=$!
	pids+=("$recorder")
	wait_on "$recorder" grep -q ready "$t/log" || { cat "$t/err"; return 1; }
	pids+=("$(child_of "$recorder" "$program")")
	kill -KILL "${pids[-1]}"
	wait "$recorder" || status=$?
	[ "$status" -eq 137 ] || complain "status $status instead of 137: $(cat "$t/err")"
	[ -s "$t/rec" ] || complain "no recording"
	[ "$complaints" -eq 0 ]
}

@test "a signal that comes before the program is started ends escaudit, and the program is not started" {
	need_bpf
	use_go
	local program recorder child i status
	program=$(build_go sleeper)
	for i in {1..20}; do
		rm -f "$t/rec"
		"$ESCAUDIT" record --reach=all -o "$t/rec" -- "$program" >"$t/log" 2>"$t/err" </dev/null 3>&- &
		recorder=$! child=
		pids+=("$recorder")
		# What is to become the program waits for the probes, for milliseconds: there is no time for other processes.
		until [ -n "$child" ] || has_ended "$recorder"; do
			read -r child 2>/dev/null <"/proc/$recorder/task/$recorder/children" || true
		done
		kill -TERM "$recorder" || true
		status=0
		wait "$recorder" || status=$?
		! grep -q . "$t/log" && [ ! -e "$t/rec" ] || continue # it came too late, and was for the program
		[ "$status" -eq 143 ] || complain "status $status: $(cat "$t/err")"
		[ "$complaints" -eq 0 ]
		return
	done
	echo "always too late, or it is passed on to a program that was not there yet"
	return 1
}

@test "a program that does not exist or may not be run" {
	need_bpf
	expect_status 2 "$ESCAUDIT" record -o "$t/rec" -- "$t/missing"
	expect_message 'missing'
	expect_status 2 "$ESCAUDIT" record -o "$t/rec" -- "$t"
	[ ! -e "$t/rec" ] || complain "a recording was left behind"
	[ "$complaints" -eq 0 ]
}

@test "a log of another build is said first" {
	need_bpf
	local first
	use_go 1.24
	expect_status 0 in_program scenarios "$ESCAUDIT" predict --go "$GO" -o "$t/p" .
	local older=$GO
	use_go 1.27
	expect_status 0 "$ESCAUDIT" record -o "$t/rec" -- "$(build_go scenarios)" -n 5
	"$ESCAUDIT" compare "$t/p" "$t/rec" >"$t/out" 2>"$t/err" || complain "compare: status $?: $(cat "$t/err")"
	first=$(head -n 12 "$t/out"; cat "$t/err")
	grep -q 'go1\.24' <<<"$first" && grep -q 'go1\.27' <<<"$first" || complain "neither version is named at the top: $first"
	# Same Go, other flags.
	expect_status 0 in_program scenarios "$ESCAUDIT" predict --go "$GO" --flag -gcflags=-l -o "$t/p" .
	"$ESCAUDIT" compare "$t/p" "$t/rec" >"$t/out" 2>"$t/err" || complain "compare: status $?: $(cat "$t/err")"
	first=$(head -n 12 "$t/out"; cat "$t/err")
	grep -q -- 'gcflags' <<<"$first" || complain "the other -gcflags are not named at the top: $first"
	# The same build: nothing of the kind.
	expect_status 0 in_program scenarios "$ESCAUDIT" predict --go "$GO" -o "$t/p" .
	"$ESCAUDIT" compare "$t/p" "$t/rec" >"$t/out" 2>"$t/err"
	first=$(head -n 12 "$t/out"; cat "$t/err")
	! grep -qi 'mismatch\|another build\|differ' <<<"$first" || complain "a difference is claimed where there is none: $first"
	[ "$complaints" -eq 0 ]
}

@test "files that are no recording, no predictions" {
	head -c 4096 /dev/urandom >"$t/garbage"
	printf '\x1f\x8b\x08\x00garbage' >"$t/gzip"
	: >"$t/empty"
	echo 'not a diagnostic in sight' >"$t/text"
	echo '{"schema":"something-else/9"}' >"$t/json"
	local file
	for file in garbage gzip empty text json missing; do
		expect_status 2 "$ESCAUDIT" top "$t/$file"
		expect_message "$file"
		expect_status 2 "$ESCAUDIT" compare "$t/text" "$t/$file"
		[ -z "$out" ] || complain "compare printed a result"
	done
	for file in garbage empty text json missing; do
		expect_status 2 "$ESCAUDIT" predict --log "$t/$file"
		expect_message "$file"
	done
	[ "$complaints" -eq 0 ]
}

@test "a recording that cannot be written" {
	need_bpf
	use_go
	local program
	program=$(build_go exit3)
	cannot() {
		expect_status 2 "$ESCAUDIT" record -o "$1" -- "$program"
		expect_message 'failed to write'
		! grep -q 'ended with' <<<"$err" || complain "the program ran for nothing: $err"
	}
	cannot "$t/no/such/directory/rec"
	expect_message 'no/such/directory'
	cannot ''
	cannot /proc/x
	cannot "$(printf '%0256d' 0)"
	# A file that may not grow, and none more that may be opened.
	expect_status 2 bash -c 'ulimit -f 10; "$@"' bash "$ESCAUDIT" record -o "$t/rec" -- "$program"
	expect_message 'File too large'
	[ "$(ls -A "$t")" = "$(printf 'err\nout')" ] || complain "left: $(ls -A "$t")"
	expect_status 2 bash -c 'ulimit -n 12; "$@"' bash "$ESCAUDIT" record -o "$t/rec" -- "$program"
	expect_message 'ulimit -n'
	expect_status 2 "$ESCAUDIT" record -o "$t/rec" -- "$t"
	expect_message 'directory'
	[ "$complaints" -eq 0 ]
}

# either_works_or_names LIMIT COMMAND...: status 0 or 3 without that name, or 2 with it and its value. Sets worked and limited.
either_works_or_names() {
	local limit=$1 status=0
	shift
	"$@" >"$t/out" 2>"$t/err" </dev/null || status=$?
	case $status in
	0 | 3) worked=$((worked + 1)) ;;
	2)
		limited=$((limited + 1))
		grep -qE "$limit" "$t/out" "$t/err" || complain "$*: no '$limit' in: $(cat "$t/err" "$t/out")"
		;;
	*) complain "$*: status $status: $(cat "$t/err")" ;;
	esac
	! grep -E 'hidepid|CONFIG_|5\.15|Assertion|core dumped' "$t/out" "$t/err" || complain "$*: a guess"
}

@test "any number of files that may be open: either it works or the limit is named" {
	need_bpf
	use_go
	local n worked limited
	start_sleeper -rate 1000
	for command in "record -o $t/rec -- $(build_go exit3)" "record -d 0.05 -o $t/rec -p $sleeper" "record --mode=exact -d 0.05 -o $t/rec -p $sleeper" \
		"record -d 0.05 -o $t/rec -x $(build_go sleeper)" "record --attach=perf --mode=exact -d 0.05 -o $t/rec -p $sleeper" \
		"top --count 1 -i 0.1 -p $sleeper" "doctor -p $sleeper"; do
		worked=0 limited=0
		for n in 4 5 6 7 8 9 10 12 15 18 20 21 22 23 24 26 28 30 32 33 34 36 38 64; do
			# From what the dynamic linker gets by with, beside what the test has open.
			prlimit --nofile="$n:$n" "$ESCAUDIT" --version </dev/null >/dev/null 2>&1 || continue
			# shellcheck disable=SC2086
			either_works_or_names "RLIMIT_NOFILE is $n\b" prlimit --nofile="$n:$n" "$ESCAUDIT" $command
		done
		[ "$worked" -gt 0 ] && [ "$limited" -gt 5 ] || complain "$command: $worked worked, $limited were limited"
	done
	[ "$complaints" -eq 0 ]
}

@test "any amount of address space: either it works or the limit is named" {
	need_bpf
	use_go
	local k worked limited
	start_sleeper -rate 1000
	for command in "record -o $t/rec -d 0.05 -p $sleeper" "record --mode=exact -d 0.05 -o $t/rec -p $sleeper" "doctor"; do
		worked=0 limited=0
		for k in 6000 7000 8000 9000 10000 11000 12000 13000 14000 16000 18000 20000 30000 200000; do
			prlimit --as=$((k * 1024)) "$ESCAUDIT" --version </dev/null >/dev/null 2>&1 || continue
			# shellcheck disable=SC2086
			either_works_or_names "RLIMIT_AS $k KiB" prlimit --as=$((k * 1024)) "$ESCAUDIT" $command
		done
		[ "$worked" -gt 1 ] && [ "$limited" -gt 1 ] || complain "$command: $worked worked, $limited were limited"
	done
	[ "$complaints" -eq 0 ]
}

@test "a memory cgroup that is too small is named" {
	need_bpf
	use_go
	local group limit
	group=$(mktemp -d /sys/fs/cgroup/memory/escaudit-test.XXXXXX 2>/dev/null) || group=$(mktemp -d /sys/fs/cgroup/escaudit-test.XXXXXX 2>/dev/null) ||
		skip_or_fail "no memory cgroup can be made"
	limit=$group/memory.limit_in_bytes
	[ -e "$limit" ] || limit=$group/memory.max
	if ! echo 16777216 2>/dev/null >"$limit"; then
		rmdir "$group"
		skip_or_fail "no memory cgroup can be made"
	fi
	# shellcheck disable=SC2016
	expect_status 2 sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$ESCAUDIT" record --mode=exact -o "$t/rec" -- "$(build_go exit3)"
	expect_message "memory cgroup '.*/${group##*/}' 16384 KiB, [0-9]+ in use"
	wait_for rmdir "$group"
	[ "$complaints" -eq 0 ]
}

@test "a build that cannot be: no room, no go command, flags without their value" {
	use_go
	cd "$programs/sleeper"
	mkdir "$t/small"
	expect_status 2 unshare -m sh -c 'mount -t tmpfs -o size=64k none "$1"; head -c 70000 /dev/zero >"$1/f" 2>/dev/null; shift; "$@"' \
		sh "$t/small" env TMPDIR="$t/small" "$ESCAUDIT" predict --go "$GO" .
	expect_message "No space left on device|with room"
	expect_status 2 "$ESCAUDIT" predict --go "$GO" --flag=-json .
	expect_message "with the flag '-json' .* leave it out"
	expect_status 2 env GOFLAGS=-json "$ESCAUDIT" predict --go "$GO" .
	expect_message "GOFLAGS has the flag -json; take it out"
	expect_status 2 "$ESCAUDIT" predict --go /bin/true .
	expect_message 'no go command'
	expect_status 2 "$ESCAUDIT" predict --go "$GO" --flag=-tags .
	expect_message 'no value'
	expect_status 2 "$ESCAUDIT" predict --go "$GO" --pattern='[' .
	expect_message 'matches'
	printf '\037\213\010' >"$t/rec.gz"
	expect_status 64 "$ESCAUDIT" predict --go "$GO" -o "$t/rec.gz" .
	expect_message 'recording'
	[ "$complaints" -eq 0 ]
}

@test "an output takes its name as a whole or not at all" {
	need_bpf
	use_go
	cd "$t"
	local small=$t/small rec=$t/rec.gz name
	mkdir "$small"
	seq 200 | sed 's|.*|./m.go:&:4: new(int) escapes to heap|' >log
	for name in "$rec" "$rec.2"; do
		expect_status 3 "$ESCAUDIT" record -o "$name" -- "$(build_go exit3)"
	done
	# Each writes into a disk with room for one page, over a file that is there.
	full() {
		expect_status 2 unshare -m sh -c 'mount -t tmpfs -o size=4k none small && echo old >small/x && "$@"; code=$?
			[ "$(cat small/x)" = old ] || echo "the old file is gone" >&2
			[ "$(ls -A small)" = x ] || echo "left: $(ls -A small)" >&2
			exit $code' sh "$@"
		expect_message 'No space left on device'
		! grep -q 'gone\|left:' <<<"$err" || complain "$*: $err"
	}
	full "$ESCAUDIT" export --format=html -o small/x "$rec"
	full "$ESCAUDIT" export --format=pprof -o small/x "$rec"
	full "$ESCAUDIT" predict --log log -o small/x
	full "$ESCAUDIT" merge -o small/x "$rec" "$rec.2"
	# Nor is what is being read written over.
	cp "$rec" "$rec.before"
	for name in pprof json folded; do
		expect_status 64 "$ESCAUDIT" export --format=$name -o "$rec" "$rec"
		expect_message 'write over the recording it reads'
	done
	cmp "$rec" "$rec.before" || complain "the recording has changed"
	expect_status 64 "$ESCAUDIT" export --format=pprof - <"$rec"
	# The longest name there is.
	name=$(printf '%0255d' 0)
	expect_status 0 "$ESCAUDIT" export --format=folded -o "$name" "$rec"
	[ -s "$name" ] || complain "nothing under a long name"
	[ "$complaints" -eq 0 ]
}

@test "a full disk or a closed pipe under the report is an error" {
	[ -e /dev/full ] || skip_or_fail "no /dev/full"
	use_go
	local status=0
	"$ESCAUDIT" sites "$(build_go exit3)" >/dev/full 2>"$t/err" || status=$?
	[ "$status" -eq 2 ] || complain "sites to a full disk: status $status"
	grep -qi 'space' "$t/err" || complain "message: $(cat "$t/err")"
	[ "$complaints" -eq 0 ]
}

@test "without privileges: recording says what is missing, everything offline works" {
	[ "$(id -u)" -eq 0 ] || skip_or_fail "not root: cannot become nobody"
	use_go
	copy_for_everyone "$ESCAUDIT" "$(build_go exit3)"
	local nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	chmod 777 "$public"
	expect_status 2 "${nobody[@]}" "$public/escaudit" record -o "$public/rec" -- "$public/exit3"
	expect_message 'root|CAP_|privilege|permi|capab'
	[ ! -e "$public/rec" ] || complain "a recording was left behind"
	expect_status 0 "${nobody[@]}" "$public/escaudit" sites --json "$public/exit3"
	[ "$(jq '.sites | length' <<<"$out")" -gt 0 ] || complain "no sites"
	if "$ESCAUDIT" record -o "$public/rec" -- "$public/exit3" 2>"$t/err"; [ -e "$public/rec" ]; then
		chmod 644 "$public/rec"
		expect_status 0 "${nobody[@]}" "$public/escaudit" top "$public/rec"
	elif [ "${CI:-}" = true ]; then
		complain "root cannot record: $(cat "$t/err")"
	fi
	[ "$complaints" -eq 0 ]
}

@test "without kernel type information (no /sys/kernel/btf): works all the same" {
	need_bpf
	use_go
	if [ -d /sys/kernel/btf ]; then
		# shellcheck disable=SC2016
		expect_status 3 unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && [ ! -e /sys/kernel/btf/vmlinux ] && exec "$@"' sh \
			"$ESCAUDIT" record -o "$t/rec" -- "$(build_go exit3)"
	else
		expect_status 3 "$ESCAUDIT" record -o "$t/rec" -- "$(build_go exit3)"
	fi
	[ "$(counts_at "$t/rec" exit3 exit3)" = "503 $((24 * 503))" ] || complain "counts: $(counts_at "$t/rec" exit3 exit3)"
	[ "$complaints" -eq 0 ]
}

@test "without tracefs: works all the same" {
	need_bpf
	use_go
	# shellcheck disable=SC2016
	expect_status 3 unshare -m sh -c 'for d in /sys/kernel/tracing /sys/kernel/debug; do [ ! -d $d ] || mount -t tmpfs none $d; done; exec "$@"' sh \
		"$ESCAUDIT" record -o "$t/rec" -- "$(build_go exit3)"
	[ "$(counts_at "$t/rec" exit3 exit3)" = "503 $((24 * 503))" ] || complain "counts: $(counts_at "$t/rec" exit3 exit3)"
	[ "$complaints" -eq 0 ]
}
