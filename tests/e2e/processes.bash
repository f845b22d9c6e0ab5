# For tests that attach to processes: starting them, recording them, ending what is left, and asking whether they are as
# they were. Load after helper.

processes_setup() {
	pids=()
	complaints=0
	LC_ALL=C
}

processes_teardown() {
	kill_pids
}

# own_copy PROGRAM: a copy of this test's own, so that nobody else's probes on the file reach our processes.
own_copy() {
	local copy
	copy=$(mktemp -d "$BATS_TEST_TMPDIR/own.XXXXXX")/$(basename "$1")
	cp "$1" "$copy"
	echo "$copy"
}

# start COMMAND...: runs it in the background; sets target to its process id and log to its output, once that says "ready".
start() {
	log=$(mktemp "$BATS_TEST_TMPDIR/log.XXXXXX")
	"$@" >"$log" 2>&1 </dev/null 3>&- &
	target=$!
	pids+=("$target")
	wait_on "$target" grep -q ready "$log" || { cat "$log"; return 1; }
}

# start_recording ARGS...: sets recorder and rec; returns once the probes are in place.
start_recording() {
	rec=$(mktemp "$BATS_TEST_TMPDIR/rec.XXXXXX")
	messages=$rec.messages
	"$ESCAUDIT" record --mode=exact -o "$rec" "$@" >"$rec.out" 2>"$messages" </dev/null 3>&- &
	recorder=$!
	pids+=("$recorder")
	wait_on "$recorder" grep -qE 'recording |waiting ' "$messages" || { cat "$messages"; return 1; }
}

# stop_recording [STATUS [SIGNAL]]
stop_recording() {
	local status=0
	kill -"${2:-INT}" "$recorder" 2>/dev/null || true
	# One that does not end is an error, and no reason to wait for ever.
	wait_until "$patience" has_ended "$recorder" || { complain "record does not end" && kill -KILL "$recorder"; }
	wait "$recorder" || status=$?
	[ "$status" -eq "${1:-0}" ] || { complain "record: status $status instead of ${1:-0}"; cat "$messages"; }
}

# burst [PID]: the sleeper that $log is of makes a burst; returns once it has.
burst() {
	local bursts
	bursts=$(grep -c burst "$log" || true)
	kill -USR1 "${1:-$target}"
	wait_for eval "[ \$(grep -c burst '$log') -gt $bursts ]"
}

# expect_burst OBJECTS WHEN: what $rec has for the line of the sleeper's bursts, to the object and the byte.
expect_burst() {
	local got
	got=$(counts_at "$rec" sleeper burst)
	[ "$got" = "$1 $((24 * $1))" ] || complain "@burst: $got objects and bytes instead of $1 $((24 * $1)) ($2)"
}

# Is every byte of the process's text what its files say?
is_intact() {
	"$ESCAUDIT_BUILD/tests/proof/text_intact" "$1"
}

# intact_soon PID WHEN: probes leave a moment after whoever holds them.
intact_soon() {
	[ -x "$ESCAUDIT_BUILD/tests/proof/text_intact" ] ||
		{ complain "no $ESCAUDIT_BUILD/tests/proof/text_intact: run make proof" && return 0; }
	! wait_for is_intact "$1" || return 0
	complain "text of process $1 differs $2"
	is_intact "$1" || true
}

# Objects in a recording, all of them.
objects_of() {
	"$ESCAUDIT" top --json --limit 0 "$1" | jq '[.lines[].objects] | add // 0'
}

need_cgo() {
	command -v gcc >/dev/null || skip_or_fail "no gcc"
}

# built_in FOLDER OUTPUT FLAG...: builds a package of tests/programs/FOLDER, from the cache when nothing has changed; prints the path
# of a copy.
built_in() {
	local folder=$1 output=$2 key path
	shift 2
	key=$({ "$GO" version; printf '%s\n' "$@"; find "$programs/$folder" -type f -exec cat {} +; } | sha256sum | cut -c 1-16)
	path=$cache/$folder-$GO_VERSION-$key/$output
	if [ ! -e "$path" ]; then
		mkdir -p "$path.$$"
		(cd "$programs/$folder" && CGO_ENABLED=1 "$GO" build -o "$path.$$/$output" "$@" >&2 &&
			if [ -e "$path.$$/${output%.*}.h" ]; then mv "$path.$$/${output%.*}.h" "${path%/*}"; fi &&
			mv "$path.$$/$output" "$path") || return 1
		rm -r "${path:?}.$$"
	fi
	own_copy "$path"
}
