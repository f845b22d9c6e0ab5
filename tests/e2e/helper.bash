# Common to the bats files. They run the program as a user would and read what it prints, nothing else.
#
# Environment: ESCAUDIT_BUILD, the build directory; ESCAUDIT, the program (default $ESCAUDIT_BUILD/escaudit);
# ESCAUDIT_TEST_ALL=1, every build variant on every Go version; CI=true, a test that would be skipped fails.

bats_require_minimum_version 1.5.0

top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
ESCAUDIT_BUILD=${ESCAUDIT_BUILD:-$top/build}
ESCAUDIT=${ESCAUDIT:-$ESCAUDIT_BUILD/escaudit}
programs=$top/tests/programs
# shellcheck source=tests/markers.bash
. "$top/tests/markers.bash"
cache=${TMPDIR:-/tmp}/escaudit-test-cache

# The go commands see neither the network nor the user's settings.
export GOTOOLCHAIN=local GOFLAGS="" GOPROXY=off GO111MODULE=on GOWORK=off GOENV=off

skip_or_fail() {
	if [ "${CI:-}" = true ]; then
		echo "would be skipped: $1" >&2
		return 1
	fi
	skip "$1"
}

# For tests that need kernel probes.
need_bpf() {
	[ "$(id -u)" -eq 0 ] || skip_or_fail "not root"
	PATH=$PATH:/usr/sbin bpftool prog show >/dev/null 2>&1 || skip_or_fail "no BPF in this kernel or container"
}

# ---- Go versions -------------------------------------------------------------------------------------------------------

# for_each_go CHECK [VERSION...]: calls CHECK with GO_VERSION and GO set, for the versions given or all there are. CHECK calls
# complain for what is wrong and goes on, so that one run shows all versions. The test fails at the end.
for_each_go() {
	local check=$1 wanted line lines ran=0
	shift
	wanted=" $* "
	complaints=0
	mapfile -t lines < <("$top/scripts/toolchains" --list)
	for line in "${lines[@]}"; do
		read -r GO_VERSION GO <<<"$line"
		[ "$wanted" = "  " ] || [[ $wanted == *" $GO_VERSION "* ]] || continue
		echo "--- go $GO_VERSION"
		"$check"
		ran=$((ran + 1))
	done
	if [ "$ran" -eq 0 ]; then
		skip_or_fail "no Go toolchain (of:$wanted): run make toolchains"
	fi
	[ "$complaints" -eq 0 ]
}

complain() {
	echo "WRONG${GO_VERSION:+ with go $GO_VERSION}: $*"
	complaints=$((complaints + 1))
}

# Sets GO_VERSION and GO to the newest toolchain, or to the one of the version given.
use_go() {
	local line
	line=$("$top/scripts/toolchains" --list | if [ -n "${1:-}" ]; then grep "^$1 "; else tail -n 1; fi) ||
		skip_or_fail "no Go toolchain ${1:-}: run make toolchains"
	read -r GO_VERSION GO <<<"$line"
}

# version_in 1.24 '<=1.24': does the condition hold? Conditions: all, <=1.N, >=1.N, 1.N.
version_in() {
	local minor=${1#1.}
	case $2 in
	all) return 0 ;;
	'<='*) [ "$minor" -le "${2#<=1.}" ] ;;
	'>='*) [ "$minor" -ge "${2#>=1.}" ] ;;
	*) [ "$1" = "$2" ] ;;
	esac
}

# ---- waiting, and processes --------------------------------------------------------------------------------------------
#
# A test waits for what it needs, never for a time: a machine may be ten times slower than the last one, and busy. Limits are for
# what will not come any more. Whose process is whose is known by its parent and its file, not by its command line, which
# a process has before it executes, and others have too.

# Seconds to wait for what is due at once, and for what has to be built first.
patience=120 building=900

# wait_until SECONDS COMMAND...: until it succeeds.
wait_until() {
	local seconds=$1 end
	shift
	end=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { echo "waited $seconds s in vain for: $*"; return 1; }
		sleep 0.05
	done
}

# Where something is wrong already it is not worth so long.
wait_for() {
	local seconds=$patience
	[ "${complaints:-0}" -eq 0 ] || seconds=10
	wait_until "$seconds" "$@"
}

# wait_on PID COMMAND...: until it succeeds; in vain as soon as the process has ended.
wait_on() {
	local pid=$1
	shift
	wait_until "${limit:-$patience}" is_or_never "$pid" "$@" || return 1
	"$@" >/dev/null 2>&1 || { echo "process $pid ended before: $*"; return 1; }
}

is_or_never() {
	local pid=$1
	shift
	"$@" || has_ended "$pid"
}

# fields_of PID: what stands behind the name in /proc/PID/stat, in fields: state, parent and so on.
fields_of() {
	local line
	fields=()
	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
	read -r -a fields <<<"${line##*) }"
}

# Nobody may have asked for it yet.
has_ended() {
	local fields
	! fields_of "$1" || [[ ${fields[0]} == [ZX] ]]
}

# has_worked PID TICKS: so much processor time has it had.
has_worked() {
	local fields
	fields_of "$1" && [ $((fields[11] + fields[12])) -ge "$2" ]
}

# executes PID PROGRAM: is that its file by now?
executes() {
	[ "/proc/$1/exe" -ef "$2" ]
}

# children_of PID: one a line.
children_of() {
	local stat fields
	for stat in /proc/[0-9]*/stat; do
		stat=${stat#/proc/}
		! fields_of "${stat%/stat}" || [ "${fields[1]}" != "$1" ] || [[ ${fields[0]} == [ZX] ]] || echo "${stat%/stat}"
	done
}

has_children() {
	[ -n "$(children_of "$1")" ]
}

# child_of PID PROGRAM: prints the child that executes it.
child_of() {
	local child
	for child in $(children_of "$1"); do
		! executes "$child" "$2" || { echo "$child" && return 0; }
	done
	return 1
}

# port_of PID: the TCP port on loopback that it listens on. Who is told to take any, port 0, takes one that is free.
port_of() {
	local address inode
	while read -r _ address _ _ _ _ _ _ _ inode _; do
		[ -z "$(find "/proc/$1/fd" -lname "socket:\[$inode\]" 2>/dev/null)" ] || { echo $((16#${address#*:})) && return 0; }
	done < <(awk '$4 == "0A" && $2 ~ /^0100007F:/' "/proc/$1/net/tcp")
	return 1
}

# Estimates hold 95 times of 100, and a time that is measured may have been somebody else's. What is wrong twice in a row is wrong.
twice() {
	local before=$complaints
	"$@"
	[ "$complaints" -gt "$before" ] || return 0
	echo "--- once more"
	complaints=$before
	"$@"
}

again() { twice check; }

# For a teardown: ends what is left of the processes in pids.
kill_pids() {
	local pid
	for pid in "${pids[@]}"; do
		kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
	done
}

# start_sleeper [ARGS...]: sets sleeper to its process id once it is ready. Its output is in $log.
start_sleeper() {
	local program
	program=$(build_go sleeper)
	log=$(mktemp "$BATS_TEST_TMPDIR/sleeper.XXXXXX")
	"$program" "$@" >"$log" 2>&1 3>&- &
	sleeper=$!
	pids+=("$sleeper")
	wait_on "$sleeper" grep -q ready "$log" || { cat "$log"; return 1; }
}

# ---- Go programs -------------------------------------------------------------------------------------------------------

# build_go PROGRAM [VARIABLE=VALUE...] [FLAG...]: prints the path of the program built with $GO, from the cache when
# neither its sources nor the flags have changed. A program carries the folder it was built in, and pprof opens the sources there:
# another checkout does not share it.
build_go() {
	local name=$1 key path vars=()
	shift
	while [[ ${1:-} == [A-Z]*=* ]]; do
		vars+=("$1")
		shift
	done
	key=$({ "$GO" version; echo "$top"; printf '%s\n' "${vars[@]}" "$@"; profile_contents "$@"
		cat "$programs/$name"/*.go "$programs/$name"/go.mod; } | sha256sum | cut -c 1-16)
	path=$cache/$name-$GO_VERSION-$key/$name
	if [ ! -x "$path" ]; then
		mkdir -p "${path%/*}"
		(cd "$programs/$name" && env "${vars[@]}" "$GO" build -o "$path.$$" "$@" . >&2 && mv "$path.$$" "$path") ||
			return 1
	fi
	echo "$path"
}

profile_contents() {
	local flag
	for flag; do
		case $flag in -pgo=*) cat "${flag#-pgo=}" ;; esac
	done
}

# A CPU profile of the allocation loop of capture: with it the compiler inlines parts of the allocator into each other.
capture_profile() {
	local program profile
	program=$(build_go capture -tags profile) || return 1
	profile=${program%/*}/cpu.pprof
	if [ ! -s "$profile" ]; then
		"$program" -loop 1 -cpuprofile "$profile.$$" >/dev/null && mv "$profile.$$" "$profile" || return 1
	fi
	echo "$profile"
}

# line_of PROGRAM MARKER: "FILE LINE" of the line that carries "// @MARKER".
line_of() {
	local found
	found=$(cd "$programs/$1" && grep -HnE "// @$2( |\$)" -- *.go) || { echo "no marker @$2 in $1" >&2; return 1; }
	if [ "$(wc -l <<<"$found")" -ne 1 ]; then
		echo "marker @$2 is in $1 more than once" >&2
		return 1
	fi
	cut -d : -f 1,2 <<<"$found" | tr : ' '
}

# ---- the program under test --------------------------------------------------------------------------------------------

# expect_status WANTED COMMAND...: runs it with standard output in $out and standard error in $err.
expect_status() {
	local wanted=$1 status
	shift
	status=0
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
	out=$(cat "$BATS_TEST_TMPDIR/out")
	err=$(cat "$BATS_TEST_TMPDIR/err")
	if [ "$status" -ne "$wanted" ]; then
		complain "$(basename "$1") ${*:2}: status $status instead of $wanted"
		head -c 2000 "$BATS_TEST_TMPDIR/err"
		return 0
	fi
}

# expect_sites RECORDING: every return address into the user's code at which an object was seen is an emitted site.
expect_sites() {
	local proof
	proof=$("$ESCAUDIT_BUILD/tests/proof/sites_vs_recording" "$1" 2>&1) || complain "sites: $proof"
}

# expect_message REGEX: in $err. Every error is one sentence, and on standard error.
expect_message() {
	grep -qiE -- "$1" <<<"$err" || complain "no /$1/ on standard error, but: $err"
}

# Sum of objects, and of bytes, that a recording has for a line of a Go program: "OBJECTS BYTES".
counts_at() {
	local rec=$1 program=$2 marker=$3 file line
	shift 3
	read -r file line < <(line_of "$program" "$marker")
	"$ESCAUDIT" top --json --limit 0 "$@" "$rec" | jq -r --arg file "$file" --argjson line "$line" \
		"$jq_rows"'[rows | select(at($file; $line))] | "\(map(.objects) | add // 0) \(map(.bytes) | add // 0)"'
}

# jq definitions. Files are printed relative to their module or with an import path, so only the last element is compared.
# What the runtime makes for itself while it serves a line (a collection begins, a thread starts) has a cause of its own,
# comes when it likes, and is not the line's.
# shellcheck disable=SC2016,SC2034
jq_rows='
def rows: .lines[];
def base: (. // "") | split("/") | last;
def at($file; $line): (.file | base) == $file and .line == $line and (.package | tostring | startswith("example.com/escaudit/")) and
	.cause != "runtime internal";
'
