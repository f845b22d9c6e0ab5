# For tests of stacks that are of Go and of C: programs built by several compilers, and what gdb says of their stacks. Load after
# helper and processes.

# How C is built: a compiler, and its flags.
cc=gcc cflags='-O2 -fomit-frame-pointer'

need_mixed() {
	need_bpf
	local tool
	for tool in gcc g++ clang clang++ gdb; do
		command -v $tool >/dev/null || skip_or_fail "no $tool: run make deps"
	done
}

# Its sister for C++.
cxx_of() {
	case $1 in
	clang) echo clang++ ;;
	*) echo g++ ;;
	esac
}

# built_c FOLDER OUTPUT FLAG...: builds a package of tests/programs/FOLDER with $GO, $cc and $cflags, from the cache when nothing has
# changed; prints the path. A file's folder is in its debug information, so another checkout does not share it.
built_c() {
	local folder=$1 output=$2 key path
	shift 2
	key=$({ "$GO" version; "$cc" --version; printf '%s\n' "$top" "$cc" "$cflags" "$@"
		find "$programs/$folder" -type f -print0 | sort -z | xargs -0 cat; } | sha256sum | cut -c 1-16)
	path=$cache/$folder-$GO_VERSION-$key/$output
	if [ ! -e "$path" ]; then
		mkdir -p "$path.$$"
		(cd "$programs/$folder" && CGO_ENABLED=1 CC=$cc CXX=$(cxx_of "$cc") CGO_CFLAGS="-g $cflags" CGO_CXXFLAGS="-g $cflags" \
			"$GO" build -o "$path.$$/$output" "$@" >&2 && mv "$path.$$"/* "${path%/*}") || return 1
		rm -r "${path:?}.$$"
	fi
	echo "$path"
}

mixed_program() {
	built_c mixed mixed "$@" .
}

# host_of SOURCE FLAG...: compiles a host of tests/programs/mixedhost; prints the path.
host_of() {
	local source=$1 compiler=$cc out
	shift
	[[ $source != *.cc ]] || compiler=$(cxx_of "$cc")
	out=$(mktemp -d "$BATS_TEST_TMPDIR/host.XXXXXX")/${source%.*}
	# shellcheck disable=SC2086
	"$compiler" -g $cflags -o "$out" "$programs/mixedhost/$source" "$@" >&2 && echo "$out"
}

# place_of FOLDER MARKER: FILE:LINE, as gdb and compare take it.
place_of() {
	local place
	place=$(line_of "$1" "$2") || return 1
	echo "${place/ /:}"
}

# launched COMMAND...: records it in $rec; its output is in $truth.
launched() {
	local status=0
	rec=$(mktemp "$BATS_TEST_TMPDIR/rec.XXXXXX")
	truth=$rec.truth
	# shellcheck disable=SC2086
	timeout "$patience" "$ESCAUDIT" record $record_options -o "$rec" -- "$@" >"$truth" 2>"$rec.messages" </dev/null || status=$?
	[ "$status" -eq 0 ] || { complain "record $*: status $status: $(head -c 1000 "$rec.messages")" && return 1; }
	read_stacks
}

# What $rec has, as pprof and as flame graphs read it.
read_stacks() {
	"$GO" tool pprof -symbolize=none -raw "$rec" >"$rec.raw" 2>/dev/null || complain "pprof does not read the recording"
	"$ESCAUDIT" export --format=folded "$rec" >"$rec.folded" || complain "export --format=folded"
}

# expect_counts: every line of $truth, of mixed, to the object; and nothing is lost.
expect_counts() {
	local marker objects got
	while read -r marker objects; do
		got=$(counts_at "$rec" mixed "$marker")
		[ "${got% *}" = "$objects" ] || complain "@$marker: ${got% *} objects instead of $objects ($*)"
	done < <(jq -r '"\(.marker) \(.objects)"' "$truth")
	expect_no_losses "$@"
}

expect_no_losses() {
	local losses
	losses=$("$ESCAUDIT" top --json "$rec" | jq -c .losses)
	[ "$losses" = '[]' ] || [ "$losses" = '{}' ] || complain "losses: $losses ($*)"
}

# gdb_sees FOLDER "MARKER..." COMMAND...: the stacks with which it comes there, in $stacks.
gdb_sees() {
	local folder=$1 marker places=()
	for marker in $2; do
		places+=("$(place_of "$folder" "$marker")")
	done
	shift 2
	stacks=$(mktemp "$BATS_TEST_TMPDIR/stacks.XXXXXX")
	"$top/tests/gdb/stacks" "$stacks" "${places[@]}" -- "$@" || complain "gdb sees nothing of $*"
}

# as_gdb FOLDER "MARKER..." [WHAT...]: $rec has gdb's $stacks, frame by frame.
as_gdb() {
	local folder=$1 marker markers=$2 difference
	shift 2
	for marker in $markers; do
		# shellcheck disable=SC2086
		difference=$("$top/tests/gdb/compare" $compare_options "$rec.raw" "$(place_of "$folder" "$marker")" "$stacks" "$rec.folded" 2>&1) ||
			{ complain "@$marker: stacks are not gdb's ($*)" && echo "$difference"; }
	done
}

# stacks_at FOLDER MARKER: "OBJECTS FUNCTION <- FUNCTION…", one line for each stack in $rec that leads there.
stacks_at() {
	"$top/tests/gdb/compare" --list "$rec.raw" "$(place_of "$1" "$2")"
}

# expect_stack FOLDER MARKER OBJECTS REGEX: so many objects on stacks that are like this.
expect_stack() {
	local got
	got=$(stacks_at "$1" "$2" | grep -E -- " ($4)\$" | awk '{n += $1} END {print n + 0}')
	[ "$got" -eq "$3" ] || { complain "@$2: $got objects instead of $3 on /$4/; stacks are:" && stacks_at "$1" "$2"; }
}
